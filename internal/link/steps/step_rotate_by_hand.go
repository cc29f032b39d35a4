package steps

import (
	"context"
	"errors"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// evProven: the new key was seen to work under the probe's alias.
const evProven = "proven"

// handRotateStep is a rotation where people edit the keystores. They put the new key in twice: first under the probe's alias,
// where a mistake hurts nobody; once it is proven, they copy it to where the old one is, which takes no typing.
type handRotateStep struct{ rotateKeyStep }

func (x *handRotateStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	local, remote, err := x.both(ctx, EndsOf(x.Connect))
	if err != nil {
		return err
	}
	h, err := x.handOver(ctx, local, elastic.CredentialsName(x.Probe), note)
	if err != nil {
		return err
	}
	if had[evProven] == "" {
		if err := x.proveByHand(ctx, h, remote, had, note); err != nil {
			return err
		}
	}
	if err := x.copied(ctx, h, note); err != nil {
		return err
	}
	if err := x.changeOver(ctx, local); err != nil {
		return err
	}
	if err := clearAlias(ctx, local, x.Probe, x.probe().Settings()); err != nil {
		return err
	}
	x.finding = "tested key " + x.Key.Name + ", and a person put it in place"
	return nil
}

// proveByHand has the new key put in under the probe's alias, and looks that it works.
func (x *handRotateStep) proveByHand(ctx context.Context, h handOver, remote side, had change.Evidence, note change.Note) error {
	switch change.AnswerTo(ctx, askPut) {
	case change.AnswerNever:
		return errors.Join(h.put(""), h.forgetShown(ctx))
	case change.AnswerNone, change.AnswerRenew:
		if err := note(ctx, change.Evidence{evKeyName: x.Key.Name}); err != nil {
			return err
		}
		if err := x.ownProbe(ctx, h.local, had, note); err != nil {
			return err
		}
		return h.offerNew(ctx, remote, x.Key, had, note)
	case change.AnswerDone:
	}
	if _, err := h.done(ctx); err != nil {
		return err
	}
	keys, err := remote.es.ActiveKeys(ctx, x.Key.Name)
	if err != nil {
		return link.WrapCall("reading the keys of "+remote.d.Name, err)
	}
	for _, k := range keys { // there is one
		if err := x.tryKey(ctx, h.local, k.ID); err != nil {
			return err
		}
	}
	if len(keys) == 0 {
		return link.UserError("The new key is no longer valid on "+remote.d.Name+": someone invalidated it.", "no active key %s", x.Key.Name)
	}
	return note(ctx, change.Evidence{evProven: "true"})
}

// copied has the proven key copied to where the old one is, and looks that it was. A keystore is read as a whole, and the
// command removes the probe's entry last: nodes that no longer have it have the new key.
func (x *handRotateStep) copied(ctx context.Context, h handOver, note change.Note) error {
	entry := elastic.CredentialsName(x.Connect.Alias)
	ask := &change.PersonNeededError{
		Ask: askCopy, For: h.byHandWithin, Command: shell(h.hand.CopySecret(h.entry, entry)),
		Say: fmt.Sprintf("The new key works. Put it in place on each node of %s with exactly this command.", h.local.d.Name),
	}
	if change.AnswerTo(ctx, askCopy) != change.AnswerDone {
		if err := note(ctx, change.Evidence{evReplaced: "true"}); err != nil {
			return err
		}
		return ask
	}
	probe, err := readKeystores(ctx, h.local, h.hand, h.entry)
	if err != nil {
		return err
	}
	found, err := readKeystores(ctx, h.local, h.hand, entry)
	if err != nil {
		return err
	}
	switch {
	case len(probe.with) > 0:
		ask.Say = "Not on every node yet: " + link.JoinWords(probe.with) + " still " + hasOrHave(probe.with) + " the entry for the test. " + ask.Say
		return ask
	case len(found.without) > 0:
		ask.Say = "Not on every node yet: " + link.JoinWords(found.without) + " " + hasOrHave(found.without) + " no " + entry + ". " + ask.Say
		return ask
	}
	used, err := hasEntry(ctx, h.local, h.entry)
	if err == nil && used {
		ask.Say = "The node that the bot reaches still has the entry for the test. " + ask.Say
		return ask
	}
	return err
}

// Undo ends the new key as long as it can't be in use, and has what people may have put in removed.
func (x *handRotateStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evKeyName] == "" {
		return nil
	}
	if err := x.forgetShown(ctx); err != nil {
		return err
	}
	var left leftovers
	inUse := had[evReplaced] != "" && x.HasKey
	if !inUse && mayBeIssued(had) {
		x.revokeLeft(ctx, x.Connect.Remote, x.Key.Name, &left)
	}
	if err := x.takeBack(ctx, had); err != nil {
		left.add("what was started on "+x.Connect.Local.String(), x.undoByHand(), err)
	}
	if inUse {
		left.add(fmt.Sprintf("the new key %s may be in the keystore of %s. The old one is still valid, but its value can't be read and restored",
			x.Key.Name, x.Connect.Local), "", errKeyStays)
	}
	return left.err()
}

// takeBack takes back what was done on the local side.
func (x *handRotateStep) takeBack(ctx context.Context, had change.Evidence) error {
	if had[evProbe] == "" {
		return nil // nothing was done there
	}
	local, err := x.reach(ctx, x.Connect.Local)
	if err != nil {
		return err
	}
	if err := clearAlias(ctx, local, x.Probe, x.probe().Settings()); err != nil {
		return err
	}
	if hand := local.byHand(); hand != nil && had[evShown] != "" {
		entries := []string{elastic.CredentialsName(x.Probe)}
		if had[evReplaced] != "" && !x.HasKey {
			entries = append(entries, elastic.CredentialsName(x.Connect.Alias))
		}
		if err := removeByHand(ctx, local, hand, x.byHandWithin, entries...); err != nil {
			return err
		}
	}
	if had[evReplaced] == "" {
		return nil
	}
	return x.pointBack(ctx, local)
}
