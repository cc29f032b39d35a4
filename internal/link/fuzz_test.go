package link_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// What people type may be anything: it is refused or it is what the checks promise, and nothing panics.
func FuzzWhatPeopleType(f *testing.F) {
	for _, seed := range []string{
		"", " ", "metrics-*", "a,b, c\nd", "logs-*,-secret", "*", "..", "example.com:9443", "[::1]:9443", "a:b:c", ":9443", "example.com:99999",
		"8.17.4", "8.17", "9.1.0-SNAPSHOT", "v8", "99999999999999999999.1.1", "metrics-eu", "Ünïcode", "a.b", "_all", "\x00", "ece/../x", "ece-prod/0123abc",
		strings.Repeat("a", 300), "<!channel>", "a b",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, p := range link.ParsePatterns(s) {
			if strings.TrimSpace(p) != p || p == "" {
				t.Errorf("pattern %q of %q", p, s)
			}
			if err := link.CheckPattern(p); err == nil && strings.ContainsAny(p, " ,<>\"\\|?") {
				t.Errorf("pattern %q passes", p)
			}
		}
		if elastic.CheckAddress(s) == nil && (strings.ContainsAny(s, " <>/@\n\x00") || !strings.Contains(s, ":")) {
			t.Errorf("address %q passes", s)
		}
		if elastic.CheckServerName(s) == nil && strings.ContainsAny(s, " <>/@:\n\x00") {
			t.Errorf("server name %q passes", s)
		}
		if elastic.CheckAlias(s) == nil && (strings.ContainsAny(s, " .:*,<>/\n\x00") || s == "") {
			t.Errorf("alias %q passes", s)
		}
		if v, err := elastic.ParseVersion(s); err == nil {
			if again, err := elastic.ParseVersion(v.String()); err != nil || again != v {
				t.Errorf("version %q is read as %v, and that as %v (%v)", s, v, again, err)
			}
		}
		if r, err := elastic.ParseRef(s); err == nil {
			if again, err := elastic.ParseRef(r.String()); err != nil || again != r {
				t.Errorf("ref %q is read as %v, and that as %v (%v)", s, r, again, err)
			}
		}
	})
}

// What is stored as parameters comes back from Redis, where others may have written.
func FuzzParameters(f *testing.F) {
	good, err := json.Marshal(link.ConnectParams{Alias: "a", ProxyAddress: "h:9443", Access: elastic.Access{Search: []string{"x-*"}}})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "null", "{}", "[]", string(good), `{"alias":3}`, `{"access":{"search":[null]}}`, `{"expiry_days":1e99}`, string(good) + "x"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := link.ParseConnectParams(raw)
		if err != nil {
			return
		}
		if err := c.Check(); err != nil && !utf8.ValidString(err.Error()) {
			t.Errorf("a problem is no text: %q", err)
		}
	})
}
