package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// chain is what a replica knows of the end of the audit. Every entry carries the hash of the one before, so
// writers take turns: within a replica they wait for each other, between replicas the script compares the head
// and the slower one computes its entry again.
type chain struct {
	*db
	policy PolicyInForce

	turn  chan struct{} // holds one token; anyone who has it may use what follows
	head  string        // as the script knows it: empty before the first entry
	noted string        // the policy that the audit has an entry for; empty before the first
}

func newChain(d *db, p PolicyInForce) *chain {
	return &chain{db: d, policy: p, turn: make(chan struct{}, 1)}
}

func (s *chain) lock(ctx context.Context, doing string) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fault(doing, ctx.Err())
	}
}

func (s *chain) unlock() { <-s.turn }

// chainAttempts bounds how often another replica may be quicker. Each time one of them has got something done.
const chainAttempts = 100

var errBusy = errors.New("other replicas kept writing to the audit")

// transition is a call of one of the audited scripts.
type transition struct {
	doing   string
	script  *redis.Script
	id      string
	version int64        // that it was decided on; 0: there is no request yet
	entry   change.Entry // without Version
	keys    []string     // after those that all share
	args    []any        // after those that all share
}

// run makes a transition and its audit entry in one go. A call carries a nonce: when go-redis repeats it because
// the answer was lost, the script sees that it has been done, and does not mistake it for somebody else's.
func (s *chain) run(ctx context.Context, t transition) (answer, error) {
	keys := append([]string{
		s.keys.call(s.nonce()), s.keys.audit(), s.keys.head(), s.keys.req(t.id), s.keys.unannounced(),
	}, t.keys...)
	t.entry.Request = t.id
	t.entry.Version = t.version + 1

	args := append([]any{t.id, change.Schema, t.version}, t.args...)
	if err := s.lock(ctx, t.doing); err != nil {
		return answer{}, err
	}
	defer s.unlock()
	if err := s.introducePolicy(ctx); err != nil {
		return answer{}, err
	}
	t.entry.Policy = s.noted
	return s.append(ctx, t.doing, t.script, keys, t.entry, args)
}

// append calls a script that writes the entry to the audit. Anyone who calls it holds the chain.
func (s *chain) append(ctx context.Context, doing string, script *redis.Script, keys []string, entry change.Entry, rest []any) (answer, error) {
	for range chainAttempts {
		prev := s.head
		if prev == "" {
			prev = change.GenesisHash
		}
		text, hash, err := entry.Chain(prev)
		if err != nil {
			return answer{}, fmt.Errorf("%s: %w", doing, err)
		}
		a, err := s.evalReplicated(ctx, doing, script, keys, append([]any{s.head, text, hash}, rest...)...)
		if err != nil {
			return answer{}, err
		}
		switch a.word {
		case "head":
			s.head = a.value
			continue
		case "ok":
			s.head = hash
		}
		return a, nil
	}
	return answer{}, fmt.Errorf("%s: %w: %w", doing, change.ErrUnavailable, errBusy)
}
