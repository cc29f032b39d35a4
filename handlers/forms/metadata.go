package forms

import (
	"encoding/json"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Metadata travels in the modal's private_metadata.
type Metadata struct {
	Subcommand string `json:"subcommand"`
	Channel    string `json:"channel,omitempty"`
	Name       string `json:"name,omitempty"` // the connection that the fields are for
	Fill       string `json:"fill,omitempty"`
	Parent     string `json:"parent,omitempty"`
	Drawn      int64  `json:"drawn,omitempty"` // when the fields were drawn, in seconds: spans count from then
	// Fields are those that the form shows: an error can stand beside no other, and a client may leave empty ones out
	// of what it sends.
	Fields []string `json:"fields,omitempty"`
}

// String is the memory as private_metadata.
func (m Metadata) String() string {
	raw, _ := json.Marshal(m) //nolint:errchkjson // strings only
	return string(raw)
}

// ConnectionBlock is the block of the choice of a connection; a chosen one is an initial value like any other.
func ConnectionBlock(m Metadata) string {
	if m.Name == "" {
		return FieldConnection
	}
	return blockOf(m, FieldConnection)
}

// Errors are problems by block; one of a field that the form lacks is shown beside the connection.
func (m Metadata) Errors(wrong *change.InvalidError) map[string]string {
	out := map[string]string{}
	for _, p := range wrong.Problems {
		block := ConnectionBlock(m)
		if slices.Contains(m.Fields, p.Field) {
			block = blockOf(m, p.Field)
		}
		addError(out, block, cards.ProblemSays(p))
	}
	return out
}
