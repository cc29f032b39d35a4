package workspace

import (
	"fmt"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/blockkit"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
)

// spot is a screen found in the workspace. It is used with the lock held.
type spot struct {
	view    *view
	message *Message // as the person sees it
	live    *Message // as it is
	blocks  []any
	values  map[string]map[string]object
	only    string // the block_id to look in; empty: all
}

// names are what a person, or a test, calls an element: its label, its ids, the text on it or beside it.
func names(b, e object) []string {
	all := []string{
		field.Str(field.Obj(b, "label"), "text"), field.Str(field.Obj(e, "text"), "text"), field.Str(e, "action_id"), field.Str(b, "block_id"),
		field.Str(field.Obj(e, "placeholder"), "text"),
	}
	if field.Str(b, "type") == "section" {
		all = append(all, field.Str(field.Obj(b, "text"), "text"))
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// element finds the one element of a wanted kind that is called name: exactly, else by a beginning, else by a part.
func (at *spot) element(name string, kinds ...string) (b, e object, err error) {
	matches := []func(string) bool{
		func(s string) bool { return s == name },
		func(s string) bool { return strings.HasPrefix(strings.ToLower(s), strings.ToLower(name)) },
		func(s string) bool { return strings.Contains(strings.ToLower(s), strings.ToLower(name)) },
	}
	var there []string
	for _, match := range matches {
		found := 0
		there = nil
		for _, block := range blockkit.Flatten(at.blocks) {
			if at.only != "" && field.Str(block, "block_id") != at.only {
				continue
			}
			for _, one := range blockkit.Elements(block) {
				if len(kinds) > 0 && !slices.Contains(kinds, field.Str(one, "type")) {
					continue
				}
				there = append(there, fmt.Sprintf("%q", names(block, one)[0]))
				if slices.ContainsFunc(names(block, one), match) {
					b, e = block, one
					found++
				}
			}
		}
		if found == 1 {
			return b, e, nil
		}
		if found > 1 {
			return nil, nil, fmt.Errorf("%q may mean %d things here", name, found)
		}
	}
	return nil, nil, fmt.Errorf("there is no %q here, only %s", name, strings.Join(there, ", "))
}

// with is the element's value once picked is switched on (or off, where several can be chosen).
func (at *spot) with(b, e, picked object) any {
	kind := field.Str(e, "type")
	var one any = optionOf(picked)
	if strings.HasSuffix(kind, "users_select") || strings.HasSuffix(kind, "conversations_select") || strings.HasSuffix(kind, "channels_select") {
		one = field.Str(picked, "value")
	}
	key := blockkit.SlotOf(kind)
	if !key.Many {
		return one
	}
	chosen := slices.Clone(field.List(at.values[field.Str(b, "block_id")][field.Str(e, "action_id")], key.Key))
	same := func(other any) bool { return string(marshal(other)) == string(marshal(one)) }
	if i := slices.IndexFunc(chosen, same); i >= 0 {
		return slices.Delete(chosen, i, i+1)
	}
	return append(chosen, one)
}

// optionOf is an option as it comes back in state and actions.
func optionOf(o object) object {
	out := object{"text": o["text"], "value": o["value"]}
	if o["description"] != nil {
		out["description"] = o["description"]
	}
	return out
}
