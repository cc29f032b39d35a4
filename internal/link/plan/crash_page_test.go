package plan_test

import (
	"context"
	"slices"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// through runs steps until they are done, crashing once after every n calls; false if n was never reached.
func (s *scene) through(t *testing.T, n int, todo []string, run func(context.Context, string) error) bool {
	t.Helper()
	crashed := false
	s.w.CrashAfter(n)
	for _, name := range todo {
		for look := 0; ; look++ {
			err := run(t.Context(), name)
			if s.w.Restart() && look < 100 {
				crashed = true
				s.w.CrashAfter(n)
				continue
			}
			if err == nil {
				break
			}
			if !change.IsTemporary(err) || look > 100 {
				t.Fatalf("crash after %d calls: %s: %v", n, name, err)
			}
		}
	}
	s.w.CrashAfter(0)
	return crashed
}

// Whatever the whole page takes, a crash after any of its calls leaves it as if there had been none, both ways.
func TestCrashesAnywhereOnTheWholePage(t *testing.T) {
	for name, tt := range map[string]struct {
		scene func(*testing.T) *scene
		todo  []string
	}{
		"certificates": {certScene, []string{steps.StepCheck, steps.StepTrustLocal, steps.StepTrustRemote, steps.StepSetRemote, steps.StepVerify}},
		"filter, restart and role": {func(t *testing.T) *scene {
			t.Helper()
			return filterScene(t, func(s *scene) {
				s.c.Role, s.c.Restart = &link.RoleOptions{Name: "remote-readers"}, true
				s.local.PlansTake(1)
			})
		}, []string{steps.StepCheck, steps.StepAddFilter, steps.StepIssueKey, steps.StepRestart, steps.StepSetRemote, steps.StepWriteRole, steps.StepVerify}},
		"strong identity verification": {
			func(t *testing.T) *scene { t.Helper(); return identityScene(t, nil) },
			[]string{steps.StepCheck, steps.StepAddAuthority, steps.StepIssueKey, steps.StepSetRemote, steps.StepVerify},
		},
	} {
		t.Run(name, func(t *testing.T) {
			// Fewer than the calls of one step between two crashes would never get anywhere.
			for n := 24; ; n++ {
				s := tt.scene(t)
				crashed := s.through(t, n, tt.todo, s.apply)
				for _, step := range []*linktest.Deployment{s.local, s.remote} {
					if len(trusted(step)) > 1 {
						t.Fatalf("trusted twice: %v", trusted(step))
					}
				}
				back := slices.Clone(tt.todo)
				slices.Reverse(back)
				s.through(t, n, back, s.undo)
				s.clean(t)
				s.role(t, "")
				if files := s.remote.Believes(); len(files) > 0 {
					t.Fatalf("left after a crash: it believes %q", files)
				}
				if s.ech.Made() != 0 || len(trusted(s.local))+len(trusted(s.remote)) != 0 {
					t.Fatalf("left after a crash: %d filters, %v, %v", s.ech.Made(), trusted(s.local), trusted(s.remote))
				}
				if !crashed {
					return
				}
			}
		})
	}
}

// A crash after the first, second, … call of each step alone, then another try, then all of it back.
func TestACrashAfterEachCallOfEveryNewStep(t *testing.T) {
	for step, make := range map[string]func(*testing.T) *scene{
		steps.StepTrustLocal: certScene, steps.StepTrustRemote: certScene, steps.StepRestart: restartScene,
		steps.StepAddFilter:    plainFilterScene,
		steps.StepWriteRole:    plainRoleScene,
		steps.StepAddAuthority: func(t *testing.T) *scene { t.Helper(); return identityScene(t, nil) },
	} {
		t.Run(step, func(t *testing.T) {
			for n := 1; ; n++ {
				s := make(t)
				s.w.CrashAfter(n)
				_ = s.apply(t.Context(), step)
				if !s.w.Restart() {
					return
				}
				s.settleApply(t, step)
				s.settleUndo(t, step)
				s.role(t, "")
				if files := s.remote.Believes(); len(files) > 0 {
					t.Fatalf("after a crash on call %d: it believes %q", n, files)
				}
				if s.ech.Made() != 0 || len(trusted(s.local))+len(trusted(s.remote)) != 0 || s.local.Restarts() > 1 {
					t.Fatalf("after a crash on call %d: %d filters, %v %v, %d restarts", n, s.ech.Made(), trusted(s.local), trusted(s.remote), s.local.Restarts())
				}
			}
		})
	}
}

func plainFilterScene(t *testing.T) *scene {
	t.Helper()
	return filterScene(t, nil)
}

func plainRoleScene(t *testing.T) *scene {
	t.Helper()
	return roleScene(t, nil)
}
