package forms

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// A modal's metadata comes back from Slack, and from anyone who can make a client send something else.
func FuzzModalMetadata(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", "[]", `{"channel":"C1"}`, `{"blocks":{"alias":"alias:2"}}`, `{"blocks":{"alias":"reason"}}`, `{"more":true,"notes":["x"]}`,
		`{"kept":{"sockets":"18"},"pair":"a b"}`, `{"channel":"C1"}{}`, `{"unknown":1}`, strings.Repeat(`{"channel":`, 100),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := ParseConnectMetadata(s)
		if err != nil {
			return
		}
		for field, block := range m.Blocks {
			if !strings.HasPrefix(block, field) {
				t.Errorf("block %q is taken for field %q", block, field)
			}
		}
		again, err := ParseConnectMetadata(m.String())
		if err != nil {
			return // it was cut to Slack's limit, or is too long
		}
		again.Notes, m.Notes = nil, nil // the first to go where it is too long
		if diff := cmp.Diff(m, again, cmpopts.EquateEmpty()); diff != "" && len(s) < MaxMetadata/2 {
			t.Errorf("what is remembered changes (-first +second):\n%s", diff)
		}
	})
}
