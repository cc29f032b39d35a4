package link

import (
	"context"
	"fmt"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// What grant notes. The name is chosen before the key is there, so a key whose answer was lost is found by it.
const (
	evKeyName       = "key_name"
	evKeyID         = "key_id"         // of the latest key, for people
	evKeystoreHad   = "keystore_had"   // whether the entry was there before us
	evKeystoreWrote = "keystore_wrote" // set before the first write: from then on the entry is ours
)

// grantStep issues a cross-cluster API key on the remote and stores it in the local keystore. It is one step, because
// the key is shown only once and may not be written down between two.
type grantStep struct {
	work
	key     KeySpec
	entry   string // in the keystore
	finding string
}

func (*grantStep) Name() string  { return StepGrant }
func (*grantStep) Title() string { return "Issue the key and store it in the keystore" }

func (g *grantStep) calls(s Survey) []change.PlannedCall {
	return []change.PlannedCall{
		{
			Step: StepGrant, System: elasticsearchOf(s.Remote),
			Method: "POST", Path: "/_security/cross_cluster/api_key", Body: string(g.key.Body()),
		},
		{
			Step: StepGrant, System: g.c.Local.Platform,
			Method: "PATCH", Path: keystorePath(s.Local), Body: keystoreBody(g.entry, secret.Dots),
		},
	}
}

// keystorePath is where the platforms' REST API has a deployment's keystore.
func keystorePath(d Deployment) string {
	return "/api/v1/deployments/" + d.Deployment + "/elasticsearch/" + d.RefID + "/keystore"
}

// keystoreBody sets one entry; a nil value removes it.
func keystoreBody(entry string, value any) string {
	var set any
	if value != nil {
		set = map[string]any{"value": value}
	}
	return string(rawJSON(map[string]any{"secrets": map[string]any{entry: set}}))
}

func (g *grantStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	local, remote, err := g.both(ctx)
	if err != nil {
		return err
	}
	spec := g.key
	if had[evKeyName] != "" {
		spec.Name = had[evKeyName]
	}
	if err := g.own(ctx, local, had, spec.Name, note); err != nil {
		return err
	}
	// A key of an earlier attempt is of no use: its secret is gone.
	if _, err := revoke(ctx, remote, spec.Name, ""); err != nil {
		return err
	}
	key, err := remote.es.IssueKey(ctx, spec)
	if err != nil {
		return attempt("issuing the key on "+remote.d.Name, err)
	}
	if err := note(ctx, change.Evidence{evKeyID: key.ID, evKeystoreWrote: "true"}); err != nil {
		return err
	}
	if err := g.store(ctx, local, key); err != nil {
		return err
	}
	// A create that was given up on may have been carried out late: only this key may live.
	if _, err := revoke(ctx, remote, spec.Name, key.ID); err != nil {
		return err
	}
	g.finding = "key " + key.ID + " is stored as " + g.entry
	if !key.Expires.IsZero() {
		g.finding += fmt.Sprintf("; it expires on %s", key.Expires.UTC().Format("2006-01-02"))
	}
	return nil
}

// own makes sure that the keystore entry is not somebody else's, and notes whose it is. An entry that was there
// before can't be read, so it could never be restored: it is left alone.
func (g *grantStep) own(ctx context.Context, local side, had change.Evidence, name string, note change.Note) error {
	present, err := hasEntry(ctx, local, g.entry)
	if err != nil {
		return err
	}
	if had[evKeyName] == "" {
		if err := note(ctx, change.Evidence{evKeyName: name, evKeystoreHad: fmt.Sprint(present)}); err != nil {
			return err
		}
	}
	if present && had[evKeystoreWrote] == "" || had[evKeystoreHad] == "true" {
		return refuse(
			fmt.Sprintf("The keystore of %s holds %s already. Somebody else put it there, and it can't be read or restored, so it was left alone.",
				local.d.Name, g.entry),
			"keystore of %s: %s is there already", local.d.Name, g.entry)
	}
	return nil
}

func hasEntry(ctx context.Context, local side, entry string) (bool, error) {
	names, err := local.SecretNames(ctx, local.d)
	if err != nil {
		return false, attempt("reading the keystore of "+local.d.Name, err)
	}
	return slices.Contains(names, entry), nil
}

// store writes the key and reads the entry's name back; its value can't be read.
func (g *grantStep) store(ctx context.Context, local side, key IssuedKey) error {
	doing := "storing the key in the keystore of " + local.d.Name
	if err := local.StoreSecret(ctx, local.d, g.entry, key.Encoded); err != nil {
		return attempt(doing, err)
	}
	present, err := hasEntry(ctx, local, g.entry)
	if err != nil {
		return err
	}
	if !present {
		return attempt(doing, change.Temporary(fmt.Errorf("%s is not listed after it was stored", g.entry)))
	}
	return nil
}

// revoke invalidates the active keys of exactly that name but the one to keep, and returns their ids.
func revoke(ctx context.Context, on side, name, keep string) ([]string, error) {
	keys, err := on.es.ActiveKeys(ctx, name)
	if err != nil {
		return nil, attempt("looking for keys of this request on "+on.d.Name, err)
	}
	var ids []string
	for _, k := range keys {
		if k.ID != keep {
			ids = append(ids, k.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	if err := on.es.InvalidateKeys(ctx, ids); err != nil {
		return ids, attempt("invalidating a key of this request on "+on.d.Name, err)
	}
	return ids, nil
}

// Undo takes the entry out of the keystore if it is ours, and invalidates every key of the noted name.
func (g *grantStep) Undo(ctx context.Context, had change.Evidence) error {
	name := had[evKeyName]
	if name == "" {
		return nil // Apply never got to act
	}
	var left leftovers
	if had[evKeystoreWrote] != "" && had[evKeystoreHad] != "true" {
		if err := g.removeEntry(ctx); err != nil {
			left.add(fmt.Sprintf("%s in the keystore of %s (API of %s)", g.entry, g.c.Local.Deployment, g.c.Local.Platform),
				g.removal(ctx), err)
		}
	}
	if ids, err := g.revokeAll(ctx, name); err != nil {
		left.add(fmt.Sprintf("an active key %s on %s (Dev Tools there)", name, g.c.Remote), invalidation(name, ids), err)
	}
	return left.of(StepGrant)
}

func (g *grantStep) removeEntry(ctx context.Context) error {
	d, sys, err := g.localDeployment(ctx)
	if err != nil {
		return err
	}
	on := side{System: sys, d: d}
	present, err := hasEntry(ctx, on, g.entry)
	if err != nil || !present {
		return err
	}
	if err := on.RemoveSecret(ctx, d, g.entry); err != nil {
		return attempt("removing "+g.entry+" from the keystore of "+d.Name, err)
	}
	// Removals were reported to leave entries behind (github.com/elastic/terraform-provider-ec/issues/541 and /888).
	present, err = hasEntry(ctx, on, g.entry)
	if err == nil && present {
		err = change.Temporary(fmt.Errorf("%s is still listed after it was removed", g.entry))
	}
	return err
}

// localDeployment needs no credentials of Elasticsearch: the keystore belongs to the platform.
func (g *grantStep) localDeployment(ctx context.Context) (Deployment, System, error) {
	d, err := g.catalog.Fresh(ctx, g.c.Local)
	if err != nil {
		return d, System{}, attempt("reading deployment "+g.c.Local.String(), err)
	}
	sys, _ := g.catalog.System(g.c.Local.Platform)
	return d, sys, nil
}

// removal is the call that removes the entry, for a person to make.
func (g *grantStep) removal(ctx context.Context) string {
	d, _, err := g.localDeployment(ctx)
	if err != nil {
		d = Deployment{Ref: g.c.Local, RefID: "_main"} // the API's word for the only Elasticsearch resource
	}
	return devTools("PATCH", keystorePath(d), keystoreBody(g.entry, nil))
}

func (g *grantStep) revokeAll(ctx context.Context, name string) ([]string, error) {
	remote, err := g.remote(ctx)
	if err != nil {
		return nil, err
	}
	ids, err := revoke(ctx, remote, name, "")
	if err != nil {
		return ids, err
	}
	keys, err := remote.es.ActiveKeys(ctx, name)
	if err != nil {
		return ids, attempt("looking for keys of this request on "+remote.d.Name, err)
	}
	if len(keys) > 0 {
		return ids, change.Temporary(fmt.Errorf("key %s is still active after it was invalidated", name))
	}
	return nil, nil
}

// invalidation is the call that invalidates the keys, for a person to make: by name where the ids are not known, which
// hits no other key because the request's id is in the name.
func invalidation(name string, ids []string) string {
	body := map[string]any{"name": name}
	if len(ids) > 0 {
		body = map[string]any{"ids": ids}
	}
	return devTools("DELETE", "/_security/api_key", string(rawJSON(body)))
}

func (g *grantStep) Finding() string { return g.finding }
