package handlers

import (
	"context"
	"encoding/json"
	"errors"
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
)

// changes are the forms that ask for changes of a connection that exists.
type changes struct {
	connections Connections
	slack       SlackClient
	finder      *finder
	states      *states
	proposer    *proposer
	tell        *reply.Replier
	now         func() time.Time
}

// formCommand makes the command of a word that asks for a change. The modal opens at once: its trigger is short-lived.
func (h *changes) formCommand(f forms.Change) runCommand {
	return func(ctx context.Context, c bot.Command, args []string) bot.Answer {
		m := forms.Metadata{Subcommand: f.Verb, Channel: c.Channel}
		if f.Typed != nil {
			args, m.Fill = f.Typed(args, h.now())
			m.Fill = bot.Cut(m.Fill, forms.MaxUntil)
		}
		note := ""
		if len(args) > 0 {
			note = "Looking for the connection…"
		}
		view, err := h.slack.OpenView(ctx, c.TriggerID, forms.ChangeModal(m, bot.Option{}, forms.NoteBlocks(note), nil))
		if err != nil {
			return reply.Text(h.tell.Say(ctx, err, reply.Format{}))
		}
		if len(args) == 0 {
			return bot.Answer{}
		}
		return bot.Answer{Then: func(ctx context.Context) error {
			n, why := h.finder.whichConnection(ctx, args)
			if why != "" {
				_, err := h.slack.UpdateView(ctx, view.ID, "", forms.ChangeModal(m, bot.Option{}, []slack.Block{forms.AlertBlock(slack.AlertLevelError, bot.Escape(why))}, nil))
				return closed(err)
			}
			return h.fillForm(ctx, view.ID, m, n)
		}}
	}
}

// formPressed opens the modal of a connection's button, filled in.
func (h *changes) formPressed(ctx context.Context, a bot.Action) (bot.Answer, error) {
	verb, _ := strings.CutPrefix(a.ID, cards.ConnectionPrefix)
	n, fill, err := cards.ParsePressValue(a.Value.Text)
	if err != nil {
		return bot.Answer{}, err
	}
	m := forms.Metadata{Subcommand: verb, Channel: a.Channel, Fill: fill}
	view, err := h.slack.OpenView(ctx, a.TriggerID, forms.ChangeModal(m, bot.Option{}, forms.NoteBlocks("Reading the connection…"), nil))
	if err != nil {
		return h.tell.Error(reply.To(a), err), nil
	}
	return bot.Answer{Then: func(ctx context.Context) error { return h.fillForm(ctx, view.ID, m, n) }}, nil
}

// connectionSelected follows the choice of a connection in the modal.
func (h *changes) connectionSelected(_ context.Context, a bot.Action) (bot.Answer, error) {
	if a.View == nil {
		return bot.Answer{}, errors.New("a connection was picked outside a modal")
	}
	m, err := forms.ParseMetadata(a.View.Metadata)
	if err != nil {
		return bot.Answer{}, err
	}
	n, ok := forms.ChosenName(a.Value.Option)
	if _, changes := forms.ChangeOf(m.Subcommand); !ok || !changes {
		return bot.Answer{}, nil // the one that stands for clusters that could not be asked, or nothing depends on it
	}
	return bot.Answer{Then: func(ctx context.Context) error { return h.fillForm(ctx, a.View.ID, m, n) }}, nil
}

// fillForm reads the connection and draws the fields for it.
func (h *changes) fillForm(ctx context.Context, view string, m forms.Metadata, n link.Name) error {
	e, err := h.connections.State(ctx, n)
	if err != nil {
		_, err = h.slack.UpdateView(ctx, view, "", forms.ChangeModal(m, bot.Option{}, []slack.Block{forms.AlertBlock(slack.AlertLevelError, bot.Escape(h.tell.Say(ctx, err, reply.Format{Plain: true})))}, nil))
		return closed(err)
	}
	m.Name, m.Drawn = n.String(), h.now().Unix()
	chosen := bot.Option{Value: m.Name, Text: bot.Cut(mrkdwn.Clean(e.PairState.Local.Name+"/"+n.Alias), mrkdwn.MaxOption)}
	o, _ := forms.ChangeOf(m.Subcommand)
	var note, fields []slack.Block
	if why := e.WhyNot(forms.KindOf(m.Subcommand)); why != "" {
		note = []slack.Block{forms.AlertBlock(slack.AlertLevelWarning, ":warning: "+mrkdwn.Line("Not for "+chosen.Text+": "+why+".", mrkdwn.MaxTold))}
	}
	if len(note) == 0 || o.Others {
		var others []string
		if o.Others {
			others = h.connections.Migratable(ctx, n.Local)
		}
		if fields = o.Form(e, others, m); len(fields) > 0 {
			fields = append([]slack.Block{h.states.aboutBlock(ctx, e)}, fields...)
		}
	}
	if len(fields) == 0 { // then there is nothing to ask for
		m.Name, chosen = "", bot.Option{}
	}
	_, err = h.slack.UpdateView(ctx, view, "", forms.ChangeModal(m, chosen, note, fields))
	return closed(err)
}

// formSubmitted asks for the change. The modal's id makes a second submission the same request.
func (h *changes) formSubmitted(ctx context.Context, s bot.Submission) (bot.Answer, error) {
	m, err := forms.ParseMetadata(s.View.Metadata)
	if err != nil {
		return bot.Answer{}, err
	}
	f := forms.ReadAnswers(s.View.State)
	n, ok := forms.ChosenName(bot.Option{Value: m.Name})
	if !ok {
		return forms.FieldErrors(map[string]string{forms.ConnectionBlock(m): "Choose a connection from the list and wait until its fields appear."}), nil
	}
	if chosen := f[forms.FieldConnection].Option.Value; chosen != "" && chosen != m.Name {
		return forms.FieldErrors(map[string]string{forms.ConnectionBlock(m): "You chose another connection: wait until its fields appear."}), nil
	}
	form, _ := forms.ChangeOf(m.Subcommand)
	kind, params, wrong := form.Ask(n, m, f)
	reason := f.Text(link.FieldReason)
	if reason == "" {
		wrong.Add(link.FieldReason, "say what it is for: approvers need to know")
	}
	if len(wrong.Problems) > 0 {
		return forms.FieldErrors(m.Errors(wrong)), nil
	}
	raw, err := json.Marshal(params)
	if err != nil {
		return bot.Answer{}, err
	}
	to := reply.Target{User: s.User.ID, Channel: m.Channel}
	return h.proposer.propose(ctx, s, to, change.ProposeInput{
		Kind: kind, Params: raw, Reason: reason, By: cards.Actor(s.User, m.Channel), Submission: s.View.ID,
	}, func(err error) bot.Answer { return h.formRefused(ctx, to, m, err) }), nil
}

func (h *changes) formRefused(ctx context.Context, to reply.Target, m forms.Metadata, err error) bot.Answer {
	if wrong, ok := errors.AsType[*change.InvalidError](err); ok {
		return forms.FieldErrors(m.Errors(wrong))
	}
	a := forms.FieldErrors(m.Errors(&change.InvalidError{Problems: []change.Problem{{Field: forms.FieldConnection, Say: h.tell.Say(ctx, err, reply.Format{Plain: true})}}}))
	if _, held := errors.AsType[*change.LockedError](err); held {
		a.Then = func(ctx context.Context) error {
			return h.tell.Notify(ctx, to, mrkdwn.Message(h.tell.Say(ctx, err, reply.Format{})))
		}
	}
	return a
}

func formLate(s bot.Submission) bot.Answer {
	m, err := forms.ParseMetadata(s.View.Metadata)
	if err != nil {
		return bot.Answer{}
	}
	return forms.FieldErrors(map[string]string{forms.ConnectionBlock(m): reply.SayTime})
}
