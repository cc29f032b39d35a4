package steps

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// StepRotateKey is the name of the step in journals.
const StepRotateKey = "rotate_key"

// What is noted beside the key's name and id.
const (
	evReplaced = "replaced"
	evProbe    = "probe" // nothing stood under the probe's alias: what does from then on is ours
)

// RotateKeyArgs say which key takes the place of which, and how it is proven.
type RotateKeyArgs struct {
	Connect link.ConnectParams `json:"connect"` // as it is to be
	Probe   string             `json:"probe"`   // the alias under which the key is proven, see ProbeAlias
	Key     elastic.KeySpec    `json:"key"`
	HasKey  bool               `json:"has_key"` // the alias has a key before us
	Before  elastic.Settings   `json:"before"`  // the alias's settings as they are
	After   *elastic.Settings  `json:"after"`   // to be set in the same moment, where the model changes; null: they stay
	// ByHand: a person is shown the key, and puts it into the keystores.
	ByHand bool `json:"by_hand,omitempty"`
}

// Planned is the step as it stands in a plan.
func (a RotateKeyArgs) Planned(v View, suffix string) change.PlannedStep {
	probe, local := a.probe(), a.Connect.Local.Platform
	stores := func(entry string) []change.Call {
		calls := on(local, v.toLocal.StoreSecret(v.local, entry))
		if a.ByHand {
			calls = byAPerson(calls)
		}
		return calls
	}
	calls := slices.Concat(
		v.onRemote(v.toRemote.IssueKey(a.Key)),
		stores(elastic.CredentialsName(probe.Alias)),
		v.onLocal(v.toLocal.PutSettings(probe.Settings()), v.toLocal.Resolve(probe.Alias, "*")),
		stores(elastic.CredentialsName(a.Connect.Alias)),
	)
	title := "Test a new key next to " + a.Connect.Alias + ", then switch to it"
	if a.After != nil {
		title = "Test a key next to " + a.Connect.Alias + ", then switch " + a.Connect.Alias + " to it"
		calls = append(calls, v.onLocal(v.toLocal.PutSettings(*a.After))...)
	}
	removal := on(local, v.toLocal.RemoveSecret(v.local, elastic.CredentialsName(probe.Alias)))
	if a.ByHand {
		removal = byAPerson(removal)
	}
	calls = slices.Concat(calls, v.onLocal(v.toLocal.PutSettings(probe.Settings().Cleared())), removal)
	return with(planned(StepRotateKey+suffix, title, a, calls...), a.effects(v)...)
}

func (a RotateKeyArgs) effects(v View) []change.Effect {
	alias, local := a.Connect.Alias, v.local.Name
	all := keyEffects(v.Remote.Name, a.Key)
	if a.HasKey {
		all = append(all, removes("the old key in the "+keystoreEntry(alias, local))...)
		all = append(all, adds("the new key in its place")...)
	} else {
		all = append(all, adds(keystoreEntry(alias, local))...)
	}
	after := a.Before
	if a.After != nil {
		after = *a.After
	}
	return slices.Concat(all, settingsEffects(a.Before, after),
		adds("alias "+a.Probe+" and its keystore entry, for the test"), removes("both again, after the test"))
}

// ProbeAlias is the alias under which a request proves a new key for alias. It is nobody else's: people can choose none
// that ends like it, and it holds the request's id, and a hash of what was cut off.
func ProbeAlias(request, alias string) string {
	own := "-" + request + elastic.ProbeSuffix
	if len(alias)+len(own) > elastic.MaxAlias {
		sum := sha256.Sum256([]byte(alias))
		own = "-" + hex.EncodeToString(sum[:4]) + own
	}
	return link.Shorten(alias, max(0, elastic.MaxAlias-len(own))) + own
}

// probe is the same connection under the probe's alias, over one socket.
func (a RotateKeyArgs) probe() link.ConnectParams {
	c := a.Connect
	c.Alias, c.ProxySockets = a.Probe, 1
	return c
}

// rotateKeyStep puts a new key in place of the one in use, or of none. A keystore's values can't be read, so an old one
// could never be put back: the new key is proven first, under an alias of its own beside the real one, and only then
// stored under the real one. Searches go on all the while. It is one step because the key is shown only once and may
// not be written down; within one step it is kept in memory between two attempts.
type rotateKeyStep struct {
	ports
	RotateKeyArgs

	fresh   elastic.IssuedKey // in memory only
	probed  bool              // it is in the keystore for the probe
	proven  bool
	stored  bool
	looks   change.Evidence // what proving notes; a crash begins it anew
	finding string
}

func newRotateKeyStep(p ports, a RotateKeyArgs) change.Step {
	x := rotateKeyStep{ports: p, RotateKeyArgs: a}
	if a.ByHand {
		return &handRotateStep{x}
	}
	return &x
}

// StepTimeout is how long the connection under the probe's alias may take to come up.
func (x *rotateKeyStep) StepTimeout() time.Duration { return x.verifies }

// Finding says which key is in place.
func (x *rotateKeyStep) Finding() string { return x.finding }

func (x *rotateKeyStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	local, remote, err := x.both(ctx, EndsOf(x.Connect))
	if err != nil {
		return err
	}
	if err := note(ctx, change.Evidence{evKeyName: x.Key.Name}); err != nil {
		return err
	}
	if err := x.ownProbe(ctx, local, had, note); err != nil {
		return err
	}
	if x.fresh.ID == "" {
		// An earlier attempt's key may be in use by now, so it is not revoked before this one is in place.
		if x.fresh, err = issue(ctx, remote, x.Key, had, note); err != nil {
			return err
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
	if err := x.replace(ctx, local, had, note); err != nil {
		return err
	}
	if err := x.taken(ctx, local); err != nil {
		return err
	}
	if err := x.dropProbe(ctx, local); err != nil {
		return err
	}
	if _, err := revoke(ctx, remote, x.Key.Name, x.fresh.ID); err != nil {
		return err
	}
	x.finding = "tested key " + x.fresh.ID + " and put it in place"
	if !x.fresh.Expires.IsZero() {
		x.finding += fmt.Sprintf("; it expires on %s", x.fresh.Expires.UTC().Format("2006-01-02"))
	}
	return nil
}

// ownProbe makes sure that nothing of somebody else's stands under the probe's alias: it would be overwritten, and removed.
func (x *rotateKeyStep) ownProbe(ctx context.Context, local side, had change.Evidence, note change.Note) error {
	if had[evProbe] != "" {
		return nil
	}
	stored, err := hasEntry(ctx, local, elastic.CredentialsName(x.Probe))
	if err != nil {
		return err
	}
	now, err := settingsOf(ctx, local, x.Probe)
	if err != nil {
		return err
	}
	if stored || !now.Empty() {
		return link.UserError(fmt.Sprintf("%s already has a remote cluster %s that the bot did not create, so it was not changed.", local.d.Name, x.Probe),
			"%s: %s is there already", local.d.Name, x.Probe)
	}
	return note(ctx, change.Evidence{evProbe: "true"})
}

// prove connects under the probe's alias with the new key.
func (x *rotateKeyStep) prove(ctx context.Context, local side) error {
	if x.proven {
		return nil
	}
	if !x.probed {
		if err := storeEntry(ctx, local, elastic.CredentialsName(x.Probe), x.fresh.Encoded); err != nil {
			return err
		}
		x.probed = true
	}
	if err := x.tryKey(ctx, local, x.fresh.ID); err != nil {
		return err
	}
	x.proven = true
	return nil
}

// tryKey connects under the probe's alias, and looks that it works with the key of that id.
func (x *rotateKeyStep) tryKey(ctx context.Context, local side, id string) error {
	c := x.probe()
	now, err := settingsOf(ctx, local, c.Alias)
	if err != nil {
		return err
	}
	if x.looks == nil {
		x.looks = change.Evidence{}
	}
	look := func(_ context.Context, e change.Evidence) error {
		maps.Copy(x.looks, e)
		return nil
	}
	if !now.Shows(c.Settings()) {
		if err := readKey(ctx, local, c.Alias, x.looks, look); err != nil {
			return err
		}
		if err := local.es.PutSettings(ctx, now.ChangeTo(c.Settings())); err != nil {
			return link.WrapCall("setting "+c.Alias+" on "+local.d.Name, err)
		}
	}
	v := &verifyStep{ports: x.ports, settings: c.Settings(), c: c, keys: []string{id}}
	return v.Apply(ctx, maps.Clone(x.looks), look)
}

// replace stores the new key under the real alias, and points it where keys are taken if the model changes: the key
// first, since its presence decides the model of the connection that the settings make.
func (x *rotateKeyStep) replace(ctx context.Context, local side, had change.Evidence, note change.Note) error {
	if !x.stored {
		if err := x.store(ctx, local, had, note); err != nil {
			return err
		}
		x.stored = true
	}
	return x.changeOver(ctx, local)
}

// changeOver points the alias where keys are taken, if the model changes.
func (x *rotateKeyStep) changeOver(ctx context.Context, local side) error {
	if x.After == nil {
		return nil
	}
	now, err := settingsOf(ctx, local, x.Connect.Alias)
	switch {
	case err != nil:
		return err
	case now.Shows(*x.After) && x.Before.With(*x.After).Hidden().Empty():
		return settle(ctx, local, x.Connect.Alias, *x.After)
	case !now.SettlesTo(x.Before, x.Connect.Alias) && !now.SettlesTo(*x.After, x.Connect.Alias):
		return link.UserError(fmt.Sprintf("Someone changed the settings of %s on %s in the meantime: %s.", x.Connect.Alias, local.d.Name, now),
			"settings of %s: %s is not as the plan found it", local.d.Name, x.Connect.Alias)
	}
	if err := x.read(ctx, local); err != nil {
		return err
	}
	if err := local.es.PutSettings(ctx, now.ChangeTo(*x.After, x.Before)); err != nil {
		return link.WrapCall("setting "+x.Connect.Alias+" on "+local.d.Name, err)
	}
	return settle(ctx, local, x.Connect.Alias, *x.After)
}

func (x *rotateKeyStep) store(ctx context.Context, local side, had change.Evidence, note change.Note) error {
	entry := elastic.CredentialsName(x.Connect.Alias)
	if x.HasKey {
		return storeEntry(ctx, local, entry, x.fresh.Encoded)
	}
	return newEntry{entry, had}.store(ctx, local, x.fresh.Encoded, note)
}

// read waits until the nodes have read the key: searches go on by certificate until then. Settings that came before it
// would make a connection without a key, and searches fail for as long as the nodes take, most of them unseen (measured on
// 8.19.4: docs/performance.md).
func (x *rotateKeyStep) read(ctx context.Context, local side) error {
	_, _ = local.es.ReloadSecureSettings(ctx) // as in released
	all, err := local.es.RemoteInfo(ctx)
	if err != nil {
		return link.WrapCall("reading the remote connections of "+local.d.Name, err)
	}
	if info, listed := all[x.Connect.Alias]; listed && info.Credentials == "" {
		return change.Waiting(&change.ExplainedError{Say: "The nodes of " + local.d.Name + " have not read the key yet.", Err: errNotRead})
	}
	return nil
}

// taken waits until the nodes have read the keystore that holds the new key. Nothing shows which key a connection uses,
// and the old one would go on working unseen until it is invalidated. But a keystore is read as a whole: nodes that no
// longer have the probe's key, which is removed after the real one was stored, have read the real one too.
func (x *rotateKeyStep) taken(ctx context.Context, local side) error {
	if err := removeEntry(ctx, local, elastic.CredentialsName(x.Probe)); err != nil {
		return err
	}
	return x.released(ctx, local, x.Probe)
}

// released waits until the nodes have read a keystore without a key for the alias.
func (x *rotateKeyStep) released(ctx context.Context, local side, alias string) error {
	// Versions before 8.16 may refuse it (github.com/elastic/elasticsearch/issues/111543), and from 8.14 on nodes read by
	// themselves: it is only a help.
	_, _ = local.es.ReloadSecureSettings(ctx)
	all, err := local.es.RemoteInfo(ctx)
	if err != nil {
		return link.WrapCall("reading the remote connections of "+local.d.Name, err)
	}
	if info, listed := all[alias]; listed && info.Credentials != "" {
		return change.Waiting(&change.ExplainedError{
			Say: "The nodes of " + local.d.Name + " have not read their keystore again yet.", Err: errNotRead,
		})
	}
	return nil
}

// dropProbe takes the probe's alias away: settings first, as the presence of the key decides the model.
func (x *rotateKeyStep) dropProbe(ctx context.Context, local side) error {
	if err := clearAlias(ctx, local, x.Probe, x.probe().Settings()); err != nil {
		return err
	}
	return removeEntry(ctx, local, elastic.CredentialsName(x.Probe))
}
