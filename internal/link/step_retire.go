package link

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// StepRetire is the name of the step in journals.
const StepRetire = "retire"

const evRetired = "retired" // set before the first key is invalidated

// retireStep invalidates keys that are no longer in use. It comes last: nothing brings a key back.
type retireStep struct {
	work
	name    string // of the keys
	ids     []string
	renewed bool // another step's Undo grants a new key in their place
	finding string
}

func (*retireStep) Name() string      { return StepRetire }
func (*retireStep) Title() string     { return "Invalidate the old key" }
func (t *retireStep) Finding() string { return t.finding }

func (t *retireStep) calls(s Survey) []change.PlannedCall {
	if len(t.ids) == 0 {
		return nil
	}
	return []change.PlannedCall{{
		Step: StepRetire, System: elasticsearchOf(s.Remote), Method: "DELETE", Path: "/_security/api_key",
		Body: string(rawJSON(map[string]any{"ids": t.ids})),
	}}
}

func (t *retireStep) Apply(ctx context.Context, _ change.Evidence, note change.Note) error {
	if len(t.ids) == 0 {
		t.finding = "which key was in use is not known: nothing was invalidated"
		return nil
	}
	remote, err := t.remote(ctx)
	if err != nil {
		return err
	}
	if err := note(ctx, change.Evidence{evRetired: "true"}); err != nil {
		return err
	}
	if err := remote.es.InvalidateKeys(ctx, t.ids); err != nil {
		return attempt("invalidating the old key on "+remote.d.Name, err)
	}
	t.finding = "invalidated " + strings.Join(t.ids, ", ")
	return nil
}

// Undo can't make a key valid again; it says so where one was invalidated and nothing takes its place.
func (t *retireStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evRetired] == "" || t.renewed {
		return nil
	}
	remote, err := t.remote(ctx)
	if err == nil {
		var active []Key
		if active, err = remote.es.ActiveKeys(ctx, t.name); err == nil && holdsAll(active, t.ids) {
			return nil
		}
	}
	if err == nil {
		err = errKeyGone
	}
	var left leftovers
	left.add(fmt.Sprintf("the old key %s on %s may be invalid; a key can't be made valid again, and the new one is in use",
		strings.Join(t.ids, ", "), t.c.Remote), devTools("GET", "/_security/api_key?id="+t.ids[0], ""), err)
	return left.of(StepRetire)
}

func holdsAll(keys []Key, ids []string) bool {
	for _, id := range ids {
		if !slices.ContainsFunc(keys, func(k Key) bool { return k.ID == id }) {
			return false
		}
	}
	return true
}

var errKeyGone = errors.New("an invalidated key stays invalid")
