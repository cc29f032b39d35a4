package steps

import (
	"context"
	"encoding/json"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// The steps that make the two sides trust each other's certificates.
const (
	StepTrustLocal  = "trust_local"
	StepTrustRemote = "trust_remote"
)

// TrustArgs say whom a deployment shall trust, and whom it did when it was planned.
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
