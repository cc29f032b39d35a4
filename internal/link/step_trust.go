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

// trustStep makes one deployment trust the other side. Its entry says whom.
type trustStep struct{ trustChange }

func (t *trustStep) Title() string {
	if t.name == StepTrustLocal {
		return "Make the local deployment trust the remote one's certificates"
	}
	return "Make the remote deployment trust the local one's certificates"
}

func (t *trustStep) calls(s Survey) []change.PlannedCall {
	d, now := s.Local, s.trust.Local.Trusted
	if t.name == StepTrustRemote {
		d, now = s.Remote, s.trust.Remote.Trusted
	}
	return t.call(d, now.Settings.with(t.entry))
}

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

func (t *trustStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	if len(t.entry.Certificates) == 0 {
		return refuse("The approved plan does not say whom "+t.of.String()+" shall trust.", "%s: no entry in the approved plan", t.name)
	}
	return t.bring(ctx, had, note, trustGoal{
		reached: func(entry json.RawMessage) bool { return covers(orNull(entry), t.entry) },
		toward:  func(now TrustSettings) TrustSettings { return now.with(t.entry) },
		say:     "trusts " + t.entry.Name,
	})
}
