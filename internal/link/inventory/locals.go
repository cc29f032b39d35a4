package inventory

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// Locals returns every deployment that can be the local side: those of ECE, and self-managed clusters.
func Locals(ctx context.Context, c *Connections) ([]elastic.Deployment, []Down) {
	systems := slices.DeleteFunc(c.catalog.Systems(), func(s link.System) bool { return !s.TellsLocals() })
	answers := make([][]elastic.Deployment, len(systems))
	errs := make([]error, len(systems))
	var wg sync.WaitGroup
	for i, sys := range systems {
		wg.Go(func() {
			answers[i], _, errs[i] = c.locals.latest(ctx, sys.Name, patience, func(ctx context.Context) ([]elastic.Deployment, error) {
				return allOf(ctx, sys)
			})
		})
	}
	wg.Wait()
	var down []Down
	for i, err := range errs {
		if err != nil {
			down = append(down, Down{System: systems[i].Name, Why: link.Sentence(err)})
		}
	}
	return slices.Concat(answers...), down
}

// all returns every deployment of a platform. A platform need not know what name it is configured under.
func allOf(ctx context.Context, s link.System) ([]elastic.Deployment, error) {
	lister, ok := s.Platform.(elastic.Lister)
	if !ok {
		found, err := findIn(ctx, s, "", mostDeployments)
		namesakesOf(found).tellApart(found)
		return found, err
	}
	found, err := lister.ListDeployments(ctx)
	for i := range found {
		found[i].Platform = s.Name
	}
	namesakesOf(found).tellApart(found)
	return found, err
}

// elsewhere returns the local sides of managed connections on other platforms than Locals lists: deployments of Elastic
// Cloud that the bot has connected. Those that can't be read are missed, if text is about them.
func elsewhere(ctx context.Context, c *Connections, managed map[link.Name]link.ManagedConnection, text string) (found []elastic.Deployment, missed []Missed) {
	refs := map[string]elastic.Ref{}
	for name := range managed {
		if sys, ok := c.catalog.System(name.Local.Platform); ok && !sys.TellsLocals() {
			refs[name.Local.String()] = name.Local
		}
	}
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		ref := refs[name]
		d, err := c.catalog.Deployment(ctx, ref)
		switch {
		case err == nil:
			found = append(found, d)
		case !elastic.IsNotFound(err) && about(elastic.Deployment{Ref: ref}, text):
			missed = append(missed, Missed{Local: elastic.Deployment{Ref: ref, Name: ref.Deployment}, Why: link.Sentence(err)})
		}
	}
	return found, missed
}
