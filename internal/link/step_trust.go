package link

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// The steps that make the two sides trust each other's certificates.
const (
	StepTrustLocal  = "trust_local"
	StepTrustRemote = "trust_remote"
)

// What a trust step notes.
const (
	evTrustFound = "trust_found" // the entry of that scope as it was, as JSON; "null" for none
	evTrustWrote = "trust_wrote" // the entry that it wrote, as JSON
	evPlanBefore = "plan_before" // the deployment's latest plan before the write
	evLook       = "look_"       // looks at a trust that is in place without any plan to be seen
)

// trustStep makes one deployment trust the other side. The platform carries that out by a plan, so Apply sends it once
// and then only looks, again and again, until the plan has ended.
type trustStep struct {
	work
	name     string
	of       Ref        // whose trust is changed
	entry    TrustEntry // whom it shall trust
	patience time.Duration
	finding  string
}

func (t *trustStep) Name() string { return t.name }

func (t *trustStep) Title() string {
	if t.name == StepTrustLocal {
		return "Make the local deployment trust the remote one's certificates"
	}
	return "Make the remote deployment trust the local one's certificates"
}

// Patience is how long a plan may take.
func (t *trustStep) Patience() time.Duration { return t.patience }

func (t *trustStep) calls(s Survey) []change.PlannedCall {
	d, now := s.Local, s.trust.Local.Trusted
	if t.name == StepTrustRemote {
		d, now = s.Remote, s.trust.Remote.Trusted
	}
	return []change.PlannedCall{{
		Step: t.name, System: t.of.Platform, Method: "PUT", Path: trustPath(d),
		Body: string(TrustBody(d, asItIs, now.Settings.with(t.entry))),
	}}
}

// asItIs stands in a planned body for the deployment's plan, which is sent back unchanged.
var asItIs = json.RawMessage(`"the plan in force, unchanged"`)

func trustPath(d Deployment) string { return "/api/v1/deployments/" + d.Deployment }

// approvedEntry reads the entry from the approved plan, so that what is sent is what was approved. It may hold more
// than was asked for: what was trusted before.
func approvedEntry(p change.Proposal, step string, like TrustEntry) TrustEntry {
	for _, call := range p.Plan {
		if call.Step != step {
			continue
		}
		var body struct {
			Resources struct {
				Elasticsearch []struct {
					Settings struct {
						Trust TrustSettings `json:"trust"`
					} `json:"settings"`
				} `json:"elasticsearch"`
			} `json:"resources"`
		}
		if json.Unmarshal([]byte(call.Body), &body) != nil || len(body.Resources.Elasticsearch) != 1 {
			return TrustEntry{}
		}
		var e TrustEntry
		raw := body.Resources.Elasticsearch[0].Settings.Trust.entry(like)
		if raw == nil || json.Unmarshal(raw, &e) != nil {
			return TrustEntry{}
		}
		return e
	}
	return TrustEntry{}
}

// side is the deployment whose trust is changed. Its Elasticsearch is not needed: trust belongs to the platform.
func (t *trustStep) side(ctx context.Context) (Deployment, Trusts, error) {
	d, err := t.catalog.Fresh(ctx, t.of)
	if err != nil {
		return d, nil, attempt("reading deployment "+t.of.String(), err)
	}
	sys, _ := t.catalog.System(t.of.Platform)
	trusts, ok := sys.Platform.(Trusts)
	if !ok {
		return d, nil, refuse("The bot can't change whom deployments of "+label(sys)+" trust.", "%s has no trust settings", sys.Name)
	}
	return d, trusts, nil
}

func (t *trustStep) read(ctx context.Context) (Deployment, Trusts, Trusted, error) {
	d, trusts, err := t.side(ctx)
	if err != nil {
		return d, nil, Trusted{}, err
	}
	now, err := trusts.Trust(ctx, d)
	return d, trusts, now, attempt("reading whom "+d.Name+" trusts", err)
}

var errPlanUnderWay = errors.New("the platform is carrying out a plan")

func underWay(d Deployment) error {
	return change.Temporary(&change.ExplainedError{
		Say: "The platform is still carrying out a change of " + d.Name + ".", Err: fmt.Errorf("%s: %w", d.Ref, errPlanUnderWay),
	})
}

func (t *trustStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	if len(t.entry.Certificates) == 0 {
		return refuse("The approved plan does not say whom "+t.of.String()+" shall trust.", "%s: no entry in the approved plan", t.name)
	}
	d, trusts, now, err := t.read(ctx)
	if err != nil {
		return err
	}
	inPlace := covers(orNull(now.Settings.entry(t.entry)), t.entry)
	switch {
	case now.Pending:
		return underWay(d) // ours, or somebody else's: it has to end first
	case had[evTrustWrote] == "" && inPlace:
		t.finding = d.Name + " trusts " + t.entry.Name + " already"
		return nil
	case had[evTrustWrote] == "":
		return t.write(ctx, d, trusts, now, note)
	case now.Last.ID != had[evPlanBefore] && (!now.Last.Healthy || now.Last.Trouble != ""):
		return refuse(fmt.Sprintf("The platform's plan for %s failed: %s", d.Name, now.Last.Trouble),
			"plan %s of %s failed: %s", now.Last.ID, d.Ref, now.Last.Trouble)
	case !inPlace:
		return t.write(ctx, d, trusts, now, note) // it was never sent, or refused
	case now.Last.ID == had[evPlanBefore]:
		return t.noPlan(ctx, d, had, note)
	}
	t.finding = d.Name + " trusts " + t.entry.Name
	return nil
}

// patientLooks is how often a trust has to be seen in place without a plan before that is taken for done. Whether a
// change of trust alone makes a plan is documented nowhere.
const patientLooks = 4

func (t *trustStep) noPlan(ctx context.Context, d Deployment, had change.Evidence, note change.Note) error {
	for n := 1; n < patientLooks; n++ {
		if look := fmt.Sprint(evLook, n); had[look] == "" {
			if err := note(ctx, change.Evidence{look: "true"}); err != nil {
				return err
			}
			return underWay(d)
		}
	}
	t.finding = d.Name + " trusts " + t.entry.Name + "; the platform made no plan for it"
	return nil
}

// write notes what it finds, before it acts, and sends the change.
func (t *trustStep) write(ctx context.Context, d Deployment, trusts Trusts, now Trusted, note change.Note) error {
	to := now.Settings.with(t.entry)
	found := orNull(now.Settings.entry(t.entry))
	err := note(ctx, change.Evidence{
		evTrustFound: string(found), evTrustWrote: string(to.entry(t.entry)), evPlanBefore: now.Last.ID,
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
func (t *trustStep) send(ctx context.Context, d Deployment, trusts Trusts, was Trusted, to TrustSettings) error {
	err := trusts.SetTrust(ctx, d, was, to)
	if err == nil {
		return nil
	}
	failed := attempt("changing whom "+d.Name+" trusts", err)
	if now, err := trusts.Trust(ctx, d); err == nil && (now.Version != was.Version || now.Pending) {
		return change.Temporary(failed)
	}
	return failed
}

func orNull(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return json.RawMessage("null")
	}
	return raw
}

// Undo puts the entry back as it was found, or takes it out if there was none. An entry that is neither what was found
// nor what was written is somebody else's work: it stays, and is named.
func (t *trustStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evTrustWrote] == "" {
		return nil // Apply never got to act
	}
	var before json.RawMessage
	if !isNull(json.RawMessage(had[evTrustFound])) {
		before = json.RawMessage(had[evTrustFound])
	}
	d, trusts, now, err := t.read(ctx)
	if err != nil {
		return t.left(d, now, before, err)
	}
	is := now.Settings.entry(t.entry)
	switch {
	case now.Pending:
		return t.left(d, now, before, underWay(d))
	case sameEntry(is, before):
		return nil
	case !sameEntry(is, json.RawMessage(had[evTrustWrote])):
		return t.left(d, now, before, errChangedSince)
	}
	if err := t.send(ctx, d, trusts, now, now.Settings.replaced(t.entry, before)); err != nil {
		return t.left(d, now, before, err)
	}
	return t.left(d, now, before, underWay(d))
}

// left names what stays while Undo is not through, with the call that a person would make.
func (t *trustStep) left(d Deployment, now Trusted, before json.RawMessage, err error) error {
	var l leftovers
	if d.Deployment == "" {
		d = Deployment{Ref: t.of, RefID: "_main"}
	}
	l.add(fmt.Sprintf("the trust in %s of %s (API of %s; in its console under Security)", t.entry.Name, t.of.Deployment, t.of.Platform),
		devTools("PUT", trustPath(d), string(TrustBody(d, asItIs, now.Settings.replaced(t.entry, before)))), err)
	return l.of(t.name)
}

func (t *trustStep) Finding() string { return t.finding }
