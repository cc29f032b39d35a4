package notify

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

type firstNotes map[string]string

func (f firstNotes) NoteFirst(_ context.Context, part, key, text string) (string, error) {
	if f == nil {
		return "", errors.New("Redis is away")
	}
	if _, ok := f[part+key]; !ok {
		f[part+key] = text
	}
	return f[part+key], nil
}

// A drawing that is repeated tells the same, and another request does not tell it again.
func TestAdviceIsToldByOneRequest(t *testing.T) {
	notes := firstNotes{}
	told := func(notes FirstNotes, id string, state change.State) int {
		r := &change.Request{ID: id, State: state, Proposal: change.Proposal{Advice: []change.Advice{{About: "rules a/b", Say: "Save them again."}}}}
		newAdvice(t.Context(), notes, r, slog.New(slog.DiscardHandler))
		return len(r.Proposal.Advice)
	}
	told(notes, "R0", change.RolledBack) // nobody reads it there
	for _, want := range []struct {
		id   string
		told int
	}{{"R1", 1}, {"R1", 1}, {"R2", 0}} {
		if got := told(notes, want.id, change.Applied); got != want.told {
			t.Errorf("%s tells %d, want %d", want.id, got, want.told)
		}
	}
	var away firstNotes
	if told(away, "R3", change.Applied) != 1 {
		t.Error("what can't be looked up is not told")
	}
}
