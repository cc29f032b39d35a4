package workspace

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/blockkit"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/socketmode"
)

// offer lists the options of a select. It is called with the lock held and releases it.
func offer(ctx context.Context, w *courier, p *Person, at *spot, b, e object, typed string) ([]offered, Outcome) {
	kind := field.Str(e, "type")
	if strings.HasSuffix(kind, "external_select") {
		return ask(ctx, w, p, at, b, e, typed)
	}
	defer w.mu.Unlock()
	switch {
	case strings.HasSuffix(kind, "users_select"):
		return peopleOffered(w.members), Outcome{}
	case strings.HasSuffix(kind, "conversations_select"), strings.HasSuffix(kind, "channels_select"):
		return channelsOffered(w.members, p), Outcome{}
	}
	return flatOptions(e), Outcome{}
}

func peopleOffered(m *members) []offered {
	var out []offered
	for _, one := range m.people {
		if !one.Deleted {
			out = append(out, plainOffer(one.Handle, one.ID))
		}
	}
	return out
}

func channelsOffered(m *members, p *Person) []offered {
	var out []offered
	for _, c := range m.channels {
		if !c.Archived && c.IM == "" && (!c.Private || c.has(p.ID)) {
			out = append(out, plainOffer(c.Name, c.ID))
		}
	}
	return out
}

// flatOptions are all options of a select or an answer to block_suggestion, each with the label of its group.
func flatOptions(o object) []offered {
	var out []offered
	for _, one := range field.Objects(field.List(o, "options")) {
		out = append(out, offered{option: one})
	}
	for _, group := range field.Objects(field.List(o, "option_groups")) {
		for _, one := range field.Objects(field.List(group, "options")) {
			out = append(out, offered{one, field.Str(field.Obj(group, "label"), "text")})
		}
	}
	return out
}

func plainOffer(text, value string) offered {
	return offered{option: object{"text": object{"type": "plain_text", "text": text}, "value": value}}
}

// ask sends block_suggestion and checks the answer; it releases the lock.
func ask(ctx context.Context, w *courier, p *Person, at *spot, b, e object, typed string) ([]offered, Outcome) {
	least, given := field.Number(e, "min_query_length")
	if !given {
		least = 3 // Slack's docs: external_select, min_query_length
	}
	if utf8.RuneCountInString(typed) < int(least) {
		w.mu.Unlock()
		return nil, Outcome{Problem: "query_too_short", Shown: fmt.Sprintf("Type at least %d characters", int(least))}
	}
	payload := w.suggestionPayload(p, at, b, e, typed)
	w.mu.Unlock()
	answer := w.deliver(ctx, delivery{kind: socketmode.Interactive, payload: payload})
	if answer.problem != "" {
		return nil, Outcome{Problem: answer.problem, Shown: "Couldn't load results"}
	}
	var sent object
	if err := json.Unmarshal(answer.body, &sent); err != nil {
		return nil, Outcome{Problem: "bad_answer", Shown: "Couldn't load results"}
	}
	if problems := blockkit.CheckOptions(sent); len(problems) > 0 {
		return nil, Outcome{Problem: "bad_answer", Shown: "Couldn't load results: " + strings.Join(problems, "; ")}
	}
	return flatOptions(sent), Outcome{}
}

// offered is an option that a select shows.
type offered struct {
	option object
	group  string // the label above it
}

func (o offered) choice() Choice {
	return Choice{
		Text: field.Str(field.Obj(o.option, "text"), "text"), Value: field.Str(o.option, "value"),
		Description: field.Str(field.Obj(o.option, "description"), "text"), Group: o.group,
	}
}

func choices(all []offered) []Choice {
	out := make([]Choice, 0, len(all))
	for _, one := range all {
		out = append(out, one.choice())
	}
	return out
}

func pick(all []offered, option string) (object, error) {
	var there []string
	for _, match := range []func(Choice) bool{
		func(c Choice) bool { return c.Text == option || c.Value == option },
		func(c Choice) bool { return strings.HasPrefix(strings.ToLower(c.Text), strings.ToLower(option)) },
	} {
		there = nil
		for _, o := range all {
			if match(o.choice()) {
				return o.option, nil
			}
			there = append(there, o.choice().Text)
		}
	}
	return nil, fmt.Errorf("no option %q, only %q", option, there)
}
