package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// callbackForm is the modal of every change of a connection that exists.
const callbackForm = "connection.order"

// changeForm is a change of an existing connection, as people ask for it: a connection, a few fields, a reason.
type changeForm struct {
	verb, args, does     string // as of a subcommand
	title, submit, intro string
	others               bool // the form may be for other connections of the deployment, where it is not for this one
	// typed takes what fills the form out of what was typed, and returns the rest; nil: nothing does.
	typed func(args []string, now time.Time) (rest []string, fill string)
	// form are they for one connection, filled in.
	form func(ctx context.Context, h *Handlers, e link.ConnectionState, m formMetadata) []slack.Block
	// ask reads them.
	ask func(n link.Name, m formMetadata, f answers) (kind change.Kind, params any, wrong *change.InvalidError)
}

// changeForms are all of them, in the order of help: to add one, add a line.
func changeForms() []changeForm {
	return []changeForm{rotateForm(), updateForm(), extendForm(), disconnectForm(), migrateForm(), adoptForm()}
}

// changeFormOf is the form of a word; ok is false where none has it.
func changeFormOf(verb string) (f changeForm, ok bool) {
	all := changeForms()
	i := slices.IndexFunc(all, func(f changeForm) bool { return f.verb == verb })
	if i < 0 {
		return changeForm{}, false
	}
	return all[i], true
}

// kindOf is the kind of change that a word asks for; cards.SubcommandOf goes the other way.
func kindOf(verb string) change.Kind { return change.Kind("link." + verb) }

// formCommand makes the command of a word that asks for a change. The modal opens at once: its trigger is short-lived.
func formCommand(f changeForm) func(*Handlers, context.Context, bot.Command, []string) bot.Answer {
	return func(h *Handlers, ctx context.Context, c bot.Command, args []string) bot.Answer {
		m := formMetadata{Subcommand: f.verb, Channel: c.Channel}
		if f.typed != nil {
			args, m.Fill = f.typed(args, h.o.Now())
			m.Fill = bot.Cut(m.Fill, maxUntil)
		}
		note := ""
		if len(args) > 0 {
			note = "Looking for the connection…"
		}
		view, err := h.o.Slack.OpenView(ctx, c.TriggerID, formModal(m, bot.Option{}, noteBlocks(note), nil))
		if err != nil {
			return reply(h.say(ctx, err, textFormat{}))
		}
		if len(args) == 0 {
			return bot.Answer{}
		}
		return bot.Answer{Then: func(ctx context.Context) error {
			n, why := h.whichConnection(ctx, args)
			if why != "" {
				_, err := h.o.Slack.UpdateView(ctx, view.ID, "", formModal(m, bot.Option{}, []slack.Block{alertBlock(slack.AlertLevelError, bot.Escape(why))}, nil))
				return closed(err)
			}
			return h.fillForm(ctx, view.ID, m, n)
		}}
	}
}

// formPressed opens the modal of a connection's button, filled in.
func (h *Handlers) formPressed(ctx context.Context, a bot.Action) (bot.Answer, error) {
	verb, _ := strings.CutPrefix(a.ID, cards.ConnectionPrefix)
	n, fill, err := cards.ParsePressValue(a.Value.Text)
	if err != nil {
		return bot.Answer{}, err
	}
	m := formMetadata{Subcommand: verb, Channel: a.Channel, Fill: fill}
	view, err := h.o.Slack.OpenView(ctx, a.TriggerID, formModal(m, bot.Option{}, noteBlocks("Reading the connection…"), nil))
	if err != nil {
		return h.replyError(replyTo(a), err), nil
	}
	return bot.Answer{Then: func(ctx context.Context) error { return h.fillForm(ctx, view.ID, m, n) }}, nil
}

// connectionSelected follows the choice of a connection in the modal.
func (h *Handlers) connectionSelected(_ context.Context, a bot.Action) (bot.Answer, error) {
	if a.View == nil {
		return bot.Answer{}, errors.New("a connection was picked outside a modal")
	}
	m, err := parseFormMetadata(a.View.Metadata)
	if err != nil {
		return bot.Answer{}, err
	}
	n, ok := chosenName(a.Value.Option)
	if _, changes := changeFormOf(m.Subcommand); !ok || !changes {
		return bot.Answer{}, nil // the one that stands for clusters that could not be asked, or nothing depends on it
	}
	return bot.Answer{Then: func(ctx context.Context) error { return h.fillForm(ctx, a.View.ID, m, n) }}, nil
}

// fillForm reads the connection and draws the fields for it.
func (h *Handlers) fillForm(ctx context.Context, view string, m formMetadata, n link.Name) error {
	e, err := h.o.Connections.State(ctx, n)
	if err != nil {
		_, err = h.o.Slack.UpdateView(ctx, view, "", formModal(m, bot.Option{}, []slack.Block{alertBlock(slack.AlertLevelError, bot.Escape(h.say(ctx, err, textFormat{plain: true})))}, nil))
		return closed(err)
	}
	m.Name, m.Drawn = n.String(), h.o.Now().Unix()
	chosen := bot.Option{Value: m.Name, Text: bot.Cut(mrkdwn.Clean(e.PairState.Local.Name+"/"+n.Alias), mrkdwn.MaxOption)}
	o, _ := changeFormOf(m.Subcommand)
	var note, fields []slack.Block
	if why := e.WhyNot(kindOf(m.Subcommand)); why != "" {
		note = []slack.Block{alertBlock(slack.AlertLevelWarning, ":warning: "+mrkdwn.Line("Not for "+chosen.Text+": "+why+".", mrkdwn.MaxTold))}
	}
	if len(note) == 0 || o.others {
		fields = o.form(ctx, h, e, m)
	}
	if len(fields) == 0 { // then there is nothing to ask for
		m.Name, chosen = "", bot.Option{}
	}
	_, err = h.o.Slack.UpdateView(ctx, view, "", formModal(m, chosen, note, fields))
	return closed(err)
}

// noteBlocks say what the bot is doing, if it is doing anything.
func noteBlocks(note string) []slack.Block {
	if note == "" {
		return nil
	}
	return []slack.Block{mrkdwn.Section(note)}
}

// formModal draws the modal; without fields as long as no connection is chosen.
func formModal(m formMetadata, chosen bot.Option, note, fields []slack.Block) slack.ModalViewRequest {
	e, _ := changeFormOf(m.Subcommand)
	blocks := []slack.Block{mrkdwn.Section(e.intro), connectionInput(connectionBlock(m), chosen, true)}
	blocks = append(blocks, note...)
	if len(fields) > 0 {
		blocks = append(append(blocks, fields...), multiline(textInput(m, link.FieldReason, "What is it for?", "Approvers see this.", maxReason, "")))
	}
	v := slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callbackForm, Title: mrkdwn.Plain(e.title, 24), Submit: mrkdwn.Plain(e.submit, 24), Close: mrkdwn.Plain("Cancel", 24),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
	m.Fields = nil
	for _, block := range inputBlocks(v) {
		field, _, _ := strings.Cut(block, ":")
		m.Fields = append(m.Fields, field)
	}
	v.PrivateMetadata = m.String()
	return v
}

// connectionBlock is the block of the choice of a connection; a chosen one is an initial value like any other.
func connectionBlock(m formMetadata) string {
	if m.Name == "" {
		return fieldConnection
	}
	return blockOf(m, fieldConnection)
}

// formSubmitted asks for the change. The modal's id makes a second submission the same request.
func (h *Handlers) formSubmitted(ctx context.Context, s bot.Submission) (bot.Answer, error) {
	m, err := parseFormMetadata(s.View.Metadata)
	if err != nil {
		return bot.Answer{}, err
	}
	f := readAnswers(s.View.State)
	n, ok := chosenName(bot.Option{Value: m.Name})
	if !ok {
		return fieldErrors(map[string]string{connectionBlock(m): "Choose a connection from the list and wait until its fields appear."}), nil
	}
	if chosen := f[fieldConnection].Option.Value; chosen != "" && chosen != m.Name {
		return fieldErrors(map[string]string{connectionBlock(m): "You chose another connection: wait until its fields appear."}), nil
	}
	form, _ := changeFormOf(m.Subcommand)
	kind, params, wrong := form.ask(n, m, f)
	reason := f.text(link.FieldReason)
	if reason == "" {
		wrong.Add(link.FieldReason, "say what it is for: approvers need to know")
	}
	if len(wrong.Problems) > 0 {
		return fieldErrors(m.errors(wrong)), nil
	}
	raw, err := json.Marshal(params)
	if err != nil {
		return bot.Answer{}, err
	}
	to := replyTarget{user: s.User.ID, channel: m.Channel}
	return h.propose(ctx, s, to, change.ProposeInput{
		Kind: kind, Params: raw, Reason: reason, By: cards.Actor(s.User, m.Channel), Submission: s.View.ID,
	}, func(err error) bot.Answer { return h.formRefused(ctx, to, m, err) }), nil
}

func (h *Handlers) formRefused(ctx context.Context, to replyTarget, m formMetadata, err error) bot.Answer {
	if wrong, ok := errors.AsType[*change.InvalidError](err); ok {
		return fieldErrors(m.errors(wrong))
	}
	a := fieldErrors(m.errors(&change.InvalidError{Problems: []change.Problem{{Field: fieldConnection, Say: h.say(ctx, err, textFormat{plain: true})}}}))
	if _, held := errors.AsType[*change.LockedError](err); held {
		a.Then = func(ctx context.Context) error {
			return h.notifyUser(ctx, to, mrkdwn.Message(h.say(ctx, err, textFormat{})))
		}
	}
	return a
}

// errors are problems by block; one of a field that the form lacks is shown beside the connection.
func (m formMetadata) errors(wrong *change.InvalidError) map[string]string {
	out := map[string]string{}
	for _, p := range wrong.Problems {
		block := connectionBlock(m)
		if slices.Contains(m.Fields, p.Field) {
			block = blockOf(m, p.Field)
		}
		addError(out, block, cards.ProblemSays(p))
	}
	return out
}

func formLate(s bot.Submission) bot.Answer {
	m, err := parseFormMetadata(s.View.Metadata)
	if err != nil {
		return bot.Answer{}
	}
	return fieldErrors(map[string]string{connectionBlock(m): sayTime})
}

func parseFormMetadata(s string) (formMetadata, error) {
	var m formMetadata
	dec := json.NewDecoder(strings.NewReader(s))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return m, fmt.Errorf("a modal's metadata: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return m, errors.New("a modal's metadata: unexpected text after it")
	}
	_, looking := inspectCommands()[m.Subcommand]
	if _, ok := changeFormOf(m.Subcommand); !ok && !looking {
		return m, fmt.Errorf("a modal's metadata: there is no %q", bot.Cut(m.Subcommand, 40))
	}
	return m, nil
}
