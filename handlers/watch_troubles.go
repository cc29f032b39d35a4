package handlers

import (
	"context"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// Troubles returns the worst problem of each connection that has one, as far as the watch of any replica has found it. It
// asks no cluster.
func (w *Watcher) Troubles(ctx context.Context) (map[link.Name]link.Problem, error) {
	open, err := w.open(ctx)
	if err != nil {
		return nil, err
	}
	worst := map[link.Name]link.Problem{}
	for _, trouble := range link.Troubles() {
		for _, p := range open {
			n, err := link.ParseName(p.Name)
			if _, worse := worst[n]; err == nil && !worse && p.Trouble == trouble {
				worst[n] = link.Problem{Trouble: p.Trouble, Say: p.Say, Certificates: p.Certs}
			}
		}
	}
	return worst, nil
}

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
