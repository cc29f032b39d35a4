package steps

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// evRuleset is the name of the ruleset that is made or removed, noted before.
const evRuleset = "ruleset_name"

// filterChange brings a ruleset of the bot's own onto the remote deployment, or off it. Its name is its own: nobody
// else's ruleset is touched.
type filterChange struct {
	ports
	remote  elastic.Ref
	ruleset elastic.NewRuleset
	finding string
}

// Finding says what became of it.
func (f *filterChange) Finding() string { return f.finding }

func (f *filterChange) filters(ctx context.Context) (elastic.Deployment, link.System, elastic.Filters, error) {
	s, err := f.on(ctx, f.remote)
	if err != nil {
		return s.d, link.System{}, nil, err
	}
	filters, ok := s.Platform.(elastic.Filters)
	if !ok {
		return s.d, s.System, nil, link.UserError("The bot can't add network filters on "+link.SystemLabel(s.System)+".", "%s has no filters", s.Name)
	}
	return s.d, s.System, filters, nil
}

// attach makes the one ruleset, if need be, and makes it apply.
func (f *filterChange) attach(ctx context.Context, d elastic.Deployment, sys link.System, filters elastic.Filters) error {
	id, err := f.ensure(ctx, d, filters)
	if err != nil {
		return err
	}
	if err := filters.Attach(ctx, id, d); err != nil {
		return link.WrapCall("attaching the network filter to "+d.Name, err)
	}
	attached, err := sys.Rulesets(ctx, d)
	if err != nil {
		return link.WrapCall("reading the network filters of "+d.Name, err)
	}
	if !slices.ContainsFunc(attached, func(r elastic.Ruleset) bool { return r.ID == id }) {
		return link.WrapCall("attaching the network filter to "+d.Name, change.Temporary(errors.New("it is not listed after it was attached")))
	}
	return nil
}

// ensure returns the one ruleset of this name. One that an earlier attempt made is taken; a second one, of an answer
// that came late, is removed. The name is no secret: one that lets in more was made, or changed, by somebody else.
func (f *filterChange) ensure(ctx context.Context, d elastic.Deployment, filters elastic.Filters) (string, error) {
	ids, err := filters.RulesetsNamed(ctx, f.ruleset.Name)
	if err != nil {
		return "", link.WrapCall("looking for the network filter of this request", err)
	}
	if len(ids) == 0 {
		id, err := filters.CreateRuleset(ctx, f.ruleset)
		return id, link.WrapCall("creating a network filter for "+d.Name, err)
	}
	for _, id := range ids {
		r, err := filters.Ruleset(ctx, id)
		if err != nil {
			return "", link.WrapCall("reading the network filter of this request", err)
		}
		if !link.NoWider(r, f.ruleset) {
			return "", link.UserError(fmt.Sprintf("The network filter %s (%s) lets in others than approved: %s. Somebody else made or changed it, so it was not attached to %s.",
				r.Name, r.ID, cmp.Or(link.JoinWords(r.Allowed()), "nobody knows whom"), d.Name), "ruleset %s is not ours", r.ID)
		}
	}
	for _, id := range ids[1:] {
		if err := remove(ctx, filters, id, d); err != nil {
			return "", err
		}
	}
	return ids[0], nil
}

// clear detaches and deletes every ruleset of the name, and looks that none is left. It returns those that are.
func (f *filterChange) clear(ctx context.Context, d elastic.Deployment, filters elastic.Filters) ([]string, error) {
	ids, err := filters.RulesetsNamed(ctx, f.ruleset.Name)
	if err != nil {
		return nil, link.WrapCall("looking for the network filter "+f.ruleset.Name, err)
	}
	for _, id := range ids {
		if err := remove(ctx, filters, id, d); err != nil {
			return ids, err
		}
	}
	again, err := filters.RulesetsNamed(ctx, f.ruleset.Name)
	if err == nil && len(again) > 0 {
		err = change.Temporary(fmt.Errorf("ruleset %s is still listed after it was deleted", f.ruleset.Name))
	}
	return again, err
}

func remove(ctx context.Context, filters elastic.Filters, id string, d elastic.Deployment) error {
	if err := filters.Detach(ctx, id, d); err != nil {
		return link.WrapCall("detaching the network filter from "+d.Name, err)
	}
	return link.WrapCall("deleting the network filter of "+d.Name, filters.DeleteRuleset(ctx, id))
}
