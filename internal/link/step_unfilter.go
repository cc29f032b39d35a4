package link

import (
	"context"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// StepUnfilter removes the network filter that was made for a connection.
const StepUnfilter = "unfilter"

// unfilterStep removes the ruleset that was approved. Its Undo makes it again, under another id.
type unfilterStep struct {
	filterChange
	id   string
	keep func(context.Context, Deployment) (string, error) // why it stays; empty: it need not
}

func (k keeper) unfiltering(w work, s spareFilter, leaving Name) *unfilterStep {
	f := filterChange{work: w, step: StepUnfilter, ruleset: s.Ruleset}
	return &unfilterStep{filterChange: f, id: s.ID, keep: func(ctx context.Context, d Deployment) (string, error) {
		return k.roster.filterStays(ctx, filterQuestion{
			remote: d, local: w.c.Local, name: s.Ruleset.Name, admits: s.Ruleset.Sources, leaving: leaving,
		})
	}}
}

func (u *unfilterStep) Title() string { return "Remove the network filter " + u.ruleset.Name }

func (u *unfilterStep) calls(s Survey) []change.PlannedCall {
	call := func(path string) change.PlannedCall {
		return change.PlannedCall{Step: StepUnfilter, System: u.c.Remote.Platform, Method: "DELETE", Path: path}
	}
	return []change.PlannedCall{call(associationsPath(u.id) + "/deployment/" + s.Remote.Deployment), call(rulesetsPath + "/" + u.id)}
}

// Apply leaves alone a filter that somebody has come to need, or to change, since the approval.
func (u *unfilterStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	d, _, filters, err := u.side(ctx)
	if err != nil {
		return err
	}
	if had[evRuleset] == "" {
		why, err := u.keep(ctx, d)
		if err != nil {
			return attempt("looking who needs the network filter "+u.ruleset.Name, err)
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
func (u *unfilterStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evRuleset] == "" {
		return nil // Apply never got to act
	}
	d, sys, filters, err := u.side(ctx)
	if err == nil {
		err = u.attach(ctx, d, sys, filters)
	}
	if err == nil {
		return nil
	}
	var l leftovers
	l.add(fmt.Sprintf("the network filter %s is missing on %s (API of %s; in its console under Network security)", u.ruleset.Name, u.c.Remote.Deployment, u.c.Remote.Platform),
		devTools("POST", rulesetsPath, string(u.ruleset.Body()))+"\n"+
			devTools("POST", associationsPath("{id of the new ruleset}"), string(associationBody(Deployment{Ref: u.c.Remote}))), err)
	return l.of(StepUnfilter)
}
