package steps

import (
	"context"
	"fmt"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

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
func (p ports) removeFrom(ctx context.Context, local side, entry string) error {
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
