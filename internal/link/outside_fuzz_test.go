package link

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Certificates are pasted by people, and told by platforms.
func FuzzCertificates(f *testing.F) {
	for _, seed := range []string{
		"", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
		"-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----", "text before\n-----BEGIN CERTIFICATE-----",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		print, err := fingerprint(text)
		if err == nil && (len(print) != 64 || !strings.Contains(text, "CERTIFICATE")) {
			t.Errorf("%q has the fingerprint %q", text, print)
		}
	})
}

// Trust and roles are read from a platform and written back with what was there: nothing panics, and nothing is lost.
func FuzzTrustAndRoles(f *testing.F) {
	for _, seed := range []string{
		"", "null", "{}", "[]", "3", `{"type":"ECE","scope_id":"s","certificates":null,"trust_all":true}`,
		`{"type":"ECE","scope_id":"s","certificates":[{"pem":" x "},null],"trust_allowlist":["a",null],"uid":"u","new_2027":{"a":[]}}`,
		`{"cluster":["all"],"remote_indices":[null,{"clusters":["a"],"names":["*"],"privileges":["read"]}],"metadata":{"managed_by":"x"}}`,
		`{"cluster":3,"remote_indices":{},"metadata":null,"transient_metadata":{"enabled":true}}`, `{"description":"d"}`,
	} {
		f.Add([]byte(seed), "ECE", "s")
	}
	f.Add([]byte("null"), "", "")
	f.Fuzz(func(t *testing.T, raw []byte, kind, scope string) {
		if !json.Valid(raw) || !utf8.ValidString(kind) || !utf8.ValidString(scope) {
			return // the client takes no such answer, and the names are ours
		}
		e := elastic.TrustEntry{Type: kind, ScopeID: scope, Clusters: []string{"c1"}, Certificates: []elastic.TrustCertificate{{PEM: "p"}}}
		has := elastic.TrustSettings{Direct: []json.RawMessage{raw}}
		with := has.With(e)
		if i := with.Find(e); i < 0 || !elastic.Covers(with.Direct[i], e) {
			t.Errorf("%s is not trusted by %s", elastic.RawJSON(e), with.Direct)
		}
		_ = elastic.SameEntry(raw, elastic.RawJSON(e))
		if !elastic.SameEntry(raw, raw) {
			t.Errorf("%s is not the same as itself", raw)
		}
		_ = has.Replaced(e, raw)
		_ = IsOurRole(raw)
		c := ConnectParams{Alias: "a", Access: elastic.Access{Search: []string{"x"}, Replication: []string{"y"}}}
		once := Extended(c, raw, "8.19.0")
		if again := Extended(c, once, "8.19.0"); !SameRole(once, again) {
			t.Errorf("%s is extended to %s, and that to %s", raw, once, again)
		}
	})
}
