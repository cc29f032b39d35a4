package plan_test

import (
	"slices"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// A key that is too old for ENRICH is written anew by an update that changes nothing else, and by no other: in place where
// the bot owns it, else a new one takes its place. What it may read stays.
func TestAnUpdateWritesAKeyOf814Anew(t *testing.T) {
	for name, tt := range map[string]struct {
		edit    func(*fixture, *link.UpdateParams)
		step    string // that writes the key
		never   []string
		refused bool
		another bool // key
		newer   bool
	}{
		"ours":         {step: steps.StepUpdateKeyAccess, never: []string{steps.StepRotateKey}},
		"another's":    {edit: func(h *fixture, _ *link.UpdateParams) { h.remote.Disown() }, step: steps.StepRotateKey, never: []string{steps.StepUpdateKeyAccess}, another: true},
		"changes else": {edit: func(_ *fixture, p *link.UpdateParams) { p.Compress = "true" }, step: steps.StepUpdateSettings, never: []string{steps.StepUpdateKeyAccess, steps.StepRotateKey}},
		"new enough":   {newer: true, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newFixture(t)
			h.connect()
			old := h.remote.ActiveKeys()[0]
			if !tt.newer {
				h.remote.EditKeys(func(k *elastic.Key) { k.NoEnrich = true })
			}
			p := h.update()
			if tt.edit != nil {
				tt.edit(h, &p)
			}
			k := plan.NewUpdatePlanner(h.roster, h.o())
			r, err := h.propose(k, p)
			if tt.refused {
				contains(t, problem(t, err, link.FieldAlias), "nothing would change")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			actions := make([]string, 0, len(r.Proposal.Steps))
			for _, s := range r.Proposal.Steps {
				actions = append(actions, s.Action())
			}
			if !slices.Contains(actions, tt.step) || slices.ContainsFunc(tt.never, func(n string) bool { return slices.Contains(actions, n) }) {
				t.Errorf("steps %v", actions)
			}
			said := slices.ContainsFunc(r.Proposal.Fields, func(f change.Field) bool { return f.Label == "ES|QL's ENRICH" })
			if said == (name == "changes else") {
				t.Errorf("fields %+v", r.Proposal.Fields)
			}
			if _, err := h.run(k, p); err != nil {
				t.Fatal(err)
			}
			now := h.remote.ActiveKeys()
			if len(now) != 1 || (now[0].ID != old.ID) != tt.another || !now[0].Access.Equal(old.Access) {
				t.Errorf("keys %+v, before %+v", now, old)
			}
		})
	}
}
