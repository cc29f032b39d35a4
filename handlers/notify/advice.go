package notify

import (
	"context"
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
func (n *Notifier) newAdvice(ctx context.Context, r *change.Request) {
	if r.State != change.Applied || n.o.Notes == nil {
		return
	}
	r.Proposal.Advice = slices.DeleteFunc(slices.Clone(r.Proposal.Advice), func(a change.Advice) bool {
		by, err := n.o.Notes.NoteFirst(ctx, partAdvised, a.About, r.ID)
		if err != nil {
			n.o.Log.WarnContext(ctx, "looking whether an advice was told", "request", r.ID, "error", err)
			return false
		}
		return by != r.ID
	})
}
