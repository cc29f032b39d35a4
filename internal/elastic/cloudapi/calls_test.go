package cloudapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/cloudapi"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// What people approve is what is sent, but for the secret and the deployment's plan: each description is held against
// the first write of the call itself.
func TestCallsAreDescribedAsTheyAreSent(t *testing.T) {
	t.Parallel()
	var sent []change.Call
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodGet || strings.HasSuffix(r.URL.Path, "rulesets") {
			text := strings.NewReplacer(encoded, secret.Dots, planJSON, `"the plan in force, unchanged"`).Replace(string(body))
			sent = append(sent, change.Call{Method: r.Method, Path: r.URL.Path, Body: text})
		}
		_, _ = io.WriteString(w, `{"id":"r1","secrets":{"entry":{}},"rulesets":[]}`)
	}))
	t.Cleanup(server.Close)
	c, ctx := client(t, server.URL), t.Context()
	ruleset := elastic.NewRuleset{Name: "n", Description: "d", Type: "ip", Region: "r", Sources: []string{"203.0.113.10"}}
	trust := elastic.TrustSettings{Accounts: []json.RawMessage{json.RawMessage(account)}}
	was := elastic.Trusted{Plan: json.RawMessage(planJSON), Version: "7"}
	for name, call := range map[string]struct {
		described change.Call
		send      func() error
	}{
		"StoreSecret":   {cloudapi.Calls{}.StoreSecret(logs, "entry"), func() error { return c.StoreSecret(ctx, logs, "entry", secret.New(encoded)) }},
		"RemoveSecret":  {cloudapi.Calls{}.RemoveSecret(logs, "entry"), func() error { _ = c.RemoveSecret(ctx, logs, "entry"); return nil }}, // it stays listed
		"Restart":       {cloudapi.Calls{}.Restart(logs), func() error { return c.Restart(ctx, logs) }},
		"SetTrust":      {cloudapi.Calls{}.SetTrust(logs, trust), func() error { return c.SetTrust(ctx, logs, was, trust) }},
		"CreateRuleset": {cloudapi.Calls{}.CreateRuleset(ruleset), func() error { _, err := c.CreateRuleset(ctx, ruleset); return err }},
		"Attach":        {cloudapi.Calls{}.Attach("r1", logs), func() error { return c.Attach(ctx, "r1", logs) }},
		"Detach":        {cloudapi.Calls{}.Detach("r1", logs), func() error { return c.Detach(ctx, "r1", logs) }},
		"DeleteRuleset": {cloudapi.Calls{}.DeleteRuleset("r1"), func() error { return c.DeleteRuleset(ctx, "r1") }},
		"Rulesets":      {cloudapi.Calls{}.Rulesets(), func() error { _, err := c.RulesetsNamed(ctx, "n"); return err }},
	} {
		sent = nil
		if err := call.send(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(sent) == 0 {
			t.Errorf("%s sent nothing", name)
			continue
		}
		if diff := cmp.Diff(call.described, sent[0]); diff != "" {
			t.Errorf("%s (-described +sent):\n%s", name, diff)
		}
	}
}
