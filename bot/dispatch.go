package bot

import (
	"context"
	"encoding/json"
	"hash/maphash"
	"strconv"

	"github.com/slack-go/slack"
)

// delivery is what a source knows of an event besides its payload.
type delivery struct {
	envelope string // Socket Mode's envelope_id; empty over HTTP
	limit    int    // an answer this long or longer cannot be sent; 0: no limit
}

// command hands a slash command over and returns the JSON to answer with, nil for an empty answer.
func (r *Router) command(ctx context.Context, p commandPayload, d delivery) []byte {
	c := p.command()
	j := &job{
		what: "command " + c.Name, key: d.key(c.TriggerID, []byte(c.Name+" "+c.Text+" "+c.User.ID+" "+c.Channel)), home: p.TeamID, org: p.Enterprise, limit: d.limit,
		failure: Failure{User: c.User, Channel: c.Channel, ResponseURL: c.ResponseURL, TriggerID: c.TriggerID},
		say:     ephemeral,
		late:    func() any { return ephemeral(sayLate) }, promises: true,
	}
	if h, ok := r.commands[c.Name]; ok {
		j.run = func(ctx context.Context) (Answer, error) { return h(ctx, c) }
	}
	return r.serve(ctx, r.seen, j)
}

// interaction hands over what came to the interactivity or options URL. The error is that of a payload which
// cannot be read.
func (r *Router) interaction(ctx context.Context, raw []byte, d delivery) ([]byte, error) {
	p, err := decodeInteraction(raw)
	if err != nil {
		return nil, err
	}
	j := &job{
		key: d.key(p.TriggerID, raw), home: p.workspace(), org: p.organization(), limit: d.limit,
		failure: Failure{
			User: p.user(), Channel: p.Channel.ID, ResponseURL: p.ResponseURL, TriggerID: p.TriggerID,
		},
	}
	switch p.Type {
	case "block_actions":
		r.pressed(j, p)
	case "view_submission":
		r.submitted(j, p)
	case "view_closed":
		r.closed(j, p)
	case "block_suggestion":
		r.suggested(j, p)
	case "shortcut", "message_action":
		s := p.shortcut()
		j.what = "shortcut " + s.ID
		if h, ok := r.shortcuts[s.ID]; ok {
			j.run = func(ctx context.Context) (Answer, error) { return h(ctx, s) }
		}
	default:
		j.what = "interaction of unknown type"
	}
	return r.serve(ctx, r.seen, j), nil
}

// pressed fills a job in for block_actions. Slack sends one action at a time, but its format is a list.
func (r *Router) pressed(j *job, p *interactionPayload) {
	j.what = "action"
	var runs []func(context.Context) (Answer, error)
	for i := range p.Actions {
		a := p.action(&p.Actions[i])
		if i == 0 {
			j.what = "action " + a.ID
			j.failure.Channel, j.failure.View = a.Channel, a.View
		}
		if h, ok := r.actions[a.ID]; ok {
			runs = append(runs, func(ctx context.Context) (Answer, error) { return h(ctx, a) })
		}
	}
	switch len(runs) {
	case 0: // unknown; a button that only opens a link arrives here too
	case 1:
		j.run = runs[0]
	default:
		j.run = inTurn(runs)
	}
}

// inTurn runs several handlers as one: the first error ends it, every Then that was promised is kept.
func inTurn(runs []func(context.Context) (Answer, error)) func(context.Context) (Answer, error) {
	return func(ctx context.Context) (Answer, error) {
		var thens []func(context.Context) error
		var failed error
		for _, run := range runs {
			answer, err := run(ctx)
			if err != nil {
				failed = err
				break
			}
			if answer.Then != nil {
				thens = append(thens, answer.Then)
			}
		}
		if len(thens) == 0 {
			return Answer{}, failed
		}
		return Answer{Then: func(ctx context.Context) error {
			for _, then := range thens {
				if err := then(ctx); err != nil {
					return err
				}
			}
			return failed
		}}, nil
	}
}

func (r *Router) submitted(j *job, p *interactionPayload) {
	if p.View == nil {
		j.what = "submission without a view"
		return
	}
	s := Submission{View: *p.View.view(), User: p.user(), TriggerID: p.TriggerID}
	j.what = "submission " + s.View.CallbackID
	j.failure.View = &s.View
	j.hasUserInput = true
	j.say = onTop
	if p.hasUserInput() {
		j.say = func(sentence string) any { return inputError(p.lastInput(), sentence) }
	}
	h, ok := r.submissions[s.View.CallbackID]
	if !ok {
		return
	}
	j.run = func(ctx context.Context) (Answer, error) { return h.handle(ctx, s) }
	if h.late != nil {
		j.late = func() any { return h.late(s).Body }
	}
}

func (r *Router) closed(j *job, p *interactionPayload) {
	if p.View == nil {
		j.what = "closing without a view"
		return
	}
	c := Closed{View: *p.View.view(), User: p.user(), Cleared: p.IsCleared}
	j.what = "closing " + c.View.CallbackID
	j.failure.View = &c.View
	if h, ok := r.closings[c.View.CallbackID]; ok {
		j.run = func(ctx context.Context) (Answer, error) { return h(ctx, c) }
	}
}

func (r *Router) suggested(j *job, p *interactionPayload) {
	s := Suggestion{ID: p.ActionID, Block: p.BlockID, Typed: string(p.Value), User: p.user(), View: p.View.view()}
	j.what = "suggestion " + s.ID
	j.key = "" // typing the same again asks again
	j.failure.View = s.View
	j.say = func(string) any { return noOptions }
	j.late = func() any { return noOptions }
	j.empty = noOptions
	j.quiet = true
	if h, ok := r.suggestions[s.ID]; ok {
		j.run = func(ctx context.Context) (Answer, error) { return h(ctx, s) }
	}
}

// event hands over an event of the Events API. The error is that of a payload which cannot be read.
func (r *Router) event(ctx context.Context, raw []byte, d delivery) ([]byte, error) {
	p, err := decodeEvent(raw)
	if err != nil {
		return nil, err
	}
	if p.Type == "url_verification" {
		return json.Marshal(map[string]string{"challenge": p.Challenge})
	}
	h := HomeOpened{User: User{ID: string(p.Event.User), Team: p.TeamID}, Tab: p.Event.Tab}
	j := &job{
		what: "event " + p.Event.Type, key: p.EventID, home: p.TeamID, org: p.Enterprise, limit: d.limit,
		failure: Failure{User: h.User}, quiet: true,
	}
	if p.Event.Type == "app_home_opened" && r.home != nil {
		j.run = func(ctx context.Context) (Answer, error) { return r.home(ctx, h) }
	}
	return r.serve(ctx, r.events, j), nil
}

// contents tells what was delivered apart; not for longer than the process lives.
var contents = maphash.MakeSeed()

// key tells two deliveries of one thing from two things: a trigger_id is made anew for every interaction, and what comes
// twice comes with the same contents.
func (d delivery) key(trigger string, content []byte) string {
	if trigger != "" {
		return "trigger:" + trigger + ":" + strconv.FormatUint(maphash.Bytes(contents, content), 36)
	}
	if d.envelope != "" {
		return "envelope:" + d.envelope
	}
	return ""
}

// noOptions is an empty list of options. slack.OptionsResponse leaves an empty list out, which Slack takes for
// an error.
var noOptions = json.RawMessage(`{"options":[]}`)

// ephemeral is the answer to a command that only its user sees.
func ephemeral(sentence string) any {
	return struct {
		Type string `json:"response_type"`
		Text string `json:"text"`
	}{"ephemeral", sentence}
}

// onTop keeps a modal open, where it has no input to show sentence under, and shows it in another on top.
func onTop(sentence string) any {
	plain := func(s string) *slack.TextBlockObject {
		return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
	}
	return slack.NewPushViewSubmissionResponse(&slack.ModalViewRequest{
		Type: slack.VTModal, Title: plain("Not done"), Close: plain("Back"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewSectionBlock(plain(sentence), nil, nil)}},
	})
}

// inputError keeps a modal open with what was typed and shows sentence under one input block.
func inputError(block, sentence string) any {
	return struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
	}{"errors", map[string]string{block: sentence}}
}
