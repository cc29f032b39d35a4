package link

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// StepFilter adds a network filter to the remote deployment.
const StepFilter = "filter"

// evRuleset is the name of the ruleset that filter makes, noted before it is there.
const evRuleset = "ruleset_name"

// filterStep lets the local side's addresses in by a ruleset of its own, so that no ruleset of others is touched.
type filterStep struct {
	work
	env, request string
	ruleset      NewRuleset // of the approved plan; without sources nothing is to be added
	finding      string
}

func (*filterStep) Name() string  { return StepFilter }
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

func associationBody(d Deployment) []byte {
	return rawJSON(map[string]string{"entity_type": "deployment", "id": d.Deployment})
}

func (f *filterStep) side(ctx context.Context) (Deployment, System, Filters, error) {
	d, err := f.catalog.Fresh(ctx, f.c.Remote)
	if err != nil {
		return d, System{}, nil, attempt("reading deployment "+f.c.Remote.String(), err)
	}
	sys, _ := f.catalog.System(f.c.Remote.Platform)
	filters, ok := sys.Platform.(Filters)
	if !ok {
		return d, sys, nil, refuse("The bot can't add network filters on "+label(sys)+".", "%s has no filters", sys.Name)
	}
	return d, sys, filters, nil
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
	if len(attached) == 0 && !f.c.Filter.First {
		return refuse("No network filter applies to "+d.Name+" any more: a first one would lock everybody else out, so none was added.",
			"%s is open", d.Ref)
	}
	if had[evRuleset] == "" {
		if err := note(ctx, change.Evidence{evRuleset: f.ruleset.Name}); err != nil {
			return err
		}
	}
	id, err := f.ensure(ctx, d, filters)
	if err != nil {
		return err
	}
	if err := filters.Attach(ctx, id, d); err != nil {
		return attempt("attaching the network filter to "+d.Name, err)
	}
	if attached, err = sys.Rulesets(ctx, d); err != nil {
		return attempt("reading the network filters of "+d.Name, err)
	}
	if !slices.ContainsFunc(attached, func(r Ruleset) bool { return r.ID == id }) {
		return attempt("attaching the network filter to "+d.Name, change.Temporary(errors.New("it is not listed after it was attached")))
	}
	f.finding = "filter " + f.ruleset.Name + " lets in " + list(f.ruleset.Sources)
	return nil
}

// ensure returns the one ruleset of this request. One that an earlier attempt made is taken; a second one, of an
// answer that came late, is removed.
func (f *filterStep) ensure(ctx context.Context, d Deployment, filters Filters) (string, error) {
	ids, err := filters.RulesetsNamed(ctx, f.ruleset.Name)
	if err != nil {
		return "", attempt("looking for the network filter of this request", err)
	}
	if len(ids) == 0 {
		id, err := filters.CreateRuleset(ctx, f.ruleset)
		return id, attempt("creating a network filter for "+d.Name, err)
	}
	for _, id := range ids[1:] {
		if err := remove(ctx, filters, id, d); err != nil {
			return "", err
		}
	}
	return ids[0], nil
}

func remove(ctx context.Context, filters Filters, id string, d Deployment) error {
	if err := filters.Detach(ctx, id, d); err != nil {
		return attempt("detaching the network filter from "+d.Name, err)
	}
	return attempt("deleting the network filter of "+d.Name, filters.DeleteRuleset(ctx, id))
}

// Undo detaches and deletes every ruleset of the noted name, and looks that none is left.
func (f *filterStep) Undo(ctx context.Context, had change.Evidence) error {
	name := had[evRuleset]
	if name == "" {
		return nil // Apply never got to act
	}
	d, _, filters, err := f.side(ctx)
	if err != nil {
		return f.left(name, nil, err)
	}
	ids, err := filters.RulesetsNamed(ctx, name)
	if err != nil {
		return f.left(name, nil, attempt("looking for the network filter of this request", err))
	}
	for _, id := range ids {
		if err := remove(ctx, filters, id, d); err != nil {
			return f.left(name, ids, err)
		}
	}
	again, err := filters.RulesetsNamed(ctx, name)
	if err == nil && len(again) > 0 {
		err = change.Temporary(fmt.Errorf("ruleset %s is still listed after it was deleted", name))
	}
	if err != nil {
		return f.left(name, again, err)
	}
	return nil
}

func (f *filterStep) left(name string, ids []string, err error) error {
	var l leftovers
	command := devTools("GET", rulesetsPath, "and delete the one called "+name)
	for i, id := range ids {
		if i == 0 {
			command = ""
		}
		command += devTools("DELETE", associationsPath(id)+"/deployment/"+f.c.Remote.Deployment, "") + devTools("DELETE", rulesetsPath+"/"+id, "")
	}
	l.add("the network filter "+name+" (API of "+f.c.Remote.Platform+"; in its console under Network security)", command, err)
	return l.of(StepFilter)
}

func (f *filterStep) Finding() string { return f.finding }
