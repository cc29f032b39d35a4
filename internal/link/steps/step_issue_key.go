package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// StepIssueKey issues the key and stores it in the local keystore.
const StepIssueKey = "issue_key"

// What grant notes. The name is chosen before the key is there, so a key whose answer was lost is found by it.
const (
	evKeyName = "key_name"
	evKeyID   = "key_id" // of the latest key, for people
)

// IssueKeyArgs are the key of a connection.
type IssueKeyArgs struct {
	Ends
	Key elastic.KeySpec `json:"key"`
	// PastedFor is the request for which a person makes the key and hands it in; empty: the bot issues it.
	PastedFor string `json:"pasted_for"`
	// ByHand: a person is shown the key, and puts it into the keystores.
	ByHand bool `json:"by_hand,omitempty"`
}

// Planned is the step as it stands in a plan.
func (a IssueKeyArgs) Planned(v View) change.PlannedStep {
	issue := v.onRemote(v.toRemote.IssueKey(a.Key))
	store := on(a.Local.Platform, v.toLocal.StoreSecret(v.local, elastic.CredentialsName(a.Alias)))
	entry := adds(keystoreEntry(a.Alias, v.local.Name))
	effects := append(keyEffects(v.Remote.Name, a.Key), entry...)
	if a.ByHand {
		return with(planned(StepIssueKey, "Issue the key, and have a person put it into the keystore", a, append(issue, byAPerson(store)...)...), effects...)
	}
	if a.PastedFor == "" {
		return with(planned(StepIssueKey, "Issue the key and store it in the keystore", a, append(issue, store...)...), effects...)
	}
	issue = byAPerson(issue)
	effects = slices.Concat(adds("an API key that a person creates on "+v.Remote.Name), adds(accessLines(a.Key.Access)...), entry)
	p := with(planned(StepIssueKey, "Store the pasted key in the keystore", a, append(issue, store...)...), effects...)
	p.ByHand = v.onRemote(v.toRemote.InvalidateKeys(a.Key.Name, nil))
	return p
}

// byAPerson are calls that a person makes.
func byAPerson(calls []change.Call) []change.Call {
	for i := range calls {
		calls[i].System += link.ByAPerson
	}
	return calls
}

// issueKeyStep issues a cross-cluster API key on the remote and stores it in the local keystore. It is one step, because
// the key is shown only once and may not be written down between two.
type issueKeyStep struct {
	ports
	IssueKeyArgs
	entry   string // in the keystore
	finding string
}

func newIssueKeyStep(p ports, a IssueKeyArgs) change.Step {
	g := issueKeyStep{ports: p, IssueKeyArgs: a, entry: elastic.CredentialsName(a.Alias)}
	switch {
	case a.ByHand:
		return &handIssueStep{g}
	case a.PastedFor != "":
		return &pasteStep{g}
	}
	return &g
}

func (g *issueKeyStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	local, remote, err := g.both(ctx, g.Ends)
	if err != nil {
		return err
	}
	spec := g.Key
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
	key, err := issue(ctx, remote, spec, had, note)
	if err != nil {
		return err
	}
	if err := note(ctx, change.Evidence{evKeyID: key.ID}); err != nil {
		return err
	}
	if err := (newEntry{g.entry, had}).store(ctx, local, key.Encoded, note); err != nil {
		return err
	}
	// A create that was given up on may have been carried out late: only this key may live.
	if _, err := revoke(ctx, remote, spec.Name, key.ID); err != nil {
		return err
	}
	g.finding = "stored key " + key.ID + " as " + g.entry
	if !key.Expires.IsZero() {
		g.finding += fmt.Sprintf("; it expires on %s", key.Expires.UTC().Format("2006-01-02"))
	}
	return nil
}

// own makes sure that the keystore entry is not somebody else's, and notes whether it was there at the first look.
func (g *issueKeyStep) own(ctx context.Context, local side, had change.Evidence, name string, note change.Note) error {
	present, err := hasEntry(ctx, local, g.entry)
	if err != nil {
		return err
	}
	if had[evKeyName] == "" {
		if err := note(ctx, change.Evidence{evKeyName: name, evKeystoreHad: fmt.Sprint(present)}); err != nil {
			return err
		}
	}
	return newEntry{g.entry, had}.check(local, present)
}

// revoke invalidates the active keys of exactly that name but the one to keep, and returns their ids.
func revoke(ctx context.Context, on side, name, keep string) ([]string, error) {
	keys, err := on.es.ActiveKeys(ctx, name)
	if err != nil {
		return nil, link.WrapCall("looking for keys of this request on "+on.d.Name, err)
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
		return ids, link.WrapCall("invalidating a key of this request on "+on.d.Name, err)
	}
	return ids, nil
}

// Undo takes the entry out of the keystore if it is ours, and invalidates every key of the noted name,
// unless there surely is none: who may not make a key may not look for one either.
func (g *issueKeyStep) Undo(ctx context.Context, had change.Evidence) error {
	name := had[evKeyName]
	if name == "" {
		return nil // Apply never got to act
	}
	var left leftovers
	g.undoEntry(ctx, had, &left)
	if mayBeIssued(had) {
		g.revokeLeft(ctx, g.Remote, name, &left)
	}
	return left.err()
}

// undoEntry takes the entry out of the keystore if it is ours; what is left of it goes into left.
func (g *issueKeyStep) undoEntry(ctx context.Context, had change.Evidence, left *leftovers) {
	if !(newEntry{g.entry, had}).ours() {
		return
	}
	if err := g.removeEntry(ctx); err != nil {
		left.add(fmt.Sprintf("%s in the keystore of %s (API of %s)", g.entry, g.Local.Deployment, g.Local.Platform), g.removal(ctx), err)
	}
}

func (g *issueKeyStep) removeEntry(ctx context.Context) error {
	local, err := g.on(ctx, g.Local)
	if err != nil {
		return err
	}
	return removeFrom(ctx, g.ports, local, g.entry)
}

// removal is the call that removes the entry, for a person to make.
func (g *issueKeyStep) removal(ctx context.Context) string {
	d := elastic.Deployment{Ref: g.Local, RefID: elastic.AnyResource}
	if local, err := g.on(ctx, g.Local); err == nil {
		d = local.d
	}
	return g.byHand(g.Local.Platform, func(c elastic.Calls) []change.Call { return []change.Call{c.RemoveSecret(d, g.entry)} })
}

// revokeLeft invalidates every key of that name; what is left of them goes into left.
func (p ports) revokeLeft(ctx context.Context, on elastic.Ref, name string, left *leftovers) {
	ids, err := p.revokeAll(ctx, on, name)
	if err == nil {
		return
	}
	// By name where the ids are not known, which hits no other key because the request's id is in the name.
	command := p.byHand(on.Platform, func(c elastic.Calls) []change.Call { return []change.Call{c.InvalidateKeys(name, ids)} })
	left.add(fmt.Sprintf("an active key %s on %s (Dev Tools there)", name, on), command, err)
}

func (p ports) revokeAll(ctx context.Context, on elastic.Ref, name string) ([]string, error) {
	remote, err := p.reach(ctx, on)
	if err != nil {
		return nil, err
	}
	ids, err := revoke(ctx, remote, name, "")
	if err != nil {
		return ids, err
	}
	keys, err := remote.es.ActiveKeys(ctx, name)
	if err != nil {
		return ids, link.WrapCall("looking for keys of this request on "+remote.d.Name, err)
	}
	if len(keys) > 0 {
		return ids, change.Temporary(fmt.Errorf("key %s is still active after it was invalidated", name))
	}
	return nil, nil
}

// Finding says which key is in place.
func (g *issueKeyStep) Finding() string { return g.finding }

// What is noted of calls that make a key, each followed by the number of the call.
const (
	evIssuing = "issuing_"       // noted before it is sent
	evRefused = "issue_refused_" // it was surely not carried out
)

// issue makes a key, and notes what an undo has to know: whether one may be there.
func issue(ctx context.Context, remote side, spec elastic.KeySpec, had change.Evidence, note change.Note) (elastic.IssuedKey, error) {
	n := issues(had) + 1
	if err := note(ctx, change.Evidence{fmt.Sprint(evIssuing, n): "true"}); err != nil {
		return elastic.IssuedKey{}, err
	}
	key, err := remote.es.IssueKey(ctx, spec)
	if err == nil {
		return key, nil
	}
	if call, ok := errors.AsType[*elastic.CallError](err); ok && !call.Ambiguous {
		if err := note(ctx, change.Evidence{fmt.Sprint(evRefused, n): "true"}); err != nil {
			return elastic.IssuedKey{}, err
		}
	}
	return elastic.IssuedKey{}, link.WrapCall("issuing the key on "+remote.d.Name, err)
}

// issues is how many calls were sent, or about to be.
func issues(had change.Evidence) (n int) {
	for had[fmt.Sprint(evIssuing, n+1)] != "" {
		n++
	}
	return n
}

// mayBeIssued reports whether a key may be there: one of the calls was not surely refused.
func mayBeIssued(had change.Evidence) bool {
	for n := range issues(had) {
		if had[fmt.Sprint(evRefused, n+1)] == "" {
			return true
		}
	}
	return false
}
