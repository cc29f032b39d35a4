package steps

import (
	"context"
	"errors"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// handIssueStep issues the key, and has a person put it into the keystores. Until then it is kept sealed. It is called
// again with what that person says, and looks for itself.
type handIssueStep struct{ issueKeyStep }

func (g *handIssueStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	local, remote, err := g.both(ctx, g.Ends)
	if err != nil {
		return err
	}
	h, err := g.handOver(ctx, local, g.entry, note)
	if err != nil {
		return err
	}
	switch change.AnswerTo(ctx, askPut) {
	case change.AnswerDone:
		found, err := h.done(ctx)
		if err != nil {
			return err
		}
		g.finding = fmt.Sprintf("key %s is in place as %s: %s", g.Key.Name, g.entry, found.proof())
		return nil
	case change.AnswerNever:
		return errors.Join(h.put(""), h.forgetShown(ctx))
	case change.AnswerNone, change.AnswerRenew:
	}
	if err := g.unused(ctx, local, h, had, note); err != nil {
		return err
	}
	return h.offerNew(ctx, remote, g.Key, had, note)
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
	if err := g.forgetShown(ctx); err != nil {
		return err
	}
	if had[evShown] != "" {
		if err := g.removeEntry(ctx); err != nil {
			left.add(fmt.Sprintf("%s in the keystore of %s (%s)", g.entry, g.Local.Deployment, g.Local.Platform), g.removal(ctx), err)
		}
	}
	return left.err()
}
