package steps

import (
	"context"
	"errors"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// Undo takes the probe and the new key away. Once the new key may stand in the place of an old one, the old one can't
// be put back: both stay valid, the connection keeps working with the new one, and a person is told.
func (x *rotateKeyStep) Undo(ctx context.Context, had change.Evidence) error {
	name := had[evKeyName]
	if name == "" {
		return nil // Apply never got to act
	}
	var left leftovers
	local, err := x.reach(ctx, x.Connect.Local)
	if err != nil {
		left.add("what was started on "+x.Connect.Local.String(), x.undoByHand(), err)
		return left.err()
	}
	if had[evReplaced] != "" && x.HasKey {
		if err := x.dropProbe(ctx, local); err != nil {
			left.add("the alias "+x.Probe+" on "+x.Connect.Local.String(), x.undoByHand(), err)
		}
		if err := x.pointBack(ctx, local); err != nil {
			left.add("the settings of "+x.Connect.Alias+" on "+x.Connect.Local.String(), x.undoByHand(), err)
		}
		left.add(fmt.Sprintf("the new key %s in the keystore of %s; the old one is still valid, but its value can't be read and restored. "+
			"The connection works with the new key", name, local.d.Name),
			devTools(local.Calls().Resolve(x.Connect.Alias, "*")), errKeyStays)
		return left.err()
	}
	if had[evReplaced] != "" {
		if err := x.restore(ctx, local, had); err != nil {
			left.add("the key or settings of "+x.Connect.Alias+" on "+x.Connect.Local.String(), x.undoByHand(), err)
		}
	}
	if had[evProbe] != "" {
		if err := x.dropProbe(ctx, local); err != nil {
			left.add("the alias "+x.Probe+" on "+x.Connect.Local.String(), x.undoByHand(), err)
		}
	}
	if mayBeIssued(had) {
		x.revokeLeft(ctx, x.Connect.Remote, name, &left)
	}
	return left.err()
}

var errKeyStays = errors.New("a keystore's values can be written, never read")

// restore puts an alias that had no key back: its settings, and no key. The key goes first, and the nodes have to let go of
// it, so that the connection that the settings make is of the old model at once.
func (x *rotateKeyStep) restore(ctx context.Context, local side, had change.Evidence) error {
	entry := newEntry{elastic.CredentialsName(x.Connect.Alias), had}
	if !entry.ours() {
		return nil // the settings come after the key
	}
	if err := removeFrom(ctx, x.ports, local, entry.name); err != nil {
		return err
	}
	if err := x.released(ctx, local, x.Connect.Alias); err != nil {
		return err
	}
	return x.pointBack(ctx, local)
}

func (x *rotateKeyStep) pointBack(ctx context.Context, local side) error {
	if x.After == nil {
		return nil
	}
	now, err := settingsOf(ctx, local, x.Connect.Alias)
	switch {
	case err != nil:
		return err
	case now.Shows(x.Before) && x.Before.With(*x.After).Hidden().Empty():
		return settle(ctx, local, x.Connect.Alias, x.Before)
	case !now.SettlesTo(x.Before, x.Connect.Alias) && !now.SettlesTo(*x.After, x.Connect.Alias):
		return errChangedSince
	}
	if err := local.es.PutSettings(ctx, now.ChangeTo(x.Before, *x.After)); err != nil {
		return link.WrapCall("setting "+x.Connect.Alias+" back on "+local.d.Name, err)
	}
	return settle(ctx, local, x.Connect.Alias, x.Before)
}

func (x *rotateKeyStep) undoByHand() string {
	local := elastic.Deployment{Ref: x.Connect.Local, RefID: elastic.AnyResource}
	return x.byHand(local.Platform, func(c elastic.Calls) []change.Call {
		calls := []change.Call{c.PutSettings(x.probe().Settings().Cleared()), c.RemoveSecret(local, elastic.CredentialsName(x.Probe))}
		if x.After != nil {
			calls = append(calls, c.PutSettings(x.After.BackTo(x.Before)))
		}
		return calls
	})
}
