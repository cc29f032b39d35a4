package link

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// StepRegrant is the name of the step in journals.
const StepRegrant = "regrant"

const evAccess = "access_before" // as JSON

// regrantStep changes in place what a key may read: its secret stays, so the local side has nothing to do.
type regrantStep struct {
	work
	id            string
	before, after Access
}

func (*regrantStep) Name() string  { return StepRegrant }
func (*regrantStep) Title() string { return "Change what the key may read" }

func (r *regrantStep) calls(s Survey) []change.PlannedCall {
	return []change.PlannedCall{{
		Step: StepRegrant, System: elasticsearchOf(s.Remote), Method: "PUT", Path: "/_security/cross_cluster/api_key/" + r.id, Body: r.body(r.after),
	}}
}

func (r *regrantStep) body(a Access) string {
	var spec map[string]json.RawMessage
	_ = json.Unmarshal(KeySpec{Access: a}.Body(), &spec) // of our own making
	return string(rawJSON(map[string]json.RawMessage{"access": spec["access"]}))
}

func (r *regrantStep) ring(ctx context.Context) (Keyring, side, error) {
	remote, err := r.remote(ctx)
	if err != nil {
		return nil, side{}, err
	}
	ring, ok := remote.es.(Keyring)
	if !ok {
		return nil, side{}, errors.New("this cluster's keys can't be changed in place")
	}
	return ring, remote, nil
}

func (r *regrantStep) Apply(ctx context.Context, _ change.Evidence, note change.Note) error {
	ring, remote, err := r.ring(ctx)
	if err != nil {
		return err
	}
	if err := note(ctx, change.Evidence{evAccess: string(rawJSON(r.before))}); err != nil {
		return err
	}
	return attempt("changing what the key may read on "+remote.d.Name, ring.UpdateKeyAccess(ctx, r.id, r.after))
}

// Undo gives the key the access that it had.
func (r *regrantStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evAccess] == "" {
		return nil
	}
	ring, _, err := r.ring(ctx)
	if err == nil {
		err = ring.UpdateKeyAccess(ctx, r.id, r.before)
	}
	if err == nil {
		return nil
	}
	var l leftovers
	l.add(fmt.Sprintf("the access of key %s on %s (Dev Tools there, as the user who owns the key)", r.id, r.c.Remote),
		devTools("PUT", "/_security/cross_cluster/api_key/"+r.id, r.body(r.before)), err)
	return l.of(StepRegrant)
}
