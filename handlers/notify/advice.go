package notify

import (
	"context"
	"log/slog"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// partAdvised is the notes of what advice was told by which request.
const partAdvised = "advised"

// FirstNotes remember who was first to say something.
type FirstNotes interface {
	// NoteFirst remembers a text under a key of a part unless one stands there, and returns the one that stands.
	NoteFirst(ctx context.Context, part, key, text string) (string, error)
}

// newAdvice leaves of a request's advice what no other request has told. What can't be looked up is told: twice does less
// harm than never.
func newAdvice(ctx context.Context, notes FirstNotes, r *change.Request, log *slog.Logger) {
	if r.State != change.Applied || notes == nil {
		return
	}
	r.Proposal.Advice = slices.DeleteFunc(slices.Clone(r.Proposal.Advice), func(a change.Advice) bool {
		by, err := notes.NoteFirst(ctx, partAdvised, a.About, r.ID)
		if err != nil {
			log.WarnContext(ctx, "looking whether an advice was told", "request", r.ID, "error", err)
			return false
		}
		return by != r.ID
	})
}
