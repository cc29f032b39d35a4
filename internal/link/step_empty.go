package link

import (
	"context"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// StepEmpty is the name of the step in journals.
const StepEmpty = "empty"

const evEmptied = "emptied" // set before the entry is removed

// emptyStep removes the key from the local keystore.
type emptyStep struct {
	work
	hadEntry bool
	key      KeySpec // to grant again what is taken away; without a name nobody knows what that was
}

func (*emptyStep) Name() string  { return StepEmpty }
func (*emptyStep) Title() string { return "Remove the key from the keystore" }

func (s *emptyStep) entry() string { return CredentialsName(s.c.Alias) }

func (s *emptyStep) calls(v Survey) []change.PlannedCall {
	if !s.hadEntry {
		return nil
	}
	return []change.PlannedCall{{
		Step: StepEmpty, System: s.c.Local.Platform, Method: "PATCH", Path: keystorePath(v.Local), Body: keystoreBody(s.entry(), nil),
	}}
}

func (s *emptyStep) Apply(ctx context.Context, _ change.Evidence, note change.Note) error {
	local, err := s.local(ctx)
	if err != nil {
		return err
	}
	if !s.hadEntry {
		return nil
	}
	if err := note(ctx, change.Evidence{evEmptied: "true"}); err != nil {
		return err
	}
	return removeEntry(ctx, local, s.entry())
}

// Undo stores a new key of the same name, which may read the same: the old value can't be read, so it can't be put
// back. Where the entry is still there, nothing was lost.
func (s *emptyStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evEmptied] == "" {
		return nil
	}
	local, err := s.local(ctx)
	if err == nil {
		var present bool
		if present, err = hasEntry(ctx, local, s.entry()); err == nil && present {
			return nil
		}
	}
	if err == nil {
		err = s.grantAgain(ctx, local)
	}
	if err == nil {
		return nil
	}
	var l leftovers
	l.add(fmt.Sprintf("%s lacks its key in the keystore of %s; rotate the key of %s, which stores a new one", s.c.Alias, s.c.Local, s.c.Alias),
		devTools("PATCH", keystorePath(Deployment{Ref: s.c.Local, RefID: "_main"}), keystoreBody(s.entry(), secret.Dots)), err)
	return l.of(StepEmpty)
}

func (s *emptyStep) grantAgain(ctx context.Context, local side) error {
	if s.key.Name == "" || len(s.key.Access.Search)+len(s.key.Access.Replication) == 0 {
		return errKeyStays // nobody knows what it might read
	}
	remote, err := s.remote(ctx)
	if err != nil {
		return err
	}
	key, err := remote.es.IssueKey(ctx, s.key)
	if err != nil {
		return attempt("issuing the key on "+remote.d.Name, err)
	}
	if err := storeEntry(ctx, local, s.entry(), key.Encoded); err != nil {
		return err
	}
	_, err = revoke(ctx, remote, s.key.Name, key.ID)
	return err
}
