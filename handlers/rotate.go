package handlers

import (
	"context"
	"strconv"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

func rotateOrder() order {
	return order{
		title: "Rotate a key", submit: "Ask for approval",
		intro: "A new key is proven beside the connection, then takes the old one's place, which is invalidated last. Searches go on all the while.",
		form: func(ctx context.Context, h *Handlers, e link.Existing, m orderMemory) []slack.Block {
			return []slack.Block{h.aboutBlock(ctx, e), expiryInput(m, 90)}
		},
		ask: func(n link.Name, f answers) (change.Kind, any, *change.InvalidError) {
			wrong := &change.InvalidError{}
			return link.KindRotate, link.Rotate{Local: n.Local, Alias: n.Alias, ExpiryDays: f.days(wrong)}, wrong
		},
	}
}

// aboutBlock says which connection is meant, before anything is filled in.
func (h *Handlers) aboutBlock(ctx context.Context, e link.Existing) slack.Block {
	p := h.troubles(ctx)[e.Name]
	if p.Trouble != link.TroubleLost && e.KeyGone() { // the watch has not looked since
		p = link.Problem{Trouble: link.TroubleLost, Say: "There is no valid key any more."}
	}
	emoji, word, why := stateOf(link.Connection{Info: e.Info, Gone: !e.Exists()}, p)
	s := emoji + " " + word + " · " + link.Connection{Info: e.Info}.Model()
	if why != "" {
		s += "\n" + why
	}
	s += "\n*Remote:* " + line(remoteOf(e), maxName) + "\n*Settings:* " + verbatim(e.Own.Brief(e.Alias), 900)
	if e.Managed == nil {
		s += "\n:warning: Made by hand."
	}
	return section(s)
}

func expiryInput(m orderMemory, days int) slack.Block {
	return choiceInput(blockOf(m, link.FieldExpiry), link.FieldExpiry, "The key expires after", expiries, strconv.Itoa(days))
}

func (a answers) days(wrong *change.InvalidError) int {
	return number(wrong, link.FieldExpiry, a[link.FieldExpiry].Option.Value)
}
