package es_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/es"
)

// What people approve is what is sent: each description is held against the call itself.
func TestCallsAreDescribedAsTheyAreSent(t *testing.T) {
	t.Parallel()
	var sent []change.Call
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent = append(sent, change.Call{Method: r.Method, Path: r.URL.Path, Body: string(body)})
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"k1","encoded":"`+issued+`","acknowledged":true,"invalidated_api_keys":["k1"]}`)
	}))
	t.Cleanup(server.Close)
	c, ctx := client(t, options(t, server.URL)), t.Context()
	settings := elastic.Settings{Persistent: map[string]json.RawMessage{"cluster.remote.logs.mode": json.RawMessage(`"proxy"`), "cluster.remote.old.mode": json.RawMessage("null")}}
	role := json.RawMessage(`{"metadata":{"managed_by":"remote-cluster-bot"}}`)
	for name, call := range map[string]struct {
		described change.Call
		send      func() error
	}{
		"PutSettings":     {es.Calls{}.PutSettings(settings), func() error { return c.PutSettings(ctx, settings) }},
		"IssueKey":        {es.Calls{}.IssueKey(spec), func() error { _, err := c.IssueKey(ctx, spec); return err }},
		"UpdateKeyAccess": {es.Calls{}.UpdateKeyAccess("k1", spec.Access), func() error { return c.UpdateKeyAccess(ctx, "k1", spec.Access) }},
		"InvalidateKeys":  {es.Calls{}.InvalidateKeys("name", []string{"k1"}), func() error { return c.InvalidateKeys(ctx, []string{"k1"}) }},
		"PutRole":         {es.Calls{}.PutRole("readers", role), func() error { return c.PutRole(ctx, "readers", role) }},
		"DeleteRole":      {es.Calls{}.DeleteRole("readers"), func() error { return c.DeleteRole(ctx, "readers") }},
		"Resolve":         {es.Calls{}.Resolve("logs", "a-*"), func() error { _, _ = c.Resolve(ctx, "logs", []string{"a-*"}); return nil }},
		"Reload":          {es.Calls{}.ReloadSecureSettings(), func() error { _, _ = c.ReloadSecureSettings(ctx); return nil }},
		"RemoteInfo":      {es.Calls{}.RemoteInfo(), func() error { _, _ = c.RemoteInfo(ctx); return nil }},
	} {
		sent = nil
		if err := call.send(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff([]change.Call{call.described}, sent); diff != "" {
			t.Errorf("%s (-described +sent):\n%s", name, diff)
		}
	}
}
