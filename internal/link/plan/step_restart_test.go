package plan_test

import (
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

func restartScene(t *testing.T) *scene {
	t.Helper()
	s := newScene()
	s.c.Restart = true
	s.local.SlowNodes()
	s.local.PlansTake(2)
	s.approve(t)
	return s
}

func TestARestartIsWaitedForAndLoadsTheKey(t *testing.T) {
	s := restartScene(t)
	contains(t, strings.Join(s.approved.Warnings, "\n"), "WILL BE RESTARTED")
	s.applyAll(t, steps.StepIssueKey)
	s.settleApply(t, steps.StepRestart)
	s.settleApply(t, steps.StepRestart)
	if n := s.local.Restarts(); n != 1 {
		t.Errorf("%d restarts, want 1", n)
	}
	s.w.Fail(linktest.Fault{Call: "ReloadSecureSettings", Lie: true})
	s.applyAll(t, steps.StepSetRemote, steps.StepVerify) // the restart has loaded the key
	if err := s.undo(t.Context(), steps.StepRestart); err != nil || s.local.Restarts() != 1 {
		t.Errorf("undo: %v, %d restarts", err, s.local.Restarts())
	}
}

func TestARestartThatFailsIsFinal(t *testing.T) {
	s := restartScene(t)
	s.local.FailNextPlan("a node did not come back")
	var err error
	for range 6 {
		if err = s.apply(t.Context(), steps.StepRestart); !change.IsTemporary(err) {
			break
		}
	}
	contains(t, said(err), "did not come back")
}

// The answer to a restart names no plan. One that is never seen is not asked for again and again.
func TestARestartThatIsNeverSeenIsAskedForOnce(t *testing.T) {
	s := restartScene(t)
	s.local.HideRestarts()
	contains(t, s.settleFinding(t, steps.StepRestart), "shows no plan for it", "healthy")
	if n := s.local.Restarts(); n != 1 {
		t.Errorf("%d restarts, want 1", n)
	}
}

func TestARestartThatIsNotHealthyIsWaitedFor(t *testing.T) {
	s := restartScene(t)
	s.local.HideRestarts()
	_ = s.apply(t.Context(), steps.StepRestart)
	s.local.Edit(func(d *elastic.Deployment) { d.Healthy = false })
	for range 10 {
		if err := s.apply(t.Context(), steps.StepRestart); !change.IsTemporary(err) {
			t.Fatalf("got %v, want a temporary error", err)
		}
	}
	s.local.Edit(func(d *elastic.Deployment) { d.Healthy = true })
	s.settleApply(t, steps.StepRestart)
	if n := s.local.Restarts(); n != 1 {
		t.Errorf("%d restarts, want 1", n)
	}
}

// One that was surely refused is sent again; somebody else's plan meanwhile is not taken for it.
func TestARestartThatIsRefusedIsSentAgain(t *testing.T) {
	s := restartScene(t)
	s.w.Fail(linktest.Fault{Call: "Restart", Times: 2})
	for range 2 {
		if err := s.apply(t.Context(), steps.StepRestart); !change.IsTemporary(err) {
			t.Fatalf("got %v, want a temporary error", err)
		}
		s.local.TrustAlso(`{"name":"theirs","type":"ESS","scope_id":"theirs"}`) // by a plan of its own
	}
	s.settleApply(t, steps.StepRestart)
	if n := s.local.Restarts(); n != 1 {
		t.Errorf("%d restarts, want 1", n)
	}
}

// Whether calls without an answer were carried out is not known: after the second one people hear what to look at.
func TestRestartsWithoutAnswerEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		done bool // the calls were carried out all the same
		want int
	}{"not carried out": {false, 0}, "carried out": {true, 2}} {
		t.Run(name, func(t *testing.T) {
			s := restartScene(t)
			s.local.HideRestarts()
			s.w.Fail(linktest.Fault{Call: "Restart", Err: linktest.NoAnswer("x", "y"), After: tt.done})
			var err error
			for range 20 {
				if err = s.apply(t.Context(), steps.StepRestart); !change.IsTemporary(err) {
					break
				}
			}
			contains(t, said(err), "It is unknown whether search-onprem was restarted", "Activity", "submit again")
			if n := s.w.Count("Restart"); n != 2 || s.local.Restarts() != tt.want {
				t.Errorf("%d calls, want 2; %d restarts, want %d", n, s.local.Restarts(), tt.want)
			}
		})
	}
}

func TestRestartHealsAfterAnyFault(t *testing.T) {
	for _, call := range []string{"Deployment", "Trust", "Restart", "Note"} {
		for name, f := range map[string]linktest.Fault{
			"unavailable": {}, "answer lost, not done": {Err: linktest.NoAnswer("x", "y")},
			"answer lost, but done": {Err: linktest.NoAnswer("x", "y"), After: true},
		} {
			f.Call, f.Times = call, 1
			t.Run(call+" "+name, func(t *testing.T) {
				s := restartScene(t)
				s.w.Fail(f)
				_ = s.apply(t.Context(), steps.StepRestart)
				s.w.Heal()
				s.settleApply(t, steps.StepRestart)
				if n := s.local.Restarts(); n != 1 {
					t.Errorf("%d restarts, want 1", n)
				}
				if err := s.undo(t.Context(), steps.StepRestart); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}
