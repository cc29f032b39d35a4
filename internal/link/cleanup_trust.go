package link

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// cleanup are what connections leave behind that was made for them: what goes with them, and what stays and why.
type cleanup struct {
	Trust  []unusedTrust `json:"trust,omitempty"`
	Role   *unusedRole   `json:"role,omitempty"`
	Filter *unusedFilter `json:"filter,omitempty"`

	Authority *unusedAuthority `json:"authority,omitempty"`

	Keep   []string
	unsure bool // something could not be read
}

func (l *cleanup) keep(format string, args ...any) {
	l.Keep = append(l.Keep, fmt.Sprintf(format, args...))
}

// unread keeps what could not be looked at: it is not known that nobody needs it.
func (l *cleanup) unread(what string, err error) {
	l.keep("%s: whether it can go could not be read: %s", what, sentence(err))
	l.unsure = true
}

// trustOf puts together what connections added to the same entry.
func trustOf(ends []ConnectionState) []unusedTrust {
	var all []unusedTrust
	add := func(side elastic.Deployment, peer elastic.Ref, a AddedTrust) {
		if side.Deployment == "" || a.Scope == "" {
			return // the deployment has gone, and its trust with it
		}
		i := slices.IndexFunc(all, func(s unusedTrust) bool { return s.Of == side.Ref && s.Added.sameEntry(a) })
		if i < 0 {
			all = append(all, unusedTrust{Of: side.Ref, Name: side.Name, Platform: peer.Platform, Peers: []elastic.Ref{peer}, Added: a, onSystem: side})
			return
		}
		all[i].Added = all[i].Added.and(a)
		if !slices.Contains(all[i].Peers, peer) {
			all[i].Peers = append(all[i].Peers, peer)
		}
	}
	for _, e := range ends {
		if e.Managed != nil && e.Managed.Trust != nil {
			add(e.PairState.Local, e.Managed.Remote, e.Managed.Trust.Local)
		}
	}
	for _, e := range ends {
		if e.Managed != nil && e.Managed.Trust != nil {
			add(e.Remote, e.Managed.Local, e.Managed.Trust.Remote)
		}
	}
	return all
}

// unusedTrust works out what of the trust that was added for connections can go once they have ended.
func (r *Connections) unusedTrust(ctx context.Context, ends []ConnectionState, l *cleanup) {
	var leaving []Name
	for _, e := range ends {
		leaving = append(leaving, e.Name)
	}
	for _, s := range trustOf(ends) {
		what := fmt.Sprintf("the trust of %s in %s", s.Name, s.Added.Name)
		if s.Added.empty() {
			l.keep("%s: it was there before", what)
			continue
		}
		on, _ := r.catalog.System(s.Of.Platform)
		trusts, ok := on.Platform.(elastic.Trusts)
		if !ok {
			l.keep("%s: the bot can't change whom deployments of %s trust", what, label(on))
			continue
		}
		var err error
		if s.now, err = trusts.Trust(ctx, s.onSystem); err != nil {
			l.unread(what, err)
			continue
		}
		if s.Before = s.now.Settings.Entry(s.Added.entry()); s.Before == nil {
			continue // somebody has taken it out already
		}
		if err := s.now.Settings.Writable(s.onSystem); err != nil {
			l.unread(what, err)
			continue
		}
		uses, err := r.trustUsers(ctx, s.query(leaving))
		if err != nil {
			l.unread(what, err)
			continue
		}
		s.After = withoutTrust(s.Added, s.Before, uses)
		switch {
		case !elastic.SameEntry(s.Before, s.After):
			for _, earlier := range l.Trust { // its step has been by then
				if earlier.Of == s.Of {
					s.now.Settings = earlier.now.Settings.Replaced(earlier.Added.entry(), earlier.After)
				}
			}
			l.Trust = append(l.Trust, s)
		case uses.any():
			l.keep("%s: it is used by %s", what, uses)
		default:
			l.keep("%s: nothing that was added to it is left there, or somebody has widened it since", what)
		}
	}
}

// remaining is what of a trust that was added for a connection stays in place; nothing of it is no entry at all.
func (l cleanup) remaining(of elastic.Ref, a AddedTrust) AddedTrust {
	i := slices.IndexFunc(l.Trust, func(s unusedTrust) bool { return s.Of == of && s.Added.sameEntry(a) })
	if i >= 0 {
		var is elastic.TrustEntry // trusts nobody where the entry goes
		_ = json.Unmarshal(l.Trust[i].After, &is)
		a.All = a.All && is.All
		a.Clusters = slices.DeleteFunc(slices.Clone(a.Clusters), func(id string) bool { return !slices.Contains(is.Clusters, id) })
	}
	if !a.All && len(a.Clusters) == 0 {
		return AddedTrust{}
	}
	return a
}

// unrecorded says that nobody knows who made the trust that a connection rests on.
func (l *cleanup) unrecorded(e ConnectionState) {
	l.keep("the trust in each other's certificates of %s and %s: nothing is recorded of who made it", e.PairState.Local.Name, orUnseen(e.Remote.Name))
}

func orUnseen(name string) string {
	if name == "" {
		return "the remote side"
	}
	return name
}

// fields are what people read of it on the card.
func (l cleanup) fields() []change.Field {
	var fields []change.Field
	if goes := l.remove(); len(goes) > 0 {
		fields = append(fields, change.Field{Label: "Goes too", Value: strings.Join(goes, "; ")})
	}
	if len(l.Keep) > 0 {
		fields = append(fields, change.Field{Label: "Stays", Value: strings.Join(l.Keep, "; ")})
	}
	return fields
}

// remove are what is taken back beside the connection.
func (l cleanup) remove() []string {
	var all []string
	if l.Role != nil {
		all = append(all, l.Role.say())
	}
	for _, s := range l.Trust {
		all = append(all, fmt.Sprintf("the trust of %s in %s: %s", s.Name, s.Added.Name, s.Added.say(s.Before, s.After)))
	}
	if l.Filter != nil {
		all = append(all, l.Filter.say())
	}
	if l.Authority != nil {
		all = append(all, l.Authority.say())
	}
	return all
}
