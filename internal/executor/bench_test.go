package executor_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor/executortest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a queue with an executor at it, inside a synctest bubble.
type bench struct {
	*testing.T
	mem   *executortest.Mem
	world *executortest.World
	me    executortest.Caller
	o     executor.Options
	stop  context.CancelFunc
	ended chan struct{}
	log   *journal
}

// journal collects log lines.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *journal) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *journal) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newBench(t *testing.T) *bench {
	t.Helper()
	log := &journal{}
	world := executortest.NewWorld(time.Now, executortest.Things{Settings: map[string]string{"old": "1"}})
	return &bench{
		T: t, mem: executortest.NewMem(time.Now), world: world, log: log,
		me: executortest.Caller{World: world, Name: "w1"},
		o: executor.Options{
			Workers: 1, Lease: 8 * time.Second, Renew: 2 * time.Second, Now: time.Now, Log: slog.New(slog.NewTextHandler(log, nil)),
			Backoff: executor.Exponential(100*time.Millisecond, 2*time.Second, func() float64 { return 0.5 }),
			Scrub:   func(s string) string { return strings.ReplaceAll(s, "SEKRIT", "••••") },
		},
	}
}

// start runs an executor on q, which is as a rule the queue itself, until the test ends or stopped is called.
func (b *bench) start(q executor.Queue, kind executortest.Kind) {
	b.Helper()
	e, err := executor.New(q, b.mem, map[change.Kind]change.Planner{"test.change": kind}, kind.Registry(), b.o)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan struct{})
	b.stop, b.ended = cancel, ended
	go func() {
		defer close(ended)
		_ = e.Run(ctx)
	}()
	b.Cleanup(func() {
		cancel()
		<-ended
	})
}

func (b *bench) stopped() {
	b.stop()
	<-b.ended
}

// put stores an approved request with steps of these names; none: with the one that creates a key.
func (b *bench) put(id string, steps ...string) {
	b.Helper()
	if len(steps) == 0 {
		steps = []string{"create-key"}
	}
	if err := b.mem.Put(b.Context(), executortest.Approved(id, steps...)); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) get(id string) *change.Request {
	b.Helper()
	r, err := b.mem.Get(b.Context(), id)
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// until lets time pass until the request stands like that.
func (b *bench) until(id string, want change.State) *change.Request {
	b.Helper()
	for range 3600 {
		if r := b.get(id); r.State == want {
			return r
		}
		time.Sleep(100 * time.Millisecond)
	}
	b.Fatalf("request is %s, want %s\n%s", b.get(id).State, want, b.log)
	return nil
}

// apply runs one request through to a state, alone.
func (b *bench) apply(want change.State, steps ...executortest.Func) *change.Request {
	b.Helper()
	var names []string
	for _, s := range steps {
		names = append(names, s.StepName)
	}
	b.put("a", names...)
	b.start(b.mem, executortest.Kind{Each: steps})
	return b.until("a", want)
}

func states(r *change.Request) map[string]change.StepState {
	m := map[string]change.StepState{}
	for _, line := range r.Journal {
		m[line.Step] = line.State
	}
	return m
}

func (b *bench) audit() (said []string) {
	for _, e := range b.mem.Audit() {
		said = append(said, e.What)
	}
	return said
}

var errBroken = errors.New("it broke on SEKRIT")

func failing(name string, err error) executortest.Func {
	return executortest.Func{StepName: name, OnApply: func(context.Context, change.Evidence, change.Note) error { return err }}
}

// line is a queue behind a line that can break: meet is asked before a call goes through, heard after.
type line struct {
	executor.Queue
	meet  func(op string) error
	heard func(op string) error
}

func (l line) call(op string, send func() error) error {
	if l.meet != nil {
		if err := l.meet(op); err != nil {
			return err
		}
	}
	err := send()
	if err == nil && l.heard != nil {
		return l.heard(op)
	}
	return err
}

func (l line) Claim(ctx context.Context, worker string, lease time.Duration) (c executor.Claimed, err error) {
	err = l.call("claim", func() (err error) { c, err = l.Queue.Claim(ctx, worker, lease); return err })
	return c, err
}

func (l line) TakeOver(ctx context.Context, worker string, lease time.Duration) (c executor.Claimed, err error) {
	err = l.call("claim", func() (err error) { c, err = l.Queue.TakeOver(ctx, worker, lease); return err })
	return c, err
}

func (l line) BeginCall(ctx context.Context, c change.Claim, n int64, lasts time.Duration) error {
	return l.call("begin call", func() error { return l.Queue.BeginCall(ctx, c, n, lasts) })
}

func (l line) EndCalls(ctx context.Context, c change.Claim, n int64) error {
	return l.call("end calls", func() error { return l.Queue.EndCalls(ctx, c, n) })
}

func (l line) Extend(ctx context.Context, c change.Claim, lease time.Duration) error {
	return l.call("extend", func() error { return l.Queue.Extend(ctx, c, lease) })
}

func (l line) Record(ctx context.Context, c change.Claim, r change.StepRecord, e change.Entry) error {
	return l.call("record", func() error { return l.Queue.Record(ctx, c, r, e) })
}

func (l line) Advance(ctx context.Context, c change.Claim, m change.Transition) error {
	return l.call("advance", func() error { return l.Queue.Advance(ctx, c, m) })
}

func (l line) Release(ctx context.Context, c change.Claim) error {
	return l.call("release", func() error { return l.Queue.Release(ctx, c) })
}
