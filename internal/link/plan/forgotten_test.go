package plan_test

import (
	"maps"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// The fix of an alias that the nodes have forgotten is an update that changes no setting.
func TestAnUpdateHasAForgottenConnectionMadeAnew(t *testing.T) {
	h := newFixture(t)
	h.connect()
	set, keys := h.local.Settings("logs"), h.remote.ActiveKeys()[0].ID
	h.local.LoseAlias("logs")
	x := h.examine()
	if _, err := h.run(plan.NewUpdatePlanner(h.roster, h.o()), diagnose.FixParams(x.ConnectionState, x.Diagnosis.Cause)); err != nil {
		t.Fatal(err)
	}
	if x := h.examine(); x.Diagnosis != nil || h.skips() {
		t.Errorf("diagnosis %+v, skip_unavailable in effect: %t", x.Diagnosis, h.skips())
	}
	if is := h.local.Settings("logs"); !maps.Equal(is, set) {
		t.Errorf("the settings are %v, and were %v", is, set)
	}
	if is := h.remote.ActiveKeys(); len(is) != 1 || is[0].ID != keys {
		t.Errorf("keys %+v", is)
	}
	if _, err := h.propose(plan.NewUpdatePlanner(h.roster, h.o()), h.update()); err == nil {
		t.Error("an update that changes nothing was planned")
	}
}

// One that was made by hand is found by its settings, and can be adopted.
func TestAForgottenConnectionIsAdopted(t *testing.T) {
	h := newFixture(t)
	h.connect()
	clear(h.memos)
	h.local.LoseAlias("logs")
	if x := h.examine(); x.Diagnosis == nil || x.Diagnosis.Cause != link.CauseForgotten || x.Fix != link.KindAdopt {
		t.Fatalf("diagnosis %+v, fix %s", x.Diagnosis, x.Fix)
	}
	adopt := link.AdoptParams{Local: h.local.Ref(), Alias: "logs", Access: elastic.Access{Search: []string{"logs-*"}}}
	if _, err := h.run(plan.NewAdoptPlanner(h.roster, h.o()), adopt); err != nil {
		t.Fatal(err)
	}
	if x := h.examine(); x.Fix != link.KindUpdate {
		t.Errorf("diagnosis %+v, fix %s", x.Diagnosis, x.Fix)
	}
}

// A list that has no alias because the nodes have forgotten it does not call it removed.
func TestAForgottenConnectionIsDown(t *testing.T) {
	k := diagnose.Known{Removed: true, Worst: &diagnose.Problem{Kind: diagnose.ProblemDown, Cause: link.CauseForgotten}}
	if k.State() != diagnose.StateDown {
		t.Errorf("it is %s", k.State())
	}
}

// A disconnect that is undone sets the alias again while the nodes read its key again.
func TestAnUndoneDisconnectLeavesNothingForgotten(t *testing.T) {
	h := newFixture(t)
	h.connect()
	r, err := h.propose(h.disconnector(), h.ending("logs"))
	if err != nil {
		t.Fatal(err)
	}
	h.local.RaceNext(linktest.RaceLost)
	h.w.Fail(linktest.Fault{Call: "InvalidateKeys", Err: linktest.Forbidden("logs", "InvalidateKeys")})
	if _, err := h.carryOut(r); err == nil {
		t.Fatal("the disconnect was not undone")
	}
	if x := h.examine(); x.Diagnosis != nil && x.Diagnosis.Cause == link.CauseForgotten {
		t.Errorf("diagnosis %+v", x.Diagnosis)
	}
	if r.Proposal.Step(steps.StepUpdateSettings) == nil || len(h.local.Settings("logs")) == 0 {
		t.Errorf("settings %v", h.local.Settings("logs"))
	}
}
