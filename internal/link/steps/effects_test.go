package steps

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

func lines(effects []change.Effect) []string {
	signs := map[change.EffectKind]string{change.Adds: "+ ", change.Keeps: "= ", change.Removes: "- "}
	var all []string
	for _, e := range effects {
		all = append(all, signs[e.Kind]+e.What)
	}
	return all
}

func TestEffectsAreADiff(t *testing.T) {
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	set := func(pairs ...string) elastic.Settings {
		s := elastic.Settings{Persistent: map[string]json.RawMessage{}}
		for i := 0; i < len(pairs); i += 2 {
			s.Persistent[pairs[i]] = elastic.RawJSON(pairs[i+1])
		}
		return s
	}
	role := `{"cluster":[],"remote_indices":[{"clusters":["eu"],"names":["metrics-*"],"privileges":["read"]}]%s}`
	for name, tc := range map[string]struct {
		effects []change.Effect
		want    []string
	}{
		"a key": {
			keyEffects("metrics-eu", elastic.KeySpec{Name: "k", Access: elastic.Access{Search: []string{"a"}, Replication: []string{"b"}}, Expiration: 48 * time.Hour, Identity: "CN=x"}),
			[]string{"+ API key k on metrics-eu; it expires after 2 days", "+ the key may search a", "+ the key may replicate b", "+ the key accepts only certificates that match CN=x"},
		},
		"a key forever": {keyEffects("metrics-eu", elastic.KeySpec{Name: "k"}), []string{"+ API key k on metrics-eu; it never expires"}},
		"settings": {
			settingsEffects(set("c.mode", "proxy", "c.skip", "true", "c.old", "1"), set("c.mode", "proxy", "c.skip", "false")),
			[]string{"- c.old=1", "- c.skip=true", "= c.mode=proxy", "+ c.skip=false"},
		},
		"a new role": {
			roleEffects("r", "logs", raw("null"), raw(strings.ReplaceAll(role, "%s", ""))),
			[]string{"+ role r of logs", "+ remote_indices: read on metrics-* of eu"},
		},
		"a wider role": {
			roleEffects("r", "logs", raw(strings.ReplaceAll(role, "%s", "")), raw(strings.ReplaceAll(role, "%s", `,"cluster":["monitor"]`))),
			[]string{"= role r of logs", "= remote_indices: read on metrics-* of eu", `+ cluster: "monitor"`},
		},
		"a role that says more": {
			roleEffects("r", "logs", nil, raw(`{"indices":[{"names":["a"],"privileges":["read"],"query":"x"}]}`)),
			[]string{"+ role r of logs", `+ indices: {"names":["a"],"privileges":["read"],"query":"x"}`},
		},
		"a role that goes": {roleEffects("r", "logs", raw(`{"cluster":["all"]}`), nil), []string{"- role r of logs", `- cluster: "all"`}},
		"trust": {
			trustEffects("logs", elastic.TrustSettings{Accounts: []json.RawMessage{raw("{}")}, Direct: []json.RawMessage{raw("{}")}},
				raw(`{"name":"cloud","trust_allowlist":["a"]}`), raw(`{"name":"cloud","trust_all":true,"trust_allowlist":["a"]}`)),
			[]string{"= logs trusts cluster a of cloud", "+ logs trusts every deployment of cloud", "= the other trust entries of logs (1)"},
		},
	} {
		if diff := cmp.Diff(tc.want, lines(tc.effects)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestAPlanShowsCertificatesAndNoPEM(t *testing.T) {
	shown := string(elastic.RawJSON(shownTrust(elastic.TrustSettings{Direct: []json.RawMessage{
		json.RawMessage(`{"uid":"1","certificates":[{"pem":"-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----"}]}`), json.RawMessage(`"odd"`),
	}})))
	if strings.Contains(shown, "BEGIN") || !strings.Contains(shown, "a certificate that can't be read") || !strings.Contains(shown, `"odd"`) || !strings.Contains(shown, `"uid":"1"`) {
		t.Error(shown)
	}
}
