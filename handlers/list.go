package handlers

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// The buttons of a list.
const (
	actionListPrevious = "list.previous"
	actionListNext     = "list.next"
	actionListAgain    = "list.again"
)

const listPage = 10

// listCommand shows the connections of all local clusters, or of those that the words name.
func (h *Handlers) listCommand(_ context.Context, c bot.Command, args []string) bot.Answer {
	return h.answerLater(c, func(ctx context.Context) bot.Message { return h.list(ctx, c.User.ID, strings.Join(args, " "), 0) })
}

// listTurned shows another page, in the place of the one before.
func (h *Handlers) listTurned(_ context.Context, a bot.Action) (bot.Answer, error) {
	page, text, err := parsePage(a.Value.Text)
	if err != nil {
		return bot.Answer{}, err
	}
	return bot.Answer{Then: func(ctx context.Context) error {
		return h.o.Slack.Respond(ctx, a.ResponseURL, h.list(ctx, a.User.ID, text, page), true)
	}}, nil
}

// pageValue is what a button that turns the list carries: the page, and what is listed.
func pageValue(page int, text string) string {
	return bot.Cut(strings.TrimSpace(strconv.Itoa(page)+" "+text), maxPageValue)
}

const maxPageValue = 1000

func parsePage(value string) (page int, text string, err error) {
	number, text, _ := strings.Cut(value, " ")
	page, err = strconv.Atoi(number)
	if err != nil || page < 0 {
		return 0, "", fmt.Errorf("%q is not a page of a list", bot.Cut(value, 40))
	}
	return page, strings.TrimSpace(text), nil
}

// list is a page of the connections, as one user is shown it; what has not answered in time is named, and goes on being
// read meanwhile.
func (h *Handlers) list(ctx context.Context, user, text string, page int) bot.Message {
	limited, cancel := context.WithTimeout(ctx, atOnce)
	defer cancel()
	var said map[string]string
	var known bool
	var reading sync.WaitGroup // at the same time: it may have to wait for Redis
	reading.Go(func() { said, known = h.followChoices(limited, user) })
	l, near := h.listed(limited, text)
	reading.Wait()
	statuses := h.statusesOf(ctx, l.Connections)
	state := func(c inventory.Connection) diagnose.State { return knownOf(c, statuses[c.Name()]).State() }
	slices.SortStableFunc(l.Connections, func(a, b inventory.Connection) int { return diagnose.Worse(state(a), state(b)) })
	pages := max(1, (len(l.Connections)+listPage-1)/listPage)
	page = min(max(page, 0), pages-1)
	shown := l.Connections[page*listPage : min(len(l.Connections), (page+1)*listPage)]
	head := listHead(l, statuses, text) + h.didYouMean("list", near)
	blocks := []slack.Block{mrkdwn.Section(head)}
	blocks = append(blocks, h.rows(ctx, shown, statuses, func(c inventory.Connection) string {
		if c.Managed == nil || !known {
			return ""
		}
		return followVerb(follows(said[c.Name().String()], *c.Managed, user))
	})...)
	if note := listMissing(l); note != "" {
		blocks = append(blocks, mrkdwn.Small(note))
	}
	if l.Old > 0 {
		blocks = append(blocks, mrkdwn.Small(fmt.Sprintf("%s shown as of %s or later; newer data is being read. *Refresh* in a moment.",
			mrkdwn.Plural(l.Old, "local cluster is", "local clusters are"), mrkdwn.When(l.AsOf))))
	}
	var buttons []slack.BlockElement
	turn := func(action, label string, to int) {
		buttons = append(buttons, mrkdwn.Button(action, pageValue(to, text), label))
	}
	if page > 0 {
		turn(actionListPrevious, "Previous", page-1)
	}
	if page < pages-1 {
		turn(actionListNext, "Next", page+1)
	}
	turn(actionListAgain, "Refresh", page)
	if pages > 1 {
		blocks = append(blocks, mrkdwn.Small(fmt.Sprintf("Page %d of %d", page+1, pages)))
	}
	blocks = append(blocks, slack.NewActionBlock("", buttons...))
	return bot.Message{Text: head, Blocks: blocks}
}

// rows are the lines of connections, each with a menu; follow is the verb of following it, or empty.
func (h *Handlers) rows(ctx context.Context, shown []inventory.Connection, statuses map[link.Name]monitor.Status, follow func(inventory.Connection) string) []slack.Block {
	blocks := make([]slack.Block, 0, len(shown))
	for i, s := range h.lines(ctx, shown, statuses) {
		row := slack.NewSectionBlock(mrkdwn.Markup(s), nil, nil)
		if menu := cards.ConnectionMenu(shown[i].Name(), follow(shown[i])); menu != nil {
			row.Accessory = slack.NewAccessory(menu)
		}
		blocks = append(blocks, row)
	}
	return blocks
}

// followVerb is what changes whether somebody follows a connection.
func followVerb(on bool) string {
	if on {
		return "unfollow"
	}
	return "follow"
}

// lineChosen follows the menu of a connection in the list.
func (h *Handlers) lineChosen(_ context.Context, a bot.Action) (bot.Answer, error) {
	verb, name, _ := strings.Cut(a.Value.Option.Value, " ")
	n, err := link.ParseName(name)
	if err == nil && (verb == followVerb(false) || verb == followVerb(true)) {
		return bot.Answer{Then: func(ctx context.Context) error {
			msg, _ := h.follow(ctx, a.User.ID, n, verb == followVerb(false))
			return h.notifyUser(ctx, replyTo(a), msg)
		}}, nil
	}
	if _, ok := inspectCommands()[verb]; !ok || err != nil {
		return bot.Answer{}, fmt.Errorf("a list entry: %q is not offered there", bot.Cut(a.Value.Option.Value, 60))
	}
	return bot.Answer{Then: func(ctx context.Context) error { return h.inspect(ctx, replyTo(a), verb, n, "") }}, nil
}

// listed are the connections that fit some words: of the local clusters that they name, or else those that they name
// themselves, by alias or remote side. near is the name that was probably meant where nothing fits.
func (h *Handlers) listed(ctx context.Context, text string) (l inventory.Listing, near string) {
	l = h.o.Connections.List(ctx, text)
	words := namesIn(strings.Fields(text))
	if len(words) == 0 || l.Asked > 0 {
		return l, ""
	}
	all := h.o.Connections.List(ctx, "")
	if found := matching(all.Connections, words); len(found) > 0 {
		all.Connections = found
		return all, ""
	}
	names := h.deploymentNames(ctx)
	for _, c := range all.Connections {
		names = append(names, connectionNames(c)...)
	}
	for _, word := range words {
		if name, edits := nearestOf(names, word); edits > 0 && edits < nearEnough {
			return l, name
		}
	}
	return l, ""
}

// didYouMean names the command that was probably meant; empty where there is no guess.
func (h *Handlers) didYouMean(verb, near string) string {
	if near == "" {
		return ""
	}
	return ". Did you mean " + bot.Code(mrkdwn.Clean(h.o.Command+" "+verb+" "+near)) + "?"
}

// lines are drawn at the same time: each asks Slack for a link.
func (h *Handlers) lines(ctx context.Context, shown []inventory.Connection, statuses map[link.Name]monitor.Status) []string {
	lines := make([]string, len(shown))
	var wg sync.WaitGroup
	for i, c := range shown {
		wg.Go(func() { lines[i] = h.connectionLine(ctx, c, knownOf(c, statuses[c.Name()])) })
	}
	wg.Wait()
	return lines
}

// listHead counts what there is. Where nobody answered, nobody knows how many there are.
func listHead(l inventory.Listing, statuses map[link.Name]monitor.Status, text string) string {
	mine, in := 0, map[diagnose.State]int{}
	for _, c := range l.Connections {
		in[knownOf(c, statuses[c.Name()]).State()]++
		if c.Managed != nil {
			mine++
		}
	}
	warning := ""
	if l.Unmanaged != nil {
		warning = ":warning: Couldn't read which connections the bot manages, nor when they were checked. Redis may be unavailable.\n"
	}
	fit := ""
	if strings.TrimSpace(text) != "" {
		fit = " that fit “" + mrkdwn.Line(text, 60) + "”"
	}
	answered := l.Asked - len(l.Missing)
	if answered == 0 && len(l.Missing)+len(l.Down) > 0 {
		s := warning + "*No local cluster" + strings.Replace(fit, "that fit ", "that fits ", 1) + " has answered*"
		if mine > 0 {
			s += ": " + mrkdwn.Plural(mine, "connection", "connections") + " managed by the bot; those created by hand are unknown"
		}
		return s
	}
	up := in[diagnose.StateWorking] + in[diagnose.StateDegraded] + in[diagnose.StateExpiring] + in[diagnose.StateDrifted] +
		in[diagnose.StateOverdue] + in[diagnose.StateEnding] + in[diagnose.StateUnreviewed]
	var s strings.Builder
	fmt.Fprintf(&s, "%s*%s* of %s%s: %d connected", warning, mrkdwn.Plural(len(l.Connections), "remote connection", "remote connections"),
		mrkdwn.Plural(answered, "local cluster", "local clusters"), fit, up)
	for _, other := range []struct {
		state diagnose.State
		words string
	}{
		{diagnose.StateDown, "not working"},
		{diagnose.StateRemoved, "removed by hand"},
		{diagnose.StateUnchecked, "not checked"},
		{diagnose.StateNoAnswer, "without an answer"},
	} {
		if n := in[other.state]; n > 0 {
			fmt.Fprintf(&s, ", %d %s", n, other.words)
		}
	}
	if l.Unmanaged == nil {
		fmt.Fprintf(&s, "; %d managed by the bot", mine)
	}
	return s.String()
}

// listMissing says what the list lacks.
func listMissing(l inventory.Listing) string {
	var out []string
	for _, d := range l.Down {
		out = append(out, mrkdwn.Line(d.System, 60)+": "+mrkdwn.Line(d.Why, 200))
	}
	var whys []string
	by := map[string][]string{}
	for _, m := range l.Missing {
		if by[m.Why] == nil {
			whys = append(whys, m.Why)
		}
		by[m.Why] = append(by[m.Why], m.Local.Name)
	}
	for _, why := range whys {
		names := make([]string, 0, 4)
		for i, name := range by[why] {
			if i == 3 {
				names = append(names, fmt.Sprintf("%d more", len(by[why])-i))
				break
			}
			names = append(names, mrkdwn.Line(name, 60))
		}
		out = append(out, "no answer yet from "+strings.Join(names, ", ")+" ("+mrkdwn.Line(why, 150)+")")
	}
	if len(out) == 0 {
		return ""
	}
	return ":warning: Incomplete: " + mrkdwn.Within("; ", 1500, out...) + ". *Refresh* in a moment."
}
