package steps

import (
	"context"
	"errors"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// PastedCall is the call by which a person makes the key that p needs; false if it needs none.
func PastedCall(p change.Proposal) (change.Call, bool) {
	step := p.Step(StepIssueKey)
	if p.RequiredInput != link.InputKey || step == nil || len(step.Calls) == 0 {
		return change.Call{}, false
	}
	return step.Calls[0], true
}

// PastedLeft is what a person has to do about a key that was made for r and is not used: the bot can't invalidate it.
// False if r needs none.
func PastedLeft(r *change.Request) (command string, ok bool) {
	step := r.Proposal.Step(StepIssueKey)
	if r.Proposal.RequiredInput != link.InputKey || step == nil {
		return "", false
	}
	if line := r.Record(StepIssueKey); line != nil && line.Evidence[evInvalidate] != "" {
		return line.Evidence[evInvalidate], true // with the id that the step has seen
	}
	return devTools(step.ByHand...), true
}

// evStored: the entry was written and read back. The pasted key may be gone after that.
const evStored = "keystore_stored"

// evInvalidate is the call by which a person invalidates the pasted key, by its id.
const evInvalidate = "invalidate_by_hand"

// pasteStep stores a key that a person made in the local keystore. It takes grant's place where the bot has no user on
// the remote cluster; there it can do nothing.
type pasteStep struct{ issueKeyStep }

func (p *pasteStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	if p.pasted == nil {
		return link.UserError("This bot doesn't accept pasted keys: keys.encryption is not configured.", "no store of pasted keys is configured")
	}
	if had[evStored] == "" {
		if err := p.take(ctx, had, note); err != nil {
			return err
		}
	}
	if err := p.pasted.Drop(ctx, p.PastedFor); err != nil {
		return link.WrapCall("forgetting the pasted key", err)
	}
	p.finding = "stored the pasted key as " + p.entry
	return nil
}

func (p *pasteStep) take(ctx context.Context, had change.Evidence, note change.Note) error {
	local, err := p.on(ctx, p.Local)
	if err != nil {
		return err
	}
	if err := p.own(ctx, local, had, p.Key.Name, note); err != nil {
		return err
	}
	key, err := p.pasted.Peek(ctx, p.PastedFor)
	if errors.Is(err, link.ErrNoPastedKey) {
		return link.UserError("The pasted key has expired: it is kept for only an hour. Submit again, and paste the key shortly before the start.",
			"%w", link.ErrNoPastedKey)
	}
	if err != nil {
		return link.WrapCall("reading the pasted key", err)
	}
	id, err := link.CheckEncodedKey(key.Reveal())
	if err != nil {
		return link.UserError("The pasted text is not an encoded key: "+err.Error()+".", "pasted key: %w", err)
	}
	command := p.byHand(p.Remote.Platform, func(c elastic.Calls) []change.Call { return []change.Call{c.InvalidateKeys("", []string{id})} })
	if err := note(ctx, change.Evidence{evKeyID: id, evInvalidate: command}); err != nil {
		return err
	}
	if err := (newEntry{p.entry, had}).store(ctx, local, secret.New(key.Reveal()), note); err != nil {
		return err
	}
	return note(ctx, change.Evidence{evStored: "true"})
}

// Undo takes the entry out of the keystore if it is ours, and forgets the key. The key itself lives on, on a cluster
// where the bot can do nothing: people are told (PastedLeft), but nothing is stuck by it.
func (p *pasteStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evKeyName] == "" {
		return nil
	}
	var left leftovers
	p.undoEntry(ctx, had, &left)
	if p.pasted == nil {
		return left.err()
	}
	if err := p.pasted.Drop(ctx, p.PastedFor); err != nil {
		return link.WrapCall("forgetting the pasted key", err) // it goes by itself within the hour; another try may do it now
	}
	return left.err()
}
