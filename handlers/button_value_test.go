package handlers

import (
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
)

func TestButtonValuesAreParsedStrictly(t *testing.T) {
	if s, err := cards.ParseRef("7Q2MZK:12"); err != nil || s != (cards.Ref{ID: "7Q2MZK", Version: 12}) {
		t.Errorf("got %v, %v", s, err)
	}
	for _, bad := range []string{"", ":", "x", "x:", ":1", "x:0", "x:-1", "x:01", "x:+1", "x:1 ", "x:1:2", "x y:1", "x:9223372036854775808", "<x>:1"} {
		if s, err := cards.ParseRef(bad); err == nil {
			t.Errorf("%q was taken for %v", bad, s)
		}
	}
}

func FuzzButtonValues(f *testing.F) {
	f.Add("7Q2MZK:12")
	f.Fuzz(func(t *testing.T, value string) {
		if s, err := cards.ParseRef(value); err == nil && s.String() != value {
			t.Errorf("%q was read as %v", value, s)
		}
	})
}
