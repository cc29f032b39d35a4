package blockkit

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
)

// surface is a place where blocks are shown; not every block is allowed on every one.
type surface string

// The surfaces of Slack's docs ("Block Kit: surfaces").
const (
	onMessage surface = "message"
	onModal   surface = "modal"
	onHome    surface = "home"
)

// report gathers the problems of one payload in the wording of Slack's response_metadata.messages.
type report struct {
	surface  surface
	noNew    bool // this workspace does not know newBlocks yet
	problems []string
	blockIDs map[string]bool
	focused  int
}

func (r *report) add(path, format string, args ...any) {
	r.problems = append(r.problems, "[ERROR] "+fmt.Sprintf(format, args...)+" [json-pointer:"+path+"]")
}

// rule checks one JSON value.
type rule func(r *report, path string, value any)

// shape lists every property that an object may have; a name that ends in ! is required. What is not
// listed is refused, as Slack's own schema has additionalProperties false.
type shape map[string]rule

// with returns the shape with the properties of others added.
func (s shape) with(others ...shape) shape {
	out := make(shape, len(s)+4)
	for _, one := range append(others, s) {
		maps.Copy(out, one)
	}
	return out
}

// check holds value against the shape.
func (s shape) check(r *report, path string, value any) {
	o, ok := value.(object)
	if !ok {
		r.add(path, "must provide an object")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(s)) {
		bare, required := strings.CutSuffix(name, "!")
		item, there := o[bare]
		switch {
		case there && item != nil:
			s[name](r, path+"/"+bare, item)
		case required:
			r.add(path, "missing required field: %s", bare)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if s[name] == nil && s[name+"!"] == nil {
			r.add(path, "invalid additional property: %s", name)
		}
	}
}

// rule makes the shape a rule of its own.
func (s shape) rule() rule {
	return s.check
}

// length is a string of least to most characters, counted in code points.
func length(least, most int) rule {
	return func(r *report, path string, value any) {
		text, ok := value.(string)
		if !ok {
			r.add(path, "must be a string")
			return
		}
		switch n := utf8.RuneCountInString(text); {
		case n < least:
			r.add(path, "must be more than %d characters", least-1)
		case n > most:
			r.add(path, "must be less than %d characters", most+1)
		}
	}
}

func upTo(most int) rule { return length(0, most) }

// id is a block_id or action_id: given, it may not be empty.
var id = length(1, 255)

func boolean(r *report, path string, value any) {
	if _, ok := value.(bool); !ok {
		r.add(path, "must be a boolean")
	}
}

// between is a whole number; Slack accepts no fraction for any count.
func between(least, most int) rule {
	return func(r *report, path string, value any) {
		n, ok := field.Number(object{"n": value}, "n")
		switch {
		case !ok || n != float64(int(n)):
			r.add(path, "must be an integer")
		case int(n) < least:
			r.add(path, "must be greater than or equal to %d", least)
		case int(n) > most:
			r.add(path, "must be less than or equal to %d", most)
		}
	}
}

func oneOf(allowed ...string) rule {
	return func(r *report, path string, value any) {
		if s, ok := value.(string); !ok || !slices.Contains(allowed, s) {
			r.add(path, "must be one of: %s", strings.Join(allowed, ", "))
		}
	}
}

// items is an array of least to most values that all keep one rule.
func items(least, most int, each rule) rule {
	return func(r *report, path string, value any) {
		values, ok := value.([]any)
		if !ok {
			r.add(path, "must provide an array")
			return
		}
		if len(values) < least {
			r.add(path, "no less than %d items allowed", least)
		}
		if len(values) > most {
			r.add(path, "no more than %d items allowed", most)
		}
		for i, item := range values {
			each(r, fmt.Sprintf("%s/%d", path, i), item)
		}
	}
}

func anything(*report, string, any) {}

func isNumber(r *report, path string, value any) {
	if _, ok := field.Number(object{"n": value}, "n"); !ok {
		r.add(path, "must be a number")
	}
}
