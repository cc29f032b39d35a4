package steps

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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

// InputAuthority is what a connect wants of people where the authority has to be uploaded.
const InputAuthority = "the certificate authority"

// evAuthorities are the files that were set before, as JSON; null: none.
const evAuthorities = "authorities_found"

// AddAuthorityArgs say which files with certificate authorities the remote cluster shall believe signatures by.
type AddAuthorityArgs struct {
	Remote elastic.Ref `json:"remote"`
	Files  []string    `json:"files"`  // as they shall be, the one to add last; null: it is there
	Own    string      `json:"own"`    // the name of the connection's own key
	Pasted bool        `json:"pasted"` // a person makes the key, and sets this too
}

func (a AddAuthorityArgs) Planned(v View) change.PlannedStep {
	var calls []change.Call
	if a.Files != nil {
		calls = v.onRemote(v.toRemote.PutSettings(believing(a.Files)))
		if a.Pasted {
			calls[0].System += link.ByAPerson
		}
	}
	return planned(StepAddAuthority, "Let the remote cluster believe the local one's signatures", a, calls...)
}

// addAuthorityStep adds a file with a certificate authority to those by which the remote cluster believes signatures. It
// comes before the key: a key that demands a certificate is of no use without it.
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

func (a *addAuthorityStep) file() string { return a.Files[len(a.Files)-1] }

// verifier is a remote side, which believes signatures.
func (p ports) verifier(ctx context.Context, ref elastic.Ref) (side, elastic.Verifier, error) {
	remote, err := p.reach(ctx, ref)
	if err != nil {
		return side{}, nil, err
	}
	v, ok := remote.es.(elastic.Verifier)
	if !ok {
		return side{}, nil, link.UserError("The bot can't tell whose signatures "+remote.d.Name+" believes.", "%s is no verifier", remote.d.Name)
	}
	return remote, v, nil
}

func (a *addAuthorityStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	switch {
	case a.Pasted:
		a.finding = "whoever made the key has seen to it"
		return nil
	case a.Files == nil:
		a.finding = "it believes them already"
		return nil
	}
	remote, v, err := a.verifier(ctx, a.Remote)
	if err != nil {
		return err
	}
	doing := "setting whose signatures " + remote.d.Name + " believes"
	now, err := v.SigningTrust(ctx)
	if err != nil {
		return link.WrapCall(doing, err)
	}
	if slices.Contains(now.InForce(), a.file()) {
		a.finding = "it believes those of " + a.file()
		return nil
	}
	if !slices.Equal(now.InForce(), a.Files[:len(a.Files)-1]) {
		return link.UserError(fmt.Sprintf("Somebody has changed %s on %s meanwhile: %s. It was left alone.", elastic.SigningAuthorities, remote.d.Name, cmp.Or(link.JoinWords(now.InForce()), "none")),
			"%s of %s is not as the plan found it", elastic.SigningAuthorities, remote.d.Name)
	}
	if had[evAuthorities] == "" {
		if err := note(ctx, change.Evidence{evAuthorities: string(elastic.RawJSON(now.Persistent))}); err != nil {
			return err
		}
	}
	if err := remote.es.PutSettings(ctx, believing(a.Files)); err != nil {
		return a.refused(doing, remote, err)
	}
	if now, err = v.SigningTrust(ctx); err != nil {
		return link.WrapCall(doing, err)
	}
	if !slices.Contains(now.InForce(), a.file()) {
		return link.WrapCall(doing, change.Temporary(errors.New("the file is not listed after it was set")))
	}
	a.finding = "it believes those of " + a.file()
	return nil
}

// refused says in plain words that the file is not there, which Elasticsearch looks at when it is set.
func (a *addAuthorityStep) refused(doing string, remote side, err error) error {
	call, ok := errors.AsType[*elastic.CallError](err)
	if ok && call.Status == 400 && strings.Contains(call.Reason, "not found") {
		return link.UserError(fmt.Sprintf("The nodes of %s have no file %s. Was the bundle enabled for this deployment, and is the folder in it called %s?",
			remote.d.Name, a.file(), link.BundleFolder), "%s: %w", doing, err)
	}
	return link.WrapCall(doing, err)
}

// Undo puts back what Apply found. Where others have added authorities since, only ours is taken out; where another key
// demands a certificate by now, its connection may need the very same authority, so it stays.
func (a *addAuthorityStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evAuthorities] == "" || len(a.Files) == 0 {
		return nil // Apply never got to act
	}
	var found []string
	if err := json.Unmarshal([]byte(had[evAuthorities]), &found); err != nil {
		return a.left(nil, fmt.Errorf("reading the note of what was set before: %w", err))
	}
	remote, v, err := a.verifier(ctx, a.Remote)
	if err != nil {
		return a.left(found, err)
	}
	now, err := v.SigningTrust(ctx)
	switch {
	case err != nil:
		return a.left(found, err)
	case !slices.Contains(now.Persistent, a.file()):
		return nil
	case !slices.Equal(now.Persistent, a.Files):
		found = inventory.WithoutFiles(now.Persistent, a.file())
	}
	others, err := inventory.Demanding(ctx, v, a.Remote, a.Own)
	if err != nil {
		return a.left(found, err)
	}
	if len(others) > 0 {
		return nil
	}
	if err := remote.es.PutSettings(ctx, believing(found)); err != nil {
		return a.left(found, link.WrapCall("setting whose signatures "+remote.d.Name+" believes back", err))
	}
	if now, err = v.SigningTrust(ctx); err == nil && slices.Contains(now.Persistent, a.file()) {
		err = change.Temporary(errors.New("the file is still listed after it was taken out"))
	}
	if err != nil {
		return a.left(found, err)
	}
	return nil
}

func (a *addAuthorityStep) left(found []string, err error) error {
	command := a.byHand(a.Remote.Platform, func(c elastic.Calls) []change.Call { return []change.Call{c.PutSettings(believing(found))} })
	return leftBehind(fmt.Sprintf("%s in %s of %s (Dev Tools there)", a.file(), elastic.SigningAuthorities, a.Remote), command, err)
}

func (a *addAuthorityStep) Finding() string { return a.finding }
