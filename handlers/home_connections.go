package handlers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
)

const (
	homeConnections = 11  // shown on the home tab, in two blocks each
	homeRead        = 100 // of somebody's own that are read, to find the worst: anyone who made thousands waits no longer
)

// followedConnection is a connection that somebody follows.
type followedConnection struct {
	name    link.Name
	managed bool
	monitor.Status
}

// myConnections are the part of somebody's home tab that shows the connections that they follow, with their state:
// those that are not well come first. It shows what the watch noted and asks no cluster: so it is there at once, and the
// same whichever replica draws it.
func (h *homeTab) myConnections(ctx context.Context, by change.Actor) ([]slack.Block, error) {
	if err := h.readers.mayRead(ctx, by.User); err != nil {
		if _, refused := errors.AsType[*change.NotAllowedError](err); refused {
			return nil, nil
		}
		return nil, err
	}
	said, err := h.follows.Follows(ctx, by.User)
	if err != nil {
		return nil, err
	}
	all, err := h.status.Statuses(ctx, saidOn(said)...)
	if err != nil {
		return nil, err
	}
	own, err := h.status.StatusesOf(ctx, by.User, homeRead)
	if err != nil {
		return nil, err
	}
	maps.Copy(all, own)
	mine := followedBy(by.User, all, said)
	var blocks []slack.Block
	shown := mine[:min(len(mine), homeConnections)]
	links := make([]string, len(shown))
	var asked sync.WaitGroup
	for i, k := range shown {
		asked.Go(func() { links[i] = h.followedLink(ctx, k) })
	}
	asked.Wait()
	for i, k := range shown {
		blocks = append(blocks, mrkdwn.Section(followedLine(k)+links[i]), slack.NewActionBlock("", followedButtons(k, by.User)...))
	}
	if n := len(mine) - homeConnections; n > 0 {
		more := strconv.Itoa(n)
		if len(own) >= homeRead {
			more = "at least " + more
		}
		blocks = append(blocks, mrkdwn.Small(fmt.Sprintf("… and %s more with no worse status: %s", more, bot.Code(h.command+" list"))))
	}
	if len(mine) > 0 {
		blocks = append(blocks, mrkdwn.Small("Status as of the last check. To follow others: "+bot.Code(h.command+" list")))
	}
	return blocks, nil
}

// saidOn are the connections that somebody said they follow.
func saidOn(said map[string]string) []link.Name {
	var names []link.Name
	for text, what := range said {
		if n, err := link.ParseName(text); err == nil && what == notify.SaidFollow {
			names = append(names, n)
		}
	}
	return names
}

// followedBy are the connections that user, who said that, follows: the worst first.
func followedBy(user string, all map[link.Name]monitor.Status, said map[string]string) []followedConnection {
	var mine []followedConnection
	for n, s := range all {
		if notify.Follows(said[n.String()], s.Managed, user) {
			mine = append(mine, followedConnection{name: n, managed: true, Status: s})
		}
	}
	for _, n := range saidOn(said) {
		if all[n].Managed.Alias == "" {
			mine = append(mine, followedConnection{name: n})
		}
	}
	slices.SortFunc(mine, func(a, b followedConnection) int {
		return cmp.Or(a.urgency()-b.urgency(), cmp.Compare(a.title(), b.title()), cmp.Compare(a.name.String(), b.name.String()))
	})
	return mine
}

func (k followedConnection) title() string { return followed(k.name, k.Local) }

// urgency is lower the sooner somebody should look at it.
func (k followedConnection) urgency() int {
	if len(k.Problems) > 0 {
		return slices.Index(diagnose.ProblemKinds(), k.Problems[0].Kind)
	}
	after := len(diagnose.ProblemKinds())
	switch {
	case k.Late:
		return after
	case !k.managed:
		return after + 1
	case k.CheckedAt.IsZero():
		return after + 2
	}
	return after + 3
}

// state is how a connection stands, as a picture and words.
func (k followedConnection) state() (emoji, words string) {
	known := k.Known()
	switch {
	case !k.managed:
		return cards.StateFace(diagnose.StateRemoved), "no longer managed by the bot"
	case len(k.Problems) > 0:
		return cards.StateFace(known.State()), problemsWords(k.Problems)
	}
	return cards.StateFace(known.State()), stateWords(known)
}

// problemsWords are all troubles of a connection, each with what is known of it.
func problemsWords(all []monitor.OpenProblem) string {
	says := make([]string, 0, len(all))
	for _, p := range all {
		word := "lost"
		switch p.Kind {
		case diagnose.ProblemDown:
		case diagnose.ProblemDegraded:
			word = "connected, but degraded"
		case diagnose.ProblemExpiring:
			word = "expiring"
		case diagnose.ProblemDrifted:
			word = "differs from what was approved"
		case diagnose.ProblemOverdue:
			word = "should have ended"
		case diagnose.ProblemEnding:
			word = "ends soon"
		case diagnose.ProblemUnreviewed:
			word = "review overdue since " + mrkdwn.When(p.Since)
		}
		since := " since " + mrkdwn.When(p.Since)
		if p.Kind.Notice() {
			since = ""
		}
		says = append(says, "*"+word+"*"+since+": "+mrkdwn.Line(p.Say, mrkdwn.MaxTold))
	}
	return mrkdwn.Within("\n", mrkdwn.MaxText-1000, says...)
}

// followedLink leads to the card of the change that a connection is as it is by, where its record knows it: a home tab
// reads no request for each connection.
func (h *homeTab) followedLink(ctx context.Context, k followedConnection) string {
	if !k.managed {
		return ""
	}
	card, _ := notify.ThreadOf(k.Managed.Record.Posted)
	return h.links.messageLink(ctx, card, "thread")
}

func followedLine(k followedConnection) string {
	emoji, words := k.state()
	s := fmt.Sprintf("%s *%s* as %s", emoji, mrkdwn.Named(cmp.Or(k.Local, k.name.Local.String()), mrkdwn.MaxName), bot.Code(bot.Cut(mrkdwn.Clean(k.name.Alias), mrkdwn.MaxName)))
	if k.Remote != "" {
		s = fmt.Sprintf("%s *%s* → *%s* as %s", emoji, mrkdwn.Named(k.Local, mrkdwn.MaxName), mrkdwn.Named(k.Remote, mrkdwn.MaxName), bot.Code(bot.Cut(mrkdwn.Clean(k.name.Alias), mrkdwn.MaxName)))
	}
	s += "\n" + words
	switch {
	case k.Expires.IsZero():
	case len(k.Problems) > 0:
		s += "\nKey expires " + mrkdwn.When(k.Expires)
	default:
		s += " · key expires " + mrkdwn.When(k.Expires)
	}
	if end := k.Managed.Until; !end.IsZero() {
		s += " · until " + mrkdwn.When(end)
	}
	return s
}

// followedButtons are what can be done with a connection from the home tab.
func followedButtons(k followedConnection, user string) []slack.BlockElement {
	if !k.managed {
		b := mrkdwn.Button(actionUnfollow, cards.PressValue(k.name, ""), "Unfollow")
		b.AccessibilityLabel = bot.Cut(mrkdwn.Clean("Unfollow "+k.title()), mrkdwn.MaxOption)
		return []slack.BlockElement{b}
	}
	if p := k.Unreviewed(); p != nil && p.Review != nil && k.Problems[0].Kind == p.Kind {
		return append(cards.AccessReviewButtons(k.name, k.title(), p.Review.Since, p.Certs), followButton(k.Managed, k.Local, user, notify.SaidFollow))
	}
	verb, label := "status", "Status"
	switch {
	case len(k.Problems) == 0:
	case k.Problems[0].Kind == diagnose.ProblemUnreviewed:
	case k.Problems[0].Kind == diagnose.ProblemEnding:
		verb, label = cards.SubcommandOf(link.KindExtend), "Extend…"
	default:
		verb, label = "diagnose", "Diagnose"
	}
	b := mrkdwn.Button(cards.ConnectionPrefix+verb, cards.PressValue(k.name, ""), label)
	b.AccessibilityLabel = bot.Cut(mrkdwn.Clean(strings.TrimSuffix(label, "…")+": "+k.title()), mrkdwn.MaxOption)
	return []slack.BlockElement{b, followButton(k.Managed, k.Local, user, notify.SaidFollow)}
}
