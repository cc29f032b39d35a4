package executor_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor/executortest"
)

// process is a bot that may vanish. What has vanished stands still in the middle of whatever it did: to everybody
// else that is the same as being gone.
type process struct {
	*stage
	name string
	gone chan struct{}
	once sync.Once
	stop context.CancelFunc
	thaw atomic.Int64 // when it goes on, in Unix nanoseconds
}

func (p *process) vanish() { p.once.Do(func() { close(p.gone) }) }

// gate lets through anyone who is alive, the frozen late. It reports false to the dead, once the run is over.
func (p *process) gate() bool {
	time.Sleep(time.Until(time.Unix(0, p.thaw.Load())))
	select {
	case <-p.gone:
		<-p.over
		return false
	default:
		return true
	}
}

// stage is everything about a run that is not the executor.
type stage struct {
	run
	mem   *executortest.Mem
	world *executortest.World
	over  chan struct{}
	next  chan struct{} // a process no longer exists: another one is needed

	mu      sync.Mutex
	procs   map[string]*process
	claimed []executortest.Call
	failed  error // to set the stage
}

// draw takes the next trouble from a list.
func (s *stage) draw(from *[]trouble) trouble {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(*from) == 0 {
		return none
	}
	next := (*from)[0]
	*from = (*from)[1:]
	return next
}

// freeze makes all of the process stand still for longer than its lease.
func (p *process) freeze() {
	p.thaw.Store(time.Now().Add(9 * time.Second).UnixNano())
	p.next <- struct{}{}
	p.gate()
}

func (p *process) die() {
	p.vanish()
	p.next <- struct{}{}
}

// meet is what a call to the world meets.
func (p *process) meet(c executortest.Call) executortest.Fault {
	if !p.gate() {
		return executortest.Fault{Refused: change.ErrFenced}
	}
	undoing := false
	if r, err := p.mem.Get(context.Background(), "a"); err == nil {
		undoing = r.State == change.Undoing
	}
	if undoing && c.Writes() && slices.Contains(p.cursed, c.Name) {
		return executortest.Fault{Refused: errBroken}
	}
	switch p.draw(&p.run.world) {
	case busy:
		return executortest.Fault{Refused: change.Temporary(errBroken)}
	case broken:
		if c.Writes() {
			return executortest.Fault{Refused: errBroken}
		}
		return executortest.Fault{Refused: change.Temporary(errBroken)}
	case lost:
		return executortest.Fault{Lost: change.Temporary(errBroken)}
	case slow:
		return executortest.Fault{Slow: 6900 * time.Millisecond, Lost: change.Temporary(errBroken)}
	case dies:
		p.die()
		p.gate()
		return executortest.Fault{Refused: change.ErrFenced}
	case diesAfter:
		p.die()
	case diesSlow:
		p.die()
		return executortest.Fault{Slow: 6500 * time.Millisecond}
	case freezes:
		p.freeze()
	case stops:
		p.stop()
		p.next <- struct{}{}
	case none:
	}
	return executortest.Fault{}
}

func (p *process) queue() executor.Queue {
	var late trouble // what the answer meets
	return line{Queue: claims{p.mem, p}, meet: func(op string) error {
		if !p.gate() {
			return change.ErrFenced
		}
		if op != "record" && op != "advance" {
			return nil
		}
		late = none
		switch what := p.draw(&p.run.queue); what {
		case busy:
			return change.ErrUnavailable
		case dies:
			p.die()
			p.gate()
			return change.ErrFenced
		case freezes:
			p.freeze()
		case stops:
			p.stop()
			p.next <- struct{}{}
		case lost, diesAfter:
			late = what
		case none, broken, slow, diesSlow:
		}
		return nil
	}, heard: func(op string) error {
		if op != "record" && op != "advance" {
			return nil
		}
		switch late {
		case lost:
			return change.ErrUnavailable
		case diesAfter:
			p.die()
			p.gate()
			return change.ErrFenced
		}
		return nil
	}}
}

// claims writes down who claims when.
type claims struct {
	executor.Queue
	p *process
}

func (c claims) Claim(ctx context.Context, worker string, lease time.Duration) (executor.Claimed, error) {
	got, err := c.Queue.Claim(ctx, worker, lease)
	return c.note(got, err)
}

func (c claims) TakeOver(ctx context.Context, worker string, lease time.Duration) (executor.Claimed, error) {
	got, err := c.Queue.TakeOver(ctx, worker, lease)
	return c.note(got, err)
}

func (c claims) note(got executor.Claimed, err error) (executor.Claimed, error) {
	if err == nil {
		c.p.mu.Lock()
		c.p.claimed = append(c.p.claimed, executortest.Call{Caller: c.p.name, Verb: "claim", Sent: time.Now()})
		c.p.mu.Unlock()
	}
	return got, err
}
