package steps

import (
	"context"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// StepRemoveFilter removes the network filter that was made for a connection.
const StepRemoveFilter = "remove_filter"

// RemoveFilterArgs say which ruleset goes, with the connection that it was made for.
type RemoveFilterArgs struct {
	Remote  elastic.Ref        `json:"remote"`
	ID      string             `json:"id"`
	Ruleset elastic.NewRuleset `json:"ruleset"` // so that it can be made again
	Leaving link.Name          `json:"leaving"`
}

// Planned is the step as it stands in a plan.
func (a RemoveFilterArgs) Planned(v View) change.PlannedStep {
	return with(planned(StepRemoveFilter, "Remove the network filter "+a.Ruleset.Name, a,
		on(a.Remote.Platform, v.toRemote.Detach(a.ID, v.Remote), v.toRemote.DeleteRuleset(a.ID))...), filterEffects(removes, v.Remote.Name, a.Ruleset)...)
}

// removeFilterStep removes the ruleset that was approved. Its Undo makes it again, under another id.
type removeFilterStep struct {
	filterChange
	leaving link.Name
}

func newRemoveFilterStep(p ports, a RemoveFilterArgs) *removeFilterStep {
	return &removeFilterStep{filterChange: filterChange{ports: p, remote: a.Remote, ruleset: a.Ruleset}, leaving: a.Leaving}
}

// keep says why the filter stays; empty: it need not.
func (u *removeFilterStep) keep(ctx context.Context, d elastic.Deployment) (string, error) {
	return u.roster.FilterStays(ctx, inventory.FilterQuery{
		Remote: d, Local: u.leaving.Local, Name: u.ruleset.Name, FilterSources: u.ruleset.Allowed(), Leaving: u.leaving,
	})
}

// Apply leaves alone a filter that somebody has come to need, or to change, since the approval.
func (u *removeFilterStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	d, _, filters, err := u.filters(ctx)
	if err != nil {
		return err
	}
	if had[evRuleset] == "" {
		why, err := u.keep(ctx, d)
		if err != nil {
			return link.WrapCall("looking who needs the network filter "+u.ruleset.Name, err)
		}
		if why != "" {
			u.finding = "the network filter " + u.ruleset.Name + " stays: " + why
			return nil
		}
		if err := note(ctx, change.Evidence{evRuleset: u.ruleset.Name}); err != nil {
			return err
		}
	}
	if _, err := u.clear(ctx, d, filters); err != nil {
		return err
	}
	u.finding = "removed the network filter " + u.ruleset.Name
	return nil
}

// Undo makes the ruleset again and attaches it.
func (u *removeFilterStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evRuleset] == "" {
		return nil // Apply never got to act
	}
	d, sys, filters, err := u.filters(ctx)
	if err == nil {
		err = u.attach(ctx, d, sys, filters)
	}
	if err == nil {
		return nil
	}
	command := u.byHand(u.remote.Platform, func(c elastic.Calls) []change.Call {
		return []change.Call{c.CreateRuleset(u.ruleset), c.Attach(newRulesetID, elastic.Deployment{Ref: u.remote})}
	})
	return leftBehind(fmt.Sprintf("the network filter %s is missing on %s (API of %s; in its console under Network security)",
		u.ruleset.Name, u.remote.Deployment, u.remote.Platform), command, err)
}
