package link

import (
	"context"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// StepFilter adds a network filter to the remote deployment.
const StepFilter = "filter"

// filterStep lets the local side's addresses in by a ruleset of its own, so that no ruleset of others is touched. Its
// ruleset is that of the approved plan; without sources nothing is to be added.
type filterStep struct {
	filterChange
	env, request string
}

func addFilter(w work, env, request string, r NewRuleset) *filterStep {
	return &filterStep{filterChange: filterChange{work: w, step: StepFilter, ruleset: r}, env: env, request: request}
}

func (*filterStep) Title() string { return "Let the local side through the remote's network filters" }

func (f *filterStep) calls(s Survey) []change.PlannedCall {
	missing := s.missing(f.c.Filter.Sources)
	if len(missing) == 0 {
		return nil
	}
	r := f.c.ruleset(f.env, f.request, s.Remote, missing)
	call := func(path string, body []byte) change.PlannedCall {
		return change.PlannedCall{Step: StepFilter, System: f.c.Remote.Platform, Method: "POST", Path: path, Body: string(body)}
	}
	return []change.PlannedCall{call(rulesetsPath, r.Body()), call(associationsPath("{id of the new ruleset}"), associationBody(s.Remote))}
}

func (f *filterStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	if len(f.ruleset.Sources) == 0 {
		f.finding = "the filters let these addresses in already"
		return nil
	}
	d, sys, filters, err := f.side(ctx)
	if err != nil {
		return err
	}
	attached, err := sys.Rulesets(ctx, d)
	if err != nil {
		return attempt("reading the network filters of "+d.Name, err)
	}
	if len(closing(attached)) == 0 && !f.c.Filter.First {
		return refuse("No network filter applies to "+d.Name+" any more: a first one would lock everybody else out, so none was added.",
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
	f.finding = "filter " + f.ruleset.Name + " lets in " + list(f.ruleset.Sources)
	return nil
}

// Undo detaches and deletes every ruleset of the noted name, and looks that none is left.
func (f *filterStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evRuleset] == "" {
		return nil // Apply never got to act
	}
	f.ruleset.Name = had[evRuleset]
	d, _, filters, err := f.side(ctx)
	if err != nil {
		return f.left(nil, err)
	}
	ids, err := f.clear(ctx, d, filters)
	if err != nil {
		return f.left(ids, err)
	}
	return nil
}

func (f *filterStep) left(ids []string, err error) error {
	name := f.ruleset.Name
	var l leftovers
	command := devTools("GET", rulesetsPath, "and delete the one called "+name)
	for i, id := range ids {
		if i == 0 {
			command = ""
		}
		command += f.removal(id)
	}
	l.add("the network filter "+name+" (API of "+f.c.Remote.Platform+"; in its console under Network security)", command, err)
	return l.of(StepFilter)
}
