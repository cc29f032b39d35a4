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
func (s *Screen) offer(ctx context.Context, p *Person, at *spot, b, e object, typed string) ([]offered, Outcome) {
	kind := field.Str(e, "type")
	if strings.HasSuffix(kind, "external_select") {
		return s.ask(ctx, p, at, b, e, typed)
	}
	defer s.u.w.mu.Unlock()
	switch {
	case strings.HasSuffix(kind, "users_select"):
		return s.u.w.peopleOffered(), Outcome{}
	case strings.HasSuffix(kind, "conversations_select"), strings.HasSuffix(kind, "channels_select"):
		return s.u.w.channelsOffered(p), Outcome{}
	}
	return flatOptions(e), Outcome{}
}

func (w *Workspace) peopleOffered() []offered {
	var out []offered
	for _, one := range w.people {
		if !one.Deleted {
			out = append(out, plainOffer(one.Handle, one.ID))
		}
	}
	return out
}

func (w *Workspace) channelsOffered(p *Person) []offered {
	var out []offered
	for _, c := range w.channels {
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
func (s *Screen) ask(ctx context.Context, p *Person, at *spot, b, e object, typed string) ([]offered, Outcome) {
	least, given := field.Number(e, "min_query_length")
	if !given {
		least = 3 // Slack's docs: external_select, min_query_length
	}
	if utf8.RuneCountInString(typed) < int(least) {
		s.u.w.mu.Unlock()
		return nil, Outcome{Problem: "query_too_short", Shown: fmt.Sprintf("Type at least %d characters", int(least))}
	}
	payload := s.u.w.suggestionPayload(p, at, b, e, typed)
	s.u.w.mu.Unlock()
	answer := s.u.w.deliver(ctx, delivery{kind: socketmode.Interactive, payload: payload})
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
