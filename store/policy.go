package store

import (
	"context"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

const whatPolicy = "policy" // what the audit calls another policy

// RecordPolicy writes an entry if another policy has come into force than the audit knows of. Of replicas with the same
// policy one does. What is written about requests names the policy, and calls it first: no entry names one that none has
// introduced.
func (s *Store) RecordPolicy(ctx context.Context) error {
	if err := s.chain.lock(ctx, recordingPolicy); err != nil {
		return err
	}
	defer s.chain.unlock()
	return s.introducePolicy(ctx)
}

const recordingPolicy = "recording the policy"

// introducePolicy is called by the one who holds the chain.
func (s *Store) introducePolicy(ctx context.Context) error {
	hash := s.policy.Hash()
	if hash == s.chain.policy {
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
		s.chain.policy = hash
	}
	return err
}
