package steps

import (
	"context"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// AddFilter is the step that lets in what is missing; nothing where nothing is.
func AddFilter(c link.ConnectParams, env, request string, s link.PairState) AddFilterArgs {
	return AddFilterArgs{
		Remote: c.Remote, Ruleset: c.Ruleset(env, request, s), First: c.Filter.First,
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
