package steps

import (
	"context"
	"errors"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// StepRemoveKey is the name of the step in journals.
const StepRemoveKey = "remove_key"

// What is noted before the entry goes, and once a person has taken it away.
const (
	evEmptied = "emptied"
	evGone    = "gone"
)

// RemoveKeyArgs say whose key goes, and how to make one like it.
type RemoveKeyArgs struct {
	Ends
	HasKey bool            `json:"has_key"` // there is an entry in the keystore
	Key    elastic.KeySpec `json:"key"`     // to issue again what is taken away; without a name nobody knows what that was
}

// Planned is the step as it stands in a plan.
func (a RemoveKeyArgs) Planned(v View) change.PlannedStep {
	var calls []change.Call
	var effects []change.Effect
	if a.HasKey {
		effects = removes(keystoreEntry(a.Alias, v.local.Name))
		calls = on(a.Local.Platform, v.toLocal.RemoveSecret(v.local, elastic.CredentialsName(a.Alias)))
	}
	return with(planned(StepRemoveKey, "Remove the key from the keystore", a, calls...), effects...)
}

// removeKeyStep removes the key from the local keystore.
type removeKeyStep struct {
	ports
	RemoveKeyArgs
}

func (s *removeKeyStep) entry() string { return elastic.CredentialsName(s.Alias) }

func (s *removeKeyStep) Apply(ctx context.Context, _ change.Evidence, note change.Note) error {
	local, err := s.reach(ctx, s.Local)
	if err != nil {
		return err
	}
	if !s.HasKey {
		return nil
	}
	if err := note(ctx, change.Evidence{evEmptied: "true"}); err != nil {
		return err
	}
	if err := removeFrom(ctx, s.ports, local, s.entry()); err != nil || local.byHand() == nil {
		return err
	}
	return note(ctx, change.Evidence{evGone: "true"})
}

// Undo stores a new key of the same name, which may read the same: the old value can't be read, so it can't be put
// back. Where the entry is there, nothing was lost, or somebody has put another there meanwhile: it is left alone.
func (s *removeKeyStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evEmptied] == "" {
		return nil
	}
	local, err := s.reach(ctx, s.Local)
	if err == nil && local.byHand() != nil {
		if had[evGone] == "" {
			return nil // nobody has said that it no longer exists
		}
		err = errKeyStays
	}
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
	if errors.Is(err, errTheirs) {
		return leftBehind(fmt.Sprintf("someone put a key for %s into the keystore of %s in the meantime, so it was not changed. "+
			"The bot can't tell whose it is: rotate the key of %s if it is not yours", s.Alias, s.Local, s.Alias), "", err)
	}
	command := s.byHand(s.Local.Platform, func(c elastic.Calls) []change.Call {
		return []change.Call{c.StoreSecret(elastic.Deployment{Ref: s.Local, RefID: elastic.AnyResource}, s.entry())}
	})
	return leftBehind(fmt.Sprintf("%s lacks its key in the keystore of %s; rotate the key of %s, which stores a new one", s.Alias, s.Local, s.Alias), command, err)
}

var errTheirs = errors.New("a key that someone else put there")

func (s *removeKeyStep) grantAgain(ctx context.Context, local side) error {
	if s.Key.Name == "" || len(s.Key.Access.Search)+len(s.Key.Access.Replication) == 0 {
		return errKeyStays // nobody knows what it might read
	}
	remote, err := s.reach(ctx, s.Remote)
	if err != nil {
		return err
	}
	key, err := remote.es.IssueKey(ctx, s.Key)
	if err != nil {
		return link.WrapCall("issuing the key on "+remote.d.Name, err)
	}
	present, err := hasEntry(ctx, local, s.entry()) // directly before the write, which no platform refuses if the entry is there
	if err != nil {
		return err
	}
	if present {
		return errors.Join(errTheirs, remote.es.InvalidateKeys(ctx, []string{key.ID}))
	}
	if err := storeEntry(ctx, local, s.entry(), key.Encoded); err != nil {
		return err
	}
	_, err = revoke(ctx, remote, s.Key.Name, key.ID)
	return err
}
