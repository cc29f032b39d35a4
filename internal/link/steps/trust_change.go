package steps

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// What a change of trust notes.
const (
	evTrustFound = "trust_found" // the entry of that scope as it was, as JSON; "null" for none
	evTrustWrote = "trust_wrote" // the entry that it wrote, as JSON; "null" for none
	evPlanBefore = "plan_before" // the deployment's latest plan before the write
	evLook       = "look_"       // looks at a trust that is in place without any plan to be seen
)

// trustChange changes one entry of whom a deployment trusts, and puts it back. The platform carries that out by a plan,
// so a change is sent once and then only looked at, again and again, until the plan has ended.
type trustChange struct {
	ports
	of      elastic.Ref        // whose trust is changed
	entry   elastic.TrustEntry // names the entry by its type and scope
	finding string

	undoAfter string // the deployment's latest plan when this Undo sent its change; empty: it has not
	undoLooks int    // looks since then that showed no plan
}

// Finding says what became of it.
func (t *trustChange) Finding() string { return t.finding }

// StepTimeout is how long a plan may take.
func (t *trustChange) StepTimeout() time.Duration { return t.plans }

// trusts is the deployment whose trust is changed. Its Elasticsearch is not needed: trust belongs to the platform.
func (t *trustChange) trusts(ctx context.Context) (elastic.Deployment, elastic.Trusts, error) {
	s, err := t.on(ctx, t.of)
	if err != nil {
		return s.d, nil, err
	}
	trusts, ok := s.Platform.(elastic.Trusts)
	if !ok {
		return s.d, nil, link.UserError("The bot can't change the trust of deployments on "+link.SystemLabel(s.System)+" trust.", "%s has no trust settings", s.Name)
	}
	return s.d, trusts, nil
}

func (t *trustChange) read(ctx context.Context) (elastic.Deployment, elastic.Trusts, elastic.Trusted, error) {
	d, trusts, err := t.trusts(ctx)
	if err != nil {
		return d, nil, elastic.Trusted{}, err
	}
	now, err := trusts.Trust(ctx, d)
	return d, trusts, now, link.WrapCall("reading whom "+d.Name+" trusts", err)
}

var errPlanUnderWay = errors.New("the platform is carrying out a plan")

func underWay(d elastic.Deployment) error {
	return change.Waiting(&change.ExplainedError{
		Say: "The platform is still carrying out a change of " + d.Name + ".", Err: fmt.Errorf("%s: %w", d.Ref, errPlanUnderWay),
	})
}

// trustGoal is what becomes of the entry.
type trustGoal struct {
	reached func(entry json.RawMessage) bool
	toward  func(elastic.TrustSettings) elastic.TrustSettings
	say     string // what is then to be said of the deployment
}

// bring takes the trust to its goal from wherever an earlier attempt has got to.
func (t *trustChange) bring(ctx context.Context, had change.Evidence, note change.Note, g trustGoal) error {
	d, trusts, now, err := t.read(ctx)
	if err != nil {
		return err
	}
	inPlace := g.reached(now.Settings.Entry(t.entry))
	switch {
	case now.Pending:
		return underWay(d) // ours, or somebody else's: it has to end first
	case had[evTrustWrote] == "" && inPlace:
		t.finding = d.Name + " " + g.say + " already"
		return nil
	case had[evTrustWrote] == "":
		return t.write(ctx, d, trusts, now, note, g)
	case now.Last.ID != had[evPlanBefore] && now.Last.Failed():
		return planFailed(d, now.Last)
	case !inPlace:
		return t.write(ctx, d, trusts, now, note, g) // it was never sent, or refused
	case now.Last.ID == had[evPlanBefore]:
		return t.noPlan(ctx, d, had, note, g)
	}
	t.finding = d.Name + " " + g.say
	return nil
}

func planFailed(d elastic.Deployment, a elastic.Attempt) error {
	return link.UserError(fmt.Sprintf("The platform's plan for %s failed: %s", d.Name, a.Trouble), "plan %s of %s failed: %s", a.ID, d.Ref, a.Trouble)
}

// patientLooks is how often a change has to be looked at without a plan of it before there is none. Whether a change of
// trust alone makes a plan is documented nowhere; for a restart the platform names none.
const patientLooks = 4

func (t *trustChange) noPlan(ctx context.Context, d elastic.Deployment, had change.Evidence, note change.Note, g trustGoal) error {
	if more, err := lookAgain(ctx, had, evLook, note); more || err != nil {
		return cmp.Or(err, underWay(d))
	}
	t.finding = d.Name + " " + g.say + "; the platform made no plan for it"
	return nil
}

// lookAgain counts the looks that are noted under a name, and reports whether another one is due.
func lookAgain(ctx context.Context, had change.Evidence, name string, note change.Note) (bool, error) {
	for n := 1; n < patientLooks; n++ {
		if look := fmt.Sprint(name, n); had[look] == "" {
			return true, note(ctx, change.Evidence{look: "true"})
		}
	}
	return false, nil
}

// write notes what it finds, before it acts, and sends the change.
func (t *trustChange) write(ctx context.Context, d elastic.Deployment, trusts elastic.Trusts, now elastic.Trusted, note change.Note, g trustGoal) error {
	if err := now.Settings.Writable(d); err != nil {
		return err
	}
	to := g.toward(now.Settings)
	err := note(ctx, change.Evidence{
		evTrustFound: string(link.OrNull(now.Settings.Entry(t.entry))), evTrustWrote: string(link.OrNull(to.Entry(t.entry))), evPlanBefore: now.Last.ID,
	})
	if err != nil {
		return err
	}
	if err := t.send(ctx, d, trusts, now, to); err != nil {
		return err
	}
	return underWay(d)
}

// send makes the change on the state that was read. Which answer says that somebody else was faster is documented
// nowhere: whether the deployment has changed since tells, and then another look is worth it.
func (t *trustChange) send(ctx context.Context, d elastic.Deployment, trusts elastic.Trusts, was elastic.Trusted, to elastic.TrustSettings) error {
	err := trusts.SetTrust(ctx, d, was, to)
	if err == nil {
		return nil
	}
	failed := link.WrapCall("changing whom "+d.Name+" trusts", err)
	if now, err := trusts.Trust(ctx, d); err == nil && (now.Version != was.Version || now.Pending) {
		return change.Temporary(failed)
	}
	return failed
}

// Undo puts the entry back as it was found, or takes it out if there was none. An entry that is neither what was found
// nor what was written is somebody else's work: it stays, and is named. What the platform shows is not what the nodes
// have when its plan failed, so an undo is done only with a plan that went well; one run of it sends the change once.
func (t *trustChange) Undo(ctx context.Context, had change.Evidence) error {
	if had[evTrustWrote] == "" {
		return nil // Apply never got to act
	}
	before := orNil(had[evTrustFound])
	d, trusts, now, err := t.read(ctx)
	if err != nil {
		return t.left(d, now, before, err)
	}
	is := now.Settings.Entry(t.entry)
	switch {
	case now.Pending:
		return t.left(d, now, before, underWay(d))
	case t.undoAfter != "" && now.Last.ID != t.undoAfter && now.Last.Failed():
		return t.left(d, now, before, planFailed(d, now.Last))
	case elastic.SameEntry(is, before) && t.undoAfter != "" && now.Last.ID == t.undoAfter: // its plan may still be to come
		if t.undoLooks++; t.undoLooks >= patientLooks {
			return nil // the platform made no plan for it
		}
		return t.left(d, now, before, underWay(d))
	case elastic.SameEntry(is, before) && (!now.Last.Failed() || now.Last.ID == had[evPlanBefore]):
		return nil
	case elastic.SameEntry(is, before): // a failed plan of ours was the last: another one has to bring it to the nodes
	case !elastic.SameEntry(is, orNil(had[evTrustWrote])):
		return t.left(d, now, before, errChangedSince)
	}
	if err := now.Settings.Writable(d); err != nil {
		return t.left(d, now, before, err)
	}
	if err := t.send(ctx, d, trusts, now, now.Settings.Replaced(t.entry, before)); err != nil {
		return t.left(d, now, before, err)
	}
	t.undoAfter = now.Last.ID
	return t.left(d, now, before, underWay(d))
}

// orNil is an entry that was noted; nil where none was there.
func orNil(noted string) json.RawMessage { return present(json.RawMessage(noted)) }

// left names what stays while Undo is not through, with the call that a person would make.
func (t *trustChange) left(d elastic.Deployment, now elastic.Trusted, before json.RawMessage, err error) error {
	if d.Deployment == "" {
		d = elastic.Deployment{Ref: t.of, RefID: elastic.AnyResource}
	}
	command := t.byHand(t.of.Platform, func(c elastic.Calls) []change.Call {
		return []change.Call{c.SetTrust(d, now.Settings.Shown(now.Plan != nil).Replaced(t.entry, before))}
	})
	return leftBehind(fmt.Sprintf("the trust in %s of %s (API of %s; in its console under Security)", t.entry.Name, t.of.Deployment, t.of.Platform),
		command, err)
}
