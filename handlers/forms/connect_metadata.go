package forms

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// Edit changes how the modal is drawn. Where that would hide what is too long to be kept meanwhile, nothing changes, and
// the modal says why.
func (m *ConnectMetadata) Edit(f *Connect, how func(*Connect, *ConnectMetadata)) {
	before, form := *m, *f
	form.Texts = maps.Clone(f.Texts)
	how(f, m)
	if m.Keep(*f) {
		return
	}
	*m, *f = before, form
	m.Renew(link.FieldModel, f.Model) // where the radio buttons show something else
	m.Notes = append([]string{"The advanced settings stay open: what you entered is too long to keep while they are hidden."}, m.Notes...)
}

// Keep holds on to what is filled in and not shown, whole. It reports false, and keeps what it kept before, where that is
// too long.
func (m *ConnectMetadata) Keep(f Connect) bool {
	filled := maps.Clone(f.Texts)
	for field, on := range f.boxes() {
		if *on {
			filled[field] = "true"
		}
	}
	drawn := InputBlocks(ConnectModal(f, *m))
	maps.DeleteFunc(filled, func(field, v string) bool {
		return strings.TrimSpace(v) == "" || v == byDefault || slices.Contains(filledFields, field) && !m.More && v == m.Filled[field] || slices.Contains(drawn, m.block(field))
	})
	kept := ConnectMetadata{Kept: filled}
	if len(kept.String()) > maxKept {
		return false
	}
	m.Kept = filled
	if kept.Offer = m.Offer; len(kept.String()) > maxKept {
		m.Offer = "" // it can be asked for again
	}
	return true
}

// String is the memory as private_metadata. What is too long for Slack loses its notes first.
func (m ConnectMetadata) String() string {
	for {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(m); err != nil {
			return "" // strings only: this can't happen
		}
		if s := strings.TrimSpace(b.String()); len(s) <= MaxMetadata || len(m.Notes) == 0 {
			return s
		}
		m.Notes = m.Notes[:len(m.Notes)-1]
	}
}

// ParseConnectMetadata reads private_metadata. It takes nothing but what String writes.
func ParseConnectMetadata(s string) (ConnectMetadata, error) {
	var m ConnectMetadata
	dec := json.NewDecoder(strings.NewReader(s))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return ConnectMetadata{}, fmt.Errorf("a modal's metadata: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return ConnectMetadata{}, errors.New("a modal's metadata: unexpected text after it")
	}
	for field, block := range m.Blocks {
		if name, _, _ := strings.Cut(block, ":"); name != field {
			return ConnectMetadata{}, fmt.Errorf("a modal's metadata: block %q is not of field %q", bot.Cut(block, 80), bot.Cut(field, 80))
		}
	}
	return m, nil
}

// OfferFilter keeps in mind which filter fits the two sides, and what it would have to let in.
func (m *ConnectMetadata) OfferFilter(s link.PairState, f *Connect) {
	m.ByCluster, m.Offer, m.Guessed = s.ByCluster(), "", false
	if !m.ByCluster {
		f.FilterCluster = false
	}
	if f.ByCertificate() {
		return
	}
	if offer, known := s.FilterOffer(); offer != nil {
		m.Offer, m.Guessed = cmp.Or(strings.Join(offer.Sources, "\n"), s.Local.Name), !known
	}
}

// block is the block id of a field as the modal has it now.
func (m ConnectMetadata) block(field string) string {
	if id, ok := m.Blocks[field]; ok {
		return id
	}
	return field
}

// Suggestions are c's values of the fields that the bot fills in.
func Suggestions(c link.ConnectParams) map[string]string {
	all := map[string]string{
		link.FieldAlias:      bot.Cut(c.Alias, cards.MaxAlias),
		link.FieldAddress:    bot.Cut(c.ProxyAddress, cards.MaxAddress),
		link.FieldServerName: bot.Cut(c.ServerName, MaxServer),
	}
	if c.Trust != nil {
		maps.Copy(all, trustSuggestions(*c.Trust))
	}
	return all
}

// Fill puts what the survey suggests into the fields that the person left alone. A refilled field gets a new block:
// Slack ignores a new initial value in one that it knows.
func (m *ConnectMetadata) Fill(f *Connect, c link.ConnectParams) {
	suggested := Suggestions(c)
	fields := filledFields
	if c.Trust != nil {
		fields = append(slices.Clip(fields), trustFields...)
	}
	filled := maps.Clone(m.Filled)
	if filled == nil {
		filled = map[string]string{}
	}
	for _, field := range fields {
		now, last := f.Texts[field], m.Filled[field]
		if now != "" && now != last {
			filled[field] = last // typed by a person: it stays
			continue
		}
		filled[field] = suggested[field]
		if now != suggested[field] {
			f.Texts[field] = suggested[field]
			m.Renew(field, suggested[field])
		}
	}
	m.Filled = filled
}

// Renew gives a field a new block, so that Slack shows value in it.
func (m *ConnectMetadata) Renew(field, value string) {
	blocks := map[string]string{field: newBlock(field, m.block(field), value)}
	for other, block := range m.Blocks {
		if other != field {
			blocks[other] = block
		}
	}
	m.Blocks = blocks
}
