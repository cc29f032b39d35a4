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

// StepUpdateKeyAccess is the name of the step in journals.
const StepUpdateKeyAccess = "update_key_access"

const evAccess = "access_before"

// UpdateKeyAccessArgs say what a key may read, and what it is to.
type UpdateKeyAccessArgs struct {
	Remote elastic.Ref    `json:"remote"`
	ID     string         `json:"id"` // of the key
	Before elastic.Access `json:"before"`
	After  elastic.Access `json:"after"`
}

// Planned is the step as it stands in a plan.
func (a UpdateKeyAccessArgs) Planned(v View) change.PlannedStep {
	return with(planned(StepUpdateKeyAccess, "Change what the key may read", a, v.onRemote(v.toRemote.UpdateKeyAccess(a.ID, a.After))...),
		slices.Concat(keeps("API key "+a.ID+" of "+v.Remote.Name), diff("", accessLines(a.Before), accessLines(a.After)))...)
}

// updateKeyAccessStep changes in place what a key may read: its secret stays, so the local side has nothing to do.
type updateKeyAccessStep struct {
	ports
	UpdateKeyAccessArgs
}

func (r *updateKeyAccessStep) ring(ctx context.Context) (elastic.Keyring, side, error) {
	remote, err := r.reach(ctx, r.Remote)
	if err != nil {
		return nil, side{}, err
	}
	ring, ok := remote.es.(elastic.Keyring)
	if !ok {
		return nil, side{}, errors.New("this cluster's keys can't be changed in place")
	}
	return ring, remote, nil
}

func (r *updateKeyAccessStep) Apply(ctx context.Context, _ change.Evidence, note change.Note) error {
	ring, remote, err := r.ring(ctx)
	if err != nil {
		return err
	}
	if err := note(ctx, change.Evidence{evAccess: string(elastic.RawJSON(r.Before))}); err != nil {
		return err
	}
	return link.WrapCall("changing what the key may read on "+remote.d.Name, ring.UpdateKeyAccess(ctx, r.ID, r.After))
}

// Undo gives the key the access that it had.
func (r *updateKeyAccessStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evAccess] == "" {
		return nil
	}
	ring, _, err := r.ring(ctx)
	if err == nil {
		err = ring.UpdateKeyAccess(ctx, r.ID, r.Before)
	}
	if err == nil {
		return nil
	}
	command := r.byHand(r.Remote.Platform, func(c elastic.Calls) []change.Call { return []change.Call{c.UpdateKeyAccess(r.ID, r.Before)} })
	return leftBehind(fmt.Sprintf("the access of key %s on %s (Dev Tools there, as the user who owns the key)", r.ID, r.Remote), command, err)
}
