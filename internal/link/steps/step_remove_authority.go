package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

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

func (a RemoveAuthorityArgs) Planned(v View) change.PlannedStep {
	return planned(StepRemoveAuthority, "Let the remote cluster no longer believe signatures by "+a.Spare.File, a,
		v.onRemote(v.toRemote.PutSettings(believing(a.Spare.After)))...)
}

type removeAuthorityStep struct {
	ports
	RemoveAuthorityArgs
	finding string
}

// Finding says what became of it.
func (d *removeAuthorityStep) Finding() string { return d.finding }

// Apply leaves the setting alone where somebody has changed it, or has come to need it, since the approval.
func (d *removeAuthorityStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	remote, v, err := d.verifier(ctx, d.On)
	if err != nil {
		return err
	}
	now, err := v.SigningTrust(ctx)
	switch {
	case err != nil:
		return link.WrapCall("reading whose signatures "+remote.d.Name+" believes", err)
	case !slices.Contains(now.Persistent, d.Spare.File):
		d.finding = remote.d.Name + " no longer believes signatures by " + d.Spare.File
		return nil
	case !slices.Equal(now.Persistent, d.Spare.Before):
		d.finding = "somebody has changed " + elastic.SigningAuthorities + " on " + remote.d.Name + " since this was approved: it was left alone"
		return nil
	}
	why, err := d.Spare.Stays(ctx, remote.es, v, d.On)
	if err != nil {
		return err
	}
	if why != "" {
		d.finding = remote.d.Name + " goes on believing signatures by " + d.Spare.File + ": " + why
		return nil
	}
	if had[evAuthorities] == "" {
		if err := note(ctx, change.Evidence{evAuthorities: string(elastic.RawJSON(now.Persistent))}); err != nil {
			return err
		}
	}
	if err := d.set(ctx, remote, v, d.Spare.After); err != nil {
		return err
	}
	d.finding = remote.d.Name + " no longer believes signatures by " + d.Spare.File
	return nil
}

// set writes the setting and looks that it is so.
func (d *removeAuthorityStep) set(ctx context.Context, remote side, v elastic.Verifier, files []string) error {
	doing := "setting whose signatures " + remote.d.Name + " believes"
	if err := remote.es.PutSettings(ctx, believing(files)); err != nil {
		return link.WrapCall(doing, err)
	}
	now, err := v.SigningTrust(ctx)
	if err == nil && slices.Contains(now.Persistent, d.Spare.File) != slices.Contains(files, d.Spare.File) {
		err = change.Temporary(errors.New("the setting is not in force after it was set"))
	}
	return link.WrapCall(doing, err)
}

// Undo puts the setting back as it was found; where somebody has changed it since, only the one file.
func (d *removeAuthorityStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evAuthorities] == "" {
		return nil // Apply never got to act
	}
	var before []string
	if err := json.Unmarshal([]byte(had[evAuthorities]), &before); err != nil {
		return d.left(d.Spare.Before, fmt.Errorf("reading the note of what was set before: %w", err))
	}
	remote, v, err := d.verifier(ctx, d.On)
	if err != nil {
		return d.left(before, err)
	}
	now, err := v.SigningTrust(ctx)
	switch {
	case err != nil:
		return d.left(before, err)
	case slices.Contains(now.Persistent, d.Spare.File):
		return nil
	case !slices.Equal(now.Persistent, d.Spare.After):
		before = append(slices.Clone(now.Persistent), d.Spare.File)
	}
	if err := d.set(ctx, remote, v, before); err != nil {
		return d.left(before, err)
	}
	return nil
}

func (d *removeAuthorityStep) left(files []string, err error) error {
	command := d.byHand(d.On.Platform, func(c elastic.Calls) []change.Call { return []change.Call{c.PutSettings(believing(files))} })
	return leftBehind(fmt.Sprintf("%s is missing in %s of %s (Dev Tools there)", d.Spare.File, elastic.SigningAuthorities, d.On), command, err)
}
