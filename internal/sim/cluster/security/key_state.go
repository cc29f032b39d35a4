package security

import (
	"maps"
	"time"
)

// KeyState is an API key without its secret.
type KeyState struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Type     string         `json:"type"`
	Valid    bool           `json:"valid"`
	Owner    string         `json:"owner"`
	Created  time.Time      `json:"created"`
	Expires  *time.Time     `json:"expires,omitempty"`
	Metadata map[string]any `json:"metadata"`
	Search   []string       `json:"search"` // index patterns
	Replicas []string       `json:"replication"`
	Identity string         `json:"certificate_identity,omitempty"`
}

// KeyStates are all keys, those that have ended, too.
func (r *keyring) KeyStates() []KeyState {
	out := []KeyState{}
	for _, k := range r.keys {
		out = append(out, k.state(r.now()))
	}
	return out
}

func (k *Key) state(now time.Time) KeyState {
	names := func(entries []accessEntry) []string {
		out := []string{}
		for _, e := range entries {
			out = append(out, e.Names...)
		}
		return out
	}
	s := KeyState{
		ID: k.Id, Name: k.name, Type: k.kind, Owner: k.user, Created: k.created, Valid: !k.invalidated() && !k.expired(now),
		Metadata: maps.Clone(k.metadata), Search: names(k.access.Search), Replicas: names(k.access.Replication),
	}
	if k.Identity != nil {
		s.Identity = *k.Identity
	}
	if !k.expires.IsZero() {
		t := k.expires
		s.Expires = &t
	}
	return s
}
