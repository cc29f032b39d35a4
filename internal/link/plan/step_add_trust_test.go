package plan_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

const (
	localCluster  = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	remoteCluster = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// certScene is a connect by certificates, with the plan that was approved.
func certScene(t *testing.T) *scene {
	t.Helper()
	s := newScene()
	s.local.Edit(func(d *elastic.Deployment) { d.ClusterID = localCluster })
	s.remote.Edit(func(d *elastic.Deployment) { d.ClusterID = remoteCluster })
	s.local.PlansTake(2)
	s.remote.PlansTake(1)
	s.c.Model, s.c.ProxyAddress, s.c.Access = link.ModelCertificate, "logs.cloud.example:9400", elastic.Access{}
	s.c.Trust = &link.TrustOptions{LocalScope: s.ece.Scope(), RemoteScope: s.ech.Scope(), Clusters: []string{remoteCluster}}
	s.approve(t)
	return s
}

func (s *scene) approve(t *testing.T) {
	t.Helper()
	p, err := s.plan(t)
	if err != nil {
		t.Fatal(err)
	}
	s.approved = p
}

// settle looks until a step has nothing more to wait for.
func (s *scene) settle(t *testing.T, what string, run func() error) {
	t.Helper()
	for range 12 {
		err := run()
		if err == nil {
			return
		}
		if !change.IsTemporary(err) {
			t.Fatalf("%s: %v", what, err)
		}
	}
	t.Fatalf("%s does not end", what)
}

func (s *scene) settleApply(t *testing.T, name string) {
	t.Helper()
	s.settle(t, name, func() error { return s.apply(t.Context(), name) })
}

// settleFinding is settleApply, and returns what the step found.
func (s *scene) settleFinding(t *testing.T, name string) string {
	t.Helper()
	var last step
	s.settle(t, name, func() error {
		last = s.step(name)
		return s.applyStep(t.Context(), last)
	})
	return finding(last)
}

func (s *scene) settleUndo(t *testing.T, name string) {
	t.Helper()
	s.settle(t, "undo of "+name, func() error { return s.undo(t.Context(), name) })
}

// trusted are the entries that a deployment trusts, in JSON.
func trusted(d *linktest.Deployment) []string {
	out := []string{}
	for _, raw := range d.TrustNow().Direct {
		out = append(out, string(raw))
	}
	return out
}

func TestBothSidesTrustEachOtherAndConnect(t *testing.T) {
	s := certScene(t)
	s.applyAll(t, steps.StepCheck)
	s.settleApply(t, steps.StepTrustLocal)
	s.settleApply(t, steps.StepTrustRemote)
	s.applyAll(t, steps.StepSetRemote)
	verify := s.step(steps.StepVerify)
	if err := verify.Apply(t.Context(), nil, nil); err != nil {
		t.Fatal(err)
	}
	contains(t, finding(verify), "18 of 18 sockets")
	if len(s.remote.ActiveKeys()) != 0 {
		t.Error("a key was issued")
	}
	for step, want := range map[string]struct {
		of    *linktest.Deployment
		entry elastic.TrustEntry
	}{
		steps.StepTrustLocal: {s.local, elastic.TrustEntry{
			Type: "ESS", Name: "cloud (cloud1)", ScopeID: "cloud1", Clusters: []string{remoteCluster},
			Certificates: []elastic.TrustCertificate{{PEM: s.ech.CA("ech-region")}, {PEM: s.ech.CA("ech-region next")}},
		}},
		steps.StepTrustRemote: {s.remote, elastic.TrustEntry{
			Type: "ECE", Name: "ece-prod (eceprod1)", ScopeID: "eceprod1", Clusters: []string{localCluster},
			Certificates: []elastic.TrustCertificate{{PEM: s.ece.CA("ece-region")}, {PEM: s.ece.CA("ece-region next")}},
		}},
	} {
		var got elastic.TrustEntry
		if len(trusted(want.of)) != 1 || json.Unmarshal(want.of.TrustNow().Direct[0], &got) != nil {
			t.Fatalf("%s: %v", step, trusted(want.of))
		}
		if diff := cmp.Diff(want.entry, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step, diff)
		}
	}
	for _, step := range []string{steps.StepVerify, steps.StepSetRemote, steps.StepTrustRemote, steps.StepTrustLocal} {
		s.settleUndo(t, step)
	}
	if len(trusted(s.local))+len(trusted(s.remote)) > 0 {
		t.Errorf("trust is left: %v %v", trusted(s.local), trusted(s.remote))
	}
	s.clean(t)
}

func TestTrustIsSentOnceAndWaitedFor(t *testing.T) {
	s := certScene(t)
	s.settleApply(t, steps.StepTrustLocal)
	s.settleApply(t, steps.StepTrustLocal)
	if n := s.w.Count("SetTrust"); n != 1 {
		t.Errorf("%d writes, want 1", n)
	}
	s.settleUndo(t, steps.StepTrustLocal)
	s.settleUndo(t, steps.StepTrustLocal)
	if n := s.w.Count("SetTrust"); n != 2 || len(trusted(s.local)) != 0 {
		t.Errorf("%d writes, want 2; left: %v", n, trusted(s.local))
	}
}

func TestUndoOfATrustThatNeverBeganTouchesNothing(t *testing.T) {
	s := certScene(t)
	before := len(s.w.Calls())
	if err := s.undo(t.Context(), steps.StepTrustLocal); err != nil || len(s.w.Calls()) != before {
		t.Errorf("got %v after %d calls", err, len(s.w.Calls())-before)
	}
}

// Entries of others, their unknown fields, and what an entry of ours held before are all there again afterwards.
func TestTrustKeepsWhatIsThereAndPutsItBack(t *testing.T) {
	s := certScene(t)
	old := linktest.NewWorld().AddECH("x").CA("old")
	s.local.TrustAlso(`{"certificates":[{"pem":` + quoted(old) + `}],"name":"other","novel":7,"scope_id":"other","trust_all":true,"type":"ESS","uid":"u1"}`)
	s.local.TrustAlso(`{"certificates":[{"metadata":{"x":1},"pem":` + quoted(old) + `}],"name":"mine","novel":8,"scope_id":"cloud1","trust_all":false,"trust_allowlist":["cccc"],"type":"ESS","uid":"u2"}`)
	before := trusted(s.local)
	s.approve(t)
	s.settleApply(t, steps.StepTrustLocal)
	now := trusted(s.local)
	if len(now) != 2 || now[0] != before[0] {
		t.Fatalf("others' entries are %v", now)
	}
	contains(t, now[1], `"novel":8`, `"uid":"u2"`, `"trust_allowlist":["cccc","`+remoteCluster+`"]`, `"metadata":{"x":1}`, `"name":"mine"`)
	s.settleUndo(t, steps.StepTrustLocal)
	if diff := cmp.Diff(before, trusted(s.local)); diff != "" {
		t.Errorf("after undo (-want +got):\n%s", diff)
	}
}

func quoted(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func TestATrustThatIsWideEnoughIsLeftAlone(t *testing.T) {
	s := certScene(t)
	certs, _ := json.Marshal([]elastic.TrustCertificate{{PEM: s.ech.CA("ech-region")}, {PEM: s.ech.CA("ech-region next")}})
	s.local.TrustAlso(`{"type":"ESS","name":"all","scope_id":"cloud1","trust_all":true,"certificates":` + string(certs) + `}`)
	s.approve(t)
	s.applyAll(t, steps.StepTrustLocal)
	if err := s.undo(t.Context(), steps.StepTrustLocal); err != nil || s.w.Count("SetTrust") != 0 || len(trusted(s.local)) != 1 {
		t.Errorf("it was touched: %v", trusted(s.local))
	}
}

func TestUndoOfTrustLeavesWhatSomebodyChangedSince(t *testing.T) {
	s := certScene(t)
	s.settleApply(t, steps.StepTrustLocal)
	s.local.SetTrustEntry(0, strings.Replace(trusted(s.local)[0], `"trust_all":false`, `"trust_all":true`, 1))
	err := s.undo(t.Context(), steps.StepTrustLocal)
	left := leftover(t, err)
	contains(t, left.What, "cloud (cloud1)", "d-local")
	contains(t, left.Command, "PUT /api/v1/deployments/d-local\n", `"prune_orphans":false`, `"direct":[]`)
	if change.IsTemporary(err) || len(trusted(s.local)) != 1 {
		t.Error("it was not left alone")
	}
}

func TestAFailedPlanOfTheTrustIsFinal(t *testing.T) {
	s := certScene(t)
	s.local.FailNextPlan("not enough capacity")
	var err error
	for range 5 {
		if err = s.apply(t.Context(), steps.StepTrustLocal); !change.IsTemporary(err) {
			break
		}
	}
	contains(t, said(err), "not enough capacity")
	s.settleUndo(t, steps.StepTrustLocal)
	if len(trusted(s.local)) != 0 {
		t.Errorf("left: %v", trusted(s.local))
	}
}

// What the platform shows is not what the nodes have when a plan has failed: the undo is done with a good plan alone.
func TestAnUndoWhosePlanFailsIsNotDone(t *testing.T) {
	for name, fail := range map[string]func(*linktest.Deployment, string){
		"the platform sets it back":       (*linktest.Deployment).FailNextPlan,
		"the platform shows it as undone": (*linktest.Deployment).FailNextPlanButShow,
	} {
		t.Run(name, func(t *testing.T) {
			s := certScene(t)
			s.settleApply(t, steps.StepTrustLocal)
			fail(s.local, "not enough capacity")
			step := s.step(steps.StepTrustLocal)
			var err error
			for range 8 {
				if err = step.Undo(t.Context(), maps.Clone(s.journal[steps.StepTrustLocal])); !change.IsTemporary(err) {
					break
				}
			}
			contains(t, leftover(t, err).What, "cloud (cloud1)", "d-local")
			contains(t, said(err), "not enough capacity")
			if n := s.w.Count("SetTrust"); n != 2 {
				t.Errorf("%d writes, want one there and one back", n)
			}
			s.settle(t, "another undo", func() error {
				return s.undo(t.Context(), steps.StepTrustLocal)
			})
			if len(trusted(s.local)) != 0 || s.w.Count("SetTrust") < 3 {
				t.Errorf("after %d writes left: %v", s.w.Count("SetTrust"), trusted(s.local))
			}
		})
	}
}

// A platform that shows what an undo asks for before it shows its plan has not carried it out: that plan may fail yet.
func TestAnUndoWhosePlanIsShownLateWaitsForIt(t *testing.T) {
	for name, c := range map[string]struct {
		late    int
		trouble string
	}{
		"and goes well":   {2, ""},
		"and fails":       {2, "not enough capacity"},
		"no sooner still": {100, ""}, // the platform made no plan for it
	} {
		t.Run(name, func(t *testing.T) {
			s := certScene(t)
			s.settleApply(t, steps.StepTrustLocal)
			s.local.FailNextPlanButShow(c.trouble)
			s.local.ShowNextPlanLate(c.late)
			step := s.step(steps.StepTrustLocal)
			looks := s.w.Count("Trust")
			var err error
			for range 12 {
				if err = step.Undo(t.Context(), maps.Clone(s.journal[steps.StepTrustLocal])); !change.IsTemporary(err) {
					break
				}
			}
			if looks = s.w.Count("Trust") - looks; looks <= 3 || s.w.Count("SetTrust") != 2 {
				t.Errorf("%d looks and %d writes", looks, s.w.Count("SetTrust"))
			}
			if c.trouble == "" {
				if err != nil || len(trusted(s.local)) != 0 {
					t.Errorf("got %v, left %v", err, trusted(s.local))
				}
				return
			}
			contains(t, leftover(t, err).What, "cloud (cloud1)", "d-local")
			contains(t, said(err), c.trouble)
		})
	}
}

// A plan of others that had failed before says nothing about a change that was never sent.
func TestUndoOfARefusedTrustIgnoresAnOlderFailedPlan(t *testing.T) {
	s := certScene(t)
	s.local.FailNextPlan("of old")
	now, err := s.ece.Trust(t.Context(), elastic.Deployment{Ref: s.local.Ref()})
	if err == nil {
		err = s.ece.SetTrust(t.Context(), elastic.Deployment{Ref: s.local.Ref()}, now, now.Settings)
	}
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		_, _ = s.ece.Trust(t.Context(), elastic.Deployment{Ref: s.local.Ref()}) // its plan ends
	}
	s.w.Fail(linktest.Fault{Call: "SetTrust", Times: 1, Err: &elastic.CallError{Status: 400, Code: "refused"}})
	if err := s.apply(t.Context(), steps.StepTrustLocal); change.IsTemporary(err) || err == nil {
		t.Fatalf("got %v, want a refusal", err)
	}
	writes := s.w.Count("SetTrust")
	if err := s.undo(t.Context(), steps.StepTrustLocal); err != nil || s.w.Count("SetTrust") != writes {
		t.Errorf("got %v after %d writes", err, s.w.Count("SetTrust")-writes)
	}
}

func TestTrustHealsAndUndoesAfterAnyFault(t *testing.T) {
	faults := map[string]linktest.Fault{
		"unavailable":           {},
		"answer lost, not done": {Err: linktest.NoAnswer("x", "y")},
		"answer lost, but done": {Err: linktest.NoAnswer("x", "y"), After: true},
		"conflict":              {Err: &elastic.CallError{Status: 409, Code: "conflict"}},
		"the second":            {Skip: 1},
	}
	for _, call := range []string{"Deployment", "Trust", "SetTrust", "Note"} {
		for name, f := range faults {
			f.Call, f.Times = call, 1
			t.Run(call+" "+name, func(t *testing.T) {
				s := certScene(t)
				s.w.Fail(f)
				_ = s.apply(t.Context(), steps.StepTrustRemote)
				s.w.Heal()
				s.settleApply(t, steps.StepTrustRemote)
				if len(trusted(s.remote)) != 1 {
					t.Errorf("got %v", trusted(s.remote))
				}
				s.settleUndo(t, steps.StepTrustRemote)
				if len(trusted(s.remote)) != 0 {
					t.Errorf("left %v", trusted(s.remote))
				}
			})
			t.Run("undo after half "+call+" "+name, func(t *testing.T) {
				s := certScene(t)
				s.w.Fail(f)
				_ = s.apply(t.Context(), steps.StepTrustRemote)
				s.w.Heal()
				s.settleUndo(t, steps.StepTrustRemote)
				if len(trusted(s.remote)) != 0 {
					t.Errorf("left %v", trusted(s.remote))
				}
			})
		}
	}
}

// A write replaces whom a deployment trusts of its own, too: where that is not shown nothing is written, neither by a
// plan nor by a step, its undo or a disconnect, and no command that people read would do it.
func TestTrustWithoutItsAccountsIsLeftAlone(t *testing.T) {
	s := certScene(t)
	s.local.HideAccounts(true)
	_, err := s.plan(t)
	contains(t, problem(t, err, link.FieldLocal), "settings.trust.accounts is missing", "cloud (cloud1) by hand")
	err = s.apply(t.Context(), steps.StepTrustLocal)
	contains(t, said(err), "does not show whom search-onprem trusts", "by hand")
	if change.IsTemporary(err) || s.w.Count("SetTrust") != 0 || len(s.journal[steps.StepTrustLocal]) != 0 {
		t.Errorf("it was written: %v", err)
	}
	s.local.HideAccounts(false)
	s.settleApply(t, steps.StepTrustLocal)
	s.local.HideAccounts(true)
	if _, err := s.plan(t); err != nil {
		t.Errorf("nothing is left to write: %v", err)
	}
	left := leftover(t, s.undo(t.Context(), steps.StepTrustLocal))
	contains(t, left.Command, `"accounts":["the entries that are there, unchanged"]`, `"direct":[]`)
	s.w.Fail(linktest.Fault{Call: "Trust", Err: linktest.Forbidden("x", "y"), Times: 1})
	left = leftover(t, s.undo(t.Context(), steps.StepTrustLocal))
	contains(t, left.Command, `"accounts":["the entries that are there, unchanged"]`, `"direct":["the entries that are there, unchanged"]`)
	if len(trusted(s.local)) != 1 || len(s.local.TrustNow().Accounts) != 1 {
		t.Error("it was not left alone")
	}
	s.local.HideAccounts(false)
	s.settleUndo(t, steps.StepTrustLocal)
	if diff := cmp.Diff(1, len(s.local.TrustNow().Accounts)); diff != "" || len(trusted(s.local)) != 0 {
		t.Errorf("left %v; accounts (-want +got):\n%s", trusted(s.local), diff)
	}
}

func TestSomebodyFasterMeansAnotherLook(t *testing.T) {
	s := certScene(t)
	s.w.Fail(linktest.Fault{Call: "SetTrust", Times: 1, Meanwhile: func() { s.local.TrustAlso(`{"name":"theirs","type":"ESS","scope_id":"theirs"}`) }})
	if err := s.apply(t.Context(), steps.StepTrustLocal); !change.IsTemporary(err) {
		t.Fatalf("got %v, want a temporary error", err)
	}
	s.settleApply(t, steps.StepTrustLocal)
	if len(trusted(s.local)) != 2 {
		t.Errorf("theirs is lost: %v", trusted(s.local))
	}
}
