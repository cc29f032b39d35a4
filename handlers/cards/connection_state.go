package cards

import (
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
)

// StateFace is a state as a picture.
func StateFace(s diagnose.State) string {
	switch s {
	case diagnose.StateDown:
		return ":red_circle:"
	case diagnose.StateRemoved:
		return ":black_circle:"
	case diagnose.StateDegraded:
		return ":warning:"
	case diagnose.StateExpiring:
		return ":hourglass:"
	case diagnose.StateOverdue, diagnose.StateEnding:
		return ":alarm_clock:"
	case diagnose.StateDrifted:
		return ":twisted_rightwards_arrows:"
	case diagnose.StateUnreviewed:
		return ":clipboard:"
	case diagnose.StateNoAnswer, diagnose.StateUnchecked:
	case diagnose.StateWorking:
		return ":large_green_circle:"
	}
	return ":white_circle:"
}
