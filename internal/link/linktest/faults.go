package linktest

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Fault is trouble with a call, by the name of the port's method: "IssueKey", "StoreSecret".
type Fault struct {
	Call  string
	On    string        // "platform" or "platform/deployment"; empty: anywhere
	Times int           // how often; 0: always
	Skip  int           // how many calls go well before
	Err   error         // what is answered; nil: Unavailable
	After bool          // the call is carried out all the same, and then answered with Err
	Hang  bool          // no answer until the caller's context ends
	Slow  time.Duration // how long the call takes; then it goes well
	Lie   bool          // the call is not carried out, and answered as if it were; reads are not for it
	// Meanwhile is what somebody else does just before the call is carried out. The call itself goes well.
	Meanwhile func()
}

// Call is a call that was made.
type Call struct {
	On   string // "platform" or "platform/deployment"
	Name string
}

func (c Call) String() string { return c.On + " " + c.Name }

// ErrCrashed is what every call answers once the bot has crashed. A test drops what it was doing and calls Restart.
var ErrCrashed = errors.New("the bot has crashed")

// Fail orders a fault.
func (w *World) Fail(f Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, &f)
}

// Heal takes all faults back.
func (w *World) Heal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = nil
}

// CrashAfter makes the bot crash on the n-th call from now: it is carried out, but its answer is heard by nobody, and
// nothing is carried out after it until Restart. 0 takes the order back.
func (w *World) CrashAfter(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.crashAt = n
}

// Restart makes calls work again after a crash. It reports whether there was one.
func (w *World) Restart() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	was := w.crashed
	w.crashed, w.crashAt = false, 0
	return was
}

// Calls returns the calls carried out or answered with a fault so far.
func (w *World) Calls() []Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Call(nil), w.calls...)
}

// Count returns how often a call was made, on any system.
func (w *World) Count(name string) int {
	n := 0
	for _, c := range w.Calls() {
		if c.Name == name {
			n++
		}
	}
	return n
}

// Unavailable is an answer of 503. Ambiguous ones may have been carried out.
func Unavailable(on, call string) *elastic.CallError {
	return &elastic.CallError{System: on, Call: call, Status: 503, Code: "unavailable", Reason: "try again later"}
}

// NoAnswer is a call whose answer was lost; whether it was carried out is not known.
func NoAnswer(on, call string) *elastic.CallError {
	return &elastic.CallError{System: on, Call: call, Reason: "connection reset", Ambiguous: true}
}

// Forbidden is an answer that no other try mends.
func Forbidden(on, call string) *elastic.CallError {
	return &elastic.CallError{System: on, Call: call, Status: 403, Code: "security_exception", Reason: "not allowed"}
}

// Do makes a call of the world: faults and crashes apply to it. Tests use it for what is not a port, such as notes.
func (w *World) Do(ctx context.Context, on, name string, act func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.crashed {
		return ErrCrashed
	}
	w.calls = append(w.calls, Call{On: on, Name: name})
	f := w.fault(on, name)
	if f != nil && f.Hang {
		w.mu.Unlock()
		<-ctx.Done()
		w.mu.Lock()
		return ctx.Err()
	}
	if f != nil && f.Slow > 0 {
		w.mu.Unlock()
		select {
		case <-time.After(f.Slow):
		case <-ctx.Done():
		}
		w.mu.Lock()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		f = nil
	}
	if f != nil && f.Meanwhile != nil {
		w.mu.Unlock()
		f.Meanwhile()
		w.mu.Lock()
		f = nil
	}
	if f != nil && f.Lie {
		return nil
	}
	if f != nil && !f.After {
		return f.answer(on, name)
	}
	err := act()
	w.look()
	if w.crashAt > 0 {
		if w.crashAt--; w.crashAt == 0 {
			w.crashed = true
			return ErrCrashed
		}
	}
	if f != nil {
		return f.answer(on, name)
	}
	return err
}

// fault returns the first fault that applies, and counts it down.
func (w *World) fault(on, name string) *Fault {
	for _, f := range w.faults {
		if f.Call != name || f.On != "" && f.On != on && !strings.HasPrefix(on, f.On+"/") || f.Times < 0 {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				f.Times = -1 // used up
			}
		}
		return f
	}
	return nil
}

func (f *Fault) answer(on, name string) error {
	if f.Err != nil {
		return f.Err
	}
	return Unavailable(on, name)
}

// Watch looks at a connection after every call of the world, as a search that runs all the while would.
type Watch struct {
	local *Deployment
	alias string
	Looks int
	Bad   []string // why searches failed
}

// look looks at what is watched. The caller holds the lock.
func (w *World) look() {
	for _, watch := range w.watched {
		watch.Looks++
		if _, _, why := watch.local.connect(watch.alias); why != "" {
			watch.Bad = append(watch.Bad, why)
		}
	}
}
