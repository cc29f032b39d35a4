package handlers

import (
	"context"
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
)

// inspectCommands are the words that only look, and what they show to a user.
func inspectCommands() map[string]func(*Handlers, context.Context, string, diagnose.HealthReport, monitor.Status) bot.Message {
	return map[string]func(*Handlers, context.Context, string, diagnose.HealthReport, monitor.Status) bot.Message{
		"status": (*Handlers).statusFor, "diagnose": (*Handlers).diagnoseFor,
	}
}

// inspectCommand makes the command of a word that looks at one connection.
func inspectCommand(verb string) func(*Handlers, context.Context, bot.Command, []string) bot.Answer {
	return func(h *Handlers, ctx context.Context, c bot.Command, args []string) bot.Answer {
		to := replyTarget{user: c.User.ID, channel: c.Channel, responseURL: c.ResponseURL}
		if len(args) == 0 {
			if _, err := h.o.Slack.OpenView(ctx, c.TriggerID, inspectModal(formMetadata{Subcommand: verb, Channel: c.Channel})); err != nil {
				return reply(h.say(ctx, err, textFormat{}))
			}
			return bot.Answer{}
		}
		return bot.Answer{Then: func(ctx context.Context) error {
			n, why := h.whichConnection(ctx, args)
			if why != "" {
				return h.notifyUser(ctx, to, mrkdwn.Message(bot.Escape(why)+" "+bot.Code(h.o.Command+" "+verb)+" without a name lets you choose."))
			}
			return h.inspect(ctx, to, verb, n, "")
		}}
	}
}

// inspect examines a connection and tells one person, who may have seen an error of it.
func (h *Handlers) inspect(ctx context.Context, to replyTarget, verb string, n link.Name, heard string) error {
	x, err := h.o.Connections.Diagnose(ctx, n)
	if err != nil {
		return h.notifyUser(ctx, to, mrkdwn.Message(h.say(ctx, err, textFormat{})))
	}
	s, err := h.o.Status.Record(ctx, x) // before what was heard: that is one user's
	if err != nil {
		h.o.Log.WarnContext(ctx, "recording a connection's status", "error", err)
	}
	x.WithReportedError(heard)
	return h.notifyUser(ctx, to, inspectCommands()[verb](h, ctx, to.user, x, s))
}

// inspectPressed follows a button that only looks.
func (h *Handlers) inspectPressed(_ context.Context, a bot.Action) (bot.Answer, error) {
	verb, _ := strings.CutPrefix(a.ID, cards.ConnectionPrefix)
	return h.inspectFrom(a, verb)
}

// statusPressed follows the button of a row in a list.
func (h *Handlers) statusPressed(_ context.Context, a bot.Action) (bot.Answer, error) {
	return h.inspectFrom(a, "status")
}

func (h *Handlers) inspectFrom(a bot.Action, verb string) (bot.Answer, error) {
	n, _, err := cards.ParsePressValue(a.Value.Text)
	if err != nil {
		return bot.Answer{}, err
	}
	return bot.Answer{Then: func(ctx context.Context) error { return h.inspect(ctx, replyTo(a), verb, n, "") }}, nil
}

func inspectModal(m formMetadata) slack.ModalViewRequest {
	blocks := []slack.Block{connectionInput(fieldConnection, bot.Option{}, false)}
	if m.Subcommand == "diagnose" {
		blocks = append(blocks, several(textInput(m, fieldReportedError, "Error you saw", "For example from a search. The bot can't see errors caused by your own permissions.", maxReportedError, "")))
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callbackInspect, Title: mrkdwn.Plain("Choose a connection", 24), Submit: mrkdwn.Plain("Show", 24),
		Close: mrkdwn.Plain("Cancel", 24), PrivateMetadata: m.String(),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// inspectSubmitted shows the connection that was chosen.
func (h *Handlers) inspectSubmitted(_ context.Context, s bot.Submission) (bot.Answer, error) {
	m, err := parseFormMetadata(s.View.Metadata)
	if err != nil {
		return bot.Answer{}, err
	}
	n, ok := chosenName(s.View.State.At(fieldConnection, actionPick).Option)
	if !ok {
		return fieldErrors(map[string]string{fieldConnection: "Choose a connection from the list."}), nil
	}
	to, heard := replyTarget{user: s.User.ID, channel: m.Channel}, readAnswers(s.View.State).text(fieldReportedError)
	return bot.Answer{Then: func(ctx context.Context) error { return h.inspect(ctx, to, m.Subcommand, n, heard) }}, nil
}

func inspectLate(bot.Submission) bot.Answer {
	return fieldErrors(map[string]string{fieldConnection: sayTime})
}
