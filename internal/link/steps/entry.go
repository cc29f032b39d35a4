package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// What is noted of a keystore entry that the bot makes. Values can't be read, so only notes tell whose an entry is. Each
// write has its number.
const (
	evKeystoreHad = "keystore_had"   // whether the entry was there before us
	evStoring     = "storing_"       // directly before a write is sent
	evNotStored   = "store_refused_" // it was surely not carried out
)

// newEntry is a keystore entry that was not there before, with what earlier attempts noted of it.
type newEntry struct {
	name string
	had  change.Evidence
}

// ours reports whether a write was sent that was not refused. Of one that the bot died in nobody knows whether it was carried
// out: it counts as ours, since the entry was not there directly before, and a request that stops for a person at every
// restart would be the greater harm.
func (e newEntry) ours() bool {
	if e.had[evKeystoreHad] == "true" {
		return false
	}
	for n := range e.writes() {
		if e.had[fmt.Sprint(evNotStored, n+1)] == "" {
			return true
		}
	}
	return false
}

// writes is how many writes were sent, or about to be.
func (e newEntry) writes() (n int) {
	for e.had[fmt.Sprint(evStoring, n+1)] != "" {
		n++
	}
	return n
}

// check returns an error if the entry is somebody else's: it could never be restored, so it is left alone.
func (e newEntry) check(local side, present bool) error {
	if e.had[evKeystoreHad] == "true" || present && !e.ours() {
		return foreignEntry(local, e.name)
	}
	return nil
}

func foreignEntry(local side, name string) error {
	return link.UserError(
		fmt.Sprintf("The keystore of %s already contains %s. Someone else put it there, and it can't be read or restored, so it was not changed.",
			local.d.Name, name),
		"keystore of %s: %s is there already", local.d.Name, name)
}

// store writes the entry and reads its name back. It looks once more directly before it writes: what came after the first
// look is somebody else's. No platform has a write that fails if the entry is there.
func (e newEntry) store(ctx context.Context, local side, value secret.Secret, note change.Note) error {
	present, err := hasEntry(ctx, local, e.name)
	if err != nil {
		return err
	}
	if err := e.check(local, present); err != nil {
		return err
	}
	n := e.writes() + 1
	if err := note(ctx, change.Evidence{fmt.Sprint(evStoring, n): "true"}); err != nil {
		return err
	}
	stored := local.StoreSecret(ctx, local.d, e.name, value)
	if call, ok := errors.AsType[*elastic.CallError](stored); ok && !call.Ambiguous {
		if err := note(ctx, change.Evidence{fmt.Sprint(evNotStored, n): "true"}); err != nil {
			return err
		}
	}
	if stored != nil {
		return storing(local, stored)
	}
	return checkListed(ctx, local, e.name)
}

// storeEntry writes a keystore entry and reads its name back; its value can't be read.
func storeEntry(ctx context.Context, local side, entry string, value secret.Secret) error {
	if err := local.StoreSecret(ctx, local.d, entry, value); err != nil {
		return storing(local, err)
	}
	return checkListed(ctx, local, entry)
}

func storing(local side, err error) error {
	return link.WrapCall("storing the key in the keystore of "+local.d.Name, err)
}

func checkListed(ctx context.Context, local side, entry string) error {
	present, err := hasEntry(ctx, local, entry)
	if err == nil && !present {
		err = storing(local, change.Temporary(fmt.Errorf("%s is not listed after it was stored", entry)))
	}
	return err
}

func hasEntry(ctx context.Context, local side, entry string) (bool, error) {
	names, err := local.SecretNames(ctx, local.d)
	if err != nil {
		return false, link.WrapCall("reading the keystore of "+local.d.Name, err)
	}
	return slices.Contains(names, entry), nil
}

// removeFrom removes a keystore entry, or has people do that, and looks that it is gone.
func removeFrom(ctx context.Context, p ports, local side, entry string) error {
	if hand := local.byHand(); hand != nil {
		return removeByHand(ctx, local, hand, p.byHandWithin, entry)
	}
	return removeEntry(ctx, local, entry)
}

// removeEntry removes a keystore entry and looks that it is gone; one that is not there is forgiven.
func removeEntry(ctx context.Context, local side, entry string) error {
	present, err := hasEntry(ctx, local, entry)
	if err != nil || !present {
		return err
	}
	if err := local.RemoveSecret(ctx, local.d, entry); err != nil {
		return link.WrapCall("removing "+entry+" from the keystore of "+local.d.Name, err)
	}
	// Removals were reported to leave entries behind (github.com/elastic/terraform-provider-ec/issues/541 and /888).
	present, err = hasEntry(ctx, local, entry)
	if err == nil && present {
		err = change.Temporary(fmt.Errorf("%s is still listed after it was removed", entry))
	}
	return err
}

func settingsOf(ctx context.Context, local side, alias string) (elastic.Settings, error) {
	all, err := local.es.RemoteSettings(ctx)
	if err != nil {
		return elastic.Settings{}, link.WrapCall("reading the settings of "+local.d.Name, err)
	}
	return all.Of(alias), nil
}

// clearAlias nulls every setting of an alias, also those that known settings hide; it is idempotent.
func clearAlias(ctx context.Context, local side, alias string, known elastic.Settings) error {
	now, err := settingsOf(ctx, local, alias)
	if err != nil || now.Empty() {
		return err
	}
	if err := local.es.PutSettings(ctx, now.ChangeTo(elastic.Settings{}, known)); err != nil {
		return link.WrapCall("removing the settings of "+alias+" on "+local.d.Name, err)
	}
	now, err = settingsOf(ctx, local, alias)
	if err == nil && !now.Empty() {
		err = change.Temporary(fmt.Errorf("%s is still set after its settings were removed: %s", alias, now))
	}
	return err
}
