package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// parseReason reads the press that a modal goes on with.
func parseReason(metadata string) (cards.Ref, reasonMetadata, error) {
	var from reasonMetadata
	dec := json.NewDecoder(strings.NewReader(metadata))
	dec.DisallowUnknownFields()
	err := dec.Decode(&from)
	if _, end := dec.Token(); err == nil && !errors.Is(end, io.EOF) {
		err = errors.New("unexpected text after it")
	}
	s, err2 := cards.ParseRef(from.Press)
	if err := errors.Join(err, err2); err != nil {
		return cards.Ref{}, from, fmt.Errorf("a reason's metadata: %w", err)
	}
	return s, from, nil
}

// reasonMetadata is the press that a modal for a reason goes on with.
type reasonMetadata struct {
	Press   string `json:"press"`
	Channel string `json:"channel,omitempty"`
	Message string `json:"message,omitempty"` // the message that was pressed, where nobody else redraws it
}

const (
	callbackReject  = "reject"
	callbackNote    = "approve.note"
	callbackChanges = "changes"
	blockReason     = "reason"
)

// askRejectReason asks for a reason: the requester has to know what to change.
func (h *decisions) askRejectReason(ctx context.Context, a bot.Action) (bot.Answer, error) {
	return h.openReasonModal(ctx, a, h.mayDecide(change.Reject), func(r *change.Request, from reasonMetadata) slack.ModalViewRequest {
		return reasonModal(r, from, callbackReject, "Reject", "Reject", "Why do you reject it?",
			"The requester sees this.")
	})
}

func (h *decisions) rejected(ctx context.Context, s bot.Submission) (bot.Answer, error) {
	return h.reasoned(ctx, s, h.requests.Reject)
}

// askNote asks for a note to go with an approval.
func (h *decisions) askNote(ctx context.Context, a bot.Action) (bot.Answer, error) {
	return h.openReasonModal(ctx, a, h.mayDecide(change.Approve), func(r *change.Request, from reasonMetadata) slack.ModalViewRequest {
		return reasonModal(r, from, callbackNote, "Approve with a note", "Approve", "Note", "Shown on the card and kept in the audit.")
	})
}

func (h *decisions) approvedWithNote(ctx context.Context, s bot.Submission) (bot.Answer, error) {
	return h.reasoned(ctx, s, h.requests.Approve)
}

// askChanges asks what has to change before the request can be approved.
func (h *decisions) askChanges(ctx context.Context, a bot.Action) (bot.Answer, error) {
	return h.openReasonModal(ctx, a, h.mayDecide(change.Reject), func(r *change.Request, from reasonMetadata) slack.ModalViewRequest {
		return reasonModal(r, from, callbackChanges, "Request changes", "Send back", "What should change?",
			"The requester sees this, and can edit the same form.")
	})
}

func (h *decisions) changesRequested(ctx context.Context, s bot.Submission) (bot.Answer, error) {
	return h.reasoned(ctx, s, h.requests.RequestChanges)
}

// openReasonModal opens a modal for a reason. It is opened for those alone who may decide, and on a card that is up to date, so
// that nobody types in vain.
func (h *decisions) openReasonModal(ctx context.Context, a bot.Action, may func(context.Context, *change.Request, change.Actor) error,
	modal func(*change.Request, reasonMetadata) slack.ModalViewRequest,
) (bot.Answer, error) {
	s, err := cards.ParseRef(a.Value.Text)
	if err != nil {
		return bot.Answer{}, err
	}
	r, err := h.requests.Get(ctx, s.ID)
	if err == nil {
		err = may(ctx, r, cards.Actor(a.User, a.Channel))
	}
	if err == nil && s.Version < r.ApprovalsSince {
		err = &change.StaleError{Now: r}
	}
	if err != nil {
		return h.tell.Error(reply.To(a), err), nil
	}
	from := reasonMetadata{Press: s.String(), Channel: a.Channel}
	if _, err := h.slack.OpenView(ctx, a.TriggerID, modal(r, from)); err != nil {
		return h.tell.Error(reply.To(a), err), nil
	}
	return bot.Answer{}, nil
}

// mayDecide says beforehand what the decision would say.
func (h *decisions) mayDecide(e change.Event) func(context.Context, *change.Request, change.Actor) error {
	return func(ctx context.Context, r *change.Request, by change.Actor) error {
		if _, ok := r.State.Next(e); !ok {
			return &change.StateError{Event: e, Now: r}
		}
		return h.policy.Eligible(ctx, r, by)
	}
}

func reasonModal(r *change.Request, from reasonMetadata, callback, title, submit, label, hint string) slack.ModalViewRequest {
	return reasonModalOf("*"+mrkdwn.Named(r.Proposal.Title, 300)+"*\nrequested by "+cards.Requester(r), from, callback, title, submit, label, hint)
}

func reasonModalOf(about string, from reasonMetadata, callback, title, submit, label, hint string) slack.ModalViewRequest {
	el := slack.NewPlainTextInputBlockElement(nil, blockReason)
	el.Multiline, el.MaxLength, el.FocusOnLoad = true, forms.MaxReason, true
	raw, _ := json.Marshal(from) //nolint:errchkjson // three strings
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callback, PrivateMetadata: string(raw),
		Title: mrkdwn.Plain(title, 24), Submit: mrkdwn.Plain(submit, 24), Close: mrkdwn.Plain("Cancel", 24),
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			mrkdwn.Section(about),
			slack.NewInputBlock(blockReason, mrkdwn.Plain(label, 2000), mrkdwn.Plain(hint, 2000), el),
		}},
	}
}

// reasoned makes a decision with the reason that was typed. What stands in its way is shown beside the reason.
func (h *decisions) reasoned(ctx context.Context, v bot.Submission, do decision) (bot.Answer, error) {
	s, from, err := parseReason(v.View.Metadata)
	if err != nil {
		return bot.Answer{}, err
	}
	reason := strings.TrimSpace(v.View.State.At(blockReason, blockReason).Text)
	if reason == "" {
		return forms.FieldErrors(map[string]string{blockReason: "Write a sentence: others read it."}), nil
	}
	if _, err := do(ctx, s.DecisionInput(v.User, from.Channel, reason)); err != nil {
		return forms.FieldErrors(map[string]string{blockReason: bot.Cut(h.tell.Say(ctx, err, reply.Format{Plain: true}), 500)}), nil
	}
	return bot.Answer{}, nil
}

func reasonLate(bot.Submission) bot.Answer {
	return forms.FieldErrors(map[string]string{blockReason: reply.SayTime})
}

const callbackResolve = "resolve"

// askResolveReason asks how somebody knows that nothing is left: after it the bot looks no more.
func (h *decisions) askResolveReason(ctx context.Context, a bot.Action) (bot.Answer, error) {
	return h.openReasonModal(ctx, a, h.mayDecide(change.Resolve), func(r *change.Request, from reasonMetadata) slack.ModalViewRequest {
		v := reasonModal(r, from, callbackResolve, "Mark as cleaned up", "Mark as cleaned up", "How was it cleaned up?",
			"The bot then stops checking, and others can request changes to this connection.")
		v.Blocks.BlockSet = append(v.Blocks.BlockSet, cards.Leftovers(r.Outcome.Leftovers)...)
		return v
	})
}

func (h *decisions) resolved(ctx context.Context, s bot.Submission) (bot.Answer, error) {
	return h.reasoned(ctx, s, h.requests.Resolve)
}
