package handlers

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

const (
	callbackPaste = "paste"
	blockKey      = "key"
	maxKey        = 1200 // characters that can be typed; an encoded key has about 60
)

// askKey opens the modal for a key that the bot can't issue, for those who may hand it in.
func (h *Handlers) askKey(ctx context.Context, a bot.Action) (bot.Answer, error) {
	s, err := cards.ParseRef(a.Value.Text)
	if err != nil {
		return bot.Answer{}, err
	}
	r, err := h.o.Requests.Get(ctx, s.ID)
	if err == nil && s.Version < r.ApprovalsSince {
		err = &change.StaleError{Now: r}
	}
	if err == nil {
		err = h.o.Requests.CanSubmitInput(ctx, r, cards.Actor(a.User, a.Channel))
	}
	if err == nil {
		_, err = h.o.Slack.OpenView(ctx, a.TriggerID, pasteModal(r, reasonMetadata{Press: cards.RefOf(r).String(), Channel: a.Channel}))
	}
	if err != nil {
		return h.replyError(replyTo(a), err), nil
	}
	return bot.Answer{}, nil
}

// pasteModal shows the exact call that makes the key, for Dev Tools and for a shell.
func pasteModal(r *change.Request, from reasonMetadata) slack.ModalViewRequest {
	blocks := []slack.Block{mrkdwn.Section("*" + mrkdwn.Named(r.Proposal.Title, 300) + "*\nThe bot can't create this key. Create it on the *remote* cluster exactly like this, and paste it below.")}
	if call, ok := steps.PastedCall(r.Proposal); ok {
		blocks = append(blocks, mrkdwn.Section("*In Dev Tools*, as a user with manage_security:"))
		blocks = append(blocks, fences(call.Method+" "+call.Path+"\n"+indent(call.Body))...)
		blocks = append(blocks, mrkdwn.Section("*Or in a shell*:"))
		blocks = append(blocks, fences(curl(call))...)
	}
	blocks = append(blocks, signingBlocks(r.Proposal)...)
	el := slack.NewPlainTextInputBlockElement(mrkdwn.Plain("VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6…", 150), blockKey)
	el.MaxLength = maxKey
	blocks = append(blocks,
		slack.NewInputBlock(blockKey, mrkdwn.Plain("encoded", 2000),
			mrkdwn.Plain("Paste only the value of encoded from the response. It is stored encrypted for at most an hour, used once, and never shown.", 2000), el))
	raw, _ := json.Marshal(from) //nolint:errchkjson // two strings
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callbackPaste, PrivateMetadata: string(raw),
		Title: mrkdwn.Plain("Paste the key", 24), Submit: mrkdwn.Plain("Submit key", 24), Close: mrkdwn.Plain("Later", 24),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

func curl(c change.Call) string {
	return fmt.Sprintf("curl -X %s -u USER \"$ELASTICSEARCH_URL%s\" \\\n  -H 'Content-Type: application/json' \\\n  -d '%s'",
		c.Method, c.Path, strings.ReplaceAll(c.Body, "'", `'\''`))
}

// pasted takes the key: checked for its shape at once, put where the step finds it, and then said to be there.
func (h *Handlers) pasted(ctx context.Context, v bot.Submission) (bot.Answer, error) {
	s, from, err := parseReason(v.View.Metadata)
	if err != nil {
		return bot.Answer{}, err
	}
	no := func(say string) (bot.Answer, error) {
		return fieldErrors(map[string]string{blockKey: bot.Cut(say, 500)}), nil
	}
	text := strings.TrimSpace(v.View.State.At(blockKey, blockKey).Text)
	if _, err := link.CheckEncodedKey(text); err != nil {
		return no(mrkdwn.Upper(err.Error()) + ".")
	}
	if h.o.Secrets == nil {
		return no("This bot doesn't accept pasted keys: keys.encryption is not configured.")
	}
	by := cards.Actor(v.User, from.Channel)
	r, err := h.o.Requests.Get(ctx, s.ID)
	if err == nil && s.Version < r.ApprovalsSince {
		err = &change.StaleError{Now: r}
	}
	if err == nil {
		err = h.o.Requests.CanSubmitInput(ctx, r, by)
	}
	if err == nil {
		err = h.o.Secrets.Put(ctx, r.ID, secret.New(text))
	}
	if err == nil {
		if _, err = h.o.Requests.SubmitInput(ctx, s.DecisionInput(v.User, from.Channel, "")); err != nil {
			h.dropUnwanted(ctx, r.ID)
		}
	}
	if err != nil {
		return no(h.say(ctx, err, textFormat{plain: true}))
	}
	return bot.Answer{}, nil
}

// dropUnwanted forgets a key that was put away for a request that has moved on meanwhile. While the request still waits,
// or the work has yet to take the key, it may be one that counts: put in place of another's, or handed in by a press
// whose answer was lost.
func (h *Handlers) dropUnwanted(ctx context.Context, id string) {
	now, err := h.o.Requests.Get(ctx, id)
	if err != nil {
		return // it is kept for an hour at most
	}
	taken := now.Record(steps.StepIssueKey)
	switch {
	case now.State == change.Pending, now.State == change.Approved:
		return
	case now.State == change.Applying && (taken == nil || taken.State != change.StepDone):
		return
	}
	if err := h.o.Secrets.Drop(ctx, id); err != nil {
		h.o.Log.WarnContext(ctx, "an unneeded key stays until it expires", "request", id, "error", err)
	}
}

func pasteLate(bot.Submission) bot.Answer {
	return fieldErrors(map[string]string{blockKey: sayTime})
}
