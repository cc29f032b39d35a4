package link

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// StepExchange is the name of the step in journals.
const StepExchange = "exchange"

// What exchange notes beside the key's name and id.
const evReplaced = "replaced" // set before the alias's own entry is written: from then on the old value may be gone

// exchangeStep puts a new key in place of the one in use, or of none. A keystore's values can't be read, so an old one
// could never be put back: the new key is proven first, under an alias of its own beside the real one, and only then
// stored under the real one. Searches go on all the while. It is one step because the key is shown only once and may
// not be written down; within one step it is kept in memory between two attempts.
type exchangeStep struct {
	work
	suffix   string // of the step's name, where a change has several
	key      KeySpec
	hadEntry bool      // the alias has a key before us
	point    *Settings // to be set in the same moment, where the model changes; nil: the settings stay
	before   Settings  // what point replaces
	patience time.Duration

	fresh   IssuedKey // in memory only
	proven  bool
	stored  bool
	looks   change.Evidence // what proving notes; a crash begins it anew
	finding string
}

func (x *exchangeStep) Name() string { return StepExchange + x.suffix }

func (x *exchangeStep) Title() string {
	if x.point != nil {
		return "Prove a key beside " + x.c.Alias + ", then change " + x.c.Alias + " over to it"
	}
	return "Prove a new key beside " + x.c.Alias + ", then put it in place"
}

// Patience is how long the connection under the probe's alias may take to come up.
func (x *exchangeStep) Patience() time.Duration { return x.patience }

// Finding says which key is in place.
func (x *exchangeStep) Finding() string { return x.finding }

// ProbeAlias is the alias under which a new key for alias is proven.
func ProbeAlias(alias string) string {
	const suffix = "-rcb-probe"
	return cut(alias, MaxAlias-len(suffix)) + suffix
}

// probe is the same connection under the probe's alias, over one socket.
func (x *exchangeStep) probe() Connect {
	c := x.c
	c.Alias, c.ProxySockets = ProbeAlias(c.Alias), 1
	return c
}

func (x *exchangeStep) calls(s Survey) []change.PlannedCall {
	probe := x.probe()
	call := func(system, method, path, body string) change.PlannedCall {
		return change.PlannedCall{Step: x.Name(), System: system, Method: method, Path: path, Body: body}
	}
	local, keystore := elasticsearchOf(s.Local), keystorePath(s.Local)
	calls := []change.PlannedCall{
		call(elasticsearchOf(s.Remote), "POST", "/_security/cross_cluster/api_key", string(x.key.Body())),
		call(x.c.Local.Platform, "PATCH", keystore, keystoreBody(CredentialsName(probe.Alias), secret.Dots)),
		call(local, "PUT", settingsPath, probe.settings().body()),
		call(local, "GET", "/_resolve/cluster/"+probe.Alias+":*", ""),
		call(x.c.Local.Platform, "PATCH", keystore, keystoreBody(CredentialsName(x.c.Alias), secret.Dots)),
	}
	if x.point != nil {
		calls = append(calls, call(local, "PUT", settingsPath, x.point.body()))
	}
	return append(calls,
		call(local, "PUT", settingsPath, probe.settings().back(Settings{}).body()),
		call(x.c.Local.Platform, "PATCH", keystore, keystoreBody(CredentialsName(probe.Alias), nil)),
	)
}

func (x *exchangeStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	local, err := x.local(ctx)
	if err != nil {
		return err
	}
	remote, err := x.remote(ctx)
	if err != nil {
		return err
	}
	if err := note(ctx, change.Evidence{evKeyName: x.key.Name}); err != nil {
		return err
	}
	if x.fresh.ID == "" {
		// An earlier attempt's key may be in use by now, so it is not revoked before this one is in place.
		if x.fresh, err = remote.es.IssueKey(ctx, x.key); err != nil {
			x.fresh = IssuedKey{}
			return attempt("issuing the key on "+remote.d.Name, err)
		}
		if err := note(ctx, change.Evidence{evKeyID: x.fresh.ID}); err != nil {
			return err
		}
	}
	if err := x.prove(ctx, local); err != nil {
		return err
	}
	if err := note(ctx, change.Evidence{evReplaced: "true"}); err != nil {
		return err
	}
	if err := x.replace(ctx, local); err != nil {
		return err
	}
	if err := x.taken(ctx, local); err != nil {
		return err
	}
	if err := x.dropProbe(ctx, local); err != nil {
		return err
	}
	if _, err := revoke(ctx, remote, x.key.Name, x.fresh.ID); err != nil {
		return err
	}
	x.finding = "key " + x.fresh.ID + " was proven and is in place"
	if !x.fresh.Expires.IsZero() {
		x.finding += fmt.Sprintf("; it expires on %s", x.fresh.Expires.UTC().Format("2006-01-02"))
	}
	return nil
}

// prove connects under the probe's alias with the new key.
func (x *exchangeStep) prove(ctx context.Context, local side) error {
	if x.proven {
		return nil
	}
	c := x.probe()
	if err := storeEntry(ctx, local, CredentialsName(c.Alias), x.fresh.Encoded); err != nil {
		return err
	}
	now, err := settingsOf(ctx, local, c.Alias)
	if err != nil {
		return err
	}
	if !now.same(c.settings()) {
		if err := local.es.PutSettings(ctx, now.clear().with(c.settings())); err != nil {
			return attempt("setting "+c.Alias+" on "+local.d.Name, err)
		}
	}
	v := &verifyStep{work: work{catalog: x.catalog, c: c}, keys: []string{x.fresh.ID}}
	if x.looks == nil {
		x.looks = change.Evidence{}
	}
	err = v.Apply(ctx, maps.Clone(x.looks), func(_ context.Context, e change.Evidence) error {
		maps.Copy(x.looks, e)
		return nil
	})
	if err != nil {
		return err
	}
	x.proven = true
	return nil
}

// replace stores the new key under the real alias, and points it where keys are taken if the model changes: the key
// first, since its presence decides the model of the connection that the settings make.
func (x *exchangeStep) replace(ctx context.Context, local side) error {
	if !x.stored {
		if err := storeEntry(ctx, local, CredentialsName(x.c.Alias), x.fresh.Encoded); err != nil {
			return err
		}
		x.stored = true
	}
	if x.point == nil {
		return nil
	}
	now, err := settingsOf(ctx, local, x.c.Alias)
	switch {
	case err != nil:
		return err
	case now.same(*x.point):
		return settleSkip(ctx, local, x.c.Alias, *x.point)
	case !now.being(x.before, x.c.Alias) && !now.being(*x.point, x.c.Alias):
		return refuse(fmt.Sprintf("Somebody has changed the settings of %s on %s meanwhile: %s.", x.c.Alias, local.d.Name, now),
			"settings of %s: %s is not as the plan found it", local.d.Name, x.c.Alias)
	}
	if err := local.es.PutSettings(ctx, now.clear().with(*x.point)); err != nil {
		return attempt("setting "+x.c.Alias+" on "+local.d.Name, err)
	}
	return settleSkip(ctx, local, x.c.Alias, *x.point)
}

// taken waits until the nodes have read the keystore that holds the new key. Nothing shows which key a connection uses,
// and the old one would go on working unseen until it is invalidated. But a keystore is read as a whole: nodes that no
// longer have the probe's key, which is removed after the real one was stored, have read the real one too.
func (x *exchangeStep) taken(ctx context.Context, local side) error {
	probe := ProbeAlias(x.c.Alias)
	if err := removeEntry(ctx, local, CredentialsName(probe)); err != nil {
		return err
	}
	return x.released(ctx, local, probe)
}

// released waits until the nodes have read a keystore without a key for the alias.
func (x *exchangeStep) released(ctx context.Context, local side, alias string) error {
	// Versions before 8.16 may refuse it (github.com/elastic/elasticsearch/issues/111543), and from 8.14 on nodes read by
	// themselves: it is only a help.
	_ = local.es.ReloadSecureSettings(ctx)
	all, err := local.es.RemoteInfo(ctx)
	if err != nil {
		return attempt("reading the remote connections of "+local.d.Name, err)
	}
	if info, listed := all[alias]; listed && info.Credentials != "" {
		return change.Waiting(&change.ExplainedError{
			Say: "The nodes of " + local.d.Name + " have not read their keystore again yet.", Err: errNotRead,
		})
	}
	return nil
}

var errNotRead = errors.New("the keystore was not read again yet")

// dropProbe takes the probe's alias away: settings first, as the presence of the key decides the model.
func (x *exchangeStep) dropProbe(ctx context.Context, local side) error {
	alias := ProbeAlias(x.c.Alias)
	if err := clearAlias(ctx, local, alias); err != nil {
		return err
	}
	return removeEntry(ctx, local, CredentialsName(alias))
}
