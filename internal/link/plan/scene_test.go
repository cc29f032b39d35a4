package plan_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// scene is an ECE and an organization of Elastic Cloud with a deployment each, and a connect between the two.
type scene struct {
	w             *linktest.World
	ece, ech      *linktest.Platform
	local, remote *linktest.Deployment
	catalog       *inventory.Catalog
	connector     *plan.ConnectPlanner
	c             link.ConnectParams
	journal       map[string]change.Evidence // by step
	approved      change.Proposal            // the plan; zero: that of c as it stands

	roster *inventory.Connections // nil: one without a memory
	pasted link.PastedKeys
}

const requestID = "req1"

func newScene() *scene {
	w := linktest.NewWorld()
	s := &scene{w: w, ece: w.AddECE("ece-prod"), ech: w.AddECH("cloud"), journal: map[string]change.Evidence{}}
	s.local = s.ece.AddDeployment("d-local", "search-onprem", "8.15.1")
	s.remote = s.ech.AddDeployment("d-remote", "logs", "8.15.3")
	s.catalog = inventory.NewCatalog(w.Systems(), inventory.CatalogOptions{Now: w.Now})
	s.connector = plan.NewConnectPlanner(s.catalog, steps.PlannerOptions{Env: "test"})
	s.c = link.ConnectParams{
		Local: s.local.Ref(), Remote: s.remote.Ref(), Alias: "logs",
		ProxyAddress: "logs.cloud.example:9443", ServerName: "logs.cloud.example",
		Access: elastic.Access{Search: []string{"logs-*"}}, ExpiryDays: 90,
	}
	return s
}

const entry = "cluster.remote.logs.credentials"

func (s *scene) request() *change.Request {
	params, err := json.Marshal(s.c)
	if err != nil {
		panic(err)
	}
	return &change.Request{ID: requestID, Proposal: change.Proposal{Kind: link.KindConnect, Params: params}}
}

func (s *scene) plan(t *testing.T) (change.Proposal, error) {
	t.Helper()
	return s.connector.Plan(t.Context(), requestID, s.request().Proposal.Params)
}

// step is a planned step as a worker that has just claimed the request has it.
type step struct {
	change.Step
	todo change.PlannedStep
}

func (s step) Name() string { return s.todo.Name }

// built are the steps of a plan.
func built(r *inventory.Connections, o steps.PlannerOptions, todo []change.PlannedStep) []step {
	registry := steps.Steps(r, o)
	var all []step
	for _, p := range todo {
		made, err := registry[p.Action()](p.Args)
		if err != nil {
			panic(fmt.Sprintf("step %s: %v in %s", p.Name, err, p.Args))
		}
		all = append(all, step{made, p})
	}
	return all
}

// step returns a new instance, as a worker that has just claimed the request has it.
func (s *scene) step(name string) step {
	todo := s.approved.Steps
	if todo == nil {
		todo = s.connector.PlannedOf(requestID, s.c, false)
	}
	roster := s.roster
	if roster == nil {
		roster = inventory.NewConnections(s.catalog, noRecords(), inventory.ConnectionsOptions{Now: s.w.Now})
	}
	for _, step := range built(roster, steps.PlannerOptions{Env: "test", Pasted: s.pasted}, todo) {
		if step.Name() == name {
			return step
		}
	}
	panic("no step " + name)
}

// apply runs a step with what it noted before, as the executor does.
func (s *scene) apply(ctx context.Context, name string) error {
	return s.applyStep(ctx, s.step(name))
}

func (s *scene) applyStep(ctx context.Context, step step) error {
	name := step.Name()
	return step.Apply(ctx, maps.Clone(s.journal[name]), func(ctx context.Context, e change.Evidence) error {
		return s.w.Do(ctx, "journal", "Note", func() error {
			if s.journal[name] == nil {
				s.journal[name] = change.Evidence{}
			}
			for key, value := range e { // what was noted first stays, as in the executor's journal
				if _, noted := s.journal[name][key]; !noted {
					s.journal[name][key] = value
				}
			}
			return nil
		})
	})
}

func (s *scene) undo(ctx context.Context, name string) error {
	return s.step(name).Undo(ctx, maps.Clone(s.journal[name]))
}

// applyAll applies steps in order and fails the test on the first error.
func (s *scene) applyAll(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := s.apply(t.Context(), name); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// clean fails the test if anything of the connection is left.
func (s *scene) clean(t *testing.T) {
	t.Helper()
	if keys := s.remote.ActiveKeys(); len(keys) > 0 {
		t.Errorf("active keys are left: %v", keys)
	}
	if names := s.local.Keystore(); len(names) > 0 {
		t.Errorf("keystore entries are left: %v", names)
	}
	if set := s.local.Settings("logs"); len(set) > 0 {
		t.Errorf("settings are left: %v", set)
	}
}

// granted fails the test unless exactly one key of the request is active and the keystore holds it.
func (s *scene) granted(t interface {
	Helper()
	Errorf(string, ...any)
},
) {
	t.Helper()
	keys := s.remote.ActiveKeys()
	if len(keys) != 1 {
		t.Errorf("%d active keys, want one: %v", len(keys), keys)
		return
	}
	if id := s.local.Opens(s.remote, entry); id != keys[0].ID {
		t.Errorf("the keystore holds key %q, want %q", id, keys[0].ID)
	}
}

// said returns what a failed step tells people.
func said(err error) string {
	if e, ok := errors.AsType[*change.ExplainedError](err); ok {
		return e.Say
	}
	return ""
}

func leftover(t *testing.T, err error) change.Leftover {
	t.Helper()
	left, ok := errors.AsType[*change.LeftoverError](err)
	if !ok {
		t.Fatalf("got %v, want a LeftoverError", err)
	}
	return left.Leftover
}

func problem(t *testing.T, err error, field string) string {
	t.Helper()
	invalid, ok := errors.AsType[*change.InvalidError](err)
	if !ok {
		t.Fatalf("got %v, want an InvalidError", err)
	}
	for _, p := range invalid.Problems {
		if p.Field == field {
			return p.Say
		}
	}
	t.Fatalf("no problem of %s in: %v", field, err)
	return ""
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not contain %q", text, part)
		}
	}
}

func finding(s step) string {
	if r, ok := s.Step.(change.Reporter); ok {
		return r.Finding()
	}
	return ""
}
