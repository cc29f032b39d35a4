// Package store keeps requests, their journal, the queue, the outbox and the audit in Redis. Each transition is
// one Lua script. It knows nothing of Slack, Elastic or what a change is about: parameters and messages are
// opaque here.
package store

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

const (
	keep          = 90 * 24 * time.Hour // how long a final request is kept
	rememberAsked = 24 * time.Hour      // how long a submission is recognized
)

// Store is the memory of every replica of the bot. It is safe for concurrent use.
type Store struct {
	rdb   redis.UniversalClient
	keys  keys
	nonce func() string
	chain chain
	index func(change.StoredRecord) change.RecordIndex

	replicas int
	quotas   Quotas
	policy   PolicyInForce
	aside    func(ctx context.Context, id string, why error)
}

// Options are what a Store needs beside its client.
type Options struct {
	Env   string        // separates installations that share a Redis; it becomes part of every key
	Nonce func() string // an unguessable text that never comes twice; nil: from the system's randomness
	// Replicas is how many replicas must have a transition before it counts; 0: the server's own word is enough.
	Replicas int
	// Quotas are how many open requests there may be.
	Quotas Quotas
	// Policy is named by each audit entry. Without its Hash entries name none.
	Policy PolicyInForce
	// PutAside is called when a request was put aside because it can't be read, by the replica that did so. It must not
	// block. Nothing by default.
	PutAside func(ctx context.Context, id string, why error)
	// Index files a record; one without a value is to be deleted, and its queue counts alone. nil: records are found by
	// their keys, and not checked.
	Index func(change.StoredRecord) change.RecordIndex
}

// PolicyInForce is the policy that this replica decides by.
type PolicyInForce struct {
	Worker string        // the replica
	Hash   func() string // may change while the replica runs
}

// Quotas are how many requests that are not final one person may have, and one channel in which they were asked for; 0: any
// number. Those of before there were quotas are not counted.
type Quotas struct{ Person, Channel int }

// New returns a Store over rdb, which should come from Dial.
func New(rdb redis.UniversalClient, o Options) *Store {
	if o.Nonce == nil {
		o.Nonce = rand.Text
	}
	if o.Index == nil {
		o.Index = func(change.StoredRecord) change.RecordIndex { return change.RecordIndex{} }
	}
	if o.PutAside == nil {
		o.PutAside = func(context.Context, string, error) {}
	}
	if o.Policy.Hash == nil {
		o.Policy.Hash = func() string { return "" }
	}
	return &Store{policy: o.Policy, aside: o.PutAside, rdb: rdb, keys: newKeys(o.Env), nonce: o.Nonce, chain: newChain(), index: o.Index, replicas: o.Replicas, quotas: o.Quotas}
}

// Ping reports whether Redis answers; change.ErrUnavailable if not.
func (s *Store) Ping(ctx context.Context) error {
	return fault("ping", s.rdb.Ping(ctx).Err())
}

// Now returns Redis's own time, which leases go by.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	t, err := s.rdb.Time(ctx).Result()
	return t, fault("asking the time", err)
}

var _ change.Requests = (*Store)(nil)
