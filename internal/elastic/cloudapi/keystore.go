package cloudapi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// keystoreContents is KeystoreContents. A PATCH merges: names that are not in it stay.
type keystoreContents struct {
	Secrets map[string]any `json:"secrets"`
}

func keystoreOf(d elastic.Deployment) []string {
	return []string{"deployments", d.Deployment, "elasticsearch", d.RefID, "keystore"}
}

// patching sets one entry of the keystore, or removes it by a value of nothing.
func patching(d elastic.Deployment, name string, entry any) request {
	return request{method: http.MethodPatch, path: keystoreOf(d), body: keystoreContents{Secrets: map[string]any{name: entry}}}
}

// StoreSecret describes Client.StoreSecret.
func (keystoreCalls) StoreSecret(d elastic.Deployment, name string) change.Call {
	return patching(d, name, map[string]string{"value": secret.Dots}).describe()
}

// RemoveSecret describes the first try of Client.RemoveSecret.
func (keystoreCalls) RemoveSecret(d elastic.Deployment, name string) change.Call {
	return patching(d, name, struct{}{}).describe()
}

// keystores reads and changes the keystores of deployments.
type keystores struct{ *caller }

type keystoreCalls struct{}

// SecretNames reads the names in the keystore, sorted. Their values are never handed out.
func (c keystores) SecretNames(ctx context.Context, d elastic.Deployment) ([]string, error) {
	var kept keystoreContents
	if err := c.do(ctx, request{method: http.MethodGet, path: keystoreOf(d)}, &kept); err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(kept.Secrets)), nil
}

// StoreSecret sets one entry and reads back that its name is there.
func (c keystores) StoreSecret(ctx context.Context, d elastic.Deployment, name string, value secret.Secret) error {
	if value.Empty() {
		return fmt.Errorf("%s: an empty secret is not stored: it would neither set nor remove the entry", c.system)
	}
	// KeystoreSecret: a plain string is stored as a string.
	entry := map[string]string{"value": value.Reveal()}
	if err := c.patchKeystore(ctx, d, name, entry, value); err != nil {
		return err
	}
	names, err := c.SecretNames(ctx, d)
	if err != nil {
		return written(err)
	}
	if !slices.Contains(names, name) {
		return c.unexpected(d, "keystore_entry_missing", "the keystore does not list "+name+" after it was stored")
	}
	return nil
}

// RemoveSecret removes one entry, if it is there, and reads back that it is gone. An entry without a value is
// removed (the API's description of KeystoreSecret); an empty value was seen to leave it
// (github.com/elastic/terraform-provider-ec/issues/541 and /888). Where {} leaves it as well, null is sent, as ecctl does.
func (c keystores) RemoveSecret(ctx context.Context, d elastic.Deployment, name string) error {
	names, err := c.SecretNames(ctx, d)
	if err != nil || !slices.Contains(names, name) {
		return err
	}
	for _, nothing := range []any{struct{}{}, nil} {
		if err := c.patchKeystore(ctx, d, name, nothing, secret.Secret{}); err != nil {
			return err
		}
		names, err := c.SecretNames(ctx, d)
		if err != nil {
			return written(err)
		}
		if !slices.Contains(names, name) {
			return nil
		}
	}
	return c.unexpected(d, "keystore_entry_kept", "the keystore still lists "+name+" after its removal")
}

// unexpected is a write that was answered well and that reading back does not show.
func (c keystores) unexpected(d elastic.Deployment, code, reason string) error {
	path, err := pathOf(keystoreOf(d)...)
	if err != nil {
		return err
	}
	call := transport.Call{System: c.system, Name: http.MethodPatch + " " + path, Scrub: c.scrub}
	return written(call.Odd(http.StatusOK, code, reason, nil))
}

// written marks the failure of a reading-back: the write before it was answered well.
func written(err error) error {
	if call, ok := errors.AsType[*elastic.CallError](err); ok {
		call.Ambiguous = true
	}
	return err
}

func (c keystores) patchKeystore(ctx context.Context, d elastic.Deployment, name string, entry any, value secret.Secret) error {
	r := patching(d, name, entry)
	r.secret = value
	return c.do(ctx, r, nil)
}
