package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// EndingStore is what the endings of all replicas share; *store.Store is one.
type EndingStore interface {
	Notes(ctx context.Context, part string) (map[string]string, error)
	Note(ctx context.Context, part, key, text string) error
	Get(ctx context.Context, id string) (*change.Request, error)
}

// EndingOptions are what Endings need.
type EndingOptions struct {
	Store   EndingStore
	Planner change.Planner // of disconnects
	Propose func(ctx context.Context, a change.ProposeInput) (*change.Request, error)
	Now     func() time.Time

	OnDue func(outcome string) // is called with EndingStanding, EndingAsked or EndingFailed; it must not block
}

// Endings has connections removed at the end that they were approved with. It is called at every check of a connection,
// which Redis hands to one replica at a time, and each attempt is one submission: so nothing is removed twice, and an end
// that was missed comes up again.
type Endings struct{ o EndingOptions }

// What becomes of an end that has come.
const (
	EndingStanding = "standing" // it is to run under the approval of the connection
	EndingAsked    = "asked"    // people are asked: something differs from what was approved
	EndingFailed   = "failed"   // an attempt came to nothing
)

// NewEndings returns what removes connections.
func NewEndings(o EndingOptions) *Endings {
	if o.OnDue == nil {
		o.OnDue = func(string) {}
	}
	return &Endings{o}
}

const (
	endingNotes      = "endings"
	endingWithin     = 45 * time.Second
	endingSoon       = time.Minute      // between two looks at an end that has just come
	endingFirstRetry = 15 * time.Minute // after an attempt that was rolled back
	endingLastRetry  = 24 * time.Hour   // also after people have decided otherwise
	endingSure       = time.Hour        // for so long what can't be read is waited for
)

// endingNote is what has been asked for.
type endingNote struct {
	Until    time.Time `json:"until"`
	For      string    `json:"for"`                // the change by which the connection was as it was
	Request  string    `json:"request,omitempty"`  // the open one
	Attempts int       `json:"attempts,omitempty"` // that came to nothing
	Next     time.Time `json:"next,omitzero"`      // the next one
}

var errEndingUnsure = errors.New("what was created for the connection can't be read right now")

// Ask has a connection removed whose end has come, and returns when to look again; 0: there is no end. The end has come
// once this process says so and shared, the clock of all replicas, too: one that is ahead removes nothing early.
func (x *Endings) Ask(ctx context.Context, m link.ManagedConnection, shared time.Time) (next time.Duration, err error) {
	if m.Until.IsZero() {
		return 0, nil
	}
	now := x.o.Now()
	if shared.Before(now) {
		now = shared
	}
	for _, moment := range []time.Time{m.EndNoticed(), m.Until} {
		if left := moment.Sub(now); left > 0 {
			return left, nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, endingWithin)
	defer cancel()
	return max(endingSoon, now.Sub(m.Until)/10), x.end(ctx, m, now)
}

func (x *Endings) end(ctx context.Context, m link.ManagedConnection, now time.Time) error {
	n, err := x.noteOf(ctx, m)
	if err != nil {
		return err
	}
	if n.Request != "" {
		r, err := x.o.Store.Get(ctx, n.Request)
		switch {
		case errors.Is(err, change.ErrNotFound), errors.Is(err, change.ErrUnreadable): // put aside, it holds the connection until it is over
		case err != nil:
			return err
		case !r.State.Final():
			return nil
		case !r.UnderStanding(): // people want it to stay for now, or nobody has decided
			return x.later(ctx, m, n, now.Add(endingLastRetry))
		}
		return x.later(ctx, m, n, now.Add(n.wait()))
	}
	if wait := n.Next.Sub(now); wait > 0 && wait <= endingLastRetry { // longer only where a clock was ahead
		return nil
	}
	return x.propose(ctx, m, n, now)
}

// noteOf is the note of a connection as it is now. One that can't be read is made again, and so is its request, as the same
// submission.
func (x *Endings) noteOf(ctx context.Context, m link.ManagedConnection) (endingNote, error) {
	notes, err := x.o.Store.Notes(ctx, endingNotes)
	if err != nil {
		return endingNote{}, err
	}
	var n endingNote
	_ = json.Unmarshal([]byte(notes[inventory.RecordKey(m.Name())]), &n)
	if n.For != m.Record.Request || !n.Until.Equal(m.Until) {
		n = endingNote{For: m.Record.Request, Until: m.Until}
	}
	return n, nil
}

// propose asks for the removal, under the approval of the connection.
func (x *Endings) propose(ctx context.Context, m link.ManagedConnection, n endingNote, now time.Time) error {
	params, err := json.Marshal(link.DisconnectParams{Local: m.Local, Alias: m.Alias, Until: m.Until})
	if err != nil {
		return err
	}
	plan, err := x.o.Planner.Plan(ctx, "unasked", params)
	if err != nil {
		return x.failed(ctx, m, n, now, err)
	}
	if plan.Unsure && now.Sub(m.Until) < endingSure {
		return errEndingUnsure
	}
	a := change.ProposeInput{
		Kind: link.KindDisconnect, Params: params, By: change.Actor{User: m.Maker(), Team: m.Record.By.Team, Bot: true},
		Reason: fmt.Sprintf("It was due to end on %s.", link.SayUntil(m.Until)),
		// A process that ends right after it has asked finds the request that it made.
		Submission: fmt.Sprintf("end %s %s %d", inventory.RecordKey(m.Name()), n.For, n.Attempts),
	}
	outcome := EndingAsked
	if m.Record.Approval != nil {
		a.StandingApproval = &change.StandingApproval{Approval: *m.Record.Approval, Attempt: n.Attempts}
		if root, ok := notify.ThreadOfRecord(ctx, x.o.Store, m.Record); ok {
			a.Messages = map[string]change.Message{notify.SlotThread: root}
		}
		if plan.Ending != nil && plan.Ending.Differs == "" {
			outcome = EndingStanding
		}
	}
	r, err := x.o.Propose(ctx, a)
	if err != nil {
		return x.failed(ctx, m, n, now, err)
	}
	x.o.OnDue(outcome)
	n.Request = r.ID
	return x.note(ctx, m, n)
}

// failed puts the next attempt off, unless somebody else is changing the connection just now, or nothing can be read.
func (x *Endings) failed(ctx context.Context, m link.ManagedConnection, n endingNote, now time.Time, why error) error {
	if _, locked := errors.AsType[*change.LockedError](why); locked {
		return nil
	}
	if !isRefusal(why) { // it is away: the next check tries again
		return why
	}
	return errors.Join(why, x.later(ctx, m, n, now.Add(n.wait())))
}

// wait is how long the next attempt is put off, longer each time.
func (n endingNote) wait() time.Duration {
	return min(endingFirstRetry<<min(n.Attempts, 8), endingLastRetry)
}

func (x *Endings) later(ctx context.Context, m link.ManagedConnection, n endingNote, next time.Time) error {
	x.o.OnDue(EndingFailed)
	n.Request, n.Next = "", next
	n.Attempts++
	return x.note(ctx, m, n)
}

func (x *Endings) note(ctx context.Context, m link.ManagedConnection, n endingNote) error {
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return x.o.Store.Note(ctx, endingNotes, inventory.RecordKey(m.Name()), string(text))
}

// Forget forgets what was asked for of a connection that is no more.
func (x *Endings) Forget(ctx context.Context, key string) error {
	return x.o.Store.Note(ctx, endingNotes, key, "")
}
