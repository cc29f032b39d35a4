package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// StepUpdateSettings is the name of the step in journals.
const StepUpdateSettings = "update_settings"

// UpdateSettingsArgs say how the settings of an alias change from what the plan found; to none at all where the
// connection ends.
type UpdateSettingsArgs struct {
	Local  elastic.Ref      `json:"local"`
	Alias  string           `json:"alias"`
	Before elastic.Settings `json:"before"`
	After  elastic.Settings `json:"after"`
}

// Planned is the step as it stands in a plan.
func (a UpdateSettingsArgs) Planned(v View) change.PlannedStep {
	title := "Change the settings of " + a.Alias
	if a.After.Empty() {
		title = "Remove the settings of " + a.Alias
	}
	return with(planned(StepUpdateSettings, title, a, v.onLocal(v.toLocal.PutSettings(a.Before.Cleared().With(a.After)))...),
		settingsEffects(a.Before, a.After)...)
}

// updateSettingsStep changes the settings of an alias.
type updateSettingsStep struct {
	ports
	UpdateSettingsArgs
}

func (a *updateSettingsStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	local, err := a.reach(ctx, a.Local)
	if err != nil {
		return err
	}
	now, err := settingsOf(ctx, local, a.Alias)
	switch {
	case err != nil:
		return err
	case !now.SettlesTo(a.Before, a.Alias) && !now.SettlesTo(a.After, a.Alias):
		return link.UserError(fmt.Sprintf("Someone changed the settings of %s on %s in the meantime: %s. They were not changed.", a.Alias, local.d.Name, now),
			"settings of %s: %s is not as the plan found it", local.d.Name, a.Alias)
	}
	if had[evFound] == "" {
		if err := note(ctx, change.Evidence{evFound: a.Before.Body()}); err != nil {
			return err
		}
	}
	return a.put(ctx, local, now, a.After)
}

// put brings the settings from what they are to what is wanted, reads them back, and sees that they are in effect.
func (a *updateSettingsStep) put(ctx context.Context, local side, now, want elastic.Settings) error {
	if now.Shows(want) && a.Before.With(a.After).Hidden().Empty() { // what is hidden is written whatever is shown
		return settle(ctx, local, a.Alias, want)
	}
	doing := "setting " + a.Alias + " on " + local.d.Name
	if err := local.es.PutSettings(ctx, now.ChangeTo(want, a.Before, a.After)); err != nil {
		return link.WrapCall(doing, err)
	}
	after, err := settingsOf(ctx, local, a.Alias)
	if err == nil && !after.Shows(want) {
		err = link.WrapCall(doing, change.Temporary(errors.New("the settings differ from what was written")))
	}
	if err != nil {
		return err
	}
	return settle(ctx, local, a.Alias, want)
}

// Undo puts the settings back, unless somebody else has changed them since.
func (a *updateSettingsStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evFound] == "" {
		return nil // Apply never got to act
	}
	local, err := a.reach(ctx, a.Local)
	if err != nil {
		return a.left(err)
	}
	now, err := settingsOf(ctx, local, a.Alias)
	switch {
	case err != nil:
		return a.left(err)
	case !now.SettlesTo(a.Before, a.Alias) && !now.SettlesTo(a.After, a.Alias):
		return a.left(errChangedSince)
	}
	if err := a.put(ctx, local, now, a.Before); err != nil {
		return a.left(err)
	}
	return nil
}

func (a *updateSettingsStep) left(err error) error {
	command := a.byHand(a.Local.Platform, func(c elastic.Calls) []change.Call {
		return []change.Call{c.PutSettings(a.After.Cleared().With(a.Before))}
	})
	return leftBehind(fmt.Sprintf("the settings %s%s.* on %s (Dev Tools there)", elastic.RemotePrefix, a.Alias, a.Local), command, err)
}

// ShownElsewhere tells of a change that did not come about the address of nobody known where the key of a connection may
// have been shown on the way: the key that is in use now.
func ShownElsewhere(r *change.Request) (alias, address string, ok bool) {
	if !link.GoesElsewhere(r.Proposal.Traits) {
		return "", "", false
	}
	for _, line := range r.Journal {
		todo := r.Proposal.Step(line.Step)
		if todo == nil {
			continue
		}
		var before, after elastic.Settings
		switch todo.Action() {
		case StepUpdateSettings:
			var a UpdateSettingsArgs
			if json.Unmarshal(todo.Args, &a) == nil && line.Evidence[evFound] != "" {
				alias, before, after = a.Alias, a.Before, a.After
			}
		case StepRotateKey: // where there was no key before, undoing ends the new one
			var a RotateKeyArgs
			if json.Unmarshal(todo.Args, &a) == nil && line.Evidence[evReplaced] != "" && a.HasKey && a.After != nil {
				alias, before, after = a.Connect.Alias, a.Before, *a.After
			}
		}
		was, is := before.Options(alias), after.Options(alias)
		if address = is["proxy_address"]; address != "" && (was["proxy_address"] != address || was["server_name"] != is["server_name"]) {
			return alias, address, true
		}
	}
	return "", "", false
}
