package handlers

import (
	"context"
	"errors"
	"slices"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// waitText says on the card what a person has to do, who may, and until when.
func waitText(r *change.Request, v *change.Evaluation) string {
	w := r.Wait
	s := mrkdwn.Line(w.Say, mrkdwn.MaxTold)
	if who := helpers(v); who != "" {
		s = who + ": " + s
	}
	if w.Command != "" {
		s += "\n" + fence(w.Command, 1000)
	}
	switch t := w.Taken; {
	case t != nil && t.Shown:
		s += "\n" + mrkdwn.User(t.By) + " was shown the key " + mrkdwn.When(t.At) + "."
	case t != nil:
		s += "\n" + mrkdwn.User(t.By) + " asked to see the key " + mrkdwn.When(t.At) + "; whether it was shown is not known."
	case w.HasKey:
		s += "\n*Show me the key* shows it once, to the one who presses."
	}
	end := "the change is rolled back"
	if w.Undo {
		end = "the request is stuck"
	}
	return s + "\nUntil " + mrkdwn.When(w.Until) + "; after that, " + end + "."
}

// helpers are those who may do it, where that is known.
func helpers(v *change.Evaluation) string {
	if v == nil || len(v.Helpers) == 0 {
		return ""
	}
	return mrkdwn.Users(v.Helpers, "or")
}

func waitButtons(r *change.Request) []slack.BlockElement {
	now := refOf(r).String()
	done := mrkdwn.Button(actionHandDone, now, "Done")
	if r.Wait.HasKey && r.Wait.Taken == nil {
		return []slack.BlockElement{mrkdwn.Button(actionShowKey, now, "Show me the key").WithStyle(slack.StylePrimary)}
	}
	buttons := []slack.BlockElement{done.WithStyle(slack.StylePrimary)}
	if r.Wait.HasKey {
		renew := mrkdwn.Button(actionNewKey, now, "Make a new key")
		renew.Confirm = mrkdwn.Confirm("Make a new key?", "The one that was shown becomes invalid. If it is in a keystore already, put the new one in its place.", "Make a new key", slack.StyleDanger)
		buttons = append(buttons, renew)
	}
	return buttons
}

// questions is how many questions the work has asked, the present one included.
func questions(r *change.Request) int {
	n := 1
	for _, d := range r.Decisions {
		if slices.Contains([]change.DecisionKind{change.DecisionRenew, change.DecisionHandDone, change.DecisionWaitEnded}, d.Kind) {
			n++
		}
	}
	return n
}

// waitLine calls those who may do it: a card that is drawn again calls nobody.
func waitLine(r *change.Request, v *change.Evaluation) bot.Message {
	s := ":raised_hand: " + mrkdwn.Line(r.Wait.Say, mrkdwn.MaxTold)
	if who := helpers(v); who != "" {
		s = ":raised_hand: " + who + ": " + mrkdwn.Line(r.Wait.Say, mrkdwn.MaxTold)
	}
	return bot.Message{Text: s, Blocks: []slack.Block{mrkdwn.Section(s + " The buttons are on the card.")}}
}

// showKey shows the key to the one who presses, once. If Slack does not say that it was shown, another one is made.
func (h *Handlers) showKey(ctx context.Context, a bot.Action) (bot.Answer, error) {
	s, err := parseCardRef(a.Value.Text)
	if err != nil {
		return bot.Answer{}, err
	}
	p := s.decisionInput(a.User, a.Channel, "")
	r, err := h.o.Requests.Get(ctx, s.ID)
	if err == nil && r.State == change.WaitingForPerson && r.Wait.Lost(h.o.Now()) {
		return h.newKey(ctx, a)
	}
	if err == nil {
		r, err = h.o.Requests.TakeKey(ctx, p)
	}
	if err != nil {
		return h.replyError(replyTo(a), err), nil
	}
	if err := h.openKey(ctx, a.TriggerID, r); err != nil {
		h.o.Log.WarnContext(ctx, "whether the key was shown is not known: another one is made", "request", r.ID, "error", err)
		if _, err := h.o.Requests.RenewKey(ctx, refOf(r).decisionInput(a.User, a.Channel, "nobody knows whether the key was shown")); err != nil {
			return h.replyError(replyTo(a), err), nil
		}
		return bot.Answer{}, nil
	}
	if _, err := h.o.Requests.KeyShown(ctx, r.ID, actor(a.User, a.Channel)); err != nil {
		h.o.Log.WarnContext(ctx, "the key was shown, and that is not written down", "request", r.ID, "error", err)
	}
	if err := h.o.Secrets.Drop(ctx, r.ID); err != nil {
		h.o.Log.WarnContext(ctx, "a key that was shown stays sealed until it lapses", "request", r.ID, "error", err)
	}
	return h.withHomeRefresh(a, bot.Answer{}), nil
}

func (h *Handlers) openKey(ctx context.Context, trigger string, r *change.Request) error {
	if h.o.Secrets == nil {
		return errors.New("this bot keeps no keys")
	}
	key, err := h.o.Secrets.Peek(ctx, r.ID)
	if err != nil {
		return err
	}
	_, err = h.o.Slack.OpenView(ctx, trigger, keyModal(r, key.Reveal()))
	return err
}

// keyModal is the one place where a key is shown.
func keyModal(r *change.Request, key string) slack.ModalViewRequest {
	blocks := []slack.Block{
		mrkdwn.Section("*" + mrkdwn.Named(r.Proposal.Title, 300) + "*\nThis key is shown once, to you alone. " + mrkdwn.Line(r.Wait.Say, mrkdwn.MaxTold) + " The command asks for it:"),
	}
	blocks = append(blocks, fences(r.Wait.Command)...)
	blocks = append(blocks, mrkdwn.Section("*The key*"))
	blocks = append(blocks, fences(key)...)
	blocks = append(blocks, mrkdwn.Section("Then press *Done* on the card. Write the key down nowhere else; if you lose it, *Make a new key* there."))
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callbackKey, Title: mrkdwn.Plain("The key", 24), Close: mrkdwn.Plain("Close", 24), Blocks: slack.Blocks{BlockSet: blocks},
	}
}

const callbackKey = "key"

func (h *Handlers) newKey(ctx context.Context, a bot.Action) (bot.Answer, error) {
	return h.decide(ctx, a, h.o.Requests.RenewKey)
}

func (h *Handlers) handDone(ctx context.Context, a bot.Action) (bot.Answer, error) {
	return h.decide(ctx, a, h.o.Requests.HandDone)
}
