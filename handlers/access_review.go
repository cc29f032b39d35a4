package handlers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// The buttons that turn the pages of an access review.
const (
	actionReviewPrevious = "access_review.previous"
	actionReviewNext     = "access_review.next"
	actionReviewAgain    = "access_review.again"
)

const (
	reviewPage   = 6               // connections, in two blocks each
	reviewWithin = 5 * time.Second // for what is read of those of a page
)

// reviewView shows what each managed connection is for, and who uses it.
type reviewView struct {
	connections Connections
	status      ConnectionStatus
	reviews     AccessReviews
	people      People
	slack       SlackClient
	finder      *finder
	states      *states
	home        *homeTab
	command     string
	tell        *reply.Replier
	now         func() time.Time
}

// reviewCommand shows what each managed connection is for, for people to keep, narrow or end it. What somebody approved alone
// is reviewed on its card, see break_glass.go.
func (h *reviewView) reviewCommand(_ context.Context, c bot.Command, args []string) bot.Answer {
	return h.tell.Later(c, func(ctx context.Context) bot.Message { return h.accessReview(ctx, strings.Join(args, " "), 0) })
}

// reviewTurned shows another page, in the place of the one before.
func (h *reviewView) reviewTurned(_ context.Context, a bot.Action) (bot.Answer, error) {
	page, text, err := parsePage(a.Value.Text)
	if err != nil {
		return bot.Answer{}, err
	}
	return bot.Answer{Then: func(ctx context.Context) error {
		return h.slack.Respond(ctx, a.ResponseURL, h.accessReview(ctx, text, page), true)
	}}, nil
}

// accessReview is a page of the managed connections: those first that are not well or overdue, then those that were looked at
// longest ago.
func (h *reviewView) accessReview(ctx context.Context, text string, page int) bot.Message {
	limited, cancel := context.WithTimeout(ctx, atOnce)
	defer cancel()
	l, near := h.finder.listed(limited, text)
	all := len(l.Connections)
	l.Connections = slices.DeleteFunc(slices.Clone(l.Connections), func(c inventory.Connection) bool { return c.Managed == nil })
	statuses := h.states.statusesOf(ctx, l.Connections)
	slices.SortStableFunc(l.Connections, func(a, b inventory.Connection) int {
		x, y := knownOf(a, statuses[a.Name()]), knownOf(b, statuses[b.Name()])
		return cmp.Or(diagnose.Worse(x.State(), y.State()), a.Managed.ApprovedAt().Compare(b.Managed.ApprovedAt()))
	})
	overdue := 0
	for _, s := range statuses {
		if s.Unreviewed() != nil {
			overdue++
		}
	}
	head := fmt.Sprintf("*Access review* of %s: %d overdue", mrkdwn.Plural(len(l.Connections), "managed connection", "managed connections"), overdue)
	if l.Unmanaged != nil {
		head = ":warning: Couldn't read which connections the bot manages. Redis may be unavailable."
	}
	head += h.finder.didYouMean("review", near)
	pages := max(1, (len(l.Connections)+reviewPage-1)/reviewPage)
	page = min(max(page, 0), pages-1)
	shown := l.Connections[page*reviewPage : min(len(l.Connections), (page+1)*reviewPage)]
	blocks := append([]slack.Block{mrkdwn.Section(head)}, h.reviewRows(ctx, shown, statuses)...)
	if n := all - len(l.Connections); n > 0 && l.Unmanaged == nil {
		blocks = append(blocks, mrkdwn.Small(fmt.Sprintf("%s created by hand can't be reviewed until adopted: %s",
			mrkdwn.Plural(n, "connection", "connections"), bot.Code(h.command+" list"))))
	}
	if note := listMissing(l); note != "" {
		blocks = append(blocks, mrkdwn.Small(note))
	}
	if pages > 1 {
		blocks = append(blocks, mrkdwn.Small(fmt.Sprintf("Page %d of %d", page+1, pages)))
	}
	turn := pageActions{actionReviewPrevious, actionReviewNext, actionReviewAgain}
	return bot.Message{Text: head, Blocks: append(blocks, slack.NewActionBlock("", turn.buttons(page, pages, func(page int) string { return pageValue(page, text) })...))}
}

// reviewRows are read at the same time: each asks its clusters what uses it, and Slack who its owner is.
func (h *reviewView) reviewRows(ctx context.Context, shown []inventory.Connection, statuses map[link.Name]monitor.Status) []slack.Block {
	ctx, cancel := context.WithTimeout(ctx, reviewWithin)
	defer cancel()
	rows := make([][]slack.Block, len(shown))
	var wg sync.WaitGroup
	for i, c := range shown {
		wg.Go(func() { rows[i] = h.reviewRow(ctx, c, statuses[c.Name()]) })
	}
	wg.Wait()
	return slices.Concat(rows...)
}

// reviewRow is what people need to know to keep, narrow or end a connection. What can't be read is unknown.
func (h *reviewView) reviewRow(ctx context.Context, c inventory.Connection, s monitor.Status) []slack.Block {
	m := *c.Managed
	var owner string
	var asking sync.WaitGroup
	asking.Go(func() { owner = h.ownerWords(ctx, m.Maker()) })
	e, unread := h.connections.State(ctx, c.Name())
	if e.Managed == nil {
		e.Managed = &m
	}
	r, unknown := h.reviews.Of(ctx, e)
	asking.Wait()
	called := cmp.Or(c.Local.Name, c.Local.Deployment)
	since := "unknown"
	if at := m.Since(); !at.IsZero() {
		since = mrkdwn.When(at)
	}
	k := knownOf(c, s)
	lines := []string{
		fmt.Sprintf("%s *%s* → *%s* as %s", cards.StateFace(k.State()), mrkdwn.Named(called, mrkdwn.MaxName), mrkdwn.Named(m.To(), mrkdwn.MaxName),
			bot.Code(bot.Cut(mrkdwn.Clean(c.Alias), mrkdwn.MaxName))),
		"*May read:* " + allowedWords(c),
		"*Since:* " + since + ", requested by " + owner,
		"*Last proven:* " + provenWords(k),
		"*Used by:* " + h.usedWords(ctx, e, unread),
	}
	if unknown != nil {
		lines = append(lines, "*Review:* unknown. "+h.tell.Say(ctx, unknown, reply.Format{}))
	} else {
		lines = append(lines, "*Review:* "+reviewWords(r, h.now()))
	}
	buttons := cards.AccessReviewButtons(c.Name(), called+"/"+c.Alias, r.Since, byCertificates(c))
	if unknown != nil { // then nobody can say what they would keep
		buttons = buttons[1:]
	}
	buttons = append(buttons, mrkdwn.Button(cards.ConnectionPrefix+"status", cards.PressValue(c.Name(), ""), "Status"))
	return []slack.Block{mrkdwn.Section(mrkdwn.Within("\n", mrkdwn.MaxText-10, lines...)), slack.NewActionBlock("", buttons...)}
}

func byCertificates(c inventory.Connection) bool {
	return c.Managed.KeyName == "" && c.Model() == inventory.ByCertificate
}

// allowedWords are what a connection lets through, as it was approved.
func allowedWords(c inventory.Connection) string {
	var parts []string
	if may := c.Managed.Access.Search; len(may) > 0 {
		parts = append(parts, "search "+mrkdwn.Verbatim(strings.Join(may, ", "), mrkdwn.MaxTold))
	}
	if may := c.Managed.Access.Replication; len(may) > 0 {
		parts = append(parts, "replicate "+mrkdwn.Verbatim(strings.Join(may, ", "), mrkdwn.MaxTold))
	}
	switch {
	case len(parts) > 0:
		return strings.Join(parts, " · ")
	case byCertificates(c):
		return "whatever the roles on the remote cluster allow (TLS certificates)"
	}
	return "unknown"
}

// ownerWords are who asked for a connection, and whether they are still here.
func (h *reviewView) ownerWords(ctx context.Context, user string) string {
	if user == "" {
		return "unknown"
	}
	active, _, err := h.people.Person(ctx, user)
	switch {
	case err != nil:
		return mrkdwn.User(user) + " (unknown whether still here: " + strings.TrimSuffix(h.tell.Say(ctx, err, reply.Format{}), ".") + ")"
	case !active:
		return mrkdwn.User(user) + " (*has left*)"
	}
	return mrkdwn.User(user)
}

// provenWords are when a check last used the connection.
func provenWords(k diagnose.Known) string {
	switch {
	case k.Worst != nil && k.Worst.Kind == diagnose.ProblemDown:
		return "not now. " + mrkdwn.Line(k.Worst.Say, mrkdwn.MaxTold)
	case k.CheckedAt.IsZero():
		return "never, or not since it was changed"
	case k.Late:
		return mrkdwn.When(k.CheckedAt) + "; it could not be checked since"
	}
	return mrkdwn.When(k.CheckedAt)
}

// usedWords are what the bot can tell of what uses a connection now. Nobody records when that was last.
func (h *reviewView) usedWords(ctx context.Context, e link.ConnectionState, unread error) string {
	if unread != nil {
		return "unknown. " + h.tell.Say(ctx, unread, reply.Format{})
	}
	var parts []string
	if len(e.Users) > 0 {
		parts = append(parts, mrkdwn.Line(link.JoinWords(e.Users), mrkdwn.MaxTold))
	}
	if say := e.UsesUnreadSay(); say != "" {
		parts = append(parts, "unknown: "+mrkdwn.Line(say, mrkdwn.MaxTold))
	}
	return cmp.Or(strings.Join(parts, " · "), "no role or task that the bot can see")
}

// keepPressed notes that somebody says that a connection is still needed.
func (h *reviewView) keepPressed(_ context.Context, a bot.Action) (bot.Answer, error) {
	n, since, err := cards.ParseKeepValue(a.Value.Text)
	if err != nil {
		return bot.Answer{}, err
	}
	return h.home.withHomeRefresh(a, bot.Answer{Then: func(ctx context.Context) error {
		return h.tell.Notify(ctx, reply.To(a), mrkdwn.Message(h.keep(ctx, n, since, cards.Actor(a.User, a.Channel))))
	}}), nil
}

// keep notes it, and says what came of it.
func (h *reviewView) keep(ctx context.Context, n link.Name, since time.Time, by change.Actor) string {
	r, err := h.reviews.Keep(ctx, n, since, by)
	called := bot.Code(mrkdwn.Clean(n.String()))
	if all, unread := h.status.Statuses(ctx, n); unread == nil && all[n].Local != "" {
		called = bot.Code(mrkdwn.Clean(followed(n, all[n].Local)))
	}
	not, isNot := errors.AsType[*monitor.NotKeptError](err)
	switch {
	case err == nil && r.Due.IsZero():
		return "You keep " + called + ". No rule requires another review."
	case err == nil:
		return "You keep " + called + ". Its next review is due " + mrkdwn.When(r.Due) + "."
	case isNot && not.Gone:
		return "The bot does not manage " + called + " any more. Nothing was changed."
	case isNot && not.Kept != nil && not.Kept.By.User == by.User:
		return "You kept " + called + " already, " + mrkdwn.When(not.Kept.At) + ". Pressing again changes nothing."
	case isNot && not.Kept != nil:
		return mrkdwn.User(not.Kept.By.User) + " kept " + called + " already, " + mrkdwn.When(not.Kept.At) + ". Nothing was changed by you."
	case isNot:
		return called + " was changed after this was shown, so your press did not count. See how it is now: " + bot.Code(h.command+" review")
	case errors.Is(err, change.ErrConflict):
		return called + " kept changing while you pressed. Nothing was changed by you: press again."
	}
	return h.tell.Say(ctx, err, reply.Format{})
}
