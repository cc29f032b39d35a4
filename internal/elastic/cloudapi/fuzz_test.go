package cloudapi_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/cloudapi"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// echo answers every call the same.
type echo struct {
	status int
	body   []byte
}

func (e echo) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: e.status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(e.body)), Request: r,
	}, nil
}

// Whatever a platform answers is read or becomes an error, which holds no key; nothing panics.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{
		"", "null", "[]", "{}", `{"deployments":null}`, `{"deployments":[{"id":"` + id + `","name":"n","resources":[null]},null],"return_count":1,"cursor":"c","match_count":2}`,
		`{"id":"` + id + `","name":"n","resources":{"elasticsearch":[null]}}`,
		`{"id":"` + id + `","name":"n","healthy":true,"metadata":{"tags":[null,{"key":"a"}]},"resources":{"elasticsearch":[{"ref_id":"r","id":"c","region":"e",` +
			`"info":{"status":"started","plan_info":{"current":{"plan":{"elasticsearch":{"version":"8.1.0"}}},"pending":null,"history":[null]},"topology":null,` +
			`"settings":{"trust":{"accounts":[null],"external":[{"trust_relationship_id":"x","trust_all":true}],"direct":[null,{"type":"ECE"}]}},` +
			`"metadata":{"ports":{"transport_passthrough":-1},"services_urls":[null],"service_url":3}}}]}}`,
		`{"secrets":{"cluster.remote.a.credentials":{"as_file":false},"b":null}}`, `{"rulesets":[null,{"id":"i","name":"n","type":"ip","rules":[null]}]}`,
		`{"rulesets":["a"]}`, `{"id":"x"}`, `{"zones":[{"zone_id":"z","allocators":[null]}]}`, `{"organizations":[null,{"id":"o","name":"n"}]}`,
		`{"public_certificates":[null,{"pem":"x"}]}`, `{"id":"i","account_id":"a","public_ca_cert":"-----BEGIN"}`,
		`{"errors":[{"code":"c","message":"canary-platform-key"}]}`, "<html>", `{"attempts":[null,{"plan_attempt_log":[null]}]}`,
	} {
		f.Add(200, []byte(body))
		f.Add(404, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 {
			status = 200
		}
		c, err := cloudapi.New(cloudapi.Options{
			System: "ece-prod", BaseURL: "https://ece.example.org", APIKey: secret.New(apiKey), Transport: echo{status, body},
			Now: time.Now, CallTimeout: time.Minute,
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, failed := t.Context(), 0
		note := func(err error) {
			if err == nil {
				return
			}
			failed++
			if text := err.Error(); strings.Contains(text, apiKey) || strings.Contains(text, "\n") {
				t.Errorf("not fit to be shown: %q", text)
			}
		}
		_, err = c.Deployment(ctx, id)
		note(err)
		_, err = c.ListDeployments(ctx)
		note(err)
		_, err = c.Search(ctx, "x", 10)
		note(err)
		_, err = c.SecretNames(ctx, logs)
		note(err)
		note(c.StoreSecret(ctx, logs, "n", secret.New(encoded)))
		note(c.RemoveSecret(ctx, logs, "n"))
		_, err = c.Rulesets(ctx, logs)
		note(err)
		_, err = c.Allocators(ctx, "r")
		note(err)
		_, err = c.RulesetsNamed(ctx, "n")
		note(err)
		_, err = c.CreateRuleset(ctx, elastic.NewRuleset{Name: "n"})
		note(err)
		_, err = c.Organizations(ctx)
		note(err)
		_, err = c.CertificateAuthority(ctx, id)
		note(err)
		_, _, err = c.LatestPlan(ctx, logs)
		note(err)
		_, err = c.Trust(ctx, logs)
		note(err)
		_, err = c.Authorities(ctx, logs)
		note(err)
		_, err = c.OrganizationOf(ctx, logs)
		note(err)
		_, err = c.LocalRelationship(ctx, "r")
		note(err)
		if status >= 500 && failed < 16 {
			t.Errorf("status %d was taken for a success", status)
		}
	})
}
