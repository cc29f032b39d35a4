package workspace

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/blockkit"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/socketmode"
)

const trouble = "We had some trouble connecting. Try again?"

// Submit presses the modal's submit button. What the client itself refuses (a required field left empty, a text
// too short) is shown beside the fields and not sent.
func (s *Screen) Submit(ctx context.Context) (Outcome, error) {
	w := s.u.w
	w.mu.Lock()
	p, at, err := s.find()
	if err == nil && (at.view == nil || s.home) {
		err = errNoModal
	}
	if err == nil && field.Obj(at.view.json, "submit") == nil {
		err = errors.New("this modal has no submit button")
	}
	if err != nil {
		w.mu.Unlock()
		return Outcome{}, err
	}
	v := at.view
	v.problem = ""
	if v.errors = clientErrors(v); len(v.errors) > 0 {
		w.touch()
		out := Outcome{Errors: maps.Clone(v.errors)}
		w.mu.Unlock()
		return out, nil
	}
	payload := w.submissionPayload(p, v)
	w.mu.Unlock()

	answer := w.deliver(ctx, delivery{kind: socketmode.Interactive, payload: payload})
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.touch()
	if answer.problem != "" {
		v.problem = trouble
		return Outcome{Problem: answer.problem, Shown: trouble}, nil
	}
	return afterSubmit(w.views, v, answer), nil
}

// clientErrors are what Slack's client checks before it sends anything.
func clientErrors(v *view) map[string]string {
	problems := map[string]string{}
	for _, b := range blockkit.Flatten(field.List(v.json, "blocks")) {
		if field.Str(b, "type") != "input" {
			continue
		}
		e := field.Obj(b, "element")
		filled := v.values[field.Str(b, "block_id")][field.Str(e, "action_id")][blockkit.SlotOf(field.Str(e, "type")).Key]
		text, isText := filled.(string)
		switch {
		case blockkit.Empty(filled) && !field.Flag(b, "optional"):
			problems[field.Str(b, "block_id")] = "This is a required field"
		case !blockkit.Empty(filled) && isText:
			if problem := blockkit.Validate(e, text); problem != "" {
				problems[field.Str(b, "block_id")] = problem
			}
		}
		if most, ok := field.Number(e, "max_selected_items"); ok {
			if chosen, _ := filled.([]any); len(chosen) > int(most) {
				problems[field.Str(b, "block_id")] = "Please select at most " + strconv.Itoa(int(most)) + " items"
			}
		}
	}
	return problems
}

// afterSubmit does what the acknowledgement asks for; an empty one closes the view. The lock is held.
func afterSubmit(vs *views, v *view, answer ack) Outcome {
	if !slices.Contains(vs.stacks[v.user], v) {
		return Outcome{} // closed meanwhile
	}
	if len(answer.body) == 0 {
		vs.pop(v)
		return Outcome{}
	}
	bad := func(why string) Outcome {
		v.problem = trouble
		return Outcome{Problem: "bad_answer", Shown: trouble + " (" + why + ")"}
	}
	sent := answer.json()
	if sent == nil {
		return bad("the acknowledgement is not a JSON object")
	}
	switch action := field.Str(sent, "response_action"); action {
	case "":
		if len(sent) > 0 {
			return bad("no response_action")
		}
		vs.pop(v)
	case "clear":
		delete(vs.stacks, v.user)
	case "errors":
		problems, why := fieldErrors(v, field.Obj(sent, "errors"))
		if why != "" {
			return bad(why)
		}
		v.errors = problems
		return Outcome{Errors: maps.Clone(problems)}
	case "update":
		if problem := vs.checkView(field.Obj(sent, "view"), "modal", v); problem != nil {
			return bad(problem.text())
		}
		vs.fill(v, field.Obj(sent, "view"))
	case "push":
		if problem := vs.checkView(field.Obj(sent, "view"), "modal", nil); problem != nil {
			return bad(problem.text())
		}
		if _, problem := vs.pushView(field.Obj(sent, "view"), v.user); problem != nil {
			return bad(problem.text())
		}
	default:
		return bad("unknown response_action " + action)
	}
	return Outcome{}
}

// fieldErrors: the keys must be block_ids of input blocks, else the user sees only that there was trouble.
func fieldErrors(v *view, sent object) (problems map[string]string, why string) {
	inputs := map[string]bool{}
	for _, b := range blockkit.Flatten(field.List(v.json, "blocks")) {
		if field.Str(b, "type") == "input" {
			inputs[field.Str(b, "block_id")] = true
		}
	}
	problems = map[string]string{}
	for block := range sent {
		if problems[block] = field.Str(sent, block); problems[block] == "" || !inputs[block] {
			return nil, "errors names " + block + ", which is no input block with a message"
		}
	}
	if len(problems) == 0 {
		return nil, "errors is empty"
	}
	return problems, ""
}

// Close presses the modal's cancel button: the view below comes up again, unless clear_on_close is set.
func (s *Screen) Close(ctx context.Context) (Outcome, error) { return s.close(ctx, false) }

// Dismiss presses the x: the whole stack closes, and the root hears of it.
func (s *Screen) Dismiss(ctx context.Context) (Outcome, error) { return s.close(ctx, true) }

func (s *Screen) close(ctx context.Context, all bool) (Outcome, error) {
	w := s.u.w
	w.mu.Lock()
	p, at, err := s.find()
	if err == nil && (at.view == nil || s.home) {
		err = errNoModal
	}
	if err != nil {
		w.mu.Unlock()
		return Outcome{}, err
	}
	closed := at.view
	if all || field.Flag(closed.json, "clear_on_close") {
		all = true
		closed = w.stacks[p.ID][0]
	}
	payload := w.closedPayload(p, closed, all)
	w.pop(closed)
	w.mu.Unlock()
	if !field.Flag(closed.json, "notify_on_close") {
		return Outcome{}, nil
	}
	return s.u.interact(ctx, payload), nil
}
