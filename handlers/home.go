package handlers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

const (
	homeShown   = 10  // requests of each part
	homeLooked  = 100 // pending requests that are looked at for those that wait for somebody
	maxHome     = 100 // blocks that Slack takes
	homePerPart = 24  // blocks of one part, without its heading: all parts at their fullest fit
)

// homePart is a part of the home tab: what it shows to one person, without its heading. Nothing: it is left out.
type homePart struct {
	title string
	draw  func(h *homeTab, ctx context.Context, by change.Actor) ([]slack.Block, error)
}

// homeParts are all of them, in order. To add a part, add a line.
func homeParts() []homePart {
	return []homePart{
		{"Waiting for you", (*homeTab).waitingForMe},
		{"Your open requests", (*homeTab).openByMe},
		{"Connections you follow", (*homeTab).myConnections},
		{"Your recent requests", (*homeTab).endedByMe},
	}
}

// homeTab draws the Home tab of this app.
type homeTab struct {
	requests  Requests
	lists     Lists
	policy    Eligibility
	follows   Follows
	status    ConnectionStatus
	openHomes OpenHomes
	slack     SlackClient
	readers   *readers
	links     *links
	command   string
	tell      *reply.Replier
	log       *slog.Logger
}

// home redraws the home tab of the user who opens it.
func (h *homeTab) home(_ context.Context, o bot.HomeOpened) (bot.Answer, error) {
	if o.Tab != "" && o.Tab != "home" {
		return bot.Answer{}, nil
	}
	return bot.Answer{Then: func(ctx context.Context) error { return h.showHome(ctx, o.User) }}, nil
}

// withHomeRefresh redraws the home tab after what was pressed there. Elsewhere the answer stays as it is.
func (h *homeTab) withHomeRefresh(a bot.Action, answer bot.Answer) bot.Answer {
	if a.View == nil || a.Channel != "" {
		return answer
	}
	then := answer.Then
	answer.Then = func(ctx context.Context) error {
		var err error
		if then != nil {
			err = then(ctx)
		}
		if shown := h.showHome(ctx, a.User); shown != nil {
			h.log.WarnContext(ctx, "the Home tab was not updated", "error", shown)
		}
		return err
	}
	return answer
}

// showHome draws the home tab of somebody who looks at it, and remembers that they do.
func (h *homeTab) showHome(ctx context.Context, u bot.User) error {
	was, unremembered := h.openHomes.HomeOpened(ctx, u.ID)
	view, unread := h.draw(ctx, cards.Actor(u, ""))
	if err := h.slack.PublishHome(ctx, u.ID, view); err != nil {
		return fmt.Errorf("showing the Home tab: %w", err)
	}
	if unremembered == nil {
		mark := ""
		if unread == nil {
			mark = notify.HomeMark(view)
		}
		unremembered = h.openHomes.HomeRendered(ctx, u.ID, was, mark)
	}
	if unremembered != nil {
		h.log.WarnContext(ctx, "an open Home tab may not update", "error", unremembered)
	}
	return nil
}

// draw is the Home tab of one person. With an error, it says in place of a part that it could not be read.
func (h *homeTab) draw(ctx context.Context, by change.Actor) (slack.HomeTabViewRequest, error) {
	var blocks []slack.Block
	var unread []error
	for _, p := range homeParts() {
		part, err := p.draw(h, ctx, by)
		if err != nil {
			part = []slack.Block{mrkdwn.Section(":warning: " + h.tell.Say(ctx, err, reply.Format{}))}
			unread = append(unread, fmt.Errorf("%s: %w", p.title, err))
		}
		if len(part) > 0 {
			blocks = append(blocks, slack.NewHeaderBlock(mrkdwn.Plain(p.title, mrkdwn.MaxHeader)))
			blocks = append(blocks, part[:min(len(part), homePerPart)]...)
		}
		if errors.Is(err, change.ErrUnavailable) {
			break // the other parts would ask the same store, one after the other, and somebody is waiting
		}
	}
	if len(blocks) == 0 {
		blocks = []slack.Block{mrkdwn.Section("No requests yet, and nothing is waiting for you. " +
			"Type " + bot.Code(h.command+" connect") + " in a channel to connect two clusters.")}
	}
	view := slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: blocks[:min(len(blocks), maxHome)]}}
	return view, errors.Join(unread...)
}

// waitingForMe are the requests that by could help along, the one that expires first on top.
func (h *homeTab) waitingForMe(ctx context.Context, by change.Actor) ([]slack.Block, error) {
	pending, err := h.lists.PendingRequests(ctx, homeLooked)
	if err != nil {
		return nil, err
	}
	blocks, shown, err := h.reviewsForMe(ctx, by)
	if err != nil {
		return nil, err
	}
	more := 0
	for _, r := range pending {
		mine := r.ApprovedBy(by.User)
		if !mine && h.policy.Eligible(ctx, r, by) != nil {
			continue
		}
		if shown == homeShown {
			more++
			continue
		}
		shown++
		blocks = append(blocks, summary(r, h.links.cardLink(ctx, r)), slack.NewActionBlock("", homeButtons(r, by.User, h.standing(ctx, r))...))
	}
	if more > 0 {
		blocks = append(blocks, mrkdwn.Small(fmt.Sprintf("… and %d more that expire later; their cards are in the channel", more)))
	}
	if len(pending) == homeLooked {
		blocks = append(blocks, mrkdwn.Small(fmt.Sprintf("Only the %d requests that expire first were checked; later ones may also wait for you", homeLooked)))
	}
	return blocks, nil
}

// reviewsForMe are what somebody approved alone and by could review: a half of what is shown at most, so that what waits for
// approvals is seen, too.
func (h *homeTab) reviewsForMe(ctx context.Context, by change.Actor) (blocks []slack.Block, shown int, err error) {
	open, err := h.lists.Reviews(ctx, homeLooked)
	more := 0
	for _, r := range open {
		if h.requests.CanReview(ctx, r, by) != nil {
			continue
		}
		if shown == homeShown/2 {
			more++
			continue
		}
		shown++
		var buttons []slack.BlockElement
		for _, b := range steadyButtons(r, by.User, nil) {
			switch buttonID(b) {
			case cards.ActionReviewRight, cards.ActionReviewWrong, cards.ActionPlan:
				buttons = append(buttons, b)
			}
		}
		blocks = append(blocks, summary(r, h.links.cardLink(ctx, r)+"\n"+cards.ReviewLine(r)), slack.NewActionBlock("", buttons...))
	}
	if more > 0 {
		blocks = append(blocks, mrkdwn.Small(fmt.Sprintf("… and %d more to review: their cards are in the channel", more)))
	}
	return blocks, shown, err
}

// standing is what the policy says of a request; nil where it could not be asked.
func (h *homeTab) standing(ctx context.Context, r *change.Request) *change.Evaluation {
	v, err := h.policy.Evaluate(ctx, r)
	if err != nil {
		return nil
	}
	return &v
}

func homeButtons(r *change.Request, user string, standing *change.Evaluation) []slack.BlockElement {
	var out []slack.BlockElement
	approved := r.ApprovedBy(user)
	for _, b := range steadyButtons(r, user, standing) {
		switch buttonID(b) {
		case cards.ActionApprove, cards.ActionReject:
			if !approved {
				out = append(out, b)
			}
		case cards.ActionTakeBack:
			if approved {
				out = append(out, b)
			}
		case cards.ActionPlan, cards.ActionPaste: // what has to be uploaded, only the card says
			out = append(out, b)
		}
	}
	return out
}

// steadyButtons are the card's buttons, with the version since which the request waits as it is, or that user last decided on
// it: what others decided or worked on since makes neither the buttons nor the tab another.
func steadyButtons(r *change.Request, user string, standing *change.Evaluation) []slack.BlockElement {
	version := max(1, r.ApprovalsSince)
	for _, d := range r.Decisions {
		if d.By.User == user {
			version = max(version, d.Version)
		}
	}
	all := cards.Buttons(r, standing)
	for _, e := range all {
		if b, ok := e.(*slack.ButtonBlockElement); ok {
			b.Value = cards.Ref{ID: r.ID, Version: version}.String()
		}
	}
	return all
}

func buttonID(e slack.BlockElement) string {
	if b, ok := e.(*slack.ButtonBlockElement); ok {
		return b.ActionID
	}
	return ""
}

// openByMe are the requests of by that have not ended.
func (h *homeTab) openByMe(ctx context.Context, by change.Actor) ([]slack.Block, error) {
	return h.askedByMe(ctx, by, func(r *change.Request) bool { return !r.State.Final() })
}

// endedByMe are those that have.
func (h *homeTab) endedByMe(ctx context.Context, by change.Actor) ([]slack.Block, error) {
	return h.askedByMe(ctx, by, func(r *change.Request) bool { return r.State.Final() })
}

// askedByMe are those of the latest requests of by that are to be shown.
func (h *homeTab) askedByMe(ctx context.Context, by change.Actor, show func(*change.Request) bool) ([]slack.Block, error) {
	mine, err := h.lists.Mine(ctx, by.User, homeShown)
	if err != nil {
		return nil, err
	}
	var blocks []slack.Block
	for _, r := range mine {
		if !show(r) {
			continue
		}
		blocks = append(blocks, summary(r, h.links.cardLink(ctx, r)))
		var buttons []slack.BlockElement
		for _, b := range steadyButtons(r, by.User, nil) {
			switch buttonID(b) {
			case cards.ActionPlan, cards.ActionWithdraw, cards.ActionEdit:
				buttons = append(buttons, b)
			}
		}
		if len(buttons) > 0 {
			blocks = append(blocks, slack.NewActionBlock("", buttons...))
		}
	}
	return blocks, nil
}

// summary is a request in a few lines.
func summary(r *change.Request, link string) slack.Block {
	emoji, word := cards.RequestLabel(r)
	s := fmt.Sprintf("%s *%s*\n%s · requested by %s %s · request %s", emoji, mrkdwn.Named(r.Proposal.Title, 200), word,
		cards.Requester(r), mrkdwn.When(r.Created), bot.Code(r.ID)) + link
	if reason := mrkdwn.Verbatim(r.Reason, 200); r.Reason != "" {
		s += "\n> " + reason
	}
	return mrkdwn.Section(s)
}
