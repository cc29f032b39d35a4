package plan_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// ends are whole changes that take back what a connect made, in the order of their steps.
var ends = map[string]struct {
	scene func(*testing.T) *fixture
	steps []string
}{
	"disconnect by certificates": {parting, []string{steps.StepUpdateSettings, untrustLocal, untrustRemote}},
	"disconnect by key":          {partingKeyed, []string{steps.StepUpdateSettings, steps.StepRemoveKey, steps.StepRemoveRole, steps.StepRemoveFilter, steps.StepInvalidateOldKey}},
	"disconnect of who signs":    {partingSigned, []string{steps.StepUpdateSettings, steps.StepRemoveKey, steps.StepRemoveAuthority, steps.StepInvalidateOldKey}},
	"migrate":                    {moving, []string{steps.StepRotateKey, steps.StepVerify, untrustLocal, untrustRemote}},
}

// A crash after any call of a change that takes things back: it ends as if there had been none, both ways.
func TestCrashesAnywhereWhileThingsAreTakenBack(t *testing.T) {
	for name, tt := range ends {
		t.Run(name, func(t *testing.T) {
			// Fewer than the calls of one step between two crashes would never get anywhere.
			for n := 36; ; n++ {
				h := tt.scene(t)
				h.planned(t, tt.steps)
				before := h.picture()
				crashed := h.through(t, n, tt.steps, h.apply)
				now := h.picture()
				if len(now.Local)+len(now.Remote)+now.Made+len(now.Believes) != 0 || now.Role != "" || now.Connected != (name == "migrate") {
					t.Fatalf("crash after %d calls: left %+v", n, now)
				}
				back := slices.Clone(tt.steps)
				slices.Reverse(back)
				h.through(t, n, back, h.undo)
				h.stands(t, before)
				if !crashed {
					return
				}
			}
		})
	}
}

// planned fails the test unless the change has exactly these steps.
func (h *fixture) planned(t *testing.T, want []string) {
	t.Helper()
	var names []string
	for _, s := range h.approved.Steps {
		names = append(names, s.Name)
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Fatalf("steps (-want +got):\n%s", diff)
	}
}

// A crash after the first, second, … call of each step alone, then another try, then all of it back.
func TestACrashAfterEachCallOfATakingBack(t *testing.T) {
	for step, tt := range unmaking {
		t.Run(step, func(t *testing.T) {
			for n := 1; ; n++ {
				h := tt.scene(t)
				before := h.picture()
				h.w.CrashAfter(n)
				_ = h.apply(t.Context(), step)
				if !h.w.Restart() {
					if n < 6 {
						t.Errorf("only %d calls were tried", n)
					}
					return
				}
				h.settleApply(t, step)
				if !tt.gone(h) {
					t.Fatalf("after a crash on call %d it is still there", n)
				}
				h.settleUndo(t, step)
				h.stands(t, before)
			}
		})
	}
}

// The same by chance: crashes again and again, given up at any point, and taken back with crashes from there.
func TestAChangeThatTakesThingsBackIsWholeWhereverItIsGivenUp(t *testing.T) {
	for name, tt := range ends {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(r *rapid.T) {
				h := tt.scene(t)
				before := h.picture()
				stop := rapid.IntRange(1, len(tt.steps)).Draw(r, "steps begun")
				h.through(t, rapid.IntRange(36, 60).Draw(r, "calls between crashes"), tt.steps[:stop-1], h.apply)
				h.w.CrashAfter(rapid.IntRange(1, 24).Draw(r, "calls of the last step"))
				_ = h.apply(background(), tt.steps[stop-1])
				h.w.Restart()
				back := slices.Clone(tt.steps[:stop])
				slices.Reverse(back)
				h.through(t, rapid.IntRange(24, 60).Draw(r, "calls between crashes of the undo"), back, h.undo)
				h.stands(t, before)
			})
		})
	}
}

// Somebody stores an entry under the alias while the key that is to go there is proven.
func TestAMigrationKeepsAnEntryThatCameMeanwhile(t *testing.T) {
	h := moving(t)
	h.w.Fail(linktest.Fault{Call: "PutSettings", Times: 1, Meanwhile: func() { h.local.Put(entry, "theirs") }})
	err := h.apply(t.Context(), steps.StepRotateKey)
	if err == nil || change.IsTemporary(err) {
		t.Fatalf("got %v, want a final error", err)
	}
	contains(t, said(err), "Someone else put it there")
	if err := h.undo(t.Context(), steps.StepRotateKey); err != nil {
		t.Error(err)
	}
	if !h.local.Holds(entry, "theirs") || len(h.remote.ActiveKeys()) != 0 {
		t.Errorf("keystore %v, active keys %v", h.local.Keystore(), h.remote.ActiveKeys())
	}
}
