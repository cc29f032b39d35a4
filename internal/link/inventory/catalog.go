package inventory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// CatalogOptions say how a Catalog looks things up. Zero durations and limits take the defaults named.
type CatalogOptions struct {
	Now     func() time.Time
	TTL     time.Duration // how long a search is taken as fresh; 30 s
	Timeout time.Duration // of one platform's answer; 2 s, within the three that Slack gives
	Pasting bool          // people may paste keys where the bot can't issue them, and be shown keys where it can't store them
	Limit   int           // deployments asked of one platform; 100, as many as Slack shows
}

const (
	defaultTTL     = 30 * time.Second
	defaultTimeout = 2 * time.Second
	defaultLimit   = 100
	staleFor       = 20              // times TTL: how long an old answer is better than none
	deploymentTTL  = 5 * time.Second // of one deployment: long enough for one modal's redraws

	searchesKept    = 1000 // what people typed, and deployments that they looked at
	mostDeployments = 1000
	namesTTL        = 10 * time.Second
	hostsTTL        = 5 * time.Minute // endpoints hardly ever change
	hostsTimeout    = time.Minute
	hostsParallel   = 48 // deployments read at the same time, where a search does not tell their endpoints
)

// Catalog finds deployments on all configured platforms. It is safe for concurrent use.
type Catalog struct {
	systems  []link.System
	o        CatalogOptions
	searches *cache[[]elastic.Deployment]
	slow     slowPlatforms
	single   *cache[elastic.Deployment]
	names    *cache[namesakes]                     // of one platform each
	hosts    *cache[map[string]elastic.Deployment] // by endpoint, of one platform each
	room     *semaphore.Weighted                   // for reading deployments one by one
}

// NewCatalog returns a catalog of systems, in their order.
func NewCatalog(systems []link.System, o CatalogOptions) *Catalog {
	o.TTL = cmp.Or(o.TTL, defaultTTL)
	o.Timeout = cmp.Or(o.Timeout, defaultTimeout)
	o.Limit = cmp.Or(o.Limit, defaultLimit)
	return &Catalog{
		systems:  slices.Clone(systems),
		o:        o,
		searches: newCache[[]elastic.Deployment](o.Now, o.TTL, staleFor*o.TTL, o.Timeout, searchesKept),
		single:   newCache[elastic.Deployment](o.Now, deploymentTTL, deploymentTTL, o.Timeout, searchesKept),
		names:    newCache[namesakes](o.Now, namesTTL, namesTTL, hostsTimeout, searchesKept),
		hosts:    newCache[map[string]elastic.Deployment](o.Now, hostsTTL, staleFor*hostsTTL, hostsTimeout, searchesKept),
		room:     semaphore.NewWeighted(hostsParallel),
	}
}

// Now is the catalog's clock.
func (c *Catalog) Now() time.Time { return c.o.Now() }

// Found is what a search found, and which platforms could not be asked.
type Found struct {
	Deployments []elastic.Deployment
	Down        []Down // their deployments may be missing, or out of date
}

// Down is a platform that gave no good answer.
type Down struct {
	System string // its configured name
	Why    string // plain words
}

// Find searches all platforms at once for deployments whose name or id contains text. Exact and beginning matches
// come first; at most limit are returned (0: all). It never fails: a platform that is down is named.
func (c *Catalog) Find(ctx context.Context, text string, limit int) Found {
	text = strings.TrimSpace(text)
	answers := make([][]elastic.Deployment, len(c.systems))
	down := make([]string, len(c.systems))
	var wg sync.WaitGroup
	for i, sys := range c.systems {
		wg.Go(func() {
			var err error
			answers[i], err = c.search(ctx, sys, text)
			if err != nil {
				down[i] = link.Sentence(err)
			}
		})
	}
	wg.Wait()
	found := Found{Deployments: slices.Concat(answers...)}
	for i, why := range down {
		if why != "" {
			found.Down = append(found.Down, Down{System: c.systems[i].Name, Why: why})
		}
	}
	sought := strings.ToLower(text)
	slices.SortStableFunc(found.Deployments, func(a, b elastic.Deployment) int {
		return cmp.Or(
			cmp.Compare(rank(a, sought), rank(b, sought)),
			cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)),
			cmp.Compare(a.String(), b.String()),
		)
	})
	if limit > 0 && len(found.Deployments) > limit {
		found.Deployments = found.Deployments[:limit]
	}
	return found
}

// rank says how well a deployment fits what was typed; less is better.
func rank(d elastic.Deployment, text string) int {
	name := strings.ToLower(d.Given())
	switch {
	case name == text || strings.ToLower(d.Deployment) == text:
		return 0
	case strings.HasPrefix(name, text):
		return 1
	case strings.Contains(name, text):
		return 2
	}
	return 3
}

// Deployment returns one deployment, as it stood at most some seconds ago. Errors as of Fresh.
func (c *Catalog) Deployment(ctx context.Context, ref elastic.Ref) (elastic.Deployment, error) {
	return c.single.get(ctx, ref.String(), func(ctx context.Context) (elastic.Deployment, error) {
		return c.Fresh(ctx, ref)
	})
}

// Fresh returns one deployment as it stands now: an *UnknownSystemError, or what the platform meets. Where the platform
// tells no version, Elasticsearch is asked for it.
func (c *Catalog) Fresh(ctx context.Context, ref elastic.Ref) (elastic.Deployment, error) {
	sys, ok := c.System(ref.Platform)
	if !ok {
		return elastic.Deployment{}, &link.UnknownSystemError{Name: ref.Platform}
	}
	d, err := sys.Deployment(ctx, ref.Deployment)
	if err != nil {
		return elastic.Deployment{}, fmt.Errorf("reading deployment %s: %w", ref, err)
	}
	d.Ref = ref
	one := []elastic.Deployment{d}
	tellApart(ctx, c, sys, one)
	d = one[0]
	if d.Version == "" {
		d.Version = c.running(ctx, sys, d)
	}
	return d, nil
}

// running is the version that Elasticsearch itself tells: while a deployment's first plan goes on, or where it failed,
// its platform may tell none. Empty where Elasticsearch gives no answer in half of the time that is left.
func (c *Catalog) running(ctx context.Context, sys link.System, d elastic.Deployment) string {
	within := c.o.Timeout / 2
	if deadline, ok := ctx.Deadline(); ok {
		within = min(within, time.Until(deadline)/2)
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	cluster, err := sys.Cluster(d)
	if err != nil {
		return ""
	}
	versioned, ok := cluster.(elastic.Versioned)
	if !ok {
		return ""
	}
	version, err := versioned.Version(ctx)
	if err != nil {
		return ""
	}
	return version
}

// System returns the platform of that configured name.
func (c *Catalog) System(name string) (link.System, bool) {
	i := slices.IndexFunc(c.systems, func(s link.System) bool { return s.Name == name })
	if i < 0 {
		return link.System{}, false
	}
	return c.systems[i], true
}

// Systems returns the platforms in their configured order.
func (c *Catalog) Systems() []link.System { return slices.Clone(c.systems) }

// Wait returns when no search is under way any more. Nobody may search meanwhile: it is for shutting down.
func (c *Catalog) Wait() {
	c.searches.wait()
	c.hosts.wait() // before those that it waits for itself
	c.single.wait()
	c.names.wait() // which all of them wait for
}
