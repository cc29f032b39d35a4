package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// process is a child of ours. Its output goes to a file, which outlives it.
type process struct {
	cmd     *exec.Cmd
	log     string // the file
	started time.Time
	gone    chan struct{} // closed once it has ended

	mu      sync.Mutex
	died    time.Time   // when it was killed, or ended by itself
	silent  []time.Time // when it was killed or frozen
	freezes [][2]time.Time
}

// start runs a program. Its standard output is returned line by line where first is asked for, else logged.
func start(dir, name string, env []string, first *string, argv ...string) (*process, error) {
	file, err := os.CreateTemp(dir, name+"-*.log")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:noctx,gosec // it is ended by signals of ours, at the moments that we choose; the arguments are ours too
	cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), env...), file
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // nothing outlives the torture
	var out io.ReadCloser
	if first == nil {
		cmd.Stdout = file
	} else if out, err = cmd.StdoutPipe(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	p := &process{cmd: cmd, log: file.Name(), started: time.Now(), gone: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if first != nil {
		if *first, err = line(out); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: its first line: %w", name, err), cmd.Process.Kill())
		}
	}
	go func() {
		if out != nil {
			_, _ = io.Copy(file, out)
		}
		_ = cmd.Wait()
		p.mu.Lock()
		if p.died.IsZero() {
			p.died = time.Now()
		}
		p.mu.Unlock()
		_ = file.Close()
		close(p.gone)
	}()
	return p, nil
}

func line(r io.Reader) (string, error) {
	var b bytes.Buffer
	one := make([]byte, 1)
	for {
		n, err := r.Read(one)
		if n == 1 {
			if one[0] == '\n' {
				return b.String(), nil
			}
			b.WriteByte(one[0])
		}
		if err != nil {
			return b.String(), err
		}
	}
}

func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// kill ends it at once, wherever it is.
func (p *process) kill() {
	p.mu.Lock()
	if p.died.IsZero() {
		p.died = time.Now()
		p.silent = append(p.silent, p.died)
	}
	p.mu.Unlock()
	p.signal(syscall.SIGKILL)
	<-p.gone
}

// freeze stops it in the middle of whatever it does, for d.
func (p *process) freeze(ctx context.Context, d time.Duration) {
	from := time.Now()
	p.signal(syscall.SIGSTOP)
	p.mu.Lock()
	p.silent = append(p.silent, from)
	p.mu.Unlock()
	pause(ctx, d)
	p.mu.Lock()
	p.freezes = append(p.freezes, [2]time.Time{from, time.Now()})
	p.mu.Unlock()
	p.signal(syscall.SIGCONT)
}

// stop asks it to end, and returns how long that took; false if it had to be killed after limit.
func (p *process) stop(limit time.Duration) (took time.Duration, ended bool) {
	from := time.Now()
	p.signal(syscall.SIGTERM)
	select {
	case <-p.gone:
		return time.Since(from), true
	case <-time.After(limit):
		p.kill()
		return time.Since(from), false
	}
}

// silentBefore is the last moment before at when it was killed or frozen; zero if never.
func (p *process) silentBefore(at time.Time) (last time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.silent {
		if t.Before(at) && t.After(last) {
			last = t
		}
	}
	return last
}

// frozenAt reports whether it stood still at that moment.
func (p *process) frozenAt(at time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.freezes {
		if at.After(f[0]) && at.Before(f[1]) {
			return true
		}
	}
	return false
}

func (p *process) text() string {
	raw, err := os.ReadFile(p.log)
	if err != nil {
		return ""
	}
	return string(raw)
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

var lastPort atomic.Int64

// freeAddress is a loopback address of our own. Its port lies below those that the system gives to outgoing
// connections: a replica that is away for a moment finds it free again.
func freeAddress() (string, error) {
	for range 1000 {
		port := 15000 + (int64(os.Getpid())*97+lastPort.Add(1))%15000
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)) //nolint:noctx // opening a loopback socket does not block
		if err == nil {
			return l.Addr().String(), l.Close()
		}
	}
	return "", errors.New("no port is free")
}

// redisServer is a real one, with every write on disk before it is answered.
type redisServer struct {
	bin, dir, addr string
	turn           sync.Mutex // one restart at a time
	mu             sync.Mutex
	proc           *process
}

func (r *redisServer) start() error {
	_, port, err := net.SplitHostPort(r.addr)
	if err != nil {
		return err
	}
	p, err := start(r.dir, "redis", nil, nil, r.bin, "--bind", "127.0.0.1", "--port", port, "--dir", r.dir,
		"--appendonly", "yes", "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction")
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.proc = p
	r.mu.Unlock()
	for range 200 {
		if c, err := net.Dial("tcp", r.addr); err == nil { //nolint:noctx // loopback
			_ = c.Close()
			return nil
		}
		time.Sleep(25 * time.Millisecond)
	}
	return fmt.Errorf("%s does not come up: %s", r.bin, p.text())
}

func (r *redisServer) kill() {
	r.mu.Lock()
	p := r.proc
	r.mu.Unlock()
	if p != nil {
		p.kill()
	}
}
