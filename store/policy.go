package store

import (
	"context"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// PolicyInForce is the policy that this replica decides by.
type PolicyInForce struct {
	Worker string        // the replica
	Hash   func() string // may change while the replica runs
}

const whatPolicy = "policy" // what the audit calls another policy

// RecordPolicy writes an entry if another policy has come into force than the audit knows of. Of replicas with the same
// policy one does. What is written about requests names the policy, and calls it first: no entry names one that none has
// introduced.
func (s *chain) RecordPolicy(ctx context.Context) error {
	if err := s.lock(ctx, recordingPolicy); err != nil {
		return err
	}
	defer s.unlock()
	return s.introducePolicy(ctx)
}

const recordingPolicy = "recording the policy"

// introducePolicy is called by the one who holds the chain.
func (s *chain) introducePolicy(ctx context.Context) error {
	hash := s.policy.Hash()
	if hash == s.noted {
		return nil
	}
	at, err := s.Now(ctx)
	if err != nil {
		return err
	}
	keys := []string{s.keys.call(s.nonce()), s.keys.audit(), s.keys.head(), s.keys.policy()}
	entry := change.Entry{At: at, What: whatPolicy, Worker: s.policy.Worker, Policy: hash}
	a, err := s.append(ctx, recordingPolicy, policyRecordScript, keys, entry, []any{hash})
	if err == nil && a.word != "ok" && a.word != "same" {
		err = a.unexpected(recordingPolicy)
	}
	if err == nil {
		s.noted = hash
	}
	return err
}
