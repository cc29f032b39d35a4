package cards

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// ActionKeep says that a connection is still needed. It has nothing to do with the review of what somebody approved alone.
const ActionKeep = "access_review.keep"

// AccessReviewButtons are the answers to whether a connection is still needed. since is the moment that the question goes back
// to, so that an answer counts for what was seen. What connects by certificates can't be narrowed.
func AccessReviewButtons(n link.Name, called string, since time.Time, certificates bool) []slack.BlockElement {
	button := func(action, value, label string) *slack.ButtonBlockElement {
		b := mrkdwn.Button(action, value, label)
		b.AccessibilityLabel = bot.Cut(mrkdwn.Clean(strings.TrimSuffix(label, "…")+": "+called), mrkdwn.MaxOption)
		return b
	}
	keep := button(ActionKeep, KeepValue(n, since), "Keep")
	keep.Style = slack.StylePrimary
	all := []slack.BlockElement{keep}
	if !certificates {
		all = append(all, button(ConnectionPrefix+"update", PressValue(n, ""), "Narrow…"))
	}
	return append(all, button(ConnectionPrefix+"disconnect", PressValue(n, ""), "End…"))
}

// KeepValue is what the button carries: the connection, and the moment that its review goes back to.
func KeepValue(n link.Name, since time.Time) string {
	return n.String() + " " + strconv.FormatInt(since.UnixMilli(), 10)
}

// ParseKeepValue takes nothing but what KeepValue writes.
func ParseKeepValue(s string) (n link.Name, since time.Time, err error) {
	name, ms, _ := strings.Cut(s, " ")
	n, err = link.ParseName(name)
	at, wrong := strconv.ParseInt(ms, 10, 64)
	since = time.UnixMilli(at)
	if err == nil && (wrong != nil || KeepValue(n, since) != s) {
		err = fmt.Errorf("%q is not a valid button value", bot.Cut(s, 80))
	}
	return n, since, err
}
