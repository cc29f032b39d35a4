package link

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Observation is what was seen of a connection while it was used. It is plain data: Judge says what it means.
type Observation struct {
	Alias     string
	Listed    bool // _remote/info lists the alias
	Info      elastic.RemoteInfo
	Answers   []Answer          // of _resolve/cluster, up to the first that proves nothing
	NoResolve bool              // the cluster has no _resolve/cluster
	Search    *elastic.Searched // made where resolving says nothing; nil: none was needed
	Latency   time.Duration
}

// Answer is what _resolve/cluster says of one pattern.
type Answer struct {
	grant
	elastic.Resolved
}

// Pattern is what was asked for.
func (a Answer) Pattern() string { return a.pattern }

// grant is one pattern of an access list.
type grant struct {
	pattern string
	search  bool // it may be searched, and not only replicated
}

// grants returns every pattern once.
func grants(a elastic.Access) []grant {
	var all []grant
	for _, p := range a.Search {
		all = append(all, grant{pattern: p, search: true})
	}
	for _, p := range a.Replication {
		all = append(all, grant{pattern: p})
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(all, func(g grant) bool {
		again := seen[g.pattern]
		seen[g.pattern] = true
		return again
	})
}

// lacks returns the patterns of want that a does not name. Nothing is known where a names none at all.
func lacks(a, want elastic.Access) []string {
	var missing []string
	if len(a.Search)+len(a.Replication) == 0 {
		return nil
	}
	for _, g := range grants(want) {
		has := a.Replication
		if g.search {
			has = a.Search
		}
		if !slices.Contains(has, g.pattern) {
			missing = append(missing, g.pattern)
		}
	}
	return missing
}

// resolvable are the patterns to resolve. Resolving wants view_index_metadata, which only what may be searched grants: of
// replication alone one pattern is enough, as all get the same refusal. Under the certificate model the list of what may
// be read is not ours: without one everything is asked for.
func resolvable(a elastic.Access) []grant {
	all := grants(a)
	searched := slices.DeleteFunc(slices.Clone(all), func(g grant) bool { return !g.search })
	switch {
	case len(searched) > 0:
		return searched
	case len(all) > 0:
		return all[:1]
	}
	return []grant{{pattern: "*", search: true}}
}

// asked are the patterns to resolve through a connection of a deployment; those before 8.13 can't be asked.
func asked(local elastic.Deployment, a elastic.Access) []grant {
	if !elastic.CanResolve(local) {
		return nil
	}
	return resolvable(a)
}

// observe uses a connection and reads how it stands. Resolving comes first: it connects, while _remote/info only tells how
// things stand.
func observe(ctx context.Context, es elastic.RemoteClusters, alias string, ask []grant, now func() time.Time) (Observation, error) {
	o := Observation{Alias: alias}
	if err := resolve(ctx, &o, es, ask, now); err != nil {
		return o, err
	}
	if o.mute() {
		s, err := es.ProbeSearch(ctx, alias)
		if err != nil {
			return o, wrapCall("searching through "+alias, err)
		}
		o.Search = &s
		if s.Reached && !o.NoResolve { // it has connected meanwhile
			o.Search = nil
			if err := resolve(ctx, &o, es, ask, now); err != nil {
				return o, err
			}
		}
	}
	all, err := es.RemoteInfo(ctx)
	if err != nil {
		return o, wrapCall("reading the remote connections", err)
	}
	o.Info, o.Listed = all[alias]
	return o, nil
}

// resolve asks for each pattern on its own, so that people learn which of them match something.
func resolve(ctx context.Context, o *Observation, es elastic.RemoteClusters, ask []grant, now func() time.Time) error {
	o.Answers = nil
	for _, g := range ask {
		begun := now()
		r, err := es.Resolve(ctx, o.Alias, []string{g.pattern})
		if errors.Is(err, elastic.ErrNoResolve) {
			o.NoResolve = true
			return nil
		}
		if err != nil {
			return wrapCall("resolving "+g.pattern+" through "+o.Alias, err)
		}
		o.Latency = max(o.Latency, now().Sub(begun))
		o.Answers = append(o.Answers, Answer{grant: g, Resolved: r})
		if !r.Connected {
			return nil // the others would say the same
		}
	}
	return nil
}

// mute reports whether resolving does not say why the connection fails. It tells only what the remote cluster has
// answered, never why that was not reached.
func (o Observation) mute() bool {
	if len(o.Answers) == 0 {
		return true
	}
	last := o.Answers[len(o.Answers)-1]
	return last.Known && !last.Connected && last.Error == ""
}

// refused reports whether the remote cluster has refused what was asked of it.
func (o Observation) refused() bool {
	return slices.ContainsFunc(o.Answers, func(a Answer) bool { return causeOf(a.Error) == CauseNotAllowed }) ||
		o.Search != nil && causeOf(o.Search.Error) == CauseNotAllowed
}

// Version is the remote cluster's, as the connection sees it.
func (o Observation) Version() string {
	for _, a := range o.Answers {
		if a.Version != "" {
			return a.Version
		}
	}
	return ""
}

// nothingThere reports whether an error only says that a concrete name does not exist on the remote cluster.
func nothingThere(text string) bool {
	return strings.Contains(text, "no such index") || strings.Contains(text, "index_not_found_exception")
}
