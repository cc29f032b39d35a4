package handlers

import (
	"context"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// recordsTimeout is how long a list waits for what the monitor has found.
const recordsTimeout = time.Second

// statusesOf are the statuses of connections; none where they can't be read: then nothing is known to be checked.
func (h *Handlers) statusesOf(ctx context.Context, all []inventory.Connection) map[link.Name]monitor.Status {
	var names []link.Name
	for _, c := range all {
		if c.Managed != nil {
			names = append(names, c.Name())
		}
	}
	if len(names) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, recordsTimeout)
	defer cancel()
	found, err := h.o.Status.Statuses(ctx, names...)
	if err != nil {
		h.o.Log.WarnContext(ctx, "reading the monitor's results", "error", err)
	}
	return found
}

// knownOf is what is known of a connection in a list.
func knownOf(c inventory.Connection, s monitor.Status) diagnose.Known {
	k := s.Known()
	k.NoAnswer, k.Removed = c.Unread, c.Gone
	if !c.Unread && !c.Gone {
		k.Info = &c.Info
	}
	return k
}

// stateWords is a state in words, with the age of what it rests on.
func stateWords(k diagnose.Known) string {
	checked := " · checked " + mrkdwn.When(k.CheckedAt)
	switch k.State() {
	case diagnose.StateDown:
		return "does not work"
	case diagnose.StateRemoved:
		return "removed by hand"
	case diagnose.StateDegraded:
		return "connected, but degraded"
	case diagnose.StateExpiring:
		return "connected, but expires soon" + checked
	case diagnose.StateDrifted:
		return "connected, but differs from what was approved" + checked
	case diagnose.StateOverdue:
		return "should have ended" + checked
	case diagnose.StateEnding:
		return "connected, ends soon" + checked
	case diagnose.StateUnreviewed:
		return "connected" + checked
	case diagnose.StateNoAnswer:
		return "no answer"
	case diagnose.StateWorking:
		return "connected" + checked
	case diagnose.StateUnchecked:
	}
	words := "not checked"
	switch {
	case k.Info == nil:
	case k.Info.Connected:
		words = "sockets open, not checked"
	default:
		words = "not connected, not checked"
	}
	if !k.CheckedAt.IsZero() {
		words += " since " + mrkdwn.When(k.CheckedAt)
	}
	return words
}

// stateWhy is why a connection is not well, as markup; empty where it is, or where that is not known.
func stateWhy(k diagnose.Known) string {
	switch k.State() { //nolint:exhaustive // the others do not keep it from working
	case diagnose.StateDown, diagnose.StateDegraded:
		return mrkdwn.Line(k.Worst.Say, mrkdwn.MaxTold)
	}
	return ""
}
