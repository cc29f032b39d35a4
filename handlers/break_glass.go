package handlers

import (
	"context"
	"slices"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

const (
	callbackBreakGlass  = "break_glass"
	callbackReviewWrong = "review.wrong"
)

// askBreakGlass says what it means to approve alone, and asks for the reason.
func (h *decisions) askBreakGlass(ctx context.Context, a bot.Action) (bot.Answer, error) {
	var glass change.Glass
	may := func(ctx context.Context, r *change.Request, by change.Actor) (err error) {
		glass, err = h.requests.CanBreakGlass(ctx, r, by)
		return err
	}
	return h.openReasonModal(ctx, a, may, func(r *change.Request, from reasonMetadata) slack.ModalViewRequest {
		v := reasonModal(r, from, callbackBreakGlass, "Break glass", "Approve alone", "Why is this an emergency?", "The channel and the reviewers read this. It stands in the audit.")
		means := ":rotating_light: *You approve this alone, and the work begins at once.* Nobody else is asked, and no change window is waited for.\n" +
			"• *Until:* " + mrkdwn.Line(cards.FieldOf(r, link.LabelUntil, "not known"), mrkdwn.MaxName) + "\n" +
			"• The channel is told at once, with your name and your reason.\n" +
			"• " + mrkdwn.Upper(cards.Reviewers(r, glass.Reviewers)) + " has to review it by " + mrkdwn.When(h.now().Add(glass.Within)) + "."
		v.Blocks.BlockSet = slices.Insert(v.Blocks.BlockSet, 1, mrkdwn.Section(means))
		return v
	})
}

func (h *decisions) brokeGlass(ctx context.Context, s bot.Submission) (bot.Answer, error) {
	return h.reasoned(ctx, s, h.requests.BreakGlass)
}

// reviewedRight records that what somebody approved alone was right.
func (h *decisions) reviewedRight(ctx context.Context, a bot.Action) (bot.Answer, error) {
	return h.decide(ctx, a, func(ctx context.Context, p change.DecisionInput) (*change.Request, error) {
		return h.requests.ReviewGlass(ctx, change.ReviewInput{DecisionInput: p, Right: true})
	})
}

// askWrong asks what was not right about it.
func (h *decisions) askWrong(ctx context.Context, a bot.Action) (bot.Answer, error) {
	return h.openReasonModal(ctx, a, h.requests.CanReview, func(r *change.Request, from reasonMetadata) slack.ModalViewRequest {
		return reasonModal(r, from, callbackReviewWrong, "Not right", "Record", "What was not right?",
			"The channel reads this, and it stands in the audit. No cluster is changed.")
	})
}

func (h *decisions) reviewedWrong(ctx context.Context, s bot.Submission) (bot.Answer, error) {
	return h.reasoned(ctx, s, func(ctx context.Context, p change.DecisionInput) (*change.Request, error) {
		return h.requests.ReviewGlass(ctx, change.ReviewInput{DecisionInput: p})
	})
}
