package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/app"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/playground"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
)

// botCommand runs the bot as serve does, and ends with the process that started it: when standard input does.
func botCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:    "bot",
		Short:  "Run the bot for the playground, until standard input ends",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(file, config.System())
			if err != nil {
				return err
			}
			a, err := app.New(c, app.Options{Version: version, Log: app.NewLogger(c.Log, cmd.ErrOrStderr())})
			if err != nil {
				return err
			}
			ctx, cancel := context.WithCancel(cmd.Context())
			defer cancel()
			go func() {
				_, _ = io.Copy(io.Discard, cmd.InOrStdin())
				cancel()
			}()
			return a.Run(ctx)
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "the configuration file")
	return cmd
}

// process keeps one process of the bot running: a new one starts when it dies, as Kubernetes would do it.
type process struct {
	executable string
	args       []string
	env        []string
	out        io.Writer
	log        *slog.Logger
	said       *lastLine // by the newest process

	mu     sync.Mutex
	child  *exec.Cmd
	status playground.BotStatus
}

const (
	startAgainAfter = time.Second
	// A process that dies sooner than this did not come up; after a few of those there is no use in going on.
	tooSoon     = 500 * time.Millisecond
	soonAtMost  = 3
	leaveWithin = 15 * time.Second
)

// lastLine keeps the last line that was written: of a process that ended, what it complained of.
type lastLine struct{ line []byte }

func (l *lastLine) Write(p []byte) (int, error) {
	const most = 500 // bytes; a log line may be long
	if trimmed := bytes.TrimSpace(p); len(trimmed) > 0 {
		l.line = bytes.Clone(trimmed[bytes.LastIndexByte(trimmed, '\n')+1:])
		l.line = bytes.TrimSpace(l.line[:min(len(l.line), most)])
	}
	return len(p), nil
}

func (l *lastLine) last() string {
	if len(l.line) == 0 {
		return ""
	}
	return "; the last it said: " + string(l.line)
}

// run starts the bot, again and again, until ctx ends.
func (p *process) run(ctx context.Context) error {
	soon := 0
	for ctx.Err() == nil {
		began := time.Now()
		err := p.once(ctx)
		if ctx.Err() != nil {
			break
		}
		p.log.WarnContext(ctx, "the bot's process ended", "error", err)
		soon++
		if time.Since(began) > tooSoon {
			soon = 0
		}
		if soon == soonAtMost {
			return fmt.Errorf("the bot does not come up: %w%s", err, p.said.last())
		}
		select {
		case <-ctx.Done():
		case <-time.After(startAgainAfter):
		}
	}
	return nil //nolint:nilerr // it was told to stop: how it ended does not matter
}

// once runs one process until it ends. When ctx ends, so does its standard input, and it stops in order.
func (p *process) once(ctx context.Context) error {
	in, stop, err := os.Pipe()
	if err != nil {
		return err
	}
	child := exec.Command(p.executable, p.args...) //nolint:gosec,noctx // this program itself; it is stopped by its input, not by a signal
	p.said = &lastLine{}
	out := io.MultiWriter(p.out, p.said)
	child.Env, child.Stdin, child.Stdout, child.Stderr = p.env, in, out, out
	err = child.Start()
	_ = in.Close()
	if err != nil {
		_ = stop.Close()
		return err
	}
	p.set(child)
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	select {
	case err = <-ended:
		_ = stop.Close()
	case <-ctx.Done():
		_ = stop.Close()
		select {
		case err = <-ended:
		case <-time.After(leaveWithin):
			_ = child.Process.Kill()
			err = <-ended
		}
	}
	p.set(nil)
	return err
}

func (p *process) set(child *exec.Cmd) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.child = child
	p.status.PID, p.status.Since = 0, time.Now()
	if child != nil {
		p.status.PID = child.Process.Pid
		p.status.Starts++
	}
}

// Status tells how the process stands.
func (p *process) Status() playground.BotStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status
}

// Kill is SIGKILL.
func (p *process) Kill() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.child == nil {
		return errors.New("the bot's process is dead already; the next one is about to start")
	}
	return p.child.Process.Kill()
}

// writeConfig writes the example's configuration for the stage into dir, and returns what is needed to run the bot on
// it. Secrets go by the environment, where the example looks for them; they are those of the stand-ins.
func writeConfig(s *stage.Stage, dir string, edits map[string]string) (file string, env []string, err error) {
	text := strings.Replace(string(s.Text), config.ExampleDeployment, `"*"`, 1)
	for old, fresh := range edits {
		if strings.Count(text, old) != 1 {
			return "", nil, fmt.Errorf("the example configuration has no single %q", old)
		}
		text = strings.Replace(text, old, fresh, 1)
	}
	file = filepath.Join(dir, "config.yaml")
	for name, value := range s.Secrets() {
		env = append(env, name+"="+value)
	}
	return file, env, os.WriteFile(file, []byte(text), 0o600)
}
