package steps

import (
	"context"
	"encoding/json"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// The steps that make the two sides trust each other's certificates.
const (
	StepTrustLocal  = "trust_local"
	StepTrustRemote = "trust_remote"
)

// TrustArgs say whom a deployment is to trust, and whom it did when it was planned.
type TrustArgs struct {
	Of    elastic.Ref           `json:"of"`
	Entry elastic.TrustEntry    `json:"entry"`
	Found elastic.TrustSettings `json:"found"`
}

// AddTrust are the arguments that add an entry to whom a deployment trusts; what an entry of that name holds already
// stays in it.
func AddTrust(of elastic.Ref, now elastic.TrustSettings, add elastic.TrustEntry) TrustArgs {
	a := TrustArgs{Of: of, Entry: add, Found: now}
	var merged elastic.TrustEntry
	if json.Unmarshal(now.With(add).Entry(add), &merged) == nil {
		a.Entry = merged
	}
	return a
}

// Planned is the step as it stands in a plan.
func (a TrustArgs) Planned(v View) change.PlannedStep {
	return with(planned(StepTrustLocal, "Make the local deployment trust the remote one's certificates", a,
		on(a.Of.Platform, v.toLocal.SetTrust(v.local, shownTrust(a.Found.With(a.Entry))))...), a.effects(v.local.Name)...)
}

// PlannedRemote is the step on the remote side as it stands in a plan.
func (a TrustArgs) PlannedRemote(v View) change.PlannedStep {
	return with(planned(StepTrustRemote, "Make the remote deployment trust the local one's certificates", a,
		on(a.Of.Platform, v.toRemote.SetTrust(v.Remote, shownTrust(a.Found.With(a.Entry))))...), a.effects(v.Remote.Name)...)
}

func (a TrustArgs) effects(of string) []change.Effect {
	return trustEffects(of, a.Found, a.Found.Entry(a.Entry), a.Found.With(a.Entry).Entry(a.Entry))
}

// trustStep makes one deployment trust the other side. Its entry says whom.
type trustStep struct{ trustChange }

func newTrustStep(p ports, a TrustArgs) *trustStep {
	return &trustStep{trustChange{ports: p, of: a.Of, entry: a.Entry}}
}

func (t *trustStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	return t.bring(ctx, had, note, trustGoal{
		reached: func(entry json.RawMessage) bool { return elastic.Covers(link.OrNull(entry), t.entry) },
		toward:  func(now elastic.TrustSettings) elastic.TrustSettings { return now.With(t.entry) },
		say:     "trusts " + t.entry.Name,
	})
}

// StepRemoveTrust takes back what a connection added to whom a deployment trusts. The deployment and whom it trusts follow
// in the name: a change may concern several.
const StepRemoveTrust = "remove_trust"

// RemoveTrustArgs say what becomes of an entry once connections have ended.
type RemoveTrustArgs struct {
	Spare   inventory.UnusedTrust `json:"trust"`
	Leaving []link.Name           `json:"leaving"`
	Found   elastic.TrustSettings `json:"found"` // whom the deployment trusts when it is this step's turn
}

// TrustRemoval are the arguments that remove unused trust.
func TrustRemoval(s inventory.UnusedTrust, leaving []link.Name) RemoveTrustArgs {
	return RemoveTrustArgs{Spare: s, Leaving: leaving, Found: s.Now.Settings}
}

// Planned is the step as it stands in a plan.
func (a RemoveTrustArgs) Planned(c elastic.Calls) change.PlannedStep {
	s := a.Spare
	return with(planned(StepRemoveTrust+":"+s.Of.String()+":"+s.Added.Scope, "Remove the trust of "+s.Name+" in "+s.Added.Name, a,
		on(s.Of.Platform, c.SetTrust(s.OnSystem, shownTrust(a.Found.Replaced(s.Added.Entry(), s.After))))...),
		trustEffects(s.Name, a.Found, s.Before, s.After)...)
}

// removeTrustStep brings an entry from what it was when the plan was made to what was approved.
type removeTrustStep struct {
	trustChange
	spare   inventory.UnusedTrust
	leaving []link.Name
}

func newRemoveTrustStep(p ports, a RemoveTrustArgs) *removeTrustStep {
	s := a.Spare
	s.Before, s.After = present(s.Before), present(s.After)
	return &removeTrustStep{trustChange: trustChange{ports: p, of: s.Of, entry: s.Added.Entry()}, spare: s, leaving: a.Leaving}
}

// Apply leaves alone what is no longer as it was approved: somebody else has made it theirs, and the connection has
// ended all the same.
func (u *removeTrustStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	_, _, now, err := u.read(ctx)
	if err != nil {
		return err
	}
	entry := now.Settings.Entry(u.entry)
	if !elastic.SameEntry(entry, u.spare.Before) && !elastic.SameEntry(entry, u.spare.After) && !now.Pending {
		u.finding = "someone changed the trust of " + u.spare.Name + " in " + u.entry.Name + " after this was approved, so it was not changed"
		return nil
	}
	if had[evTrustWrote] == "" {
		uses, err := inventory.ReadTrustUsers(ctx, u.roster, u.spare.Query(u.leaving))
		if err != nil {
			return err
		}
		if !elastic.SameEntry(inventory.WithoutTrust(u.spare.Added, u.spare.Before, uses), u.spare.After) {
			u.finding = u.spare.Name + " keeps trusting " + u.entry.Name + ": it is now used by " + uses.String()
			return nil
		}
	}
	return u.bring(ctx, had, note, trustGoal{
		reached: func(entry json.RawMessage) bool { return elastic.SameEntry(entry, u.spare.After) },
		toward:  func(now elastic.TrustSettings) elastic.TrustSettings { return now.Replaced(u.entry, u.spare.After) },
		say:     "no longer trusts " + u.entry.Name + " (" + u.spare.Added.Say(u.spare.Before, u.spare.After) + ")",
	})
}
