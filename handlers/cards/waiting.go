package cards

import (
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
		s += "\n" + mrkdwn.CodeBlock(w.Command, 1000)
	}
	switch t := w.Taken; {
	case t != nil && t.Shown:
		s += "\n" + mrkdwn.User(t.By) + " was shown the key " + mrkdwn.When(t.At) + "."
	case t != nil:
		s += "\n" + mrkdwn.User(t.By) + " asked to see the key " + mrkdwn.When(t.At) + "; the bot doesn't know whether it was shown."
	case w.HasKey:
		s += "\n*Show me the key* shows it once, only to the person who presses it."
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
	now := RefOf(r).String()
	done := mrkdwn.Button(ActionHandDone, now, "Done")
	if r.Wait.HasKey && r.Wait.Taken == nil {
		return []slack.BlockElement{mrkdwn.Button(ActionShowKey, now, "Show me the key").WithStyle(slack.StylePrimary)}
	}
	buttons := []slack.BlockElement{done.WithStyle(slack.StylePrimary)}
	if r.Wait.HasKey {
		renew := mrkdwn.Button(ActionNewKey, now, "Create a new key")
		renew.Confirm = mrkdwn.Confirm("Create a new key?", "The key shown before becomes invalid. If it is already in a keystore, replace it with the new one.", "Create a new key", slack.StyleDanger)
		buttons = append(buttons, renew)
	}
	return buttons
}

// Questions is how many questions the work has asked, the present one included.
func Questions(r *change.Request) int {
	n := 1
	for _, d := range r.Decisions {
		if slices.Contains([]change.DecisionKind{change.DecisionRenew, change.DecisionHandDone, change.DecisionWaitEnded}, d.Kind) {
			n++
		}
	}
	return n
}

// WaitLine calls those who may do it: a card that is drawn again calls nobody.
func WaitLine(r *change.Request, v *change.Evaluation) bot.Message {
	s := ":raised_hand: " + mrkdwn.Line(r.Wait.Say, mrkdwn.MaxTold)
	if who := helpers(v); who != "" {
		s = ":raised_hand: " + who + ": " + mrkdwn.Line(r.Wait.Say, mrkdwn.MaxTold)
	}
	return bot.Message{Text: s, Blocks: []slack.Block{mrkdwn.Section(s + " The buttons are on the card.")}}
}
