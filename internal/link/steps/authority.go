package steps

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// SigningByHand is the call by which a person makes the remote cluster believe the local one's signatures, where the bot
// can do nothing there, and what has to be uploaded before; empty if that is not needed.
func SigningByHand(p change.Proposal) (call change.Call, uploading string) {
	step := p.Step(StepAddAuthority)
	if step == nil || len(step.Calls) == 0 || p.RequiredInput != link.InputKey {
		return change.Call{}, ""
	}
	for _, f := range p.Fields {
		if f.Label == link.LabelByHand {
			uploading = f.Value
		}
	}
	return step.Calls[0], uploading
}

// StepAddAuthority makes the remote cluster believe the local one's signatures.
const StepAddAuthority = "add_authority"

// InputAuthority is what a connect needs of people where the authority has to be uploaded.
const InputAuthority = "the certificate authority"

// evAuthorities are the files that were set before, as JSON; null: none.
const evAuthorities = "authorities_found"

// AddAuthorityArgs say which files with certificate authorities the remote cluster is to trust signatures by.
type AddAuthorityArgs struct {
	Remote elastic.Ref `json:"remote"`
	Before []string    `json:"before"` // by the bot's record and the requester's word, and what an undo sets again
	After  []string    `json:"after"`  // the one to add last; null: it is among those before
	Pasted bool        `json:"pasted"` // a person makes the key, and sets this too
}

// Planned is the step as it stands in a plan.
func (a AddAuthorityArgs) Planned(v View) change.PlannedStep {
	var calls []change.Call
	if a.After != nil {
		calls = v.onRemote(v.toRemote.PutSettings(believing(a.After)))
		if a.Pasted {
			calls[0].System += link.ByAPerson
		}
	}
	after := a.After
	if after == nil {
		after = a.Before
	}
	return with(planned(StepAddAuthority, "Make the remote cluster trust the local one's signatures", a, calls...),
		diff("signatures are trusted by ", a.Before, after)...)
}

// addAuthorityStep adds a file with a certificate authority to those by which the remote cluster believes signatures. It
// comes before the key: a key that demands a certificate is of no use without it. Nothing shows what is set, so that it
// has worked is proven by the connection, and by nothing before.
type addAuthorityStep struct {
	ports
	AddAuthorityArgs
	finding string
}

// believing are the settings by which a cluster believes the authorities in files; none: it is set no more.
func believing(files []string) elastic.Settings {
	value := json.RawMessage("null")
	if len(files) > 0 {
		value = elastic.RawJSON(files)
	}
	return elastic.Settings{Persistent: map[string]json.RawMessage{elastic.SigningAuthorities: value}}
}

func (a *addAuthorityStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	switch {
	case a.Pasted:
		a.finding = "set up by the person who created the key"
		return nil
	case a.After == nil:
		a.finding = "already set, according to the bot's record or the requester; verified by the connection"
		return nil
	}
	remote, err := a.reach(ctx, a.Remote)
	if err != nil {
		return err
	}
	if had[evAuthorities] == "" {
		if err := note(ctx, change.Evidence{evAuthorities: string(elastic.RawJSON(a.Before))}); err != nil {
			return err
		}
	}
	if err := believe(ctx, remote, a.After); err != nil {
		return err
	}
	a.finding = fmt.Sprintf("set to %s; verified by the connection", link.JoinWords(a.After))
	return nil
}

// believe sets whose signatures a cluster believes. It says in plain words what Elasticsearch looks at when it is set:
// that a file is not there, and that a truststore is set beside it.
func believe(ctx context.Context, remote side, files []string) error {
	doing := "setting whose signatures " + remote.d.Name + " believes"
	err := remote.es.PutSettings(ctx, believing(files))
	call, ok := errors.AsType[*elastic.CallError](err)
	if !ok {
		return link.WrapCall(doing, err)
	}
	if _, missing, found := strings.Cut(call.Reason, "Configured file ["); found {
		missing, _, _ = strings.Cut(missing, "]")
		ask := "Was it put on every node, and may the user that runs Elasticsearch read it?"
		if path.IsAbs(missing) && slices.Contains(files, missing) { // as it is set: a bundle's
			ask = "Was the bundle enabled for this deployment, and is the folder in it called " + link.BundleFolder + "?"
		}
		return link.UserError(fmt.Sprintf("The nodes of %s have no file %s. %s", remote.d.Name, missing, ask), "%s: %w", doing, err)
	}
	if strings.Contains(call.Reason, "signing.truststore.path]") {
		return link.UserError(fmt.Sprintf("%s trusts signatures through a truststore, so no authority can be set separately. Add the authority to the truststore.",
			remote.d.Name), "%s: %w", doing, err)
	}
	return link.WrapCall(doing, err)
}

// Undo sets what was set before, by the record and the form. No other change of the bot has written it since: they lock
// each other out.
func (a *addAuthorityStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evAuthorities] == "" {
		return nil // Apply never got to act
	}
	var found []string
	err := json.Unmarshal([]byte(had[evAuthorities]), &found)
	if err != nil {
		return leftAuthorities(a.ports, a.Remote, a.Before, fmt.Errorf("reading the note of what was set before: %w", err))
	}
	remote, err := a.reach(ctx, a.Remote)
	if err == nil {
		err = believe(ctx, remote, found)
	}
	if err != nil {
		return leftAuthorities(a.ports, a.Remote, found, err)
	}
	return nil
}

// leftAuthorities names the setting that could not be put back to files.
func leftAuthorities(p ports, on elastic.Ref, files []string, err error) error {
	command := p.byHand(on.Platform, func(c elastic.Calls) []change.Call { return []change.Call{c.PutSettings(believing(files))} })
	what := fmt.Sprintf("%s of %s is not back to %s (Dev Tools there)", elastic.SigningAuthorities, on, cmp.Or(link.JoinWords(files), "nothing"))
	return leftBehind(what, command, err)
}

func (a *addAuthorityStep) Finding() string { return a.finding }

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
