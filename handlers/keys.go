package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// signingBlocks say what else is to be done on a remote cluster where the bot can do nothing, so that it believes the
// local one's signatures.
func signingBlocks(p change.Proposal) []slack.Block {
	call, todo := steps.SigningByHand(p)
	if call.Path == "" {
		return nil
	}
	var blocks []slack.Block
	if todo != "" {
		blocks = append(blocks, mrkdwn.Section("*First*, upload the certificate authority:\n"+mrkdwn.Line(todo, mrkdwn.MaxText-100)))
	}
	blocks = append(blocks, mrkdwn.Section("*Then set it.* This replaces the authorities that are set, and Elasticsearch doesn't show them: include them in the list."))
	return append(blocks, mrkdwn.Fences(call.Method+" "+call.Path+"\n"+mrkdwn.Indent(call.Body))...)
}

const (
	callbackPaste = "paste"
	blockKey      = "key"
	maxKey        = 1200 // characters that can be typed; an encoded key has about 60
)

// keys takes keys that people paste, and shows them those that they have to store.
type keys struct {
	requests  Requests
	secrets   SecretStore // nil: no key can be pasted or shown
	slack     SlackClient
	decisions *decisions
	home      *homeTab
	tell      *reply.Replier
	now       func() time.Time
	log       *slog.Logger
}

// askKey opens the modal for a key that the bot can't issue, for those who may hand it in.
func (h *keys) askKey(ctx context.Context, a bot.Action) (bot.Answer, error) {
	s, err := cards.ParseRef(a.Value.Text)
	if err != nil {
		return bot.Answer{}, err
	}
	r, err := h.requests.Get(ctx, s.ID)
	if err == nil && s.Version < r.ApprovalsSince {
		err = &change.StaleError{Now: r}
	}
	if err == nil {
		err = h.requests.CanSubmitInput(ctx, r, cards.Actor(a.User, a.Channel))
	}
	if err == nil {
		_, err = h.slack.OpenView(ctx, a.TriggerID, pasteModal(r, reasonMetadata{Press: cards.RefOf(r).String(), Channel: a.Channel}))
	}
	if err != nil {
		return h.tell.Error(reply.To(a), err), nil
	}
	return bot.Answer{}, nil
}

// pasteModal shows the exact call that makes the key, for Dev Tools and for a shell.
func pasteModal(r *change.Request, from reasonMetadata) slack.ModalViewRequest {
	blocks := []slack.Block{mrkdwn.Section("*" + mrkdwn.Named(r.Proposal.Title, 300) + "*\nThe bot can't create this key. Create it on the *remote* cluster exactly like this, and paste it below.")}
	if call, ok := steps.PastedCall(r.Proposal); ok {
		blocks = append(blocks, mrkdwn.Section("*In Dev Tools*, as a user with manage_security:"))
		blocks = append(blocks, mrkdwn.Fences(call.Method+" "+call.Path+"\n"+mrkdwn.Indent(call.Body))...)
		blocks = append(blocks, mrkdwn.Section("*Or in a shell*:"))
		blocks = append(blocks, mrkdwn.Fences(curl(call))...)
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
func (h *keys) pasted(ctx context.Context, v bot.Submission) (bot.Answer, error) {
	s, from, err := parseReason(v.View.Metadata)
	if err != nil {
		return bot.Answer{}, err
	}
	no := func(say string) (bot.Answer, error) {
		return forms.FieldErrors(map[string]string{blockKey: bot.Cut(say, 500)}), nil
	}
	text := strings.TrimSpace(v.View.State.At(blockKey, blockKey).Text)
	if _, err := link.CheckEncodedKey(text); err != nil {
		return no(mrkdwn.Upper(err.Error()) + ".")
	}
	if h.secrets == nil {
		return no("This bot doesn't accept pasted keys: keys.encryption is not configured.")
	}
	by := cards.Actor(v.User, from.Channel)
	r, err := h.requests.Get(ctx, s.ID)
	if err == nil && s.Version < r.ApprovalsSince {
		err = &change.StaleError{Now: r}
	}
	if err == nil {
		err = h.requests.CanSubmitInput(ctx, r, by)
	}
	if err == nil {
		err = h.secrets.Put(ctx, r.ID, secret.New(text))
	}
	if err == nil {
		if _, err = h.requests.SubmitInput(ctx, s.DecisionInput(v.User, from.Channel, "")); err != nil {
			h.dropUnwanted(ctx, r.ID)
		}
	}
	if err != nil {
		return no(h.tell.Say(ctx, err, reply.Format{Plain: true}))
	}
	return bot.Answer{}, nil
}

// dropUnwanted forgets a key that was put away for a request that has moved on meanwhile. While the request still waits,
// or the work has yet to take the key, it may be one that counts: put in place of another's, or handed in by a press
// whose answer was lost.
func (h *keys) dropUnwanted(ctx context.Context, id string) {
	now, err := h.requests.Get(ctx, id)
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
	if err := h.secrets.Drop(ctx, id); err != nil {
		h.log.WarnContext(ctx, "an unneeded key stays until it expires", "request", id, "error", err)
	}
}

func pasteLate(bot.Submission) bot.Answer {
	return forms.FieldErrors(map[string]string{blockKey: reply.SayTime})
}

// showKey shows the key to the one who presses, once. If Slack does not say that it was shown, another one is made.
func (h *keys) showKey(ctx context.Context, a bot.Action) (bot.Answer, error) {
	s, err := cards.ParseRef(a.Value.Text)
	if err != nil {
		return bot.Answer{}, err
	}
	p := s.DecisionInput(a.User, a.Channel, "")
	r, err := h.requests.Get(ctx, s.ID)
	if err == nil && r.State == change.WaitingForPerson && r.Wait.Lost(h.now()) {
		return h.newKey(ctx, a)
	}
	if err == nil {
		r, err = h.requests.TakeKey(ctx, p)
	}
	if err != nil {
		return h.tell.Error(reply.To(a), err), nil
	}
	if err := h.openKey(ctx, a.TriggerID, r); err != nil {
		h.log.WarnContext(ctx, "it is unknown whether the key was shown, so a new one is created", "request", r.ID, "error", err)
		if _, err := h.requests.RenewKey(ctx, cards.RefOf(r).DecisionInput(a.User, a.Channel, "it is unknown whether the key was shown")); err != nil {
			return h.tell.Error(reply.To(a), err), nil
		}
		return bot.Answer{}, nil
	}
	if _, err := h.requests.KeyShown(ctx, r.ID, cards.Actor(a.User, a.Channel)); err != nil {
		h.log.WarnContext(ctx, "the key was shown, but this could not be recorded", "request", r.ID, "error", err)
	}
	if err := h.secrets.Drop(ctx, r.ID); err != nil {
		h.log.WarnContext(ctx, "a shown key stays encrypted until it expires", "request", r.ID, "error", err)
	}
	return h.home.withHomeRefresh(a, bot.Answer{}), nil
}

func (h *keys) openKey(ctx context.Context, trigger string, r *change.Request) error {
	if h.secrets == nil {
		return errors.New("this bot keeps no keys")
	}
	key, err := h.secrets.Peek(ctx, r.ID)
	if err != nil {
		return err
	}
	_, err = h.slack.OpenView(ctx, trigger, keyModal(r, key.Reveal()))
	return err
}

// keyModal is the one place where a key is shown.
func keyModal(r *change.Request, key string) slack.ModalViewRequest {
	blocks := []slack.Block{
		mrkdwn.Section("*" + mrkdwn.Named(r.Proposal.Title, 300) + "*\nThis key is shown once, only to you. " + mrkdwn.Line(r.Wait.Say, mrkdwn.MaxTold) + " The command asks for it:"),
	}
	blocks = append(blocks, mrkdwn.Fences(r.Wait.Command)...)
	blocks = append(blocks, mrkdwn.Section("*The key*"))
	blocks = append(blocks, mrkdwn.Fences(key)...)
	blocks = append(blocks, mrkdwn.Section("Then press *Done* on the card. Don't write the key down anywhere else. If you lose it, press *Create a new key* there."))
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callbackKey, Title: mrkdwn.Plain("The key", 24), Close: mrkdwn.Plain("Close", 24), Blocks: slack.Blocks{BlockSet: blocks},
	}
}

const callbackKey = "key"

func (h *keys) newKey(ctx context.Context, a bot.Action) (bot.Answer, error) {
	return h.decisions.decide(ctx, a, h.requests.RenewKey)
}

func (h *keys) handDone(ctx context.Context, a bot.Action) (bot.Answer, error) {
	return h.decisions.decide(ctx, a, h.requests.HandDone)
}
