package plan_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// everyPlan has plans whose steps are all that there are.
func everyPlan(t *testing.T) []change.PlannedStep {
	t.Helper()
	var all []change.PlannedStep
	h := newFixture(t)
	add := func(k kind, params any) {
		t.Helper()
		r, err := h.propose(k, params)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r.Proposal.Steps...)
	}
	s := certScene(t)
	s.approve(t)
	all = append(all, s.approved.Steps...)
	identified := identityScene(t, nil)
	identified.c.Restart, identified.c.Role = true, &link.RoleOptions{Name: "readers"}
	identified.approve(t)
	all = append(all, identified.approved.Steps...)

	all = append(all, busy(t).approved.Steps...)
	h.byCertificate("metrics", h.ech.AddDeployment("d-other", "metrics", "8.15.3"), "metrics.cloud.example")
	h.connect()
	logs := map[string]any{"local": h.local.Ref(), "alias": "logs"}
	add(plan.NewRotatePlanner(h.roster, h.o()), logs)
	add(plan.NewDisconnectPlanner(h.roster, h.o()), logs)
	add(plan.NewAdoptPlanner(h.roster, h.o()), link.AdoptParams{Local: h.local.Ref(), Alias: "metrics"})
	e, err := h.roster.State(t.Context(), link.Name{Local: h.local.Ref(), Alias: "logs"})
	if err != nil {
		t.Fatal(err)
	}
	u := link.PrefillUpdate(e)
	u.Access.Search, u.SkipUnavailable = []string{"other-*"}, !u.SkipUnavailable
	add(plan.NewUpdatePlanner(h.roster, h.o()), u)
	for _, leaving := range []*fixture{parting(t), partingKeyed(t), partingSigned(t)} {
		all = append(all, leaving.approved.Steps...)
	}
	return all
}

// What a step is given has to be understood wholly: a field that is missing, or that this version does not know, is an
// error and never a zero value, such as a key without its certificate identity.
func TestArgumentsAreReadWhollyOrNotAtAll(t *testing.T) {
	h := newFixture(t)
	registry := steps.Steps(h.roster, h.o())
	seen := map[string]bool{}
	for _, step := range everyPlan(t) {
		build := registry[step.Action()]
		seen[step.Action()] = true
		if _, err := build(step.Args); err != nil {
			t.Errorf("%s: %v in %s", step.Name, err, step.Args)
		}
		var args map[string]json.RawMessage
		if err := json.Unmarshal(step.Args, &args); err != nil {
			t.Fatal(err)
		}
		for name := range args {
			without := maps.Clone(args)
			delete(without, name)
			if _, err := build(marshal(t, without)); err == nil {
				t.Errorf("%s was built without %s", step.Name, name)
			}
		}
		args["novel"] = json.RawMessage("1")
		for _, raw := range []json.RawMessage{marshal(t, args), nil, json.RawMessage("{}"), json.RawMessage("null"), step.Args[:len(step.Args)-1]} {
			if _, err := build(raw); err == nil {
				t.Errorf("%s was built from %s", step.Name, raw)
			}
		}
	}
	t.Logf("seen: %v", slices.Sorted(maps.Keys(seen)))
	if len(seen) < len(registry)-1 { // regrant: only where the bot owns the key
		t.Errorf("only %d steps of %d were tried", len(seen), len(registry))
	}
}

func marshal(t *testing.T, v any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// The certificate identity and the list of authorities travel as arguments. Spoiled, no key is issued without the
// identity, and no list is taken for one that is there already.
func TestAnIdentityThatCanNotBeReadIssuesNoKey(t *testing.T) {
	s := identityScene(t, nil)
	s.approve(t)
	registry := steps.Steps(inventory.NewConnections(s.catalog, noRecords(), inventory.ConnectionsOptions{Now: s.w.Now}), steps.PlannerOptions{Env: "test"})
	for step, field := range map[string]string{steps.StepIssueKey: "certificate_identity", steps.StepAddAuthority: "after"} {
		args := string(s.approved.Step(step).Args)
		if !strings.Contains(args, `"`+field+`":`) {
			t.Fatalf("%s: no %s in %s", step, field, args)
		}
		for _, spoiled := range []string{
			strings.Replace(args, `"`+field+`"`, `"`+field+`s"`, 1),
			strings.Replace(args, `"`+field+`":`, `"`+field+`":{},"was":`, 1),
			strings.Replace(args, `"`+field+`":`, `"`+strings.ToUpper(field)+`":`, 1),
		} {
			if _, err := registry[step](json.RawMessage(spoiled)); err == nil {
				t.Errorf("%s was built from %s", step, spoiled)
			}
		}
	}
	// What people were shown plays no part in it.
	for i := range s.approved.Steps {
		s.approved.Steps[i].Calls, s.approved.Steps[i].Title = nil, ""
	}
	s.approved.Fields, s.approved.Basis = nil, nil
	s.applyAll(t, steps.StepAddAuthority, steps.StepIssueKey)
	if keys := s.remote.ActiveKeys(); len(keys) != 1 || keys[0].Identity == "" {
		t.Errorf("issued %+v", keys)
	}
}
