package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// RotationStore is what the rotations of all replicas share; *store.Store is one.
type RotationStore interface {
	Lease(ctx context.Context, name, owner string, d time.Duration) (bool, error)
	EndLease(ctx context.Context, name, owner string) error
	Notes(ctx context.Context, part string) (map[string]string, error)
	Note(ctx context.Context, part, key, text string) error
	Get(ctx context.Context, id string) (*change.Request, error)
}

// RotationPolicy says how early the bot may ask.
type RotationPolicy interface {
	LongestRotateBefore() time.Duration
	RotateBefore(rotation change.Proposal) time.Duration
	// MayStand reports whether the rotation may run under the approval of the connection.
	MayStand(rotation change.Proposal) bool
}

// RotationOptions are what Rotations need.
type RotationOptions struct {
	Store   RotationStore
	Policy  RotationPolicy
	Planner change.Planner // of rotations
	Propose func(ctx context.Context, a change.ProposeInput) (*change.Request, error)
	Owner   string // names this process
	Now     func() time.Time

	WarnsBefore time.Duration        // how long before the end of a key people are warned of it
	OnDue       func(outcome string) // is called with RotationAsked, RotationStanding or RotationFailed; it must not block
}

// Rotations asks for the rotation of keys where a rule says so. It is called at every check of a connection, which Redis hands
// to one replica at a time, and each attempt is one submission: so nothing is asked for twice, and a moment that was missed
// comes up again.
type Rotations struct{ o RotationOptions }

// What becomes of a rotation that is due.
const (
	RotationAsked    = "asked"
	RotationStanding = "standing" // it is to run under an approval from before
	RotationFailed   = "failed"   // it came to nothing
)

// NewRotations returns what asks for rotations.
func NewRotations(o RotationOptions) *Rotations {
	if o.OnDue == nil {
		o.OnDue = func(string) {}
	}
	return &Rotations{o}
}

const (
	rotationNotes  = "rotations"
	rotationLease  = time.Minute
	rotationWithin = rotationLease - 15*time.Second
	planAgain      = time.Hour // while a rotation is not due: its rule may be another by then
	soonestRetry   = time.Hour
	firstRetry     = 24 * time.Hour
	lastRetry      = 4 * firstRetry
)

// rotationNote is what has been asked for.
type rotationNote struct {
	For      string    `json:"for"`                // the change by which the connection was as it was
	Request  string    `json:"request,omitempty"`  // the open one
	Attempts int       `json:"attempts,omitempty"` // that came to nothing
	Ends     time.Time `json:"ends,omitzero"`      // the key, when this was planned
	Next     time.Time `json:"next,omitzero"`      // it is looked at again
	Silent   time.Time `json:"silent,omitzero"`    // until then nobody need be warned: there is time left
}

// silent reports whether nobody need be warned of the key's end.
func (n rotationNote) silent(now time.Time) bool { return n.Attempts == 0 && now.Before(n.Silent) }

// Silent reports whether nobody need be warned of the end of a connection's key: it is rotated before.
func (x *Rotations) Silent(ctx context.Context, m link.ManagedConnection) (bool, error) {
	if x.o.Policy.LongestRotateBefore() == 0 {
		return false, nil
	}
	notes, err := x.o.Store.Notes(ctx, rotationNotes)
	return noteOf(notes, m).silent(x.o.Now()), err
}

// noteOf is the note of a connection as it is now. One that can't be read is made again, and so is its request, as the same
// submission.
func noteOf(notes map[string]string, m link.ManagedConnection) rotationNote {
	var n rotationNote
	_ = json.Unmarshal([]byte(notes[inventory.RecordKey(m.Name())]), &n)
	if n.For != m.Record.Request {
		return rotationNote{For: m.Record.Request}
	}
	return n
}

// Ask asks for the rotation of a connection's key if that is due.
func (x *Rotations) Ask(ctx context.Context, m link.ManagedConnection, expires time.Time) error {
	longest := x.o.Policy.LongestRotateBefore()
	outlived := !m.Until.IsZero() && !m.Until.After(expires) // the connection ends before its key does
	if outlived || m.KeyDays == 0 || m.KeyName == "" || longest == 0 || expires.Sub(x.o.Now()) > max(longest, x.o.WarnsBefore) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, rotationWithin)
	defer cancel()
	// One at a time for each local cluster: their keystores are one.
	lease := "rotation " + m.Local.String()
	ours, err := x.o.Store.Lease(ctx, lease, x.o.Owner, rotationLease)
	if err != nil || !ours {
		return err
	}
	defer func() { _ = x.o.Store.EndLease(context.WithoutCancel(ctx), lease, x.o.Owner) }() // or it ends by itself
	notes, err := x.o.Store.Notes(ctx, rotationNotes)
	if err != nil {
		return err
	}
	n := noteOf(notes, m)
	if n.Request != "" {
		open, err := x.open(ctx, n.Request)
		if err != nil || open {
			return err
		}
		return x.later(ctx, m, n, expires) // it ran out, was rejected, or failed
	}
	if x.o.Now().Before(n.Next) && (n.Attempts > 0 || n.Ends.Equal(expires)) {
		return nil
	}
	return x.plan(ctx, m, expires, n, notes)
}

// plan asks, if the rule that decides about the rotation has it that early, and no other of the local cluster is open.
func (x *Rotations) plan(ctx context.Context, m link.ManagedConnection, expires time.Time, n rotationNote, notes map[string]string) error {
	params, err := json.Marshal(link.RotateParams{Local: m.Local, Alias: m.Alias, ExpiryDays: m.KeyDays})
	if err != nil {
		return err
	}
	plan, err := x.o.Planner.Plan(ctx, "unasked", params)
	if err != nil {
		return x.failed(ctx, m, n, expires, err)
	}
	before, now := x.o.Policy.RotateBefore(plan), x.o.Now()
	n.Ends = expires
	if before == 0 {
		n.Next, n.Silent = now.Add(planAgain), time.Time{}
		return x.note(ctx, m, n)
	}
	due := dueAt(m, expires, before)
	n.Silent = due.Add(expires.Sub(due) / 2)
	if now.Before(due) {
		n.Next = now.Add(min(planAgain, due.Sub(now)))
		return x.note(ctx, m, n)
	}
	if busy, err := x.busy(ctx, m, notes); err != nil || busy && now.Before(n.Silent) {
		return err
	}
	return x.propose(ctx, m, expires, n, change.ProposeInput{Kind: link.KindRotate, Params: params, StandingApproval: x.standing(m, n, plan)})
}

// busy reports whether a rotation of another connection of the local cluster is open.
func (x *Rotations) busy(ctx context.Context, m link.ManagedConnection, notes map[string]string) (bool, error) {
	for key, text := range notes {
		var their rotationNote
		other, err := inventory.ParseRecordKey(key)
		if err != nil || other == m.Name() || other.Local != m.Local || json.Unmarshal([]byte(text), &their) != nil || their.Request == "" {
			continue
		}
		if open, err := x.open(ctx, their.Request); err != nil || open {
			return open, err
		}
	}
	return false, nil
}

// standing is the approval that a rotation may run under; nil: people are asked.
func (x *Rotations) standing(m link.ManagedConnection, n rotationNote, plan change.Proposal) *change.StandingApproval {
	if m.Record.Approval == nil || !x.o.Policy.MayStand(plan) {
		return nil
	}
	return &change.StandingApproval{Approval: *m.Record.Approval, Attempt: n.Attempts}
}

func (x *Rotations) propose(ctx context.Context, m link.ManagedConnection, expires time.Time, n rotationNote, a change.ProposeInput) error {
	a.By = change.Actor{User: m.Maker(), Team: m.Record.By.Team, Bot: true}
	a.Reason = fmt.Sprintf("The key expires on %s, and the policy requires rotating it before that.", expires.UTC().Format(time.DateOnly))
	// A process that ends right after it has asked finds the request that it made.
	a.Submission = fmt.Sprintf("rotation %s %s %d", inventory.RecordKey(m.Name()), n.For, n.Attempts)
	if a.StandingApproval != nil {
		a.Messages = x.thread(ctx, m)
	}
	r, err := x.o.Propose(ctx, a)
	if err != nil {
		return x.failed(ctx, m, n, expires, err)
	}
	if a.StandingApproval != nil {
		x.o.OnDue(RotationStanding)
	} else {
		x.o.OnDue(RotationAsked)
	}
	n.Request = r.ID
	return x.note(ctx, m, n)
}

// thread is where the connection's story goes on; nil: nowhere.
func (x *Rotations) thread(ctx context.Context, m link.ManagedConnection) map[string]change.Message {
	root, ok := notify.ThreadOfRecord(ctx, x.o.Store, m.Record)
	if !ok {
		return nil
	}
	return map[string]change.Message{notify.SlotThread: root}
}

// dueAt is when the rotation of a connection's key is asked for: spread over a third of the time that there is, so that
// keys made on one day are not rotated within one hour.
func dueAt(m link.ManagedConnection, expires time.Time, before time.Duration) time.Time {
	before = min(before, time.Duration(m.KeyDays)*cards.Day/2)
	h := fnv.New32a()
	_, _ = h.Write([]byte(m.Name().String())) // a hash takes everything
	const parts = 1000
	return expires.Add(-before).Add(before / 3 * time.Duration(h.Sum32()%parts) / parts)
}

// open reports whether a request has not come to its end. One that can't be read counts as over: while it is put aside it holds
// its connection, so that nobody can ask for another, and once it is resolved, its record still can't be read.
func (x *Rotations) open(ctx context.Context, id string) (bool, error) {
	r, err := x.o.Store.Get(ctx, id)
	if errors.Is(err, change.ErrNotFound) || errors.Is(err, change.ErrUnreadable) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return !r.State.Final(), nil
}

// failed puts the next attempt off, unless somebody else is changing the connection just now, or nothing can be read.
func (x *Rotations) failed(ctx context.Context, m link.ManagedConnection, n rotationNote, expires time.Time, why error) error {
	if _, locked := errors.AsType[*change.LockedError](why); locked {
		return nil
	}
	if !isRefusal(why) { // it is away: the next check tries again
		return why
	}
	return errors.Join(why, x.later(ctx, m, n, expires))
}

// isRefusal reports whether an error is an answer that another try would get, too.
func isRefusal(err error) bool {
	_, invalid := errors.AsType[*change.InvalidError](err)
	_, refused := errors.AsType[*change.NotAllowedError](err)
	_, many := errors.AsType[*change.QuotaError](err)
	return invalid || refused || many
}

// later puts the next attempt off, longer each time, but not for more than a third of the time that is left.
func (x *Rotations) later(ctx context.Context, m link.ManagedConnection, n rotationNote, expires time.Time) error {
	x.o.OnDue(RotationFailed)
	now := x.o.Now()
	wait := min(firstRetry<<min(n.Attempts, 8), lastRetry, max(expires.Sub(now)/3, soonestRetry))
	n.Request = ""
	n.Attempts++
	n.Next = now.Add(wait)
	return x.note(ctx, m, n)
}

func (x *Rotations) note(ctx context.Context, m link.ManagedConnection, n rotationNote) error {
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return x.o.Store.Note(ctx, rotationNotes, inventory.RecordKey(m.Name()), string(text))
}

// Forget forgets what was asked for of a connection that is no more.
func (x *Rotations) Forget(ctx context.Context, key string) error {
	return x.o.Store.Note(ctx, rotationNotes, key, "")
}
