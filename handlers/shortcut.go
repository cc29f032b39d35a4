package handlers

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// ShortcutDiagnose is the callback_id of the message shortcut "Diagnose this connection".
const ShortcutDiagnose = "diagnose_connection"

// diagnoseShortcut examines the connection that a message of the bot's is about; of any other message it lets people
// choose one.
func (h *Handlers) diagnoseShortcut(ctx context.Context, s bot.Shortcut) (bot.Answer, error) {
	to := replyTarget{user: s.User.ID, channel: s.Channel, thread: s.Thread}
	n, ok := h.connectionOf(ctx, s)
	if !ok {
		m := formMetadata{Subcommand: "diagnose", Channel: s.Channel}
		if _, err := h.o.Slack.OpenView(ctx, s.TriggerID, inspectModal(m)); err != nil {
			return h.replyError(to, err), nil
		}
		return bot.Answer{}, nil
	}
	return bot.Answer{Then: func(ctx context.Context) error { return h.inspect(ctx, to, "diagnose", n, "") }}, nil
}

// connectionOf is the connection that a message is about.
func (h *Handlers) connectionOf(ctx context.Context, s bot.Shortcut) (link.Name, bool) {
	m, ok, err := h.o.Slack.Metadata(ctx, bot.Posted{Channel: s.Channel, TS: s.Message}, s.Thread)
	if err != nil || !ok {
		return link.Name{}, false
	}
	if problem, ok := m.Payload["problem"].(string); ok {
		name, _, _ := strings.Cut(problem, " ") // as problemKey wrote it
		n, err := link.ParseName(name)
		return n, err == nil
	}
	id, _ := m.Payload["request"].(string)
	r, err := h.o.Requests.Get(ctx, id)
	if err != nil {
		return link.Name{}, false
	}
	return subject(r)
}

// subject is the connection that a request is about, if it is about one.
func subject(r *change.Request) (link.Name, bool) {
	var p struct {
		Local   elastic.Ref `json:"local"`
		Alias   string      `json:"alias"`
		Aliases []string    `json:"aliases"`
	}
	if json.Unmarshal(r.Proposal.Params, &p) != nil {
		return link.Name{}, false
	}
	if p.Alias == "" && len(p.Aliases) == 1 {
		p.Alias = p.Aliases[0]
	}
	return link.Name{Local: p.Local, Alias: p.Alias}, p.Alias != "" && p.Local.Deployment != ""
}
