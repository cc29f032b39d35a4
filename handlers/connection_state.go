package handlers

import (
	"context"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// recordsTimeout is how long a list waits for what the monitor has found.
const recordsTimeout = time.Second

// statusesOf are the statuses of connections; none where they can't be read: then nothing is known to be checked.
func (h *Handlers) statusesOf(ctx context.Context, all []link.Connection) map[link.Name]Status {
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
		h.o.Log.WarnContext(ctx, "reading what the monitor has found", "error", err)
	}
	return found
}

// knownOf is what is known of a connection in a list.
func knownOf(c link.Connection, s Status) link.Known {
	k := s.known()
	k.NoAnswer, k.Removed = c.Unread, c.Gone
	if !c.Unread && !c.Gone {
		k.Info = &c.Info
	}
	return k
}

// known is what a check has found.
func (s Status) known() link.Known {
	k := link.Known{CheckedAt: s.CheckedAt, Late: s.Late}
	if len(s.Problems) > 0 {
		p := s.Problems[0]
		k.Worst = &link.Problem{Kind: p.Kind, Say: p.Say, Fix: p.Fix, Cause: p.Cause, Certificates: p.Certs}
	}
	return k
}

// stateFace is a state as a picture.
func stateFace(s link.State) string {
	switch s {
	case link.StateDown:
		return ":red_circle:"
	case link.StateRemoved:
		return ":black_circle:"
	case link.StateDegraded:
		return ":warning:"
	case link.StateExpiring:
		return ":hourglass:"
	case link.StateDrifted:
		return ":twisted_rightwards_arrows:"
	case link.StateNoAnswer, link.StateUnchecked:
	case link.StateWorking:
		return ":large_green_circle:"
	}
	return ":white_circle:"
}

// stateWords is a state in words, with the age of what it rests on.
func stateWords(k link.Known) string {
	checked := " · checked " + when(k.CheckedAt)
	switch k.State() {
	case link.StateDown:
		return "does not work"
	case link.StateRemoved:
		return "removed by hand"
	case link.StateDegraded:
		return "connected, but degraded"
	case link.StateExpiring:
		return "connected, but expires soon" + checked
	case link.StateDrifted:
		return "connected, but not as approved" + checked
	case link.StateNoAnswer:
		return "no answer"
	case link.StateWorking:
		return "connected" + checked
	case link.StateUnchecked:
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
		words += " since " + when(k.CheckedAt)
	}
	return words
}

// stateWhy is why a connection is not well, as markup; empty where it is, or where that is not known.
func stateWhy(k link.Known) string {
	switch k.State() { //nolint:exhaustive // the others do not keep it from working
	case link.StateDown, link.StateDegraded:
		return line(k.Worst.Say, maxTold)
	}
	return ""
}
