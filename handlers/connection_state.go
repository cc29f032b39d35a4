package handlers

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// recordsTimeout is how long a list waits for what the monitor has found.
const recordsTimeout = time.Second

// states knows how connections are.
type states struct {
	status ConnectionStatus
	log    *slog.Logger
}

// statusesOf are the statuses of connections; none where they can't be read: then nothing is known to be checked.
func (h *states) statusesOf(ctx context.Context, all []inventory.Connection) map[link.Name]monitor.Status {
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
	found, err := h.status.Statuses(ctx, names...)
	if err != nil {
		h.log.WarnContext(ctx, "reading the monitor's results", "error", err)
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

// links leads to messages.
type links struct {
	requests Requests
	slack    SlackClient
}

// threadLink leads to the card of the change that a connection is as it is by.
func (h *links) threadLink(ctx context.Context, m link.ManagedConnection) string {
	card, _ := notify.ThreadOfRecord(ctx, h.requests, m.Record)
	return h.messageLink(ctx, card, "thread")
}

// messageLink leads to a message; empty where there is none, or Slack can't be asked.
func (h *links) messageLink(ctx context.Context, m change.Message, word string) string {
	if m.ID == "" {
		return ""
	}
	url, err := h.slack.Permalink(ctx, bot.Posted{Channel: m.Channel, TS: m.ID})
	if err != nil {
		return ""
	}
	return " · <" + bot.Escape(url) + "|" + word + ">"
}

// cardLinks lead to the requests' cards; Slack is asked for all at the same time.
func (h *links) cardLinks(ctx context.Context, shown []*change.Request) []string {
	links := make([]string, len(shown))
	var asked sync.WaitGroup
	for i, r := range shown {
		asked.Go(func() { links[i] = h.messageLink(ctx, r.Messages[notify.SlotCard], "card") })
	}
	asked.Wait()
	return links
}

// cardLink leads to the card of a request.
func (h *links) cardLink(ctx context.Context, r *change.Request) string {
	return h.messageLink(ctx, r.Messages[notify.SlotCard], "card")
}

// aboutBlock says which connection is meant, before anything is filled in.
func (h *states) aboutBlock(ctx context.Context, e link.ConnectionState) slack.Block {
	c := inventory.Connection{Local: e.PairState.Local, Alias: e.Alias, Info: e.Info, Gone: !e.Exists(), Managed: e.Managed}
	k := knownOf(c, h.statusesOf(ctx, []inventory.Connection{c})[e.Name])
	if k.State() != diagnose.StateDown && e.KeyGone() { // it was not checked since
		k.Worst = &diagnose.Problem{Kind: diagnose.ProblemDown, Say: "There is no valid key any more."}
	}
	s := cards.StateFace(k.State()) + " " + stateWords(k) + " · " + c.Model()
	if why := stateWhy(k); why != "" {
		s += "\n" + why
	}
	s += "\n*Remote:* " + mrkdwn.Line(remoteOf(e), mrkdwn.MaxName) + "\n*Settings:* " + mrkdwn.Verbatim(e.Own.Brief(e.Alias), 900)
	if end := e.End(); !end.IsZero() {
		s += "\n*Until:* " + mrkdwn.When(end) + ", then the bot removes it"
	}
	if e.Managed == nil {
		s += "\n:warning: Created by hand."
	}
	return mrkdwn.Section(s)
}

func remoteOf(e link.ConnectionState) string {
	if !e.HasRemote() {
		return "not a deployment that the bot can see"
	}
	if e.Remote.Region == "" {
		return fmt.Sprintf("%s (%s)", e.Remote.Name, e.Remote.Version)
	}
	return fmt.Sprintf("%s (%s, %s)", e.Remote.Name, e.Remote.Version, e.Remote.Region)
}
