package executortest

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// World is a pretended system that steps change. A setting is overwritten by anyone who writes last; of objects each
// creation makes one more, so that doing it twice shows. Calls can be made to fail or to take their time, and a
// call that nobody waits for any more is carried out all the same.
type World struct {
	// Timeout is how long a caller waits for an answer.
	Timeout time.Duration
	// Meet is asked about every call before it is sent; nil: all goes well.
	Meet func(Call) Fault

	now     func() time.Time
	mu      sync.Mutex
	things  Things
	calls   []Call
	doubled []string
}

// Things are what is there: settings with their values, and how many objects there are of each name.
type Things struct {
	Settings map[string]string
	Objects  map[string]int
}

// Call is one call to the world.
type Call struct {
	Caller string
	Verb   string // "read", "set", "unset", "create", "delete"
	Name   string
	Sent   time.Time
}

// Writes reports whether the call changes something.
func (c Call) Writes() bool { return c.Verb != "read" }

// Fault is what a call meets.
type Fault struct {
	Refused error         // nothing is carried out
	Slow    time.Duration // it is carried out, and answered, only so much later
	Lost    error         // it is carried out, and answered with this
}

// NewWorld returns a world in which there are some things already.
func NewWorld(now func() time.Time, there Things) *World {
	return &World{Timeout: 7 * time.Second, now: now, things: there.clone()}
}

func (t Things) clone() Things {
	c := Things{Settings: maps.Clone(t.Settings), Objects: maps.Clone(t.Objects)}
	if c.Settings == nil {
		c.Settings = map[string]string{}
	}
	if c.Objects == nil {
		c.Objects = map[string]int{}
	}
	return c
}

// Things returns what is there.
func (w *World) Things() Things {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.things.clone()
}

// Hand is what a person does in the world, past everything that calls meet.
func (w *World) Hand(does func(*Things)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	does(&w.things)
}

// Calls returns the calls that were sent.
func (w *World) Calls() []Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Call(nil), w.calls...)
}

// Doubled returns the objects that were created while there was one of that name.
func (w *World) Doubled() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.doubled...)
}

// call sends one call, as a client would: not once the context's deadline has passed, and waiting for the answer
// no longer than the time-out. The time-out is a timer of its own, see the executor about deadlines that move.
func (w *World) call(ctx context.Context, c Call, effect func(*Things)) error {
	c.Sent = w.now()
	slot := change.CallSlot{Ended: func(bool) {}}
	if c.Writes() {
		var err error
		if slot, err = change.BeginCall(ctx, w.Timeout); err != nil {
			return change.Temporary(err)
		}
	}
	sent, err := w.send(ctx, c, slot.SendBy, effect)
	slot.Ended(sent != unsure)
	return err
}

// fate is what is known of a call.
type fate int

const (
	over   fate = iota // it was answered, or not sent
	unsure             // it may be carried out later
)

func (w *World) send(ctx context.Context, c Call, by time.Time, effect func(*Things)) (fate, error) {
	var fault Fault
	if w.Meet != nil {
		fault = w.Meet(c)
	}
	c.Sent = w.now() // Meet may have held the caller up
	if err := ctx.Err(); err != nil {
		return over, err
	}
	if deadline, ok := ctx.Deadline(); ok && !w.now().Before(deadline) || !by.IsZero() && !w.now().Before(by) {
		return over, change.Temporary(context.DeadlineExceeded)
	}
	w.mu.Lock()
	w.calls = append(w.calls, c)
	w.mu.Unlock()
	if fault.Refused != nil {
		return over, fault.Refused
	}
	if fault.Slow == 0 {
		w.carryOut(c, effect)
		return over, fault.Lost
	}
	answered := make(chan struct{})
	time.AfterFunc(fault.Slow, func() {
		w.carryOut(c, effect)
		close(answered)
	})
	timer := time.NewTimer(w.Timeout)
	defer timer.Stop()
	select {
	case <-answered:
		return over, fault.Lost
	case <-ctx.Done():
		return unsure, ctx.Err()
	case <-timer.C:
		return unsure, change.Temporary(errors.New("no answer"))
	}
}

func (w *World) carryOut(c Call, effect func(*Things)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.Verb == "create" && w.things.Objects[c.Name] > 0 {
		w.doubled = append(w.doubled, c.Name)
	}
	effect(&w.things)
}
