package handlers

import (
	"cmp"
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
	actionListFilter   = "list.filter." // and which
	actionListStatus   = "list.status." // and which row: a block has each id once
)

// How many connections a page shows.
const (
	listPage  = 10
	listTable = 30 // in a table, which turns its own pages and holds 20000 characters
)

// listing is what somebody asked to see of the connections, and what was read of them, the worst first.
type listing struct {
	inventory.Listing
	statuses   map[link.Name]monitor.Status
	user, text string
	near       string // the name that was probably meant where nothing fits
	filter     string // of listFilters; empty: all
	page       int
	follow     func(inventory.Connection) string // the verb of following one, or empty
}

func (l listing) known(c inventory.Connection) diagnose.Known {
	return knownOf(c, l.statuses[c.Name()])
}

// listCommand shows the connections of all local clusters, or of those that the words name.
func (h *Handlers) listCommand(_ context.Context, c bot.Command, args []string) bot.Answer {
	to := replyTarget{user: c.User.ID, channel: c.Channel, responseURL: c.ResponseURL}
	return bot.Answer{Then: func(ctx context.Context) error {
		l := h.readList(ctx, listing{user: to.user, text: strings.Join(args, " ")})
		return h.inTables(ctx, func(table bool) error { return h.notifyUser(ctx, to, h.listMessage(ctx, l, table)) })
	}}
}

// listTurned shows another page, or other connections, in the place of what was shown before.
func (h *Handlers) listTurned(_ context.Context, a bot.Action) (bot.Answer, error) {
	page, shown, err := parsePage(a.Value.Text)
	if err != nil {
		return bot.Answer{}, err
	}
	filter, text, _ := strings.Cut(shown, " ")
	return bot.Answer{Then: func(ctx context.Context) error {
		l := h.readList(ctx, listing{user: a.User.ID, text: text, filter: filter, page: page})
		return h.inTables(ctx, func(table bool) error {
			return h.o.Slack.Respond(ctx, a.ResponseURL, h.listMessage(ctx, l, table), true)
		})
	}}, nil
}

// inTables sends a message with a table, or without where the workspace takes none.
func (h *Handlers) inTables(ctx context.Context, send func(table bool) error) error {
	return h.tables.Send(ctx, h.o.Log, send)
}

// pageValue is what a button that turns a list carries: the page, and what is listed.
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

// readList reads what there is; what has not answered in time is named, and goes on being read meanwhile.
func (h *Handlers) readList(ctx context.Context, l listing) listing {
	limited, cancel := context.WithTimeout(ctx, atOnce)
	defer cancel()
	var said map[string]string
	var known bool
	var reading sync.WaitGroup // at the same time: it may have to wait for Redis
	reading.Go(func() { said, known = h.followChoices(limited, l.user) })
	l.Listing, l.near = h.listed(limited, l.text)
	reading.Wait()
	l.follow = func(c inventory.Connection) string {
		if c.Managed == nil || !known {
			return ""
		}
		return followVerb(follows(said[c.Name().String()], *c.Managed, l.user))
	}
	l.statuses = h.statusesOf(ctx, l.Connections)
	slices.SortStableFunc(l.Connections, func(a, b inventory.Connection) int {
		return diagnose.Worse(l.known(a).State(), l.known(b).State())
	})
	return l
}

// listMessage is a page of the connections, as one user is shown it.
func (h *Handlers) listMessage(ctx context.Context, l listing, table bool) bot.Message {
	per := listPage
	if table {
		per = listTable
	}
	fit := l.fitting(l.filter)
	pages := max(1, (len(fit)+per-1)/per)
	page := min(max(l.page, 0), pages-1)
	shown := fit[page*per : min(len(fit), (page+1)*per)]
	head := listHead(l.Listing, l.statuses, l.text) + h.didYouMean("list", l.near)
	blocks := []slack.Block{mrkdwn.Section(head)}
	if filters := l.filterButtons(); len(filters) > 0 {
		blocks = append(blocks, slack.NewActionBlock("", filters...))
	}
	switch {
	case len(shown) == 0 && len(l.Connections) > 0:
		blocks = append(blocks, mrkdwn.Small("None of them now."))
	case table && len(shown) > 0:
		blocks = append(blocks, h.listRows(l, shown), slack.NewActionBlock("", statusButtons(shown)...))
	default:
		blocks = append(blocks, h.rows(ctx, l, shown)...)
	}
	if note := listMissing(l.Listing); note != "" {
		blocks = append(blocks, mrkdwn.Small(note))
	}
	if l.Old > 0 {
		blocks = append(blocks, mrkdwn.Small(fmt.Sprintf("%s shown as of %s or later; newer data is being read. *Refresh* in a moment.",
			mrkdwn.Plural(l.Old, "local cluster is", "local clusters are"), mrkdwn.When(l.AsOf))))
	}
	if pages > 1 {
		blocks = append(blocks, mrkdwn.Small(fmt.Sprintf("Page %d of %d", page+1, pages)))
	}
	turn := pageActions{actionListPrevious, actionListNext, actionListAgain}
	return bot.Message{Text: head, Blocks: append(blocks, slack.NewActionBlock("", turn.buttons(page, pages, func(page int) string { return l.value(l.filter, page) })...))}
}

// pageActions are the ids of the buttons that turn the pages of something, and read it again.
type pageActions struct{ previous, next, again string }

// buttons turn the pages; value is what one carries that leads to a page.
func (p pageActions) buttons(page, pages int, value func(page int) string) []slack.BlockElement {
	var all []slack.BlockElement
	if page > 0 {
		all = append(all, mrkdwn.Button(p.previous, value(page-1), "Previous"))
	}
	if page < pages-1 {
		all = append(all, mrkdwn.Button(p.next, value(page+1), "Next"))
	}
	return append(all, mrkdwn.Button(p.again, value(page), "Refresh"))
}

// value is what a button carries that shows a page of the same.
func (l listing) value(filter string, page int) string {
	return pageValue(page, cmp.Or(filter, filterAll)+" "+l.text)
}

// rows are the lines of connections, each with a menu.
func (h *Handlers) rows(ctx context.Context, l listing, shown []inventory.Connection) []slack.Block {
	blocks := make([]slack.Block, 0, len(shown))
	for i, s := range h.lines(ctx, shown, l.statuses) {
		row := slack.NewSectionBlock(mrkdwn.Markup(s), nil, nil)
		if menu := cards.ConnectionMenu(shown[i].Name(), l.follow(shown[i])); menu != nil {
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
