package es_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/es"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// echo answers every call the same.
type echo struct {
	status int
	body   []byte
}

func (e echo) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: e.status, Header: http.Header{"X-Elastic-Product": {"Elasticsearch"}, "Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(e.body)), Request: r,
	}, nil
}

// Whatever a cluster answers is read or becomes an error, which holds no password; nothing panics.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{
		"", "null", "[]", "{}", `{"license":null}`, `{"license":{"status":"active","type":"enterprise"}}`,
		`{"cluster_name":"n","cluster_uuid":"u","version":{"number":"8.19.3"}}`,
		`{"_clusters":{"total":2,"successful":1},"hits":{"total":{"value":7},"hits":[{"_index":"a:logs-1"},null]}}`,
		`{"id":"i","name":"n","api_key":"k","encoded":"aTpr"}`, `{"api_keys":[{"id":"i","name":"n","invalidated":false,"type":"cross_cluster"},null],"total":2}`,
		`{"invalidated_api_keys":["i"],"previously_invalidated_api_keys":[],"error_count":1,"error_details":[{"type":"t","reason":"r"}]}`,
		`{"has_all_requested":false,"cluster":{"manage":false,"monitor":null},"username":"bot"}`,
		`{"persistent":{"cluster.remote.a.mode":"proxy","cluster":{"remote":{"a":{"proxy_address":"h:1"}}}},"transient":null}`,
		`{"a":{"connected":true,"mode":"proxy","num_proxy_sockets_connected":18,"cluster_credentials":"::es_redacted::"},"b":null}`,
		`{"a":{"connected":true,"matching_indices":true,"version":{"number":"8.1.0"}},"(local)":{"error":"x"}}`,
		`{"follower_indices":[{"follower_index":"f","remote_cluster":"a","leader_index":"l","status":"active"},null]}`,
		`{"r":{"cluster":[],"indices":[],"remote_indices":[{"clusters":["a"],"names":["*"],"privileges":["read"]}],"metadata":{}},"s":null}`,
		`{"_nodes":{"failed":1},"nodes":{"n":{"name":"x","reload_exception":{"type":"t","reason":"r"}},"m":null}}`,
		`{"error":{"type":"security_exception","reason":"bot canary-password"},"status":403}`, `{"acknowledged":false}`, "<html>",
	} {
		f.Add(200, []byte(body))
		f.Add(404, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 {
			status = 200
		}
		c, err := es.New(es.Options{
			System: "Elasticsearch of logs-prod", Address: "https://c1.example.org", Auth: es.Basic("bot", secret.New(password)),
			Transport: echo{status, body}, CallTimeout: time.Minute, Now: time.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		var errs []error
		note := func(err error) {
			if err == nil {
				return
			}
			errs = append(errs, err)
			if text := err.Error(); strings.Contains(text, password) || strings.Contains(text, "\n") {
				t.Errorf("not fit to be shown: %q", text)
			}
		}
		_, err = c.License(ctx)
		note(err)
		_, err = c.About(ctx)
		note(err)
		_, err = c.Search(ctx, []string{"a:x"}, 1)
		note(err)
		access := elastic.Access{Search: []string{"x"}}
		key, err := c.IssueKey(ctx, elastic.KeySpec{Name: "k", Access: access})
		note(err)
		if err == nil && (key.ID == "" || key.Encoded.Reveal() == "") {
			t.Errorf("a key without %q was taken", body)
		}
		_, err = c.ActiveKeys(ctx, "k")
		note(err)
		note(c.InvalidateKeys(ctx, []string{"i"}))
		note(c.UpdateKeyAccess(ctx, "i", access))
		_, err = c.MissingPrivileges(ctx, []string{"manage"})
		note(err)
		s, err := c.RemoteSettings(ctx)
		note(err)
		_ = s.String()
		note(c.PutSettings(ctx, s))
		_, err = c.RemoteInfo(ctx)
		note(err)
		_, err = c.Resolve(ctx, "a", []string{"x"})
		note(err)
		_, err = c.ReloadSecureSettings(ctx)
		note(err)
		_, err = c.Role(ctx, "r")
		note(err)
		_, err = c.Tasks(ctx, elastic.TaskFollower)
		note(err)
		_, err = c.RemoteRoles(ctx)
		note(err)
		for _, err := range errs {
			if call, ok := errors.AsType[*elastic.CallError](err); ok && call.Status == 0 && status >= 300 {
				t.Errorf("status %d was lost: %v", status, err)
			}
		}
		if status >= 500 && len(errs) < 15 {
			t.Errorf("status %d was taken for a success: %v", status, errs)
		}
	})
}
