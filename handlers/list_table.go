package handlers

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// filter is what a list can be narrowed down to: its name in buttons, and what its button says.
type filter struct{ name, label string }

// filterButtons are a button for each filter that some entries fit, and not all; the chosen one stands out. The first
// filter lets all through. There are none where there is nothing to choose.
func filterButtons(action string, filters []filter, chosen string, count func(name string) int, value func(name string) string) []slack.BlockElement {
	all := filters[0].name
	if chosen == "" {
		chosen = all
	}
	var buttons []slack.BlockElement
	for _, f := range filters {
		n := count(f.name)
		if f.name != all && f.name != chosen && (n == 0 || n == count(all)) {
			continue
		}
		b := mrkdwn.Button(action+f.name, value(f.name), fmt.Sprintf("%s %d", f.label, n))
		if f.name == chosen {
			b.Style = slack.StylePrimary
		}
		buttons = append(buttons, b)
	}
	if len(buttons) < 2 {
		return nil
	}
	return buttons
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

// What a list may be narrowed down to.
const (
	filterAll     = "all"
	filterTrouble = "trouble"
	filterEnding  = "ending"
	filterByHand  = "by_hand"
)

var listFilters = []filter{{filterAll, "All"}, {filterTrouble, "Trouble"}, {filterEnding, "Ends soon"}, {filterByHand, "By hand"}}

// fitting are the connections that a filter lets through. A state that nobody knows is no trouble.
func (l listing) fitting(filter string) []inventory.Connection {
	return slices.DeleteFunc(slices.Clone(l.Connections), func(c inventory.Connection) bool {
		s := l.known(c).State()
		ends := s == diagnose.StateExpiring || s == diagnose.StateEnding
		switch filter {
		case filterTrouble:
			return ends || diagnose.Worse(s, diagnose.StateNoAnswer) >= 0
		case filterEnding:
			return !ends
		case filterByHand:
			return c.Managed != nil || c.ManagedUnread
		}
		return false
	})
}

func (l listing) filterButtons() []slack.BlockElement {
	return filterButtons(actionListFilter, listFilters, l.filter, func(f string) int { return len(l.fitting(f)) },
		func(f string) string { return l.value(f, 0) })
}

const (
	tablePage    = 10 // rows that a table shows before somebody turns its pages
	listStatuses = 5  // buttons below it
)

// listRows is a table of connections. What a phone shows first stands first: which one, and how it is.
func (h *listView) listRows(l listing, shown []inventory.Connection) slack.Block {
	t := slack.NewDataTableBlock("Remote connections, the worst first").WithPageSize(tablePage).
		AddRow(mrkdwn.Heads("Connection", "State", "Ends", "Made by")...)
	for _, c := range shown {
		k := l.known(c)
		t.AddRow(mrkdwn.Cell(connectionCell(c)), mrkdwn.Cell(stateCell(c, k)), mrkdwn.Cell(h.endCell(c)), mrkdwn.Cell(makerCell(c)))
	}
	return t
}

// A cell's share of what a table holds.
const (
	maxCellName = 60
	maxCellWhy  = 150
)

func connectionCell(c inventory.Connection) string {
	remote := c.Info.ProxyAddress
	if c.Remote != nil {
		remote = c.Remote.Name
	} else if c.Managed != nil && c.Managed.RemoteName != "" {
		remote = c.Managed.RemoteName
	}
	return fmt.Sprintf("%s → %s as %s", mrkdwn.Named(cmp.Or(c.Local.Name, c.Local.Deployment), maxCellName), mrkdwn.Named(cmp.Or(remote, "?"), maxCellName),
		bot.Code(bot.Cut(mrkdwn.Clean(c.Alias), maxCellName)))
}

func stateCell(c inventory.Connection, k diagnose.Known) string {
	s := cards.StateFace(k.State()) + " " + stateWords(k) + " · " + c.Model()
	if due := k.Unreviewed; !due.IsZero() {
		s += " · *review overdue since " + mrkdwn.When(due) + "*"
	}
	if why := stateWhy(k); why != "" && c.Managed != nil {
		s += "\n" + bot.Cut(why, maxCellWhy)
	}
	return s
}

// statusButtons show all of one connection, and what can be done with it: of the first few, which are the worst. Slack's own
// types know no button in a table's cell.
func statusButtons(shown []inventory.Connection) []slack.BlockElement {
	var buttons []slack.BlockElement
	for i, c := range shown[:min(len(shown), listStatuses)] {
		buttons = append(buttons, mrkdwn.Button(actionListStatus+strconv.Itoa(i), cards.PressValue(c.Name(), ""), "Status of "+mrkdwn.Clean(shortName(c))))
	}
	return buttons
}

// endCell is when the key and the connection end.
func (h *listView) endCell(c inventory.Connection) string {
	if c.Managed == nil {
		return ""
	}
	var ends []string
	if t := c.Managed.KeyExpires(); !t.IsZero() {
		verb := "expires"
		if t.Before(h.now()) {
			verb = "expired"
		}
		ends = append(ends, "key "+verb+" "+mrkdwn.When(t))
	}
	if end := c.Managed.Until; !end.IsZero() {
		ends = append(ends, "until "+mrkdwn.When(end))
	}
	return strings.Join(ends, " · ")
}

func makerCell(c inventory.Connection) string {
	switch {
	case c.ManagedUnread:
		return "unknown whether the bot manages it"
	case c.Managed == nil:
		return "created by hand"
	}
	if by := c.Managed.Maker(); by != "" {
		return mrkdwn.User(by)
	}
	return ""
}
