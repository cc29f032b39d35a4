package handlers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// atOnce is how long a listing may take before what there is is shown.
const atOnce = 1800 * time.Millisecond

// known is how long a listing may take that somebody waits for to choose from: what was read before is enough.
const known = 700 * time.Millisecond

// choose finds the connection that words name, in any order: "logs-prod/metrics-eu", "metrics-eu logs-prod", an alias,
// or the name of either side. why says why there is not exactly one.
func (h *Handlers) whichConnection(ctx context.Context, args []string) (n link.Name, why string) {
	l := h.listWithin(ctx, known)
	found := matching(l.Connections, args)
	if len(found) == 0 && len(l.Missing)+len(l.Down) > 0 {
		l = h.listWithin(ctx, 3*time.Second)
		found = matching(l.Connections, args)
	}
	typed := "“" + bot.Cut(mrkdwn.Clean(strings.Join(args, " ")), 60) + "”"
	switch {
	case len(found) == 1:
		return found[0].Name(), ""
	case len(found) > 1:
		return n, mrkdwn.Plural(len(found), "connection", "connections") + " fit " + typed + ": choose one."
	}
	why = "There is no connection " + typed + "."
	if near := nearestConnection(l.Connections, args); near != "" {
		why += " Did you mean " + near + "?"
	}
	if len(l.Missing)+len(l.Down) > 0 {
		why += " Some clusters did not answer."
	}
	return n, why
}

// matching are the connections that all words fit.
func matching(all []inventory.Connection, args []string) []inventory.Connection {
	words := namesIn(args)
	fits := func(c inventory.Connection, word string) bool { return slices.Contains(connectionNames(c), word) }
	return slices.DeleteFunc(slices.Clone(all), func(c inventory.Connection) bool {
		return slices.ContainsFunc(words, func(w string) bool { return !fits(c, w) })
	})
}

// namesIn are the names that were typed: "a/b" are two.
func namesIn(args []string) []string {
	var words []string
	for _, a := range args {
		words = append(words, strings.FieldsFunc(strings.ToLower(a), func(r rune) bool { return r == '/' })...)
	}
	return words
}

// connectionNames are the words by which a connection may be called.
func connectionNames(c inventory.Connection) []string {
	words := []string{c.Alias, c.Local.Given(), c.Local.Deployment, c.Local.Platform}
	if c.Remote != nil {
		words = append(words, c.Remote.Given(), c.Remote.Deployment, c.Remote.Platform)
	}
	for i := range words {
		words[i] = strings.ToLower(words[i])
	}
	return words
}

// nearestConnection is the connection that was probably meant, if its names are near enough to what was typed, in
// whichever order.
func nearestConnection(all []inventory.Connection, args []string) string {
	best, found := nearEnough, ""
	for _, c := range all {
		edits := 0
		for _, word := range namesIn(args) {
			_, d := nearestOf(connectionNames(c), word)
			edits += d
		}
		if edits < best {
			best, found = edits, shortName(c)
		}
	}
	return found
}

// shortName is how people type a connection: "logs-prod/metrics-eu".
func shortName(c inventory.Connection) string {
	return cmp.Or(c.Local.Name, c.Local.Deployment) + "/" + c.Alias
}

func (h *Handlers) listWithin(ctx context.Context, d time.Duration) inventory.Listing {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return h.o.Connections.List(ctx, "")
}

// suggestConnections lists the connections that fit what was typed.
func (h *Handlers) suggestConnections(ctx context.Context, s bot.Suggestion) (bot.Answer, error) {
	l := h.listWithin(ctx, known)
	out, room := options{Options: []*slack.OptionBlockObject{}}, newRoom()
	typed := strings.ToLower(strings.TrimSpace(s.Typed))
	for _, c := range l.Connections {
		if len(out.Options) == maxOptions || !strings.Contains(strings.ToLower(shortName(c)+" "+strings.Join(connectionNames(c), " ")), typed) {
			continue
		}
		if o, ok := connectionOption(c); ok {
			option := slack.NewOptionBlockObject(o.Value, mrkdwn.Plain(o.Text, mrkdwn.MaxOption), nil)
			if !room.take(option) {
				break
			}
			out.Options = append(out.Options, option)
		}
	}
	if n := len(l.Missing) + len(l.Down); n > 0 && len(out.Options) < maxOptions {
		out.Options = append(out.Options, slack.NewOptionBlockObject(downPrefix, mrkdwn.Plain(fmt.Sprintf("%d did not answer: the list is incomplete", n), mrkdwn.MaxOption), nil))
	}
	return bot.Answer{Body: out}, nil
}

func connectionOption(c inventory.Connection) (bot.Option, bool) {
	value := c.Name().String()
	if len(value) > mrkdwn.MaxValue {
		return bot.Option{}, false
	}
	text := shortName(c)
	if c.Remote != nil && c.Remote.Name != c.Alias {
		text += " → " + c.Remote.Name
	}
	return bot.Option{Value: value, Text: bot.Cut(mrkdwn.Clean(text), mrkdwn.MaxOption)}, true
}

// connectionLine is one connection in a list.
func (h *Handlers) connectionLine(ctx context.Context, c inventory.Connection, k diagnose.Known) string {
	remote := mrkdwn.Line(c.Info.ProxyAddress, mrkdwn.MaxName)
	if c.Remote != nil {
		remote = "*" + mrkdwn.Named(c.Remote.Name, mrkdwn.MaxName) + "*"
	} else if c.Managed != nil && c.Managed.RemoteName != "" {
		remote = "*" + mrkdwn.Named(c.Managed.RemoteName, mrkdwn.MaxName) + "*"
	}
	s := fmt.Sprintf("%s *%s* → %s as %s\n%s · %s", cards.StateFace(k.State()), mrkdwn.Named(cmp.Or(c.Local.Name, c.Local.Deployment), mrkdwn.MaxName), remote, bot.Code(mrkdwn.Clean(c.Alias)), stateWords(k), c.Model())
	switch {
	case c.ManagedUnread:
		return s + " · unknown whether the bot manages it"
	case c.Managed == nil:
		return s + " · created by hand"
	}
	why := stateWhy(k)
	if why != "" {
		why = "\n" + why
	}
	if t := c.Managed.KeyExpires(); !t.IsZero() {
		verb := "expires"
		if t.Before(h.o.Now()) {
			verb = "expired"
		}
		s += " · key " + verb + " " + mrkdwn.When(t)
	}
	if end := c.Managed.Until; !end.IsZero() {
		s += " · until " + mrkdwn.When(end)
	}
	if due := k.Unreviewed; !due.IsZero() {
		s += " · *review overdue since " + mrkdwn.When(due) + "*"
	}
	if by := c.Managed.Maker(); by != "" {
		s += " · by " + mrkdwn.User(by)
	}
	return s + h.threadLink(ctx, *c.Managed) + why
}

// threadLink leads to the card of the change that a connection is as it is by.
func (h *Handlers) threadLink(ctx context.Context, m link.ManagedConnection) string {
	card, _ := notify.ThreadOfRecord(ctx, h.o.Requests, m.Record)
	return h.messageLink(ctx, card, "thread")
}

// messageLink leads to a message; empty where there is none, or Slack can't be asked.
func (h *Handlers) messageLink(ctx context.Context, m change.Message, word string) string {
	if m.ID == "" {
		return ""
	}
	url, err := h.o.Slack.Permalink(ctx, bot.Posted{Channel: m.Channel, TS: m.ID})
	if err != nil {
		return ""
	}
	return " · <" + bot.Escape(url) + "|" + word + ">"
}

// What follows a connection's buttons and fields.
const (
	actionPick         = cards.ConnectionPrefix + "pick"
	callbackInspect    = "connection.look"
	fieldConnection    = "connection"
	fieldReportedError = "heard"

	maxReportedError = 3000 // an error's text; Slack's limit of a field
)

// connectionInput is a list of all connections that narrows down as one types.
func connectionInput(block string, chosen bot.Option, follow bool) slack.Block {
	sel := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, mrkdwn.Plain("Type a deployment or an alias", 150), actionPick)
	sel.MinQueryLength = new(int)
	if chosen.Value != "" {
		sel.InitialOption = slack.NewOptionBlockObject(chosen.Value, mrkdwn.Plain(chosen.Text, mrkdwn.MaxOption), nil)
	}
	in := slack.NewInputBlock(block, mrkdwn.Plain("Connection", 2000), nil, sel)
	in.DispatchAction = follow
	return in
}

// chosenName is the connection of an option; false for the one that stands for clusters that could not be asked.
func chosenName(o bot.Option) (link.Name, bool) {
	n, err := link.ParseName(o.Value)
	return n, err == nil
}
