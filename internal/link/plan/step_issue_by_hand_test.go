package plan_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// byHand is a scene whose local keystore people edit. tell: the nodes tell what they have read, as from 9.5 on.
func byHand(tell bool) (*scene, *drawer) {
	s, d := newScene(), &drawer{}
	s.ece.EditByHand(tell)
	s.pasted = d
	s.approved.Steps = []change.PlannedStep{{Name: steps.StepIssueKey, Args: elastic.RawJSON(steps.IssueKeyArgs{
		Ends: steps.EndsOf(s.c), Key: link.KeySpec(s.c, "test", requestID), ByHand: true,
	})}}
	return s, d
}

// answered is the context of a step whose last question was answered so; taken: somebody may have seen the key.
func answered(t *testing.T, ask string, a change.Answer, taken bool) context.Context {
	t.Helper()
	w := change.Wait{Ask: ask, Answer: a}
	if taken {
		w.Taken = &change.Taken{By: "UBOB", At: time.Unix(1, 0)}
	}
	return change.WithAnswers(t.Context(), w)
}

// asks expects err to be a question.
func asks(t *testing.T, err error, ask string, says ...string) *change.PersonNeededError {
	t.Helper()
	needed, ok := errors.AsType[*change.PersonNeededError](err)
	if !ok || needed.Ask != ask || needed.For <= 0 || needed.Command == "" {
		t.Fatalf("got %v (%+v), want the question %q", err, needed, ask)
	}
	contains(t, needed.Say, says...)
	return needed
}

func TestAKeyIsPutInByHand(t *testing.T) {
	t.Parallel()
	for name, tell := range map[string]bool{"the nodes tell": true, "they don't": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, d := byHand(tell)
			needed := asks(t, s.apply(t.Context(), steps.StepIssueKey), "put", entry, "each node of search-onprem")
			if !needed.HasKey || d.key.Empty() {
				t.Errorf("asked with %+v, sealed %t", needed, !d.key.Empty())
			}
			// The worker died before it had asked: what it sealed is of no use.
			first := d.key
			_ = asks(t, s.apply(t.Context(), steps.StepIssueKey), "put")
			if keys := s.remote.ActiveKeys(); len(keys) != 1 || d.key.Equal(first) {
				t.Errorf("%d keys are valid, the same one is sealed: %t", len(keys), d.key.Equal(first))
			}
			if tell {
				_ = asks(t, s.apply(answered(t, "put", change.AnswerDone, true), steps.StepIssueKey), "put", "node-1 has no such entry")
			}
			s.local.Put(entry, d.key.Reveal())
			if err := s.apply(answered(t, "put", change.AnswerDone, true), steps.StepIssueKey); err != nil {
				t.Fatal(err)
			}
			s.granted(t)
			if !d.key.Empty() {
				t.Error("the key is still sealed")
			}

			_ = asks(t, s.undo(t.Context(), steps.StepIssueKey), "remove", entry)
			if keys := s.remote.ActiveKeys(); len(keys) > 0 {
				t.Errorf("while the entry is there, its key is valid: %v", keys)
			}
			if tell {
				_ = asks(t, s.undo(answered(t, "remove", change.AnswerDone, false), steps.StepIssueKey), "remove", "still on node-1")
			}
			s.local.Clear(entry)
			if err := s.undo(answered(t, "remove", change.AnswerDone, false), steps.StepIssueKey); err != nil {
				t.Fatal(err)
			}
			s.clean(t)
		})
	}
}

func TestAnotherKeyTakesThePlaceOfOneThatWasShown(t *testing.T) {
	t.Parallel()
	s, d := byHand(false)
	_ = asks(t, s.apply(t.Context(), steps.StepIssueKey), "put")
	first := d.key
	_ = asks(t, s.apply(answered(t, "put", change.AnswerRenew, true), steps.StepIssueKey), "put")
	if keys := s.remote.ActiveKeys(); len(keys) != 1 || d.key.Equal(first) {
		t.Errorf("%d keys are valid, the same one is sealed: %t", len(keys), d.key.Equal(first))
	}
	// The one who saw the first may have put it in.
	_ = asks(t, s.undo(t.Context(), steps.StepIssueKey), "remove")
}

func TestWhatNobodyHasSeenNobodyHasToRemove(t *testing.T) {
	t.Parallel()
	s, d := byHand(false)
	_ = asks(t, s.apply(t.Context(), steps.StepIssueKey), "put")
	_ = asks(t, s.apply(answered(t, "put", change.AnswerNever, false), steps.StepIssueKey), "put")
	if err := s.undo(t.Context(), steps.StepIssueKey); err != nil || !d.key.Empty() {
		t.Errorf("undone with %v, sealed %t", err, !d.key.Empty())
	}
	s.clean(t)
}

func TestAnEntryOfOthersIsFoundBeforeAnybodyIsAsked(t *testing.T) {
	t.Parallel()
	s, d := byHand(true)
	s.local.Put(entry, "theirs")
	err := s.apply(t.Context(), steps.StepIssueKey)
	if errors.As(err, new(*change.PersonNeededError)) || err == nil || !d.key.Empty() {
		t.Errorf("got %v", err)
	}
	if err := s.undo(t.Context(), steps.StepIssueKey); err != nil || !s.local.Holds(entry, "theirs") {
		t.Errorf("undone with %v", err)
	}
}

// A worker may die after any note and any call, at any point of it: what it leaves is found by the undo.
func TestAKeyForAHandMayBeCrashedAnywhere(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		s, d := byHand(false)
		s.w.CrashAfter(n)
		_ = s.apply(t.Context(), steps.StepIssueKey) // whatever it says, nobody hears it
		if !s.w.Restart() {
			if n < 5 {
				t.Errorf("it made only %d calls", n)
			}
			return
		}
		_ = asks(t, s.apply(t.Context(), steps.StepIssueKey), "put")
		if keys := s.remote.ActiveKeys(); len(keys) != 1 {
			t.Errorf("after a crash at call %d %d keys are valid", n, len(keys))
		}
		if err := s.undo(t.Context(), steps.StepIssueKey); err != nil || !d.key.Empty() {
			t.Errorf("after a crash at call %d: %v", n, err)
		}
		s.clean(t)
	}
}
