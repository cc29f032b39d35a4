package forms

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// CallbackForm is the modal of every change of a connection that exists.
const CallbackForm = "connection.order"

// Changes are all of them, in the order of help: to add one, add a line.
func Changes() []Change {
	return []Change{rotateForm(), updateForm(), extendForm(), disconnectForm(), migrateForm(), adoptForm()}
}

// ChangeOf is the form of a word; ok is false where none has it.
func ChangeOf(verb string) (f Change, ok bool) {
	all := Changes()
	i := slices.IndexFunc(all, func(f Change) bool { return f.Verb == verb })
	if i < 0 {
		return Change{}, false
	}
	return all[i], true
}

// KindOf is the kind of change that a word asks for; cards.SubcommandOf goes the other way.
func KindOf(verb string) change.Kind { return change.Kind("link." + verb) }

// NoteBlocks say what the bot is doing, if it is doing anything.
func NoteBlocks(note string) []slack.Block {
	if note == "" {
		return nil
	}
	return []slack.Block{mrkdwn.Section(note)}
}

// ChangeModal draws the modal; without fields as long as no connection is chosen.
func ChangeModal(m Metadata, chosen bot.Option, note, fields []slack.Block) slack.ModalViewRequest {
	e, _ := ChangeOf(m.Subcommand)
	blocks := []slack.Block{mrkdwn.Section(e.intro), connectionInput(ConnectionBlock(m), chosen, true)}
	blocks = append(blocks, note...)
	if len(fields) > 0 {
		blocks = append(append(blocks, fields...), multiline(textInput(m, link.FieldReason, "What is it for?", "Approvers see this.", MaxReason, "")))
	}
	v := slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: CallbackForm, Title: mrkdwn.Plain(e.title, 24), Submit: mrkdwn.Plain(e.submit, 24), Close: mrkdwn.Plain("Cancel", 24),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
	m.Fields = nil
	for _, block := range InputBlocks(v) {
		field, _, _ := strings.Cut(block, ":")
		m.Fields = append(m.Fields, field)
	}
	v.PrivateMetadata = m.String()
	return v
}

// ParseMetadata reads private_metadata. It takes nothing but what String writes.
func ParseMetadata(s string) (Metadata, error) {
	var m Metadata
	dec := json.NewDecoder(strings.NewReader(s))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return m, fmt.Errorf("a modal's metadata: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return m, errors.New("a modal's metadata: unexpected text after it")
	}
	if _, ok := ChangeOf(m.Subcommand); !ok && !slices.Contains(InspectVerbs, m.Subcommand) {
		return m, fmt.Errorf("a modal's metadata: there is no %q", bot.Cut(m.Subcommand, 40))
	}
	return m, nil
}
