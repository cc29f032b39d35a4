// Package store keeps requests, their journal, the queue, the outbox and the audit in Redis. Each transition is
// one Lua script. It knows nothing of Slack, Elastic or what a change is about: parameters and messages are
// opaque here.
package store

import (
	"context"
	"crypto/rand"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Store is the memory of every replica of the bot, made of a small type an activity. It is safe for concurrent use.
type Store struct {
	*db
	*chain
	*requests
	asides
	claims
	queue
	indexes
	lists
	outbox
	records
	keeps
	checks
	audit
	serverCheck
	follows
	homeTabs
	sealed
	notes
	alerts
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
	d := &db{rdb: rdb, keys: newKeys(o.Env), nonce: o.Nonce, replicas: o.Replicas}
	c := newChain(d, o.Policy)
	a := asides{c, o.PutAside}
	r := &requests{chain: c, asides: a, quotas: o.Quotas, index: o.Index}
	return &Store{
		db: d, chain: c, requests: r, asides: a,
		claims: claims{r}, queue: queue{d}, indexes: indexes{d}, lists: lists{r}, outbox: outbox{r},
		records: records{d, documents{rdb, d.keys.records(), d.keys.recordIndex()}}, keeps: keeps{c, o.Index},
		checks: checks{d, documents{rdb, d.keys.statuses(), d.keys.statusIndex()}},
		audit:  audit{d}, serverCheck: serverCheck{r},
		follows: follows{d}, homeTabs: homeTabs{d}, sealed: sealed{d}, notes: notes{d}, alerts: alerts{d},
	}
}

var _ change.Requests = (*Store)(nil)
