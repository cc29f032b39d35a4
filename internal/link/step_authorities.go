package link

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// StepAuthorities makes the remote cluster believe the local one's signatures.
const StepAuthorities = "authorities"

// WantsAuthority is what a connect wants of people where the authority has to be uploaded.
const WantsAuthority = "the certificate authority"

// evAuthorities are the files that were set before, as JSON; null: none.
const evAuthorities = "authorities_found"

// authoritiesStep adds a file with a certificate authority to those by which the remote cluster believes signatures. It
// comes before the key: a key that demands a certificate is of no use without it.
type authoritiesStep struct {
	work
	files   []string // as they shall be, the one to add last; nil: it is there
	own     string   // the name of the connection's own key
	pasted  bool     // a person makes the key, and sets this too
	finding string
}

func (*authoritiesStep) Name() string { return StepAuthorities }
func (*authoritiesStep) Title() string {
	return "Let the remote cluster believe the local one's signatures"
}

func (a *authoritiesStep) calls(s Survey) []change.PlannedCall {
	files := s.authorities()
	if files == nil {
		return nil
	}
	call := change.PlannedCall{
		Step: StepAuthorities, System: elasticsearchOf(s.Remote), Method: "PUT", Path: settingsPath, Body: believing(files).body(),
	}
	if a.pasted {
		call.System += byAPerson
	}
	return []change.PlannedCall{call}
}

// believing are the settings by which a cluster believes the authorities in files; none: it is set no more.
func believing(files []string) Settings {
	value := json.RawMessage("null")
	if len(files) > 0 {
		value = rawJSON(files)
	}
	return Settings{Persistent: map[string]json.RawMessage{SigningAuthorities: value}}
}

// approvedAuthorities are the files of the approved plan; nil if it sets none.
func approvedAuthorities(p change.Proposal) []string {
	i := slices.IndexFunc(p.Plan, func(c change.PlannedCall) bool { return c.Step == StepAuthorities })
	if i < 0 {
		return nil
	}
	var body struct {
		Persistent map[string][]string `json:"persistent"`
	}
	if json.Unmarshal([]byte(p.Plan[i].Body), &body) != nil {
		return nil
	}
	return body.Persistent[SigningAuthorities]
}

func (a *authoritiesStep) file() string { return a.files[len(a.files)-1] }

// verifier is the remote side, which believes signatures.
func (w work) verifier(ctx context.Context) (side, Verifier, error) {
	remote, err := w.remote(ctx)
	if err != nil {
		return side{}, nil, err
	}
	v, ok := remote.es.(Verifier)
	if !ok {
		return side{}, nil, refuse("The bot can't tell whose signatures "+remote.d.Name+" believes.", "%s is no verifier", remote.d.Name)
	}
	return remote, v, nil
}

func (a *authoritiesStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	switch {
	case a.pasted:
		a.finding = "whoever made the key has seen to it"
		return nil
	case a.files == nil:
		a.finding = "it believes them already"
		return nil
	}
	remote, v, err := a.verifier(ctx)
	if err != nil {
		return err
	}
	doing := "setting whose signatures " + remote.d.Name + " believes"
	now, err := v.SigningTrust(ctx)
	if err != nil {
		return attempt(doing, err)
	}
	if slices.Contains(now.inForce(), a.file()) {
		a.finding = "it believes those of " + a.file()
		return nil
	}
	if !slices.Equal(now.inForce(), a.files[:len(a.files)-1]) {
		return refuse(fmt.Sprintf("Somebody has changed %s on %s meanwhile: %s. It was left alone.", SigningAuthorities, remote.d.Name, orNoFiles(now.inForce())),
			"%s of %s is not as the plan found it", SigningAuthorities, remote.d.Name)
	}
	if had[evAuthorities] == "" {
		if err := note(ctx, change.Evidence{evAuthorities: string(rawJSON(now.Persistent))}); err != nil {
			return err
		}
	}
	if err := remote.es.PutSettings(ctx, believing(a.files)); err != nil {
		return a.refused(doing, remote, err)
	}
	if now, err = v.SigningTrust(ctx); err != nil {
		return attempt(doing, err)
	}
	if !slices.Contains(now.inForce(), a.file()) {
		return attempt(doing, change.Temporary(errors.New("the file is not listed after it was set")))
	}
	a.finding = "it believes those of " + a.file()
	return nil
}

// refused says in plain words that the file is not there, which Elasticsearch looks at when it is set.
func (a *authoritiesStep) refused(doing string, remote side, err error) error {
	call, ok := errors.AsType[*CallError](err)
	if ok && call.Status == 400 && strings.Contains(call.Reason, "not found") {
		return refuse(fmt.Sprintf("The nodes of %s have no file %s. Was the bundle enabled for this deployment, and is the folder in it called %s?",
			remote.d.Name, a.file(), bundleFolder), "%s: %w", doing, err)
	}
	return attempt(doing, err)
}

func orNoFiles(files []string) string {
	if len(files) == 0 {
		return "none"
	}
	return list(files)
}

// Undo puts back what Apply found. Where others have added authorities since, only ours is taken out; where another key
// demands a certificate by now, its connection may need the very same authority, so it stays.
func (a *authoritiesStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evAuthorities] == "" || len(a.files) == 0 {
		return nil // Apply never got to act
	}
	var found []string
	if err := json.Unmarshal([]byte(had[evAuthorities]), &found); err != nil {
		return a.left(nil, fmt.Errorf("reading the note of what was set before: %w", err))
	}
	remote, v, err := a.verifier(ctx)
	if err != nil {
		return a.left(found, err)
	}
	now, err := v.SigningTrust(ctx)
	switch {
	case err != nil:
		return a.left(found, err)
	case !slices.Contains(now.Persistent, a.file()):
		return nil
	case !slices.Equal(now.Persistent, a.files):
		found = without(now.Persistent, a.file())
	}
	others, err := demanding(ctx, v, a.c.Remote, a.own)
	if err != nil {
		return a.left(found, err)
	}
	if len(others) > 0 {
		return nil
	}
	if err := remote.es.PutSettings(ctx, believing(found)); err != nil {
		return a.left(found, attempt("setting whose signatures "+remote.d.Name+" believes back", err))
	}
	if now, err = v.SigningTrust(ctx); err == nil && slices.Contains(now.Persistent, a.file()) {
		err = change.Temporary(errors.New("the file is still listed after it was taken out"))
	}
	if err != nil {
		return a.left(found, err)
	}
	return nil
}

func without(files []string, file string) []string {
	return slices.DeleteFunc(slices.Clone(files), func(f string) bool { return f == file })
}

// demanding are the keys on a remote cluster that demand a certificate, beside a connection's own: their connections
// may rest on the same authority.
func demanding(ctx context.Context, v Verifier, on Ref, own string) ([]string, error) {
	keys, err := v.IdentityKeys(ctx)
	if err != nil {
		return nil, attempt("looking for keys that demand a certificate on "+on.String(), err)
	}
	var others []string
	for _, k := range keys {
		if k.Name != own {
			others = append(others, k.Name)
		}
	}
	return others, nil
}

func (a *authoritiesStep) left(found []string, err error) error {
	var l leftovers
	l.add(fmt.Sprintf("%s in %s of %s (Dev Tools there)", a.file(), SigningAuthorities, a.c.Remote),
		devTools("PUT", settingsPath, believing(found).body()), err)
	return l.of(StepAuthorities)
}

func (a *authoritiesStep) Finding() string { return a.finding }
