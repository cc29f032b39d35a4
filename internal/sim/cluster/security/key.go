package security

import (
	"encoding/base64"
	"time"
)

// The types of API keys.
const (
	keyTypeREST         = "rest"
	keyTypeCrossCluster = "cross_cluster"
)

// Key is an API key of a cluster. Invalidated ones stay listed.
type Key struct {
	Id, name, secret, kind string
	user                   string
	realm                  realm
	ownerRoles             []string        // of the owner when the key was made
	roles                  map[string]Role // a REST key's own roles; none: its owner's
	access                 keyAccess
	Identity               *string // certificate_identity; nil: none is demanded. An empty one fits no certificate
	metadata               map[string]any
	created                time.Time
	expires, ended         time.Time // zero: never, not yet
}

func (k *Key) invalidated() bool          { return !k.ended.IsZero() }
func (k *Key) expired(now time.Time) bool { return !k.expires.IsZero() && !now.Before(k.expires) }

func (k *Key) encoded() string {
	return base64.StdEncoding.EncodeToString([]byte(k.Id + ":" + k.secret))
}

// keyring is the API keys of a cluster, in the order they were made.
type keyring struct {
	keys  []*Key
	now   func() time.Time
	newID func(bytes int) string
}

func (r *keyring) key(id string) *Key {
	for _, k := range r.keys {
		if k.Id == id {
			return k
		}
	}
	return nil
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
