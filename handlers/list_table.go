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
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

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
func (h *Handlers) listRows(l listing, shown []inventory.Connection) slack.Block {
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
func (h *Handlers) endCell(c inventory.Connection) string {
	if c.Managed == nil {
		return ""
	}
	var ends []string
	if t := c.Managed.KeyExpires(); !t.IsZero() {
		verb := "expires"
		if t.Before(h.o.Now()) {
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
