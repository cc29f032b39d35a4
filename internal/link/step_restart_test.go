package link_test

import (
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
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
	s.applyAll(t, link.StepGrant)
	s.settleApply(t, link.StepRestart)
	s.settleApply(t, link.StepRestart)
	if n := s.local.Restarts(); n != 1 {
		t.Errorf("%d restarts, want 1", n)
	}
	s.applyAll(t, link.StepPoint, link.StepVerify)
	if s.w.Count("ReloadSecureSettings") != 0 {
		t.Error("the restart had loaded the key")
	}
	if err := s.undo(t.Context(), link.StepRestart); err != nil || s.local.Restarts() != 1 {
		t.Errorf("undo: %v, %d restarts", err, s.local.Restarts())
	}
}

func TestARestartThatFailsIsFinal(t *testing.T) {
	s := restartScene(t)
	s.local.FailNextPlan("a node did not come back")
	var err error
	for range 6 {
		if err = s.apply(t.Context(), link.StepRestart); !change.IsTemporary(err) {
			break
		}
	}
	contains(t, said(err), "did not come back")
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
				_ = s.apply(t.Context(), link.StepRestart)
				s.w.Heal()
				s.settleApply(t, link.StepRestart)
				if n := s.local.Restarts(); n != 1 {
					t.Errorf("%d restarts, want 1", n)
				}
				if err := s.undo(t.Context(), link.StepRestart); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}
