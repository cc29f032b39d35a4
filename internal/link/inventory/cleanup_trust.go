package inventory

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// Cleanup are what connections leave behind that was made for them: what goes with them, and what stays and why.
type Cleanup struct {
	Trust  []UnusedTrust `json:"trust,omitempty"`
	Role   *UnusedRole   `json:"role,omitempty"`
	Filter *unusedFilter `json:"filter,omitempty"`

	Authority *UnusedAuthority `json:"authority,omitempty"`

	Keep   []string
	Unsure bool // something could not be read
}

// Leave notes what stays, and why; once, also where several connections rest on it.
func (l *Cleanup) Leave(format string, args ...any) {
	if what := fmt.Sprintf(format, args...); !slices.Contains(l.Keep, what) {
		l.Keep = append(l.Keep, what)
	}
}

// unread keeps what could not be looked at: it is not known that nobody needs it.
func (l *Cleanup) unread(what string, err error) {
	l.Leave("%s: couldn't read whether it is still used: %s", what, link.Sentence(err))
	l.Unsure = true
}

// trustOf puts together what connections added to the same entry.
func trustOf(ends []link.ConnectionState) []UnusedTrust {
	var all []UnusedTrust
	add := func(side elastic.Deployment, peer elastic.Ref, a link.AddedTrust) {
		if side.Deployment == "" || a.Scope == "" {
			return // the deployment has gone, and its trust with it
		}
		i := slices.IndexFunc(all, func(s UnusedTrust) bool { return s.Of == side.Ref && s.Added.SameEntry(a) })
		if i < 0 {
			all = append(all, UnusedTrust{Of: side.Ref, Name: side.Name, Platform: peer.Platform, Peers: []elastic.Ref{peer}, Added: a, OnSystem: side})
			return
		}
		all[i].Added = all[i].Added.And(a)
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

// FindUnusedTrust works out what of the trust that was added for connections can go once they have ended.
func FindUnusedTrust(ctx context.Context, r *Connections, ends []link.ConnectionState, l *Cleanup) {
	var leaving []link.Name
	for _, e := range ends {
		leaving = append(leaving, e.Name)
	}
	for _, s := range trustOf(ends) {
		what := fmt.Sprintf("the trust of %s in %s", s.Name, s.Added.Name)
		if s.Added.Empty() {
			l.Leave("%s: it existed before", what)
			continue
		}
		on, _ := r.catalog.System(s.Of.Platform)
		trusts, ok := on.Platform.(elastic.Trusts)
		if !ok {
			l.Leave("%s: the bot can't change the trust of deployments on %s", what, link.SystemLabel(on))
			continue
		}
		var err error
		if s.Now, err = trusts.Trust(ctx, s.OnSystem); err != nil {
			l.unread(what, err)
			continue
		}
		if s.Before = s.Now.Settings.Entry(s.Added.Entry()); s.Before == nil {
			continue // somebody has taken it out already
		}
		if err := s.Now.Settings.Writable(s.OnSystem); err != nil {
			l.unread(what, err)
			continue
		}
		uses, err := ReadTrustUsers(ctx, r, s.Query(leaving))
		if err != nil {
			l.unread(what, err)
			continue
		}
		s.After = WithoutTrust(s.Added, s.Before, uses)
		switch {
		case !elastic.SameEntry(s.Before, s.After):
			for _, earlier := range l.Trust { // its step has been by then
				if earlier.Of == s.Of {
					s.Now.Settings = earlier.Now.Settings.Replaced(earlier.Added.Entry(), earlier.After)
				}
			}
			l.Trust = append(l.Trust, s)
		case uses.any():
			l.Leave("%s: it is used by %s", what, uses)
		default:
			l.Leave("%s: what the bot added is gone, or someone has extended it since", what)
		}
	}
}

// Remaining is what of a trust that was added for a connection stays in place; nothing of it is no entry at all.
func (l Cleanup) Remaining(of elastic.Ref, a link.AddedTrust) link.AddedTrust {
	i := slices.IndexFunc(l.Trust, func(s UnusedTrust) bool { return s.Of == of && s.Added.SameEntry(a) })
	if i >= 0 {
		var is elastic.TrustEntry // trusts nobody where the entry goes
		_ = json.Unmarshal(l.Trust[i].After, &is)
		a.All = a.All && is.All
		a.Clusters = slices.DeleteFunc(slices.Clone(a.Clusters), func(id string) bool { return !slices.Contains(is.Clusters, id) })
	}
	if !a.All && len(a.Clusters) == 0 {
		return link.AddedTrust{}
	}
	return a
}

// Unrecorded says that nobody knows who made the trust that a connection rests on.
func (l *Cleanup) Unrecorded(e link.ConnectionState) {
	l.Leave("mutual certificate trust between %s and %s (not created by the bot)", e.PairState.Local.Name, cmp.Or(e.Remote.Name, "the remote side"))
}

// LabelStays is the line of a card that says what is left in place.
const LabelStays = "Not removed"

// Fields are what people read of it on the card.
func (l Cleanup) Fields() []change.Field {
	var fields []change.Field
	if goes := l.remove(); len(goes) > 0 {
		fields = append(fields, change.Field{Label: "Also removed", Value: strings.Join(goes, "; ")})
	}
	if len(l.Keep) > 0 {
		fields = append(fields, change.Field{Label: LabelStays, Value: strings.Join(l.Keep, "; ")})
	}
	return fields
}

// remove are what is taken back beside the connection.
func (l Cleanup) remove() []string {
	var all []string
	if l.Role != nil {
		all = append(all, l.Role.Say())
	}
	for _, s := range l.Trust {
		all = append(all, fmt.Sprintf("the trust of %s in %s: %s", s.Name, s.Added.Name, s.Added.Say(s.Before, s.After)))
	}
	if l.Filter != nil {
		all = append(all, l.Filter.say())
	}
	if l.Authority != nil {
		all = append(all, l.Authority.say())
	}
	return all
}

// UnusedTrust is what of an entry can go once connections have ended, as a plan found it.
type UnusedTrust struct {
	Of       elastic.Ref     `json:"of"`       // whose trust
	Name     string          `json:"name"`     // of that deployment
	Platform string          `json:"platform"` // of whom it trusts
	Peers    []elastic.Ref   `json:"peers"`    // deployments at the other end of the connections
	Added    link.AddedTrust `json:"added"`
	Before   json.RawMessage `json:"before"` // the entry as it is
	After    json.RawMessage `json:"after"`  // as it is to be; null: it goes

	Now      elastic.Trusted    // while planning
	OnSystem elastic.Deployment // while planning
}

// Query asks who uses the trust.
func (s UnusedTrust) Query(leaving []link.Name) TrustQuery {
	return TrustQuery{of: s.Of, platform: s.Platform, peers: s.Peers, added: s.Added, leaving: leaving}
}
