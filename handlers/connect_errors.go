package handlers

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

// refused puts what stood in the way beside the field that it is about.
func (h *Handlers) refused(ctx context.Context, to replyTarget, m connectMetadata, f connectForm, err error) bot.Answer {
	if wrong, ok := errors.AsType[*change.InvalidError](err); ok {
		return fieldErrors(m.errors(f, wrong))
	}
	say := h.say(ctx, err, textFormat{plain: true})
	field := link.FieldReason
	var then func(context.Context) error
	_, held := errors.AsType[*change.LockedError](err)
	refused, barred := errors.AsType[*change.NotAllowedError](err)
	call, outage := errors.AsType[*elastic.CallError](err)
	switch {
	case held:
		field = link.FieldAlias
		then = func(ctx context.Context) error {
			return h.notifyUser(ctx, to, mrkdwn.Message(h.say(ctx, err, textFormat{})))
		}
	case barred && refused.Trait == policy.TraitUntil:
		field = link.FieldUntil
	case outage:
		field = sideOf(call, f)
		say += " Nothing was stored and your entries are kept. Submit again in a moment."
	}
	a := fieldErrors(m.errors(f, &change.InvalidError{Problems: []change.Problem{{Field: field, Say: say}}}))
	a.Then = then
	return a
}

// sideOf is the field of the deployment that a call was about.
func sideOf(call *elastic.CallError, f connectForm) string {
	platform, _, _ := strings.Cut(f.Local.Value, "/")
	name, _, _ := strings.Cut(f.Local.Text, " · ")
	if call.System == platform || (name != "" && strings.HasSuffix(call.System, name)) {
		return link.FieldLocal
	}
	return link.FieldRemote
}

// errors are problems by block id. Slack shows them beside inputs only; one of a field that is hidden is shown beside
// the reason, under its name. Which fields are shown is known from how the modal was drawn: a client may leave empty
// ones out of what it sends.
func (m connectMetadata) errors(f connectForm, wrong *change.InvalidError) map[string]string {
	f.Model = m.Model // as it was drawn
	drawn := inputBlocks(connectModal(f, m))
	out := map[string]string{}
	for _, p := range wrong.Problems {
		block, say := m.block(p.Field), cards.ProblemSays(p)
		if !slices.Contains(drawn, block) {
			block, say = m.block(link.FieldReason), fieldName(p.Field)+": "+p.Say
		}
		addError(out, block, f.named(say))
	}
	return out
}

// named puts the names of the chosen deployments in the place of their ids.
func (f connectForm) named(say string) string {
	for _, o := range []bot.Option{f.Local, f.Remote} {
		name, _, _ := strings.Cut(o.Text, " · ")
		if _, id, ok := strings.Cut(o.Value, "/"); ok && name != "" {
			say = strings.ReplaceAll(strings.ReplaceAll(say, o.Value, name), id, name)
		}
	}
	return say
}

func connectLate(bot.Submission) bot.Answer {
	return fieldErrors(map[string]string{link.FieldReason: sayTime})
}
