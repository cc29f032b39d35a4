package steps

import (
	"context"
	"errors"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// What is noted of a keystore entry that the bot makes. Values can't be read, so only notes tell whose an entry is. Each
// write has its number: a worker that dies between storing_n and what follows it leaves an entry in doubt.
const (
	evKeystoreHad   = "keystore_had"   // whether the entry was there before us
	evStoring       = "storing_"       // before a write is sent
	evNotStored     = "store_refused_" // it was surely not carried out
	evKeystoreWrote = "keystore_wrote" // one was sent: from then on the entry is ours
)

// newEntry is a keystore entry that was not there before, with what earlier attempts noted of it.
type newEntry struct {
	name string
	had  change.Evidence
}

func (e newEntry) ours() bool { return e.had[evKeystoreWrote] != "" && e.had[evKeystoreHad] != "true" }

// inDoubt reports whether nobody knows if a write was sent: the worker died before it could note what came of it.
func (e newEntry) inDoubt() bool {
	if e.had[evKeystoreWrote] != "" {
		return false
	}
	for n := range e.writes() {
		if e.had[fmt.Sprint(evNotStored, n+1)] == "" {
			return true
		}
	}
	return false
}

// writes is how many writes were sent, or about to be.
func (e newEntry) writes() (n int) {
	for e.had[fmt.Sprint(evStoring, n+1)] != "" {
		n++
	}
	return n
}

// check returns an error if the entry is somebody else's, or may be: it could never be restored, so it is left alone.
func (e newEntry) check(local side, present bool) error {
	switch {
	case e.had[evKeystoreHad] != "true" && (!present || e.ours()):
		return nil
	case e.inDoubt():
		return link.UserError(
			fmt.Sprintf("The bot was stopped while it stored %s in the keystore of %s. The entry that is there may be the bot's or somebody else's, so it was left alone.",
				e.name, local.d.Name),
			"keystore of %s: %s may be ours or not", local.d.Name, e.name)
	}
	return foreignEntry(local, e.name)
}

func foreignEntry(local side, name string) error {
	return link.UserError(
		fmt.Sprintf("The keystore of %s holds %s already. Somebody else put it there, and it can't be read or restored, so it was left alone.",
			local.d.Name, name),
		"keystore of %s: %s is there already", local.d.Name, name)
}

// store writes the entry and reads its name back. It looks once more directly before it writes: what came after the first
// look is somebody else's. No platform has a write that fails if the entry is there.
func (e newEntry) store(ctx context.Context, local side, value secret.Secret, note change.Note) error {
	n := e.writes() + 1
	if err := note(ctx, change.Evidence{fmt.Sprint(evStoring, n): "true"}); err != nil {
		return err
	}
	notStored := func(why error) error {
		if err := note(ctx, change.Evidence{fmt.Sprint(evNotStored, n): "true"}); err != nil {
			return err
		}
		return why
	}
	present, err := hasEntry(ctx, local, e.name)
	if err == nil {
		err = e.check(local, present)
	}
	if err != nil {
		return notStored(err)
	}
	stored := local.StoreSecret(ctx, local.d, e.name, value)
	if call, ok := errors.AsType[*elastic.CallError](stored); ok && !call.Ambiguous {
		return notStored(storing(local, stored))
	}
	if err := note(ctx, change.Evidence{evKeystoreWrote: "true"}); err != nil {
		return err
	}
	if stored != nil {
		return storing(local, stored)
	}
	return checkListed(ctx, local, e.name)
}

var errInDoubt = errors.New("the bot was stopped while it stored it")

// undo removes the entry if it is ours. One in doubt is left: a person has to say whose it is.
func (e newEntry) undo(ctx context.Context, p ports, local side) error {
	if e.ours() {
		return p.removeFrom(ctx, local, e.name)
	}
	if !e.inDoubt() {
		return nil
	}
	present, err := hasEntry(ctx, local, e.name)
	if err == nil && present {
		return errInDoubt
	}
	return err
}
