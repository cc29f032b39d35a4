package realcluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// node is a process with one node of a cluster.
type node struct {
	dist *Distribution
	dir  string // its own; the process removes it at its end
	addr string // its own loopback address

	mu      sync.Mutex // one command at a time
	owed    int        // answers to commands that nobody waits for any more
	in      io.WriteCloser
	answers chan string   // closed when the process ends
	ended   chan struct{} // likewise, once it has been waited for
	kill    func()
}

// launch starts the process, which then waits for commands. Java compiles as well as it can (no TieredStopAtLevel=1): a keystore
// is written in 0.4 instead of 1.3 seconds of a core.
func (n *node) launch() error {
	cmd := exec.Command(n.dist.java, //nolint:gosec,noctx // a Java that was looked for; it lives longer than a call
		"-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:-UsePerfData",
		"-Djdk.net.hosts.file="+n.path("hosts"), "-Dsun.net.inetaddr.ttl=0", "-Dsun.net.inetaddr.negative.ttl=0",
		"-Djava.io.tmpdir="+n.path("tmp"), "-Dlog4j2.configurationFile="+n.path("config/log4j2.properties"), "-cp", n.dist.classpath, "org.elasticsearch.node.RealNode", n.dir)
	endWithParent(cmd)
	log, err := os.OpenFile(n.path("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	cmd.Stderr = log
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	started, answers, ended := make(chan error), make(chan string), make(chan struct{})
	go func() {
		runtime.LockOSThread() // Linux ends the process with the thread that started it
		defer func() { _ = log.Close() }()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		for scan := bufio.NewScanner(out); scan.Scan(); {
			if line := scan.Text(); line == "OK" || strings.HasPrefix(line, "FAILED ") {
				answers <- line
			}
		}
		close(answers)
		_ = cmd.Wait()
		close(ended)
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("starting Java: %w", err)
	}
	n.owed, n.in, n.answers, n.ended, n.kill = 0, in, answers, ended, func() { _ = cmd.Process.Kill() }
	return nil
}

func (n *node) path(name string) string { return filepath.Join(n.dir, name) }

// command has one command obeyed.
func (n *node) command(ctx context.Context, line string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, err := io.WriteString(n.in, line+"\n"); err != nil {
		return fmt.Errorf("the node has ended: %s", n.lastWords())
	}
	for n.owed++; ; {
		select {
		case answer, ok := <-n.answers:
			if !ok {
				return fmt.Errorf("the node has ended: %s", n.lastWords())
			}
			if n.owed--; n.owed > 0 {
				continue
			}
			if text, failed := strings.CutPrefix(answer, "FAILED "); failed {
				return errors.New(text)
			}
			return nil
		case <-ctx.Done():
			return fmt.Errorf("the node does not answer: %w: %s", ctx.Err(), n.lastWords())
		}
	}
}

// lastWords are the last lines of the node's log.
func (n *node) lastWords() string {
	raw, err := os.ReadFile(n.path("log"))
	if err != nil {
		return err.Error()
	}
	const enough = 3000
	return string(raw[max(0, len(raw)-enough):])
}

// said are the last messages of the node's log, each without the stack trace that may follow it. Of those that begin alike
// and follow each other it is the last.
func (n *node) said() string {
	const messages, width, alike, stamp = 25, 400, 60, len("[15:04:05,000]")
	raw, err := os.ReadFile(n.path("log"))
	if err != nil {
		return err.Error()
	}
	var all []string
	for line := range strings.Lines(string(raw)) {
		if len(line) < stamp || line[0] != '[' {
			continue
		}
		line = strings.TrimSpace(line[:min(width, len(line))])
		beginning := func(of string) string { return of[stamp:min(alike, len(of))] }
		if last := len(all) - 1; last >= 0 && beginning(all[last]) == beginning(line) {
			all = all[:last]
		}
		all = append(all, line)
	}
	return strings.Join(all[max(0, len(all)-messages):], "\n")
}

// endWithin is how long a process may take to end before it is killed.
const endWithin = 20 * time.Second

// end ends the process: by "stop" it leaves its directory for the next start.
func (n *node) end(command string) {
	if n.ended == nil {
		return
	}
	if command != "" {
		_, _ = io.WriteString(n.in, command+"\n")
	}
	_ = n.in.Close()
	late := time.AfterFunc(endWithin, n.kill)
	defer late.Stop()
	for range n.answers { // of a command that nobody waits for any more
	}
	<-n.ended
}

// remove ends the process and whatever it has left.
func (n *node) remove() error {
	n.end("")
	return os.RemoveAll(n.dir)
}

// write replaces a file in the node's directory at once.
func (n *node) write(name, content string) error {
	to := n.path(name)
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(to+".new", []byte(content), 0o600); err != nil {
		return err
	}
	return os.Rename(to+".new", to)
}
