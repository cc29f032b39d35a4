package link

import (
	"context"
	"errors"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// StepAdjust is the name of the step in journals.
const StepAdjust = "adjust"

// adjustStep changes the settings of an alias from what the plan found; to none at all where the connection ends.
type adjustStep struct {
	work
	before, after Settings
}

func (*adjustStep) Name() string { return StepAdjust }

func (a *adjustStep) Title() string {
	if a.after.Empty() {
		return "Remove the settings of " + a.c.Alias
	}
	return "Change the settings of " + a.c.Alias
}

func (a *adjustStep) calls(s Survey) []change.PlannedCall {
	return []change.PlannedCall{{
		Step: StepAdjust, System: elasticsearchOf(s.Local), Method: "PUT", Path: settingsPath, Body: a.before.clear().with(a.after).body(),
	}}
}

func (a *adjustStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	local, err := a.local(ctx)
	if err != nil {
		return err
	}
	now, err := settingsOf(ctx, local, a.c.Alias)
	switch {
	case err != nil:
		return err
	case !now.being(a.before, a.c.Alias) && !now.being(a.after, a.c.Alias):
		return refuse(fmt.Sprintf("Somebody has changed the settings of %s on %s meanwhile: %s. They were left alone.", a.c.Alias, local.d.Name, now),
			"settings of %s: %s is not as the plan found it", local.d.Name, a.c.Alias)
	}
	if had[evFound] == "" {
		if err := note(ctx, change.Evidence{evFound: a.before.body()}); err != nil {
			return err
		}
	}
	return a.put(ctx, local, now, a.after)
}

// put brings the settings from what they are to what is wanted, reads them back, and sees that they are in effect.
func (a *adjustStep) put(ctx context.Context, local side, now, want Settings) error {
	if now.same(want) {
		return settleSkip(ctx, local, a.c.Alias, want)
	}
	doing := "setting " + a.c.Alias + " on " + local.d.Name
	if err := local.es.PutSettings(ctx, now.clear().with(want)); err != nil {
		return attempt(doing, err)
	}
	after, err := settingsOf(ctx, local, a.c.Alias)
	if err == nil && !after.same(want) {
		err = attempt(doing, change.Temporary(errors.New("the settings are not as they were written")))
	}
	if err != nil {
		return err
	}
	return settleSkip(ctx, local, a.c.Alias, want)
}

// Undo puts the settings back, unless somebody else has changed them since.
func (a *adjustStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evFound] == "" {
		return nil // Apply never got to act
	}
	local, err := a.local(ctx)
	if err != nil {
		return a.left(err)
	}
	now, err := settingsOf(ctx, local, a.c.Alias)
	switch {
	case err != nil:
		return a.left(err)
	case !now.being(a.before, a.c.Alias) && !now.being(a.after, a.c.Alias):
		return a.left(errChangedSince)
	}
	if err := a.put(ctx, local, now, a.before); err != nil {
		return a.left(err)
	}
	return nil
}

func (a *adjustStep) left(err error) error {
	var l leftovers
	l.add(fmt.Sprintf("the settings %s%s.* on %s (Dev Tools there)", remotePrefix, a.c.Alias, a.c.Local),
		devTools("PUT", settingsPath, a.after.clear().with(a.before).body()), err)
	return l.of(StepAdjust)
}
