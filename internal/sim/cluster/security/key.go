package security

import (
	"encoding/base64"
	"maps"
	"time"
)

// The types of API keys.
const (
	keyTypeREST         = "rest"
	keyTypeCrossCluster = "cross_cluster"
)

// Key is an API key of a cluster. Invalidated ones stay listed.
type Key struct {
	ID, name, secret, kind string
	user                   string
	realm                  realm
	ownerRoles             []string        // of the owner when the key was made
	roles                  map[string]Role // a REST key's own roles; none: its owner's
	access                 keyAccess
	Identity               *string // certificate_identity; nil: none is demanded. An empty one fits no certificate
	metadata               map[string]any
	created                time.Time
	expires, ended         time.Time // zero: never, not yet
	beforeEnrich           bool      // its access was last written before 8.15
}

func (k *Key) invalidated() bool          { return !k.ended.IsZero() }
func (k *Key) expired(now time.Time) bool { return !k.expires.IsZero() && !now.Before(k.expires) }

func (k *Key) encoded() string {
	return base64.StdEncoding.EncodeToString([]byte(k.ID + ":" + k.secret))
}

// keyring is the API keys of a cluster, in the order they were made.
type keyring struct {
	keys  []*Key
	now   func() time.Time
	newID func(bytes int) string
}

func (r *keyring) key(id string) *Key {
	for _, k := range r.keys {
		if k.ID == id {
			return k
		}
	}
	return nil
}

// AgeKeys is for tests: the cross-cluster keys are as 8.14 made them.
func (r *keyring) AgeKeys() int {
	n := 0
	for _, k := range r.keys {
		if k.kind == keyTypeCrossCluster {
			k.beforeEnrich = true
			n++
		}
	}
	return n
}

// ExpireIn makes every cross-cluster key that is still good expire that long from now, and returns how many those were.
func (r *keyring) ExpireIn(d time.Duration) int {
	now, n := r.now(), 0
	for _, k := range r.keys {
		if k.kind == keyTypeCrossCluster && !k.invalidated() && !k.expired(now) {
			k.expires = now.Add(d)
			n++
		}
	}
	return n
}

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
		ID: k.ID, Name: k.name, Type: k.kind, Owner: k.user, Created: k.created, Valid: !k.invalidated() && !k.expired(now),
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
