package workspace

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// offer lists the options of a select. It is called with the lock held and releases it.
func (s *Screen) offer(ctx context.Context, p *Person, at *spot, b, e object, typed string) ([]offered, Outcome) {
	kind := str(e, "type")
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
	for _, one := range objects(list(o, "options")) {
		out = append(out, offered{option: one})
	}
	for _, group := range objects(list(o, "option_groups")) {
		for _, one := range objects(list(group, "options")) {
			out = append(out, offered{one, str(obj(group, "label"), "text")})
		}
	}
	return out
}

func plainOffer(text, value string) offered {
	return offered{option: object{"text": object{"type": "plain_text", "text": text}, "value": value}}
}

// ask sends block_suggestion and checks the answer; it releases the lock.
func (s *Screen) ask(ctx context.Context, p *Person, at *spot, b, e object, typed string) ([]offered, Outcome) {
	least, given := number(e, "min_query_length")
	if !given {
		least = 3 // Slack's docs: external_select, min_query_length
	}
	if utf8.RuneCountInString(typed) < int(least) {
		s.u.w.mu.Unlock()
		return nil, Outcome{Problem: "query_too_short", Shown: fmt.Sprintf("Type at least %d characters", int(least))}
	}
	payload := s.u.w.suggestionPayload(p, at, b, e, typed)
	s.u.w.mu.Unlock()
	answer := s.u.w.deliver(ctx, delivery{kind: kindInteractive, payload: payload})
	if answer.problem != "" {
		return nil, Outcome{Problem: answer.problem, Shown: "Couldn't load results"}
	}
	var sent object
	if err := json.Unmarshal(answer.body, &sent); err != nil {
		return nil, Outcome{Problem: "bad_answer", Shown: "Couldn't load results"}
	}
	if problems := CheckOptions(sent); len(problems) > 0 {
		return nil, Outcome{Problem: "bad_answer", Shown: "Couldn't load results: " + strings.Join(problems, "; ")}
	}
	return flatOptions(sent), Outcome{}
}

// CheckOptions returns what is wrong with an answer to block_suggestion, decoded from JSON. An answer without
// options is none: to offer nothing, options must be there and empty.
func CheckOptions(answer map[string]any) []string {
	r := &report{surface: OnModal, blockIDs: map[string]bool{}}
	shape{"options": items(0, 100, plainOption), "option_groups": items(0, 100, optionGroup)}.check(r, "", answer)
	if (answer["options"] == nil) == (answer["option_groups"] == nil) {
		r.add("", "must define either options or option_groups")
	}
	distinctValues(r, "/options", list(answer, "options"))
	return r.problems
}
