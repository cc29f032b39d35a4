package handlers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
)

// keep holds on to what is filled in and not shown, whole. It reports false, and keeps what it kept before, where that is
// too long.
func (m *connectMetadata) keep(f connectForm) bool {
	filled := maps.Clone(f.Texts)
	for field, on := range f.boxes() {
		if *on {
			filled[field] = "true"
		}
	}
	drawn := inputBlocks(connectModal(f, *m))
	maps.DeleteFunc(filled, func(field, v string) bool {
		return strings.TrimSpace(v) == "" || v == byDefault || slices.Contains(filledFields, field) && !m.More && v == m.Filled[field] || slices.Contains(drawn, m.block(field))
	})
	kept := connectMetadata{Kept: filled}
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
func (m connectMetadata) String() string {
	for {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(m); err != nil {
			return "" // strings only: this can't happen
		}
		if s := strings.TrimSpace(b.String()); len(s) <= maxMetadata || len(m.Notes) == 0 {
			return s
		}
		m.Notes = m.Notes[:len(m.Notes)-1]
	}
}

// parseConnectMetadata reads private_metadata. It takes nothing but what String writes.
func parseConnectMetadata(s string) (connectMetadata, error) {
	var m connectMetadata
	dec := json.NewDecoder(strings.NewReader(s))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return connectMetadata{}, fmt.Errorf("a modal's metadata: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return connectMetadata{}, errors.New("a modal's metadata: unexpected text after it")
	}
	for field, block := range m.Blocks {
		if name, _, _ := strings.Cut(block, ":"); name != field {
			return connectMetadata{}, fmt.Errorf("a modal's metadata: block %q is not of field %q", bot.Cut(block, 80), bot.Cut(field, 80))
		}
	}
	return m, nil
}
