package link

import (
	"context"
	"encoding/json"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// The steps that make the two sides trust each other's certificates.
const (
	StepTrustLocal  = "trust_local"
	StepTrustRemote = "trust_remote"
)

// trustArgs say whom a deployment shall trust, and whom it did when it was planned.
type trustArgs struct {
	Of    Ref           `json:"of"`
	Entry TrustEntry    `json:"entry"`
	Found TrustSettings `json:"found"`
}

// addTrust are the arguments that add an entry to whom a deployment trusts; what an entry of that name holds already
// stays in it.
func addTrust(of Ref, now TrustSettings, add TrustEntry) trustArgs {
	a := trustArgs{Of: of, Entry: add, Found: now}
	var merged TrustEntry
	if json.Unmarshal(now.with(add).entry(add), &merged) == nil {
		a.Entry = merged
	}
	return a
}

func (a trustArgs) planned(v view) change.PlannedStep {
	return planned(StepTrustLocal, "Make the local deployment trust the remote one's certificates", a,
		on(a.Of.Platform, v.toLocal.SetTrust(v.local, a.Found.with(a.Entry).shown(true)))...)
}

func (a trustArgs) plannedRemote(v view) change.PlannedStep {
	return planned(StepTrustRemote, "Make the remote deployment trust the local one's certificates", a,
		on(a.Of.Platform, v.toRemote.SetTrust(v.remote, a.Found.with(a.Entry).shown(true)))...)
}

// trustStep makes one deployment trust the other side. Its entry says whom.
type trustStep struct{ trustChange }

func newTrustStep(p ports, a trustArgs) *trustStep {
	return &trustStep{trustChange{ports: p, of: a.Of, entry: a.Entry}}
}

func (t *trustStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	return t.bring(ctx, had, note, trustGoal{
		reached: func(entry json.RawMessage) bool { return covers(orNull(entry), t.entry) },
		toward:  func(now TrustSettings) TrustSettings { return now.with(t.entry) },
		say:     "trusts " + t.entry.Name,
	})
}
