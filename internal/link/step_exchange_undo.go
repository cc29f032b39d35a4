package link

import (
	"context"
	"errors"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Undo takes the probe and the new key away. Once the new key may stand in the place of an old one, the old one can't
// be put back: both stay valid, the connection keeps working with the new one, and a person is told.
func (x *exchangeStep) Undo(ctx context.Context, had change.Evidence) error {
	name := had[evKeyName]
	if name == "" {
		return nil // Apply never got to act
	}
	var left leftovers
	local, err := x.local(ctx)
	if err != nil {
		left.add("what was begun on "+x.c.Local.String(), x.undoByHand(), err)
		return left.of(x.Name())
	}
	if had[evReplaced] != "" && x.hadEntry {
		if err := x.dropProbe(ctx, local); err != nil {
			left.add("the alias "+ProbeAlias(x.c.Alias)+" on "+x.c.Local.String(), x.undoByHand(), err)
		}
		if err := x.pointBack(ctx, local); err != nil {
			left.add("the settings of "+x.c.Alias+" on "+x.c.Local.String(), x.undoByHand(), err)
		}
		left.add(fmt.Sprintf("the new key %s in the keystore of %s; the old one is still valid, but its value can't be read and so not put back. "+
			"The connection works with the new key", name, local.d.Name),
			devTools("GET", "/_resolve/cluster/"+x.c.Alias+":*", ""), errKeyStays)
		return left.of(x.Name())
	}
	if had[evReplaced] != "" {
		if err := x.restore(ctx, local); err != nil {
			left.add("the key or settings of "+x.c.Alias+" on "+x.c.Local.String(), x.undoByHand(), err)
		}
	}
	if err := x.dropProbe(ctx, local); err != nil {
		left.add("the alias "+ProbeAlias(x.c.Alias)+" on "+x.c.Local.String(), x.undoByHand(), err)
	}
	g := grantStep{work: x.work}
	if ids, err := g.revokeAll(ctx, name); err != nil {
		left.add(fmt.Sprintf("an active key %s on %s (Dev Tools there)", name, x.c.Remote), invalidation(name, ids), err)
	}
	return left.of(x.Name())
}

var errKeyStays = errors.New("a keystore's values can be written, never read")

// restore puts an alias that had no key back: its settings, and no key. The key goes first, so that the connection that
// the settings make is of the old model, and it is not back before the nodes have let go of the key.
func (x *exchangeStep) restore(ctx context.Context, local side) error {
	if err := removeEntry(ctx, local, CredentialsName(x.c.Alias)); err != nil {
		return err
	}
	if err := x.pointBack(ctx, local); err != nil {
		return err
	}
	return x.released(ctx, local, x.c.Alias)
}

func (x *exchangeStep) pointBack(ctx context.Context, local side) error {
	if x.point == nil {
		return nil
	}
	now, err := settingsOf(ctx, local, x.c.Alias)
	switch {
	case err != nil:
		return err
	case now.same(x.before):
		return settleSkip(ctx, local, x.c.Alias, x.before)
	case !now.being(x.before, x.c.Alias) && !now.being(*x.point, x.c.Alias):
		return errChangedSince
	}
	if err := local.es.PutSettings(ctx, now.clear().with(x.before)); err != nil {
		return attempt("setting "+x.c.Alias+" back on "+local.d.Name, err)
	}
	return settleSkip(ctx, local, x.c.Alias, x.before)
}

func (x *exchangeStep) undoByHand() string {
	alias := ProbeAlias(x.c.Alias)
	s := devTools("PUT", settingsPath, x.probe().settings().back(Settings{}).body()) + "\n\n" +
		devTools("PATCH", keystorePath(Deployment{Ref: x.c.Local, RefID: "_main"}), keystoreBody(CredentialsName(alias), nil))
	if x.point != nil {
		s += "\n\n" + devTools("PUT", settingsPath, x.point.back(x.before).body())
	}
	return s
}
