// Package storetest starts Redis servers for tests: miniredis always, and a real Redis and a real Valkey wherever their
// binaries are found. It knows nothing of what is stored.
package storetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

// Server is a Redis that a test has to itself, but for the other tests under the same Each: those are kept apart
// by Env.
type Server struct {
	Client redis.UniversalClient
	Addr   string
	// Pass lets time pass on the server: a sleep on a real one, a turn of the clock on miniredis.
	Pass func(time.Duration)
	// Now is the server's time.
	Now func() time.Time
	// Mini is nil on a real server.
	Mini *miniredis.Miniredis
	// Process is nil on miniredis.
	Process *Process
}

var envs atomic.Int64

// Env returns a name for the keys that no other test of this process has.
func (s Server) Env() string { return fmt.Sprintf("test%d", envs.Add(1)) }

// Store returns a store with keys of its own.
func (s Server) Store() *store.Store { return store.New(s.Client, store.Options{Env: s.Env()}) }

// Each runs test on miniredis, and on a real Redis and a real Valkey where there are some.
func Each(t *testing.T, test func(t *testing.T, s Server)) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) { test(t, Mini(t)) })
	t.Run("redis", func(t *testing.T) { test(t, start(t, "redis-server", nil)) })
	t.Run("valkey", func(t *testing.T) { test(t, Valkey(t)) })
}

// Valkey starts a valkey-server with a directory of its own; it skips the test where there is no such binary.
func Valkey(tb testing.TB) Server {
	tb.Helper()
	return start(tb, "valkey-server", nil)
}

// Mini starts a miniredis whose clock stands still but for Pass.
func Mini(tb testing.TB) Server {
	tb.Helper()
	m := miniredis.RunT(tb)
	now := time.Now().Truncate(time.Millisecond)
	m.SetTime(now)
	var passed atomic.Int64
	clock := func() time.Time { return now.Add(time.Duration(passed.Load())) }
	return Server{
		Client: dial(tb, m.Addr()), Addr: m.Addr(), Mini: m, Now: clock,
		Pass: func(d time.Duration) {
			passed.Add(int64(d))
			m.SetTime(clock())
			m.FastForward(d)
		},
	}
}

// Real starts a redis-server, or else a valkey-server, with a directory of its own; it skips the test where there is neither.
func Real(tb testing.TB, flags ...string) Server {
	tb.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		return start(tb, "valkey-server", flags)
	}
	return start(tb, "redis-server", flags)
}

func start(tb testing.TB, name string, flags []string) Server {
	tb.Helper()
	bin, err := exec.LookPath(name)
	if err != nil {
		tb.Skipf("there is no %s on the PATH", name)
	}
	port := freePort(tb)
	p := &Process{bin: bin, addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), flags: append([]string{
		"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", tb.TempDir(),
		"--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction",
	}, flags...)}
	p.Start(tb)
	tb.Cleanup(func() { p.Kill(tb) })
	return Server{Client: dial(tb, p.addr), Addr: p.addr, Process: p, Pass: time.Sleep, Now: time.Now}
}

// Timeout bounds a command where a test isn't about that: longer than a busy machine keeps a server waiting.
const Timeout = time.Minute

func dial(tb testing.TB, addr string) redis.UniversalClient {
	tb.Helper()
	client := store.Dial(&redis.UniversalOptions{Addrs: []string{addr}}, Timeout)
	tb.Cleanup(func() { _ = client.Close() })
	return client
}

func freePort(tb testing.TB) int {
	tb.Helper()
	l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		tb.Fatalf("listening on %v", l.Addr())
	}
	return addr.Port
}

// Process is a running redis-server that a test may kill and start again over the same data.
type Process struct {
	bin, addr string
	flags     []string
	cmd       *exec.Cmd
	ended     chan struct{} // closed once it has
}

// Start starts the server and waits until it answers.
func (p *Process) Start(tb testing.TB) {
	tb.Helper()
	p.cmd = exec.CommandContext(context.WithoutCancel(tb.Context()), p.bin, p.flags...) // Kill ends it, after the clients
	if err := p.cmd.Start(); err != nil {
		tb.Fatalf("starting redis-server: %v", err)
	}
	cmd, ended := p.cmd, make(chan struct{})
	p.ended = ended
	go func() {
		defer close(ended)
		_ = cmd.Wait() // Kill's doing, or it could not start
	}()
	Until(tb, "redis-server answers", func() error {
		select {
		case <-ended:
			tb.Fatalf("redis-server ended: %v", cmd.ProcessState)
		default:
		}
		return ping(tb.Context(), p.addr)
	})
}

// lastMoment is how long before the end of the whole run Until gives up, to say what it waited for.
const lastMoment = 10 * time.Second

// Until tries again until there is no error: how long that takes depends on the machine, so only the limit of the whole
// run (go test -timeout) ends it.
func Until(tb testing.TB, what string, try func() error) {
	tb.Helper()
	var end time.Time
	if t, ok := tb.(interface{ Deadline() (time.Time, bool) }); ok {
		if deadline, ok := t.Deadline(); ok {
			end = deadline.Add(-lastMoment)
		}
	}
	for {
		err := try()
		if err == nil {
			return
		}
		if !end.IsZero() && time.Now().After(end) {
			tb.Fatalf("never came about: %s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// ping asks without a client, which would log every attempt.
func ping(ctx context.Context, addr string) error {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	asksWho := strings.HasPrefix(answer, "-NOAUTH")      // it is there, for those whom it knows
	if err == nil && answer != "+PONG\r\n" && !asksWho { // not while it loads its data
		err = errors.New(answer)
	}
	return err
}

// Freeze stops the server where it is, connections and all, until the function that it returns is called.
func (p *Process) Freeze(tb testing.TB) (thaw func()) {
	tb.Helper()
	send := func(s syscall.Signal) {
		if err := p.cmd.Process.Signal(s); err != nil {
			tb.Errorf("sending %v to redis-server: %v", s, err)
		}
	}
	send(syscall.SIGSTOP)
	return func() { send(syscall.SIGCONT) }
}

// Kill ends the server the hard way, unless it has ended already.
func (p *Process) Kill(tb testing.TB) {
	tb.Helper()
	if p.cmd == nil {
		return
	}
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		tb.Errorf("killing redis-server: %v", err)
	}
	<-p.ended
	p.cmd = nil
}
