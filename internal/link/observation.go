package link

import (
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Observation is what was seen of a connection while it was used. It is plain data: Judge says what it means.
type Observation struct {
	Alias     string
	Listed    bool // _remote/info lists the alias
	Set       bool // where it does not: the settings name it
	Info      elastic.RemoteInfo
	Answers   []Answer          // of _resolve/cluster, up to the first that proves nothing
	NoResolve bool              // the cluster has no _resolve/cluster
	Search    *elastic.Searched // made where resolving says nothing; nil: none was needed
	Latency   time.Duration
}

// Answer is what _resolve/cluster says of one pattern.
type Answer struct {
	Grant
	elastic.Resolved
}

// Grant is one pattern of an access list.
type Grant struct {
	Pattern string
	search  bool // it may be searched, and not only replicated
}

// Grants returns every pattern once.
func Grants(a elastic.Access) []Grant {
	var all []Grant
	for _, p := range a.Search {
		all = append(all, Grant{Pattern: p, search: true})
	}
	for _, p := range a.Replication {
		all = append(all, Grant{Pattern: p})
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(all, func(g Grant) bool {
		again := seen[g.Pattern]
		seen[g.Pattern] = true
		return again
	})
}

// LacksPatterns returns the patterns of want that a does not name. Nothing is known where a names none at all.
func LacksPatterns(a, want elastic.Access) []string {
	var missing []string
	if len(a.Search)+len(a.Replication) == 0 {
		return nil
	}
	for _, g := range Grants(want) {
		has := a.Replication
		if g.search {
			has = a.Search
		}
		if !slices.Contains(has, g.Pattern) {
			missing = append(missing, g.Pattern)
		}
	}
	return missing
}

// resolvable are the patterns to resolve. Resolving needs view_index_metadata, which only what may be searched grants: of
// replication alone one pattern is enough, as all get the same refusal. Under the certificate model the list of what may
// be read is not ours: without one everything is asked for.
func resolvable(a elastic.Access) []Grant {
	all := Grants(a)
	searched := slices.DeleteFunc(slices.Clone(all), func(g Grant) bool { return !g.search })
	switch {
	case len(searched) > 0:
		return searched
	case len(all) > 0:
		return all[:1]
	}
	return []Grant{{Pattern: "*", search: true}}
}

// ToResolve are the patterns to resolve through a connection of a deployment; those before 8.13 can't be asked.
func ToResolve(local elastic.Deployment, a elastic.Access) []Grant {
	if !elastic.CanResolve(local) {
		return nil
	}
	return resolvable(a)
}

// Mute reports whether resolving does not say why the connection fails. It tells only what the remote cluster has
// answered, never why that was not reached.
func (o Observation) Mute() bool {
	if len(o.Answers) == 0 {
		return true
	}
	last := o.Answers[len(o.Answers)-1]
	return last.Known && !last.Connected && last.Error == ""
}

// Refused reports whether the remote cluster has refused what was asked of it.
func (o Observation) Refused() bool {
	return slices.ContainsFunc(o.Answers, func(a Answer) bool { return CauseOf(a.Error) == CauseNotAllowed }) ||
		o.Search != nil && CauseOf(o.Search.Error) == CauseNotAllowed
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
