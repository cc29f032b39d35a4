package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// redisServer is a real Redis, a process of its own with nothing in it.
type redisServer struct {
	bin, addr string
	flags     []string
	cmd       *exec.Cmd
	ended     chan error
}

// startRedis starts the Redis of this machine, which keeps its data below dir; nil where there is none.
func startRedis(ctx context.Context, dir string) (*redisServer, error) {
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		if bin, err = exec.LookPath("valkey-server"); err != nil {
			return nil, nil //nolint:nilnil,nilerr // there need not be one
		}
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := listener.Addr().String()
	_, port, _ := net.SplitHostPort(addr) // an address of ours
	if err := listener.Close(); err != nil {
		return nil, err
	}
	r := &redisServer{bin: bin, addr: addr, flags: []string{
		"--bind", "127.0.0.1", "--port", port, "--dir", dir, "--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction",
	}}
	return r, r.Back()
}

// redisWithin is how long it may take to start or to stop.
const redisWithin = 15 * time.Second

// Back starts the server over what it has stored, and waits until it answers.
func (r *redisServer) Back() error {
	r.cmd, r.ended = exec.Command(r.bin, r.flags...), make(chan error, 1) //nolint:gosec,noctx // Away ends it
	if err := r.cmd.Start(); err != nil {
		return fmt.Errorf("starting Redis: %w", err)
	}
	go func(cmd *exec.Cmd, ended chan<- error) { ended <- cmd.Wait() }(r.cmd, r.ended)
	for end := time.Now().Add(redisWithin); time.Now().Before(end); {
		select {
		case err := <-r.ended:
			r.cmd = nil
			return fmt.Errorf("%s %s ended: %w", r.bin, strings.Join(r.flags, " "), errors.Join(err, os.ErrProcessDone))
		case <-time.After(50 * time.Millisecond):
		}
		if said, err := talk(r.addr, "PING"); err == nil && said == "+PONG" { // before, it loads what it has stored
			return nil
		}
	}
	r.Away()
	return fmt.Errorf("%s did not start within %s", r.bin, redisWithin)
}

// Away stops the server in order; what it has stored stays.
func (r *redisServer) Away() {
	if r.cmd == nil {
		return
	}
	_ = r.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-r.ended: //nolint:errcheck // how it ended says no more
	case <-time.After(redisWithin):
		_ = r.cmd.Process.Kill()
		<-r.ended //nolint:errcheck // as above
	}
	r.cmd = nil
}

// about is the version of the server, for people.
func (r *redisServer) about(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, r.bin, "--version").Output() //nolint:gosec // a fixed program
	for word := range strings.FieldsSeq(string(out)) {
		if version, ok := strings.CutPrefix(word, "v="); ok && err == nil {
			return "Redis " + version
		}
	}
	return "Redis"
}

// talk sends a command inline and returns the first line of the answer.
func talk(addr, command string) (string, error) {
	conn, err := net.DialTimeout("tcp", addr, time.Second) //nolint:noctx // a moment
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "%s\r\n", command); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(line), err
}
