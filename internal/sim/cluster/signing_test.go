package cluster

import (
	"fmt"
	"strings"
	"testing"
)

const (
	signs    = `,"signing":{"certificate":"node.crt","key":"node.key"}`
	believes = `{"persistent":{"cluster.remote.signing.certificate_authorities":["ca.crt"]}}`
)

// signed is a connection of a 9.3 cluster whose key demands the identity that is given; its authority is a file of the
// remote cluster.
func signed(t *testing.T, identity string) *lab {
	t.Helper()
	l := newLab(t, "9.3", "9.3")
	l.remote.PutAuthority("ca.crt", localCA)
	more := ""
	if identity != "" {
		more = fmt.Sprintf(`,"certificate_identity":%q`, identity)
	}
	_, encoded := l.key(all, more)
	l.store("m", encoded)
	return l
}

func (l *lab) believe(body string) (int, map[string]any) {
	l.t.Helper()
	return l.do(l.remote, "elastic", "PUT", "/_cluster/settings", body)
}

func TestSignedRequestsAreVerified(t *testing.T) {
	ours := func(l *lab) string { return `CN=.*\.node\.` + l.local.ID() + `\.cluster\..*` }
	for name, tc := range map[string]struct {
		identity func(*lab) string // nil: none
		signs    bool
		believes bool
		text     string // empty: connected
	}{
		"all fits":                 {identity: ours, signs: true, believes: true},
		"nothing demanded":         {},
		"signed all the same":      {signs: true, believes: true},
		"signed, but not believed": {signs: true, text: "Failed to verify cross cluster api key signature certificate from [("},
		"not signed":               {identity: ours, believes: true, text: "but no certificate was provided"},
		"not believed":             {identity: ours, signs: true, text: "Failed to verify cross cluster api key signature certificate from [("},
		"another cluster":          {identity: func(*lab) string { return `CN=.*\.node\.ffff\.cluster\..*` }, signs: true, believes: true, text: "does not match API Key certificate identity pattern [CN=.*"},
		"only a part of the name":  {identity: func(*lab) string { return `CN=instance` }, signs: true, believes: true, text: "DN from provided certificate [CN=instance-0000000000.node."},
	} {
		t.Run(name, func(t *testing.T) {
			l := signed(t, "")
			if tc.identity != nil {
				_, encoded := l.key(all, fmt.Sprintf(`,"certificate_identity":%q`, tc.identity(l)))
				l.store("m", encoded)
			}
			if tc.believes {
				if status, out := l.believe(believes); status != 200 {
					t.Fatal(status, out)
				}
			}
			more := ""
			if tc.signs {
				more = signs
			}
			point(l, host+":9443", host, more)
			resolved := l.resolve("m:*")
			text, _ := resolved["error"].(string)
			if resolved["connected"] != (tc.text == "") || !strings.Contains(text, tc.text) || (text == "") != (tc.text == "") {
				t.Errorf("%v, want %q", resolved, tc.text)
			}
		})
	}
}

func TestASettingThatBelievesIsCheckedWithEachRequest(t *testing.T) {
	l := signed(t, `CN=.*`)
	l.believe(believes)
	point(l, host+":9443", host, signs)
	if l.resolve("m:*")["connected"] != true {
		t.Fatal("not connected")
	}
	l.believe(`{"persistent":{"cluster.remote.signing.certificate_authorities":null}}`)
	if text, _ := l.resolve("m:*")["error"].(string); !strings.Contains(text, "Failed to verify") {
		t.Errorf("got %q", text)
	}
}

func TestRefusesSigningSettingsAsElasticsearchDoes(t *testing.T) {
	for name, tc := range map[string]struct {
		version, body, reason string
	}{
		"good":                 {"9.3", believes, ""},
		"as a text":            {"9.3", `{"persistent":{"cluster.remote.signing.certificate_authorities":"ca.crt"}}`, ""},
		"with an alias":        {"9.3", `{"persistent":{"cluster.remote.m.signing.certificate":"node.crt","cluster.remote.m.signing.key":"node.key"}}`, ""},
		"too old":              {"9.2", believes, "persistent setting [cluster.remote.signing.certificate_authorities], not recognized"},
		"too old for an alias": {"9.2", `{"persistent":{"cluster.remote.m.signing.certificate":"node.crt"}}`, "not recognized"},
		"no such file":         {"9.3", `{"persistent":{"cluster.remote.signing.certificate_authorities":["/app/config/x/ca.crt"]}}`, "Configured file [/app/config/x/ca.crt] not found"},
		"no such file here":    {"9.3", `{"persistent":{"cluster.remote.signing.certificate_authorities":["internal_tls_ca.crt"]}}`, "Configured file [/app/config/internal_tls_ca.crt] not found"},
		"no such certificate":  {"9.3", `{"persistent":{"cluster.remote.m.signing.certificate":"my.crt","cluster.remote.m.signing.key":"node.key"}}`, "my.crt] not found"},
		"a key is wanting":     {"9.3", `{"persistent":{"cluster.remote.m.signing.certificate":"node.crt"}}`, "without also setting [signing.key]"},
		"certificate wanting":  {"9.3", `{"persistent":{"cluster.remote.m.signing.key":"node.key"}}`, "without also setting [signing.certificate]"},
		"two kinds":            {"9.3", `{"persistent":{"cluster.remote.signing.certificate_authorities":["ca.crt"],"cluster.remote.signing.truststore.path":"s.p12"}}`, "cannot specify both"},
		"unknown":              {"9.3", `{"persistent":{"cluster.remote.signing.authorities":["ca.crt"]}}`, "not recognized"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, "9.3", tc.version)
			l.remote.PutAuthority("ca.crt", localCA)
			status, out := l.believe(tc.body)
			if (status == 200) != (tc.reason == "") || !strings.Contains(reason(out), tc.reason) {
				t.Errorf("%d %v, want %q", status, out, tc.reason)
			}
		})
	}
	l := newLab(t, "9.3", "9.3")
	if status, out := l.do(l.remote, "rcb", "POST", "/_security/cross_cluster/api_key", `{"name":"k","access":`+all+`,"certificate_identity":"CN=("}`); status != 400 {
		t.Errorf("an identity that is no regular expression: %d %v", status, out)
	}
}

func TestAnUpdateThatDoesNotNameTheIdentityLeavesIt(t *testing.T) {
	l := newLab(t, "9.3", "9.3")
	id, _ := l.key(all, `,"certificate_identity":"CN=x"`)
	identity := func() any {
		_, out := l.do(l.remote, "rcb", "GET", "/_security/api_key?id="+id, "")
		keys, _ := out["api_keys"].([]any)
		key, _ := keys[0].(map[string]any)
		return key["certificate_identity"]
	}
	put := func(body string) {
		t.Helper()
		if status, out := l.do(l.remote, "rcb", "PUT", "/_security/cross_cluster/api_key/"+id, body); status != 200 {
			t.Fatal(status, out)
		}
	}
	put(`{"access":{"search":[{"names":["a"]}]}}`)
	if identity() != "CN=x" {
		t.Errorf("got %v", identity())
	}
	put(`{"certificate_identity":null}`)
	if identity() != nil {
		t.Errorf("null left %v", identity())
	}
}

// Settings of signatures are taken, and no answer shows them again, wherever they are set.
func TestSigningSettingsAreShownToNobody(t *testing.T) {
	l := newLab(t, "9.3", "9.3")
	l.remote.PutAuthority("ca.crt", localCA)
	l.remote.Declare("cluster.remote.signing.certificate_authorities", []string{"ca.crt"})
	for range 2 {
		for _, how := range []string{"flat_settings=true&include_defaults=true", "include_defaults=true", ""} {
			if _, out := l.do(l.remote, "elastic", "GET", "/_cluster/settings?"+how, ""); strings.Contains(fmt.Sprint(out), "signing") {
				t.Errorf("%s shows %v", how, out)
			}
		}
		l.believe(believes)
	}
	if s := l.remote.State().Settings["persistent"]; s["cluster.remote.signing.certificate_authorities"] == nil {
		t.Errorf("it is not set: %v", s)
	}
}
