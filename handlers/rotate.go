package handlers

import (
	"context"
	"strconv"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

func rotateForm() changeForm {
	return changeForm{
		verb: "rotate", args: "[deployment/alias]",
		does:  "replace the key without downtime: the new key is tested first",
		title: "Rotate a key", submit: "Request approval",
		intro: "The new key is tested first, then replaces the old one, which is invalidated last. Searches keep working throughout.",
		form: func(ctx context.Context, h *Handlers, e link.ConnectionState, m formMetadata) []slack.Block {
			return []slack.Block{h.aboutBlock(ctx, e), expiryInput(m, 90)}
		},
		ask: func(n link.Name, _ formMetadata, f answers) (change.Kind, any, *change.InvalidError) {
			wrong := &change.InvalidError{}
			return link.KindRotate, link.RotateParams{Local: n.Local, Alias: n.Alias, ExpiryDays: f.days(wrong)}, wrong
		},
	}
}

// aboutBlock says which connection is meant, before anything is filled in.
func (h *Handlers) aboutBlock(ctx context.Context, e link.ConnectionState) slack.Block {
	c := inventory.Connection{Local: e.PairState.Local, Alias: e.Alias, Info: e.Info, Gone: !e.Exists(), Managed: e.Managed}
	k := knownOf(c, h.statusesOf(ctx, []inventory.Connection{c})[e.Name])
	if k.State() != diagnose.StateDown && e.KeyGone() { // it was not checked since
		k.Worst = &diagnose.Problem{Kind: diagnose.ProblemDown, Say: "There is no valid key any more."}
	}
	s := cards.StateFace(k.State()) + " " + stateWords(k) + " · " + c.Model()
	if why := stateWhy(k); why != "" {
		s += "\n" + why
	}
	s += "\n*Remote:* " + mrkdwn.Line(remoteOf(e), mrkdwn.MaxName) + "\n*Settings:* " + mrkdwn.Verbatim(e.Own.Brief(e.Alias), 900)
	if end := e.End(); !end.IsZero() {
		s += "\n*Until:* " + mrkdwn.When(end) + ", then the bot removes it"
	}
	if e.Managed == nil {
		s += "\n:warning: Created by hand."
	}
	return mrkdwn.Section(s)
}

func expiryInput(m formMetadata, days int) slack.Block {
	return choiceInput(blockOf(m, link.FieldExpiry), link.FieldExpiry, "The key expires after", expiries, strconv.Itoa(days))
}
