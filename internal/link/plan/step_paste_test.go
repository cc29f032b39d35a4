package plan_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// drawer holds a pasted key; peeks counts how often it was looked at.
type drawer struct {
	key   secret.Secret
	peeks int
}

func (d *drawer) Peek(context.Context, string) (secret.Secret, error) {
	d.peeks++
	if d.key.Empty() {
		return secret.Secret{}, link.ErrNoPastedKey
	}
	return d.key, nil
}

func (d *drawer) Drop(context.Context, string) error {
	d.key = secret.Secret{}
	return nil
}

func (d *drawer) Keep(_ context.Context, _ string, key secret.Secret, _ time.Duration) error {
	d.key = key
	return nil
}

const pastedKey = "a2V5aWQ6c2VjcmV0"

// pasting makes the step on a scene, and runs it as the executor does; a crash after that many notes.
func (s *scene) pasting(t *testing.T, d *drawer, crashAfter int) error {
	t.Helper()
	s.pasted, s.approved.Steps = d, s.connector.PlannedOf(requestID, s.c, true)
	notes := 0
	return s.step(steps.StepIssueKey).Apply(t.Context(), maps.Clone(s.journal["p"]), func(_ context.Context, e change.Evidence) error {
		if notes++; crashAfter > 0 && notes > crashAfter {
			return errCrash
		}
		for name, value := range e {
			if strings.Contains(value, "secret") {
				t.Errorf("the key was noted under %s", name)
			}
		}
		if s.journal["p"] == nil {
			s.journal["p"] = change.Evidence{}
		}
		maps.Copy(s.journal["p"], e)
		return nil
	})
}

var errCrash = errors.New("the worker died")

func TestAPastedKeyIsStoredWhereverTheWorkerDiesAndGoneAfterUse(t *testing.T) {
	for crash := range 5 { // 0: none; then after each of the step's notes
		s, d := newScene(), &drawer{key: secret.New(pastedKey)}
		err := s.pasting(t, d, crash)
		if (err != nil) != (crash > 0 && crash < 4) {
			t.Fatalf("crash after note %d: %v", crash, err)
		}
		if err != nil && d.key.Empty() {
			t.Errorf("crash after note %d: the key no longer exists before it is known to be stored", crash)
		}
		if err := s.pasting(t, d, 0); err != nil {
			t.Fatalf("after a crash at note %d: %v", crash, err)
		}
		if names := s.local.Keystore(); len(names) != 1 || !d.key.Empty() {
			t.Errorf("after a crash at note %d: keystore %v, key still there: %t", crash, names, !d.key.Empty())
		}
		if n := s.w.Count("IssueKey"); n != 0 {
			t.Errorf("%d keys were issued", n)
		}
	}
}

func TestAPastedKeyThatIsGoneOrMalformedIsRefused(t *testing.T) {
	for text, want := range map[string]string{"": "kept for only an hour", "bm90IGEga2V5": "not an encoded key"} {
		s := newScene()
		err := s.pasting(t, &drawer{key: secret.New(text)}, 0)
		e, ok := errors.AsType[*change.ExplainedError](err)
		if !ok || !strings.Contains(e.Say, want) || len(s.local.Keystore()) != 0 {
			t.Errorf("%q: %v, keystore %v", text, err, s.local.Keystore())
		}
	}
}

func TestCheckEncodedKey(t *testing.T) {
	if id, err := link.CheckEncodedKey(pastedKey); err != nil || id != "keyid" {
		t.Errorf("%q, %v", id, err)
	}
	for _, bad := range []string{"", "{}", "a b", "keyid:secret", "OnNlY3JldA==", "a2V5aWQ6", "a2V5AGlkOnM="} {
		if _, err := link.CheckEncodedKey(bad); err == nil || bad != "" && strings.Contains(err.Error(), bad) && len(bad) > 3 {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestTraits(t *testing.T) {
	for pattern, want := range map[string]string{"*": "all", "**": "all", "l*": "wide", "*-prod": "wide", "logs-*": "narrow", "logs": "narrow"} {
		got := link.Traits(link.PairState{}, "connect", elastic.Access{Search: []string{"metrics-*", pattern}}, nil)
		if got["breadth"][0] != want || got["access"][0] != "search" {
			t.Errorf("%s: %v", pattern, got)
		}
	}
}

// A rule for narrow searches must not be the one for a connection of which nobody knows what it may read.
func TestUnknownAccessIsTakenForEverything(t *testing.T) {
	h := newFixture(t)
	h.byCertificate("logs", h.remote, "logs.cloud.example")
	for kind, k := range map[string]kind{"adopt": plan.NewAdoptPlanner(h.roster, h.o()), "disconnect": plan.NewDisconnectPlanner(h.roster, h.o())} {
		r, err := h.propose(k, map[string]any{"local": h.local.Ref(), "alias": "logs"})
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Proposal.Traits; !slices.Equal(got["breadth"], []string{"all"}) || !slices.Equal(got["access"], []string{"replication", "search"}) {
			t.Errorf("%s: %v", kind, got)
		}
		if got := r.Proposal.Traits["model"]; !slices.Equal(got, []string{"certificate"}) {
			t.Errorf("%s of a connection by certificates: %v", kind, got)
		}
	}
}

// A connection to the port for keys that only lacks its key is no connection by certificates: the rule for keys holds.
func TestAConnectionThatLacksItsKeyIsJudgedAsOneByKey(t *testing.T) {
	h := newFixture(t)
	h.byCertificate("logs", h.remote, "logs.cloud.example")
	h.local.Set("logs", "proxy_address", "logs.cloud.example:9443")
	r, err := h.propose(plan.NewDisconnectPlanner(h.roster, h.o()), map[string]any{"local": h.local.Ref(), "alias": "logs"})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Proposal.Traits["model"]; !slices.Equal(got, []string{"api_key"}) {
		t.Errorf("model %v", got)
	}
}

// A rule for roles and filters must hold for an update too, not only for a connect.
func TestAnUpdateTellsThePolicyWhatItDoesBeside(t *testing.T) {
	h := newFixture(t)
	h.connect()
	u := h.update()
	u.Role = &link.RoleOptions{Name: "searchers"}
	r, err := h.propose(plan.NewUpdatePlanner(h.roster, h.o()), u)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Proposal.Traits; !slices.Equal(got["also"], []string{"role"}) || !slices.Equal(got["model"], []string{"api_key"}) {
		t.Errorf("%v", got)
	}
}
