package handlers

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// listView lists the connections.
type listView struct {
	finder   *finder
	states   *states
	links    *links
	follower *follower
	inspect  *inspectView
	slack    SlackClient
	tables   *bot.NewBlocks
	tell     *reply.Replier
	now      func() time.Time
	log      *slog.Logger
}

// connectionLine is one connection in a list.
func (h *listView) connectionLine(ctx context.Context, c inventory.Connection, k diagnose.Known) string {
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
		if t.Before(h.now()) {
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
	return s + h.links.threadLink(ctx, *c.Managed) + why
}

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
func (h *listView) listCommand(_ context.Context, c bot.Command, args []string) bot.Answer {
	to := reply.Target{User: c.User.ID, Channel: c.Channel, ResponseURL: c.ResponseURL}
	return bot.Answer{Then: func(ctx context.Context) error {
		l := h.readList(ctx, listing{user: to.User, text: strings.Join(args, " ")})
		return h.tables.Send(ctx, h.log, func(table bool) error { return h.tell.Notify(ctx, to, h.listMessage(ctx, l, table)) })
	}}
}

// listTurned shows another page, or other connections, in the place of what was shown before.
func (h *listView) listTurned(_ context.Context, a bot.Action) (bot.Answer, error) {
	page, shown, err := parsePage(a.Value.Text)
	if err != nil {
		return bot.Answer{}, err
	}
	filter, text, _ := strings.Cut(shown, " ")
	return bot.Answer{Then: func(ctx context.Context) error {
		l := h.readList(ctx, listing{user: a.User.ID, text: text, filter: filter, page: page})
		return h.tables.Send(ctx, h.log, func(table bool) error {
			return h.slack.Respond(ctx, a.ResponseURL, h.listMessage(ctx, l, table), true)
		})
	}}, nil
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
func (h *listView) readList(ctx context.Context, l listing) listing {
	limited, cancel := context.WithTimeout(ctx, atOnce)
	defer cancel()
	var said map[string]string
	var known bool
	var reading sync.WaitGroup // at the same time: it may have to wait for Redis
	reading.Go(func() { said, known = h.follower.followChoices(limited, l.user) })
	l.Listing, l.near = h.finder.listed(limited, l.text)
	reading.Wait()
	l.follow = func(c inventory.Connection) string {
		if c.Managed == nil || !known {
			return ""
		}
		return followVerb(notify.Follows(said[c.Name().String()], *c.Managed, l.user))
	}
	l.statuses = h.states.statusesOf(ctx, l.Connections)
	slices.SortStableFunc(l.Connections, func(a, b inventory.Connection) int {
		return diagnose.Worse(l.known(a).State(), l.known(b).State())
	})
	return l
}

// listMessage is a page of the connections, as one user is shown it.
func (h *listView) listMessage(ctx context.Context, l listing, table bool) bot.Message {
	per := listPage
	if table {
		per = listTable
	}
	fit := l.fitting(l.filter)
	pages := max(1, (len(fit)+per-1)/per)
	page := min(max(l.page, 0), pages-1)
	shown := fit[page*per : min(len(fit), (page+1)*per)]
	head := listHead(l.Listing, l.statuses, l.text) + h.finder.didYouMean("list", l.near)
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
func (h *listView) rows(ctx context.Context, l listing, shown []inventory.Connection) []slack.Block {
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
func (h *listView) lineChosen(_ context.Context, a bot.Action) (bot.Answer, error) {
	verb, name, _ := strings.Cut(a.Value.Option.Value, " ")
	n, err := link.ParseName(name)
	if err == nil && (verb == followVerb(false) || verb == followVerb(true)) {
		return bot.Answer{Then: func(ctx context.Context) error {
			msg, _ := h.follower.follow(ctx, a.User.ID, n, verb == followVerb(false))
			return h.tell.Notify(ctx, reply.To(a), msg)
		}}, nil
	}
	if !slices.Contains(forms.InspectVerbs, verb) || err != nil {
		return bot.Answer{}, fmt.Errorf("a list entry: %q is not offered there", bot.Cut(a.Value.Option.Value, 60))
	}
	return bot.Answer{Then: func(ctx context.Context) error { return h.inspect.inspect(ctx, reply.To(a), verb, n, "") }}, nil
}

// lines are drawn at the same time: each asks Slack for a link.
func (h *listView) lines(ctx context.Context, shown []inventory.Connection, statuses map[link.Name]monitor.Status) []string {
	lines := make([]string, len(shown))
	var wg sync.WaitGroup
	for i, c := range shown {
		wg.Go(func() { lines[i] = h.connectionLine(ctx, c, knownOf(c, statuses[c.Name()])) })
	}
	wg.Wait()
	return lines
}
