package handlers

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// What follows a connection's buttons and fields.
const (
	connectionPrefix = "connection."
	actionPick       = connectionPrefix + "pick"
	callbackLook     = "connection.look"
	fieldConnection  = "connection"
	fieldHeard       = "heard"

	maxHeard = 3000 // an error's text; Slack's limit of a field
)

// looks are the words that only look, and what they show to a user.
func looks() map[string]func(*Handlers, context.Context, string, link.Examination, Status) bot.Message {
	return map[string]func(*Handlers, context.Context, string, link.Examination, Status) bot.Message{
		"status": (*Handlers).statusFor, "diagnose": (*Handlers).diagnoseFor,
	}
}

// pressValue is what a connection's button carries: its name and what to fill the form with.
func pressValue(n link.Name, fill string) string { return strings.TrimSpace(n.String() + " " + fill) }

// parsePressValue takes nothing but what pressValue writes.
func parsePressValue(s string) (n link.Name, fill string, err error) {
	name, fill, _ := strings.Cut(s, " ")
	n, err = link.ParseName(name)
	if err == nil && !slices.Contains([]string{"", fillMended, fillFilter, fillRole, fillApproved}, fill) {
		err = fmt.Errorf("%q is not what a form is filled with", bot.Cut(fill, 40))
	}
	if err == nil && pressValue(n, fill) != s {
		err = fmt.Errorf("%q is not the value of a button of ours", bot.Cut(s, 80))
	}
	return n, fill, err
}

// lookCommand makes the command of a word that looks at one connection.
func lookCommand(verb string) func(*Handlers, context.Context, bot.Command, []string) bot.Answer {
	return func(h *Handlers, ctx context.Context, c bot.Command, args []string) bot.Answer {
		to := spot{user: c.User.ID, channel: c.Channel, responseURL: c.ResponseURL}
		if len(args) == 0 {
			if _, err := h.o.Messenger.OpenView(ctx, c.TriggerID, lookModal(orderMemory{Verb: verb, Channel: c.Channel})); err != nil {
				return reply(h.say(ctx, err, pen{}))
			}
			return bot.Answer{}
		}
		return bot.Answer{Then: func(ctx context.Context) error {
			n, why := h.whichConnection(ctx, args)
			if why != "" {
				return h.tell(ctx, to, private(bot.Escape(why)+" "+bot.Code(h.o.Command+" "+verb)+" alone lets you choose."))
			}
			return h.look(ctx, to, verb, n, "")
		}}
	}
}

// look examines a connection and tells one person, who may have seen an error of it.
func (h *Handlers) look(ctx context.Context, to spot, verb string, n link.Name, heard string) error {
	x, err := h.o.Connections.Examine(ctx, n)
	if err != nil {
		return h.tell(ctx, to, private(h.say(ctx, err, pen{})))
	}
	s, err := h.o.Watch.Record(ctx, x) // before what was heard: that is one user's
	if err != nil {
		h.o.Log.WarnContext(ctx, "recording how a connection is", "error", err)
	}
	x.Heard(heard)
	return h.tell(ctx, to, looks()[verb](h, ctx, to.user, x, s))
}

// lookPressed follows a button that only looks.
func (h *Handlers) lookPressed(_ context.Context, a bot.Action) (bot.Answer, error) {
	verb, _ := strings.CutPrefix(a.ID, connectionPrefix)
	n, _, err := parsePressValue(a.Value.Text)
	if err != nil {
		return bot.Answer{}, err
	}
	return bot.Answer{Then: func(ctx context.Context) error { return h.look(ctx, spotOf(a), verb, n, "") }}, nil
}

func lookModal(m orderMemory) slack.ModalViewRequest {
	blocks := []slack.Block{connectionInput(fieldConnection, bot.Option{}, false)}
	if m.Verb == "diagnose" {
		blocks = append(blocks, several(textInput(m, fieldHeard, "Error that you saw", "Such as a search's; what your user may not do, the bot can't see by itself.", maxHeard, "")))
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callbackLook, Title: plain("Choose a connection", 24), Submit: plain("Show", 24),
		Close: plain("Cancel", 24), PrivateMetadata: m.String(),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// connectionInput is a list of all connections that narrows down as one types.
func connectionInput(block string, chosen bot.Option, follow bool) slack.Block {
	sel := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, plain("Type a deployment or an alias", 150), actionPick)
	sel.MinQueryLength = new(int)
	if chosen.Value != "" {
		sel.InitialOption = slack.NewOptionBlockObject(chosen.Value, plain(chosen.Text, maxOption), nil)
	}
	in := slack.NewInputBlock(block, plain("Connection", 2000), nil, sel)
	in.DispatchAction = follow
	return in
}

// lookSubmitted shows the connection that was chosen.
func (h *Handlers) lookSubmitted(_ context.Context, s bot.Submission) (bot.Answer, error) {
	m, err := parseOrderMemory(s.View.Metadata)
	if err != nil {
		return bot.Answer{}, err
	}
	n, ok := chosenName(s.View.State.At(fieldConnection, actionPick).Option)
	if !ok {
		return beside(map[string]string{fieldConnection: "Choose a connection from the list."}), nil
	}
	to, heard := spot{user: s.User.ID, channel: m.Channel}, readAnswers(s.View.State).text(fieldHeard)
	return bot.Answer{Then: func(ctx context.Context) error { return h.look(ctx, to, m.Verb, n, heard) }}, nil
}

func lookLate(bot.Submission) bot.Answer { return beside(map[string]string{fieldConnection: sayTime}) }

// registerConnections names the buttons and fields of the connections that exist.
func (h *Handlers) registerConnections(r Router) {
	for _, id := range []string{actionListPrevious, actionListNext, actionListAgain} {
		r.OnAction(id, h.listTurned)
	}
	r.OnAction(actionListLine, h.lineChosen)
	for verb := range looks() {
		r.OnAction(connectionPrefix+verb, h.lookPressed)
	}
	for verb := range orders() {
		r.OnAction(connectionPrefix+verb, h.orderPressed)
	}
	r.OnAction(actionFollow, h.followPressed)
	r.OnAction(actionUnfollow, h.followPressed)
	r.OnSuggest(actionPick, h.suggestConnections)
	r.OnAction(actionPick, h.picked)
	r.OnShortcut(ShortcutDiagnose, h.diagnoseShortcut)
	r.OnSubmit(callbackLook, h.lookSubmitted, lookLate)
	r.OnSubmit(callbackOrder, h.orderSubmitted, orderLate)
}

// chosenName is the connection of an option; false for the one that stands for clusters that could not be asked.
func chosenName(o bot.Option) (link.Name, bool) {
	n, err := link.ParseName(o.Value)
	return n, err == nil
}
