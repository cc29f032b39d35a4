package plan_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

func TestGrantIssuesAKeyAndStoresIt(t *testing.T) {
	s := newScene()
	step := s.step(steps.StepIssueKey)
	var noted []string
	err := step.Apply(t.Context(), nil, func(_ context.Context, e change.Evidence) error {
		for k := range e {
			noted = append(noted, k)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.granted(t)
	key := s.remote.ActiveKeys()[0]
	want := map[string]string{
		"managed_by": "remote-cluster-bot", "env": "test", "request": requestID, "local": "ece-prod/d-local",
		"alias": "logs", "access_hash": s.c.Access.Hash(),
	}
	if diff := cmp.Diff(want, key.Metadata); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	if key.Name != "rcb-test-d-local-logs-req1" {
		t.Errorf("the key is called %q", key.Name)
	}
	contains(t, finding(step), key.ID, "2026-04-02")
	if len(noted) != 5 {
		t.Errorf("noted %v", noted)
	}
}

func TestGrantTwiceLeavesOneKey(t *testing.T) {
	s := newScene()
	s.applyAll(t, steps.StepIssueKey, steps.StepIssueKey)
	s.granted(t)
	if n := s.w.Count("IssueKey"); n != 2 {
		t.Errorf("%d keys were issued, want 2: the first one's secret no longer exists", n)
	}
}

func TestUndoOfGrantLeavesNothing(t *testing.T) {
	s := newScene()
	s.local.Put("cluster.remote.other.credentials", "theirs")
	s.applyAll(t, steps.StepIssueKey)
	for range 2 { // an undo may run again
		if err := s.undo(t.Context(), steps.StepIssueKey); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"cluster.remote.other.credentials"}, s.local.Keystore()); diff != "" {
		t.Errorf("keystore (-want +got):\n%s", diff)
	}
	if keys := s.remote.ActiveKeys(); len(keys) != 0 {
		t.Errorf("active keys are left: %v", keys)
	}
}

func TestUndoOfAGrantThatNeverBeganTouchesNothing(t *testing.T) {
	s := newScene()
	s.local.Put(entry, "theirs")
	if err := s.undo(t.Context(), steps.StepIssueKey); err != nil {
		t.Fatal(err)
	}
	if !s.local.Holds(entry, "theirs") || len(s.w.Calls()) != 0 {
		t.Errorf("something was touched: %v", s.w.Calls())
	}
}

// Whatever call goes wrong, however it does, another try ends in one key, and an undo in none.
func TestGrantHealsAndUndoesAfterAnyFault(t *testing.T) {
	faults := map[string]linktest.Fault{
		"unavailable":               {},
		"answer lost, not done":     {Err: linktest.NoAnswer("x", "y")},
		"answer lost, but done":     {Err: linktest.NoAnswer("x", "y"), After: true},
		"odd answer, but done":      {Err: &elastic.CallError{Status: 200, Ambiguous: true}, After: true},
		"forbidden":                 {Err: linktest.Forbidden("x", "y")},
		"unavailable the next time": {Skip: 1},
	}
	for _, call := range []string{"Deployment", "SecretNames", "StoreSecret", "ActiveKeys", "InvalidateKeys", "IssueKey", "Note"} {
		for name, f := range faults {
			t.Run(call+" "+name, func(t *testing.T) {
				s := newScene()
				f.Call, f.Times = call, 1
				s.w.Fail(f)
				err := s.apply(t.Context(), steps.StepIssueKey)
				if err != nil && call != "Note" && change.IsTemporary(err) == (name == "forbidden") {
					t.Errorf("temporary is %v: %v", change.IsTemporary(err), err)
				}
				s.w.Heal()
				s.applyAll(t, steps.StepIssueKey)
				s.granted(t)
				if err := s.undo(t.Context(), steps.StepIssueKey); err != nil {
					t.Fatal(err)
				}
				s.clean(t)
			})
			t.Run("undo after half "+call+" "+name, func(t *testing.T) {
				s := newScene()
				f.Call, f.Times = call, 1
				s.w.Fail(f)
				_ = s.apply(t.Context(), steps.StepIssueKey)
				s.w.Heal()
				if err := s.undo(t.Context(), steps.StepIssueKey); err != nil {
					t.Fatal(err)
				}
				s.clean(t)
			})
		}
	}
}

func TestGrantNeverOverwritesSomebodyElsesEntry(t *testing.T) {
	s := newScene()
	s.local.Put(entry, "theirs")
	err := s.apply(t.Context(), steps.StepIssueKey)
	if err == nil || change.IsTemporary(err) {
		t.Fatalf("got %v, want a final error", err)
	}
	contains(t, said(err), "was not changed", entry)
	if err := s.apply(t.Context(), steps.StepIssueKey); err == nil {
		t.Error("a second try overwrote it")
	}
	if err := s.undo(t.Context(), steps.StepIssueKey); err != nil {
		t.Fatal(err)
	}
	if !s.local.Holds(entry, "theirs") {
		t.Error("their entry no longer exists")
	}
}

// Somebody stores an entry after grant has looked, and before it got to write its own.
func TestGrantKeepsAnEntryThatCameBetweenTwoTries(t *testing.T) {
	s := newScene()
	s.w.Fail(linktest.Fault{Call: "IssueKey", Times: 1})
	if err := s.apply(t.Context(), steps.StepIssueKey); !change.IsTemporary(err) {
		t.Fatalf("got %v, want a temporary error", err)
	}
	s.local.Put(entry, "theirs")
	if err := s.apply(t.Context(), steps.StepIssueKey); err == nil || change.IsTemporary(err) {
		t.Fatalf("got %v, want a final error", err)
	}
	if err := s.undo(t.Context(), steps.StepIssueKey); err != nil {
		t.Fatal(err)
	}
	if !s.local.Holds(entry, "theirs") {
		t.Error("their entry no longer exists")
	}
}

// Somebody stores an entry while the key is made, or while a write that was surely refused is tried again.
func TestGrantKeepsAnEntryThatCameJustBeforeItsWrite(t *testing.T) {
	put := func(s *scene) func() { return func() { s.local.Put(entry, "theirs") } }
	for name, meet := range map[string]func(*scene){
		"while the key is made": func(s *scene) {
			s.w.Fail(linktest.Fault{Call: "IssueKey", Times: 1, Meanwhile: put(s)})
		},
		"after a write was refused": func(s *scene) {
			s.w.Fail(linktest.Fault{Call: "StoreSecret", Times: 1})
			if err := s.apply(t.Context(), steps.StepIssueKey); !change.IsTemporary(err) {
				t.Fatalf("got %v, want a temporary error", err)
			}
			put(s)()
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene()
			meet(s)
			err := s.apply(t.Context(), steps.StepIssueKey)
			if err == nil || change.IsTemporary(err) {
				t.Fatalf("got %v, want a final error", err)
			}
			contains(t, said(err), "Someone else put it there")
			if err := s.undo(t.Context(), steps.StepIssueKey); err != nil {
				t.Fatal(err)
			}
			if !s.local.Holds(entry, "theirs") || len(s.remote.ActiveKeys()) != 0 {
				t.Errorf("keystore %v, active keys %v", s.local.Keystore(), s.remote.ActiveKeys())
			}
		})
	}
}

// It was there when grant first looked, so undo will never remove it: nothing of ours may be put in its place.
func TestGrantStaysAwayFromAnEntryThatWasThere(t *testing.T) {
	s := newScene()
	s.journal[steps.StepIssueKey] = change.Evidence{"key_name": "k", "keystore_had": "true"}
	if err := s.apply(t.Context(), steps.StepIssueKey); err == nil || change.IsTemporary(err) {
		t.Fatalf("got %v, want a final error", err)
	}
	s.clean(t)
}

// A create that was given up on arrives while the next try is under way.
func TestALateKeyDoesNotLive(t *testing.T) {
	s := newScene()
	d, err := s.catalog.Fresh(t.Context(), s.remote.Ref())
	if err != nil {
		t.Fatal(err)
	}
	es, err := s.ech.Cluster(d)
	if err != nil {
		t.Fatal(err)
	}
	s.w.Fail(linktest.Fault{Call: "StoreSecret", Times: 1, Meanwhile: func() {
		_, err = es.IssueKey(t.Context(), elastic.KeySpec{Name: "rcb-test-d-local-logs-req1", Access: s.c.Access})
	}})
	s.applyAll(t, steps.StepIssueKey)
	if err != nil {
		t.Fatal(err)
	}
	s.granted(t)
}

func TestGrantReadsBackWhatItRemoved(t *testing.T) {
	s := newScene()
	s.applyAll(t, steps.StepIssueKey)
	s.w.Fail(linktest.Fault{Call: "RemoveSecret", Lie: true})
	err := s.undo(t.Context(), steps.StepIssueKey)
	contains(t, leftover(t, err).Cause, "still listed")
	if !change.IsTemporary(err) {
		t.Error("it is worth another try")
	}
}

func TestUndoOfGrantGoesOnPastAFailureAndNamesWhatIsLeft(t *testing.T) {
	s := newScene()
	s.applyAll(t, steps.StepIssueKey)
	s.w.Fail(linktest.Fault{Call: "RemoveSecret"})
	err := s.undo(t.Context(), steps.StepIssueKey)
	left := leftover(t, err)
	contains(t, left.What, entry, "ece-prod")
	contains(t, left.Command, "PATCH /api/v1/deployments/d-local/elasticsearch/main-elasticsearch/keystore",
		`{"secrets":{"cluster.remote.logs.credentials":{}}}`)
	if !change.IsTemporary(err) {
		t.Error("an unavailable keystore is worth another try")
	}
	if len(s.remote.ActiveKeys()) != 0 {
		t.Error("the key was not invalidated")
	}

	s = newScene()
	s.applyAll(t, steps.StepIssueKey)
	id := s.remote.ActiveKeys()[0].ID
	s.w.Fail(linktest.Fault{Call: "InvalidateKeys", Err: linktest.Forbidden("x", "y")})
	left = leftover(t, s.undo(t.Context(), steps.StepIssueKey))
	contains(t, left.What, "rcb-test-d-local-logs-req1", "cloud/d-remote")
	contains(t, left.Command, "DELETE /_security/api_key\n", `{"ids":["`+id+`"]}`)
	if len(s.local.Keystore()) != 0 {
		t.Error("the entry was not removed")
	}

	s = newScene()
	s.applyAll(t, steps.StepIssueKey)
	s.w.Fail(linktest.Fault{Call: "ActiveKeys"}) // a failed read is not "there are none"
	left = leftover(t, s.undo(t.Context(), steps.StepIssueKey))
	contains(t, left.Command, `{"name":"rcb-test-d-local-logs-req1"}`)
}

func TestLongNamesAreCutBeforeTheRequestsID(t *testing.T) {
	s := newScene()
	s.c.Alias = strings.Repeat("a", elastic.MaxAlias)
	s.applyAll(t, steps.StepIssueKey)
	name := s.remote.ActiveKeys()[0].Name
	if len(name) > 200 || !strings.HasSuffix(name, "-"+requestID) {
		t.Errorf("the key is called %q", name)
	}
}

// Evidence, errors and findings are written down and shown: none of them may hold the key.
func TestNoSecretLeavesGrant(t *testing.T) {
	for _, call := range []string{"StoreSecret", "SecretNames", "ActiveKeys", "RemoveSecret", "InvalidateKeys"} {
		s := newScene()
		var texts []string
		s.w.Fail(linktest.Fault{Call: call, Skip: 1})
		if err := s.apply(t.Context(), steps.StepIssueKey); err != nil {
			texts = append(texts, err.Error(), said(err))
		}
		if err := s.undo(t.Context(), steps.StepIssueKey); err != nil {
			left := leftover(t, err)
			texts = append(texts, err.Error(), left.What, left.Command, left.Cause)
		}
		for _, v := range s.journal[steps.StepIssueKey] {
			texts = append(texts, v)
		}
		for _, known := range s.w.Secrets() {
			for _, text := range texts {
				if strings.Contains(text, known) {
					t.Errorf("%s: a secret stands in %q", call, text)
				}
			}
		}
	}
}

// Who may not make a key may not look for one either. None was made, so nothing is left, and nothing is said.
func TestUndoOfAKeyThatWasNeverIssuedLeavesNothing(t *testing.T) {
	for _, status := range []int{401, 403} {
		s := newScene()
		refused := &elastic.CallError{System: "Elasticsearch of logs", Call: "POST", Status: status, Code: "security_exception", Reason: "no"}
		s.w.Fail(linktest.Fault{Call: "IssueKey", Err: refused})
		if err := s.apply(t.Context(), steps.StepIssueKey); err == nil || change.IsTemporary(err) {
			t.Fatalf("%d: got %v, want a final error", status, err)
		}
		s.w.Fail(linktest.Fault{Call: "ActiveKeys", Err: refused})
		if err := s.undo(t.Context(), steps.StepIssueKey); err != nil {
			t.Errorf("%d: %v", status, err)
		}
		s.clean(t)
	}
}

// A call whose answer was lost may have made one, whatever is answered later.
func TestUndoLooksForAKeyThatMayBeThere(t *testing.T) {
	s := newScene()
	s.w.Fail(linktest.Fault{Call: "IssueKey", Times: 1, After: true, Err: linktest.NoAnswer("logs", "POST")})
	if err := s.apply(t.Context(), steps.StepIssueKey); !change.IsTemporary(err) {
		t.Fatalf("got %v, want a temporary error", err)
	}
	s.w.Fail(linktest.Fault{Call: "IssueKey", Times: 1, Err: linktest.Forbidden("logs", "POST")})
	if err := s.apply(t.Context(), steps.StepIssueKey); err == nil || change.IsTemporary(err) {
		t.Fatalf("got %v, want a final error", err)
	}
	if err := s.undo(t.Context(), steps.StepIssueKey); err != nil {
		t.Fatal(err)
	}
	s.clean(t)
}

// The same of a key that was to take another's place.
func TestUndoOfARotationThatIssuedNoKeyLeavesNothing(t *testing.T) {
	h := newFixture(t)
	h.connect()
	h.w.Fail(linktest.Fault{Call: "IssueKey", Err: linktest.Forbidden("logs", "POST")})
	r, err := h.propose(plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs", ExpiryDays: 30})
	if err != nil {
		t.Fatal(err)
	}
	h.w.Fail(linktest.Fault{Call: "ActiveKeys", Err: linktest.Forbidden("logs", "GET")})
	if left, err := h.carryOut(r); err == nil || len(left) > 0 {
		t.Errorf("left %v, error %v", left, err)
	}
	h.w.Heal()
	h.granted(t)
}
