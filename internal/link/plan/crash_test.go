package plan_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

func background() context.Context { return context.Background() }

// The bot may crash after any call, again and again. The one who resumes ends with one key in the keystore and the alias
// set; the one who undoes from there, with crashes again, ends with nothing.
func TestCrashAfterAnyCall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newScene()
		all := []string{steps.StepCheck, steps.StepIssueKey, steps.StepSetRemote, steps.StepVerify}
		done := s.resume(t, all, "apply", s.apply)
		if done == len(all) {
			s.granted(t)
			if diff := cmp.Diff(pointed(), s.local.Settings("logs")); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		}
		begun := slices.Clone(all[:min(done+1, len(all))]) // begun means undone
		slices.Reverse(begun)
		for s.resume(t, begun, "undo", s.undo) < len(begun) {
			continue // nobody gives an undo up
		}
		if len(s.remote.ActiveKeys())+len(s.local.Keystore())+len(s.local.Settings("logs")) > 0 {
			t.Errorf("left: %v %v %v", s.remote.ActiveKeys(), s.local.Keystore(), s.local.Settings("logs"))
		}
	})
}

// resume runs steps, each anew after every crash, and returns how many are done. Sometimes it is given up midway.
func (s *scene) resume(t *rapid.T, todo []string, label string, run func(context.Context, string) error) int {
	for i, name := range todo {
		for crashes := 0; ; crashes++ {
			if crashes < 4 {
				s.w.CrashAfter(rapid.IntRange(0, 14).Draw(t, label+" crash"))
			}
			err := run(background(), name)
			crashed := s.w.Restart()
			if keys := s.remote.ActiveKeys(); len(keys) > 1 {
				t.Fatalf("two keys are active: %v", keys)
			}
			if err == nil {
				break
			}
			if !crashed {
				t.Fatalf("%s %s: %v", label, name, err)
			}
			if rapid.IntRange(0, 9).Draw(t, "give up") == 0 {
				return i
			}
		}
	}
	return len(todo)
}

// Somebody stores an entry after a crash, wherever it was before the write: it stays theirs.
func TestAnEntryThatCameAfterACrashIsNeverOverwritten(t *testing.T) {
	for n := 1; ; n++ {
		s := newScene()
		s.w.CrashAfter(n)
		_ = s.apply(t.Context(), steps.StepIssueKey)
		crashed := s.w.Restart()
		if s.journal[steps.StepIssueKey]["storing_1"] != "" { // from here on it counts as the bot's
			if n < 8 {
				t.Errorf("only %d calls were made before the write", n-1)
			}
			return
		}
		if !crashed {
			t.Fatalf("no crash at call %d, and nothing was written", n)
		}
		s.local.Put(entry, "theirs")
		if err := s.apply(t.Context(), steps.StepIssueKey); err == nil || change.IsTemporary(err) {
			t.Errorf("crash after call %d: got %v, want a final error", n, err)
		}
		if err := s.undo(t.Context(), steps.StepIssueKey); err != nil {
			t.Errorf("crash after call %d: undo: %v", n, err)
		}
		if !s.local.Holds(entry, "theirs") || len(s.remote.ActiveKeys()) != 0 {
			t.Errorf("crash after call %d: keystore %v, active keys %v", n, s.local.Keystore(), s.remote.ActiveKeys())
		}
	}
}

// A crash during the write itself: the entry is ours, and the work goes on by itself.
func TestAWriteThatNobodyNotedTheEndOfIsOurs(t *testing.T) {
	s := newScene()
	for n := 1; len(s.local.Keystore()) == 0; n++ {
		s = newScene()
		s.w.CrashAfter(n)
		_ = s.apply(t.Context(), steps.StepIssueKey)
		s.w.Restart()
	}
	s.applyAll(t, steps.StepIssueKey)
	if len(s.local.Keystore()) != 1 || len(s.remote.ActiveKeys()) != 1 {
		t.Errorf("keystore %v, active keys %v", s.local.Keystore(), s.remote.ActiveKeys())
	}
	if err := s.undo(t.Context(), steps.StepIssueKey); err != nil {
		t.Fatal(err)
	}
	s.clean(t)
}

// Without chance: a crash after every single call of every step, then another try.
func TestCrashAfterEachCallInTurn(t *testing.T) {
	for n := 1; ; n++ {
		s := newScene()
		crashes := 0
		for _, step := range []string{steps.StepIssueKey, steps.StepSetRemote, steps.StepVerify} {
			s.w.CrashAfter(n)
			if err := s.apply(t.Context(), step); err == nil {
				s.w.Restart()
				continue
			}
			crashes++
			s.w.Restart()
			s.applyAll(t, step)
		}
		s.granted(t)
		if crashes == 0 {
			if n < 8 {
				t.Errorf("only %d calls were tried", n)
			}
			return
		}
	}
}
