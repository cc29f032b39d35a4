package steps

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// StepRemoveAuthority takes an authority that was added for a connection from those by which the remote cluster believes
// signatures.
const StepRemoveAuthority = "remove_authority"

// RemoveAuthorityArgs say what the setting was when the plan was made, and what it is to be.
type RemoveAuthorityArgs struct {
	On    elastic.Ref               `json:"on"`
	Spare inventory.UnusedAuthority `json:"authority"`
}

// Planned is the step as it stands in a plan.
func (a RemoveAuthorityArgs) Planned(v View) change.PlannedStep {
	return with(planned(StepRemoveAuthority, "Make the remote cluster no longer trust signatures by "+a.Spare.File, a,
		v.onRemote(v.toRemote.PutSettings(believing(a.Spare.After)))...), diff("signatures are trusted by ", a.Spare.Before, a.Spare.After)...)
}

type removeAuthorityStep struct {
	ports
	RemoveAuthorityArgs
	finding string
}

// Finding says what became of it.
func (d *removeAuthorityStep) Finding() string { return d.finding }

// Apply fails where somebody has come to need the authority since the approval: what is remembered of the cluster was
// approved with the plan, and would be wrong.
func (d *removeAuthorityStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	remote, err := d.reach(ctx, d.On)
	if err != nil {
		return err
	}
	why, err := d.Spare.Stays(ctx, remote.es, d.On)
	if err != nil {
		return err
	}
	if why != "" && had[evAuthorities] == "" {
		return link.UserError(fmt.Sprintf("%s must keep trusting signatures by %s: %s. Submit again; the new plan will keep it.", remote.d.Name, d.Spare.File, why),
			"%s of %s has come to be needed", elastic.SigningAuthorities, remote.d.Name)
	}
	if had[evAuthorities] == "" {
		if err := note(ctx, change.Evidence{evAuthorities: string(elastic.RawJSON(d.Spare.Before))}); err != nil {
			return err
		}
	}
	if err := believe(ctx, remote, d.Spare.After); err != nil {
		return err
	}
	d.finding = fmt.Sprintf("set to %s: signatures by %s are no longer trusted", cmp.Or(link.JoinWords(d.Spare.After), "nothing"), d.Spare.File)
	return nil
}

// Undo sets what was set before, as the bot had it on record.
func (d *removeAuthorityStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evAuthorities] == "" {
		return nil // Apply never got to act
	}
	var before []string
	err := json.Unmarshal([]byte(had[evAuthorities]), &before)
	if err != nil {
		return leftAuthorities(d.ports, d.On, d.Spare.Before, fmt.Errorf("reading the note of what was set before: %w", err))
	}
	remote, err := d.reach(ctx, d.On)
	if err == nil {
		err = believe(ctx, remote, before)
	}
	if err != nil {
		return leftAuthorities(d.ports, d.On, before, err)
	}
	return nil
}
