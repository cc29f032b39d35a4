package diagnose

import (
	"slices"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// State is how a connection is, in a word.
type State string

// The states, the worst first.
const (
	StateDown       State = "down"
	StateRemoved    State = "removed" // remembered as managed, and the local cluster knows no such alias
	StateDegraded   State = "degraded"
	StateOverdue    State = "overdue" // it should have ended
	StateExpiring   State = "expiring"
	StateDrifted    State = "drifted"
	StateEnding     State = "ending"     // it works, and is to end soon
	StateUnreviewed State = "unreviewed" // it works, and people have yet to say whether it is still needed
	StateNoAnswer   State = "no answer"  // the local cluster gave none
	StateUnchecked  State = "not checked"
	StateWorking    State = "working"
)

// Worse compares two states: negative if a is worse than b.
func Worse(a, b State) int {
	order := []State{StateDown, StateRemoved, StateDegraded, StateOverdue, StateExpiring, StateDrifted, StateEnding, StateUnreviewed, StateNoAnswer, StateUnchecked, StateWorking}
	return slices.Index(order, a) - slices.Index(order, b)
}

// Known is what is known of a connection.
type Known struct {
	Info      *elastic.RemoteInfo // what its local cluster tells now; nil: it was not asked
	NoAnswer  bool                // it was asked, and gave none
	Removed   bool                // it does not know the alias
	CheckedAt time.Time           // when the connection was used to see whether it works; zero: never, or not since it changed
	Late      bool                // that is too long ago: it could not be checked since
	Worst     *Problem            // that the check found; nil: none

	Unreviewed time.Time // since when its access review is overdue; zero: it is not
}

// State judges what is known. Whatever shows how a connection is asks here: a list, a status, the home tab, an alert. An
// open socket is no proof, since a key that ends does not close one: only a check is.
func (k Known) State() State {
	switch {
	case k.Removed && k.Worst != nil && k.Worst.Cause == link.CauseForgotten: // it is set, and the nodes do not know it
		return StateDown
	case k.Removed:
		return StateRemoved
	case k.Worst != nil && k.Worst.Kind == ProblemDown:
		return StateDown
	case k.NoAnswer:
		return StateNoAnswer
	case k.Worst != nil && k.Worst.Kind == ProblemDegraded:
		return StateDegraded
	case k.CheckedAt.IsZero(), k.Late, k.Info != nil && !k.Info.Connected:
		return StateUnchecked
	case k.Worst != nil && k.Worst.Kind == ProblemOverdue:
		return StateOverdue
	case k.Worst != nil && k.Worst.Kind == ProblemExpiring:
		return StateExpiring
	case k.Worst != nil && k.Worst.Kind == ProblemEnding:
		return StateEnding
	case k.Worst != nil && k.Worst.Kind == ProblemUnreviewed:
		return StateUnreviewed
	case k.Worst != nil:
		return StateDrifted
	}
	return StateWorking
}

// VerifiedAt is when the last change of a connection has proven it; zero where that was an adoption, which proves nothing.
func VerifiedAt(m link.ManagedConnection) time.Time {
	if m.Adopted && (m.FirstRequest == "" || m.FirstRequest == m.Record.Request) {
		return time.Time{}
	}
	return m.Record.At
}
