package steps

import (
	"context"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// AddFilter is the step that lets in what is missing; nothing where nothing is.
func AddFilter(c link.ConnectParams, env, request string, s link.PairState) AddFilterArgs {
	return AddFilterArgs{
		Remote: c.Remote, Ruleset: link.Ruleset(c, env, request, s), First: c.Filter.First,
	}
}

// StepAddFilter adds a network filter to the remote deployment.
const StepAddFilter = "add_filter"

// AddFilterArgs say which ruleset is made for the remote deployment; without rules none is needed.
type AddFilterArgs struct {
	Remote  elastic.Ref        `json:"remote"`
	Ruleset elastic.NewRuleset `json:"ruleset"`
	First   bool               `json:"first"` // even if no filter applies yet
}

// Planned is the step as it stands in a plan.
func (a AddFilterArgs) Planned(v View) change.PlannedStep {
	var calls []change.Call
	effects := keeps("the network filters of " + v.Remote.Name + ", which already allow the local side")
	if len(a.Ruleset.Allowed()) > 0 {
		effects = filterEffects(adds, v.Remote.Name, a.Ruleset)
		calls = on(a.Remote.Platform, v.toRemote.CreateRuleset(a.Ruleset), v.toRemote.Attach(newRulesetID, v.Remote))
	}
	return with(planned(StepAddFilter, "Allow the local side in the remote's network filters", a, calls...), effects...)
}

// addFilterStep lets the local side in by a ruleset of its own, so that no ruleset of others is touched.
type addFilterStep struct {
	filterChange
	first bool
}

func newAddFilterStep(p ports, a AddFilterArgs) *addFilterStep {
	return &addFilterStep{filterChange: filterChange{ports: p, remote: a.Remote, ruleset: a.Ruleset}, first: a.First}
}

func (f *addFilterStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	if len(f.ruleset.Allowed()) == 0 {
		f.finding = "the filters already allow that"
		return nil
	}
	d, sys, filters, err := f.filters(ctx)
	if err != nil {
		return err
	}
	attached, err := sys.Rulesets(ctx, d)
	if err != nil {
		return link.WrapCall("reading the network filters of "+d.Name, err)
	}
	if len(link.ClosingRulesets(attached)) == 0 && !f.first {
		return link.UserError("No network filter applies to "+d.Name+" any more. A first one would block everyone else, so none was added.",
			"%s is open", d.Ref)
	}
	if had[evRuleset] == "" {
		if err := note(ctx, change.Evidence{evRuleset: f.ruleset.Name}); err != nil {
			return err
		}
	}
	if err := f.attach(ctx, d, sys, filters); err != nil {
		return err
	}
	f.finding = "filter " + f.ruleset.Name + " allows " + link.JoinWords(f.ruleset.Allowed())
	return nil
}

// Undo detaches and deletes every ruleset of the noted name, and looks that none is left.
func (f *addFilterStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evRuleset] == "" {
		return nil // Apply never got to act
	}
	f.ruleset.Name = had[evRuleset]
	d, _, filters, err := f.filters(ctx)
	if err != nil {
		return f.left(nil, err)
	}
	ids, err := f.clear(ctx, d, filters)
	if err != nil {
		return f.left(ids, err)
	}
	return nil
}

func (f *addFilterStep) left(ids []string, err error) error {
	name := f.ruleset.Name
	command := f.byHand(f.remote.Platform, func(c elastic.Calls) []change.Call {
		if len(ids) == 0 {
			find := c.Rulesets()
			find.Body = "and delete the one called " + name
			return []change.Call{find}
		}
		var calls []change.Call
		for _, id := range ids {
			calls = append(calls, c.Detach(id, elastic.Deployment{Ref: f.remote}), c.DeleteRuleset(id))
		}
		return calls
	})
	return leftBehind("the network filter "+name+" (API of "+f.remote.Platform+"; in its console under Network security)", command, err)
}

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
	return inventory.FilterStays(ctx, u.roster, inventory.FilterQuery{
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
