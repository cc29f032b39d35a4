package handlers

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
)

// inspectView looks at one connection.
type inspectView struct {
	connections Connections
	status      ConnectionStatus
	requests    Requests
	slack       SlackClient
	finder      *finder
	follower    *follower
	links       *links
	review      *reviewView
	command     string
	tell        *reply.Replier
	log         *slog.Logger
}

// inspectCommand makes the command of a word that looks at one connection.
func (h *inspectView) inspectCommand(verb string) runCommand {
	return func(ctx context.Context, c bot.Command, args []string) bot.Answer {
		to := reply.Target{User: c.User.ID, Channel: c.Channel, ResponseURL: c.ResponseURL}
		if len(args) == 0 {
			if _, err := h.slack.OpenView(ctx, c.TriggerID, forms.InspectModal(forms.Metadata{Subcommand: verb, Channel: c.Channel})); err != nil {
				return reply.Text(h.tell.Say(ctx, err, reply.Format{}))
			}
			return bot.Answer{}
		}
		return bot.Answer{Then: func(ctx context.Context) error {
			n, why := h.finder.whichConnection(ctx, args)
			if why != "" {
				return h.tell.Notify(ctx, to, mrkdwn.Message(bot.Escape(why)+" "+bot.Code(h.command+" "+verb)+" without a name lets you choose."))
			}
			return h.inspect(ctx, to, verb, n, "")
		}}
	}
}

// inspect examines a connection and tells one person, who may have seen an error of it.
func (h *inspectView) inspect(ctx context.Context, to reply.Target, verb string, n link.Name, heard string) error {
	x, err := h.connections.Diagnose(ctx, n)
	if err != nil {
		return h.tell.Notify(ctx, to, mrkdwn.Message(h.tell.Say(ctx, err, reply.Format{})))
	}
	s, err := h.status.Record(ctx, x) // before what was heard: that is one user's
	if err != nil {
		h.log.WarnContext(ctx, "recording a connection's status", "error", err)
	}
	diagnose.WithReportedError(&x, heard)
	if verb == "diagnose" {
		return h.tell.Notify(ctx, to, diagnoseMessage(x))
	}
	return h.tell.Notify(ctx, to, h.statusFor(ctx, to.User, x, s))
}

// inspectPressed follows a button that only looks.
func (h *inspectView) inspectPressed(_ context.Context, a bot.Action) (bot.Answer, error) {
	verb, _ := strings.CutPrefix(a.ID, cards.ConnectionPrefix)
	return h.inspectFrom(a, verb)
}

// statusPressed follows the button of a row in a list.
func (h *inspectView) statusPressed(_ context.Context, a bot.Action) (bot.Answer, error) {
	return h.inspectFrom(a, "status")
}

func (h *inspectView) inspectFrom(a bot.Action, verb string) (bot.Answer, error) {
	n, _, err := cards.ParsePressValue(a.Value.Text)
	if err != nil {
		return bot.Answer{}, err
	}
	return bot.Answer{Then: func(ctx context.Context) error { return h.inspect(ctx, reply.To(a), verb, n, "") }}, nil
}

// inspectSubmitted shows the connection that was chosen.
func (h *inspectView) inspectSubmitted(_ context.Context, s bot.Submission) (bot.Answer, error) {
	m, err := forms.ParseMetadata(s.View.Metadata)
	if err != nil {
		return bot.Answer{}, err
	}
	n, ok := forms.ChosenName(s.View.State.At(forms.FieldConnection, forms.ActionPick).Option)
	if !ok {
		return forms.FieldErrors(map[string]string{forms.FieldConnection: "Choose a connection from the list."}), nil
	}
	to, heard := reply.Target{User: s.User.ID, Channel: m.Channel}, forms.ReadAnswers(s.View.State).Text(forms.FieldReportedError)
	return bot.Answer{Then: func(ctx context.Context) error { return h.inspect(ctx, to, m.Subcommand, n, heard) }}, nil
}

func inspectLate(bot.Submission) bot.Answer {
	return forms.FieldErrors(map[string]string{forms.FieldConnection: reply.SayTime})
}

// ShortcutDiagnose is the callback_id of the message shortcut "Diagnose this connection".
const ShortcutDiagnose = "diagnose_connection"

// diagnoseShortcut examines the connection that a message of the bot's is about; of any other message it lets people
// choose one.
func (h *inspectView) diagnoseShortcut(ctx context.Context, s bot.Shortcut) (bot.Answer, error) {
	to := reply.Target{User: s.User.ID, Channel: s.Channel, Thread: s.Thread}
	n, ok := h.connectionOf(ctx, s)
	if !ok {
		m := forms.Metadata{Subcommand: "diagnose", Channel: s.Channel}
		if _, err := h.slack.OpenView(ctx, s.TriggerID, forms.InspectModal(m)); err != nil {
			return h.tell.Error(to, err), nil
		}
		return bot.Answer{}, nil
	}
	return bot.Answer{Then: func(ctx context.Context) error { return h.inspect(ctx, to, "diagnose", n, "") }}, nil
}

// connectionOf is the connection that a message is about.
func (h *inspectView) connectionOf(ctx context.Context, s bot.Shortcut) (link.Name, bool) {
	m, ok, err := h.slack.Metadata(ctx, bot.Posted{Channel: s.Channel, TS: s.Message}, s.Thread)
	if err != nil || !ok {
		return link.Name{}, false
	}
	if problem, ok := m.Payload["problem"].(string); ok {
		name, _, _ := strings.Cut(problem, " ") // as problemKey wrote it
		n, err := link.ParseName(name)
		return n, err == nil
	}
	id, _ := m.Payload["request"].(string)
	r, err := h.requests.Get(ctx, id)
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
