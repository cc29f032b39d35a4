package steps

import (
	"context"
	"errors"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// handIssueStep issues the key, and has a person put it into the keystores. Until then it is kept sealed. It is called
// again with what that person says, and looks for itself.
type handIssueStep struct{ issueKeyStep }

var errNotByHand = errors.New("the keystore is no longer edited by hand")

func (g *handIssueStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	local, remote, err := g.both(ctx, g.Ends)
	if err != nil {
		return err
	}
	hand := local.byHand()
	if hand == nil {
		return link.UserError("People no longer edit the keystore of "+local.d.Name+": ask for this again.", "%s: %w", local.d.Name, errNotByHand)
	}
	if err := noteShown(ctx, note); err != nil {
		return err
	}
	h := handOver{ports: g.ports, entry: g.entry, local: local, hand: hand}
	switch change.AnswerTo(ctx, askPut) {
	case change.AnswerDone:
		found, err := h.done(ctx)
		if err != nil {
			return err
		}
		g.finding = fmt.Sprintf("key %s is in place as %s: %s", g.Key.Name, g.entry, found.proof())
		return nil
	case change.AnswerNever:
		return errors.Join(h.put(""), h.forget(ctx))
	case change.AnswerNone, change.AnswerRenew:
	}
	if err := g.unused(ctx, local, h, had, note); err != nil {
		return err
	}
	// A key of an earlier attempt is of no use: nobody knows who has seen it.
	if _, err := revoke(ctx, remote, g.Key.Name, ""); err != nil {
		return err
	}
	key, err := issue(ctx, remote, g.Key, had, note)
	if err != nil {
		return err
	}
	if err := note(ctx, change.Evidence{evKeyID: key.ID}); err != nil {
		return err
	}
	if _, err := revoke(ctx, remote, g.Key.Name, key.ID); err != nil {
		return err
	}
	return h.offer(ctx, key.Encoded)
}

// unused makes sure, before anybody was asked, that the entry is not somebody else's, as far as nodes tell.
func (g *handIssueStep) unused(ctx context.Context, local side, h handOver, had change.Evidence, note change.Note) error {
	if had[evKeyName] != "" {
		return nil
	}
	found, err := readKeystores(ctx, local, h.hand, g.entry)
	if err != nil {
		return err
	}
	present, err := hasEntry(ctx, local, g.entry)
	if err != nil {
		return err
	}
	if present || len(found.with) > 0 {
		return foreignEntry(local, g.entry)
	}
	return note(ctx, change.Evidence{evKeyName: g.Key.Name})
}

// Undo invalidates the key, and has the entry removed if somebody may have put it in.
func (g *handIssueStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evKeyName] == "" {
		return nil
	}
	var left leftovers
	if mayBeIssued(had) {
		g.revokeLeft(ctx, g.Remote, g.Key.Name, &left)
	}
	if g.pasted != nil {
		if err := g.pasted.Drop(ctx, change.RequestIDFrom(ctx)); err != nil {
			return link.WrapCall("forgetting the key that was to be shown", err)
		}
	}
	if had[evShown] != "" {
		if err := g.removeEntry(ctx); err != nil {
			left.add(fmt.Sprintf("%s in the keystore of %s (%s)", g.entry, g.Local.Deployment, g.Local.Platform), g.removal(ctx), err)
		}
	}
	return left.err()
}
