package handlers

import (
	"context"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// troubles are those of all connections. Where they can't be read, what the clusters themselves say has to do.
func (h *Handlers) troubles(ctx context.Context) map[link.Name]link.Problem {
	all, err := h.o.Watch.Troubles(ctx)
	if err != nil {
		h.o.Log.WarnContext(ctx, "reading what the watch has found", "error", err)
	}
	return all
}

// stateOf is a connection's state as a picture and a word, and why it is so where the watch knows; why is markup.
// _remote/info calls a connection connected as long as its sockets are open, which a key that is gone does not close:
// what the watch found counts more.
func stateOf(c link.Connection, p link.Problem) (emoji, word, why string) {
	emoji, word = light(c)
	switch p.Trouble { //nolint:exhaustive // the others do not keep it from working
	case link.TroubleLost:
		emoji, word, why = ":red_circle:", "does not work", line(p.Say, maxTold)
	case link.TroubleDegraded:
		emoji, word, why = ":large_yellow_circle:", "degraded", line(p.Say, maxTold)
	}
	return emoji, word, why
}
