package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

type decision func(context.Context, change.DecisionInput) (*change.Request, error)

// decide records what was pressed on a card, before Slack is answered: a press that was acknowledged must not be lost.
// The card follows by itself; only who presses in vain is told something, and told alone.
func (h *Handlers) decide(ctx context.Context, a bot.Action, do decision) (bot.Answer, error) {
	_, answer, err := h.decided(ctx, a, do)
	return answer, err
}

// decided is decide, with the request as it stands after it; nil where the press did not count.
func (h *Handlers) decided(ctx context.Context, a bot.Action, do decision) (*change.Request, bot.Answer, error) {
	s, err := cards.ParseRef(a.Value.Text)
	if err != nil {
		return nil, bot.Answer{}, err
	}
	r, err := do(ctx, s.DecisionInput(a.User, a.Channel, ""))
	if err != nil {
		return nil, h.withHomeRefresh(a, h.replyError(replyTo(a), err)), nil
	}
	return r, h.withHomeRefresh(a, bot.Answer{}), nil
}

// approve records an approval. Where a key has to be pasted, anyone who may do so is asked for it at once.
func (h *Handlers) approve(ctx context.Context, a bot.Action) (bot.Answer, error) {
	r, answer, err := h.decided(ctx, a, h.o.Requests.Approve)
	if r == nil || r.Proposal.RequiredInput != link.InputKey || !r.NeedsInput(h.o.Now()) || h.o.Requests.CanSubmitInput(ctx, r, cards.Actor(a.User, a.Channel)) != nil {
		return answer, err
	}
	if _, err := h.o.Slack.OpenView(ctx, a.TriggerID, pasteModal(r, reasonMetadata{Press: cards.RefOf(r).String(), Channel: a.Channel})); err != nil {
		h.o.Log.WarnContext(ctx, "the form for the key did not open; its button is on the card", "request", r.ID, "error", err)
	}
	return answer, nil
}

func (h *Handlers) takeBack(ctx context.Context, a bot.Action) (bot.Answer, error) {
	return h.decide(ctx, a, h.o.Requests.Revoke)
}

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
