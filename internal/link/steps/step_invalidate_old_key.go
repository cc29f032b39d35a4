package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// StepInvalidateOldKey is the name of the step in journals.
const StepInvalidateOldKey = "invalidate_old_key"

const evRetired = "retired"

// InvalidateOldKeyArgs say which keys are no longer in use.
type InvalidateOldKeyArgs struct {
	Remote  elastic.Ref `json:"remote"`
	Name    string      `json:"name"` // of the keys
	IDs     []string    `json:"ids"`
	Renewed bool        `json:"renewed"` // another step's Undo issues a new key in their place
}

// Planned is the step as it stands in a plan.
func (a InvalidateOldKeyArgs) Planned(v View) change.PlannedStep {
	var calls []change.Call
	var effects []change.Effect
	for _, id := range a.IDs {
		effects = append(effects, removes("API key "+strings.TrimSpace(a.Name+" "+id)+" of "+v.Remote.Name)...)
	}
	if len(a.IDs) > 0 {
		calls = v.onRemote(v.toRemote.InvalidateKeys(a.Name, a.IDs))
	}
	return with(planned(StepInvalidateOldKey, "Invalidate the old key", a, calls...), effects...)
}

// invalidateOldKeyStep invalidates keys that are no longer in use. It comes last: nothing brings a key back.
type invalidateOldKeyStep struct {
	ports
	InvalidateOldKeyArgs
	finding string
}

// Finding says which keys are invalid.
func (t *invalidateOldKeyStep) Finding() string { return t.finding }

func (t *invalidateOldKeyStep) Apply(ctx context.Context, _ change.Evidence, note change.Note) error {
	if len(t.IDs) == 0 {
		t.finding = "the key in use is unknown: nothing was invalidated"
		return nil
	}
	remote, err := t.reach(ctx, t.Remote)
	if err != nil {
		return err
	}
	if err := note(ctx, change.Evidence{evRetired: "true"}); err != nil {
		return err
	}
	if err := remote.es.InvalidateKeys(ctx, t.IDs); err != nil {
		return link.WrapCall("invalidating the old key on "+remote.d.Name, err)
	}
	t.finding = "invalidated " + strings.Join(t.IDs, ", ")
	return nil
}

// Undo can't make a key valid again; it says so where one was invalidated and nothing takes its place.
func (t *invalidateOldKeyStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evRetired] == "" || t.Renewed {
		return nil
	}
	remote, err := t.reach(ctx, t.Remote)
	if err == nil {
		var active []elastic.Key
		if active, err = remote.es.ActiveKeys(ctx, t.Name); err == nil && holdsAll(active, t.IDs) {
			return nil
		}
	}
	if err == nil {
		err = errKeyGone
	}
	command := t.byHand(t.Remote.Platform, func(c elastic.Calls) []change.Call { return []change.Call{c.Key(t.IDs[0])} })
	return leftBehind(fmt.Sprintf("the old key %s on %s may be invalid. This can't be undone; the new key is in use",
		strings.Join(t.IDs, ", "), t.Remote), command, err)
}

func holdsAll(keys []elastic.Key, ids []string) bool {
	for _, id := range ids {
		if !slices.ContainsFunc(keys, func(k elastic.Key) bool { return k.ID == id }) {
			return false
		}
	}
	return true
}

var errKeyGone = errors.New("an invalidated key stays invalid")
