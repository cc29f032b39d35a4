package plan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
)

func TestPlanSaysWhatWillBeSent(t *testing.T) {
	s := newScene()
	s.c.Access.Replication = []string{"follow-*"}
	p, err := s.plan(t)
	if err != nil {
		t.Fatal(err)
	}
	hash := s.c.Access.Hash()
	want := []change.Call{
		{
			System: "Elasticsearch of logs", Method: "POST", Path: "/_security/cross_cluster/api_key",
			Body: `{"name":"rcb-test-d-local-logs-req1","access":{"search":[{"names":["logs-*"]}],"replication":[{"names":["follow-*"]}]},` +
				`"expiration":"90d","metadata":{"access_hash":"` + hash + `","alias":"logs","env":"test","local":"ece-prod/d-local",` +
				`"managed_by":"remote-cluster-bot","request":"req1"}}`,
		},
		{
			System: "ece-prod", Method: "PATCH",
			Path: "/api/v1/deployments/d-local/elasticsearch/main-elasticsearch/keystore",
			Body: `{"secrets":{"cluster.remote.logs.credentials":{"value":"••••"}}}`,
		},
		{System: "Elasticsearch of search-onprem", Method: "POST", Path: "/_nodes/reload_secure_settings"},
		{
			System: "Elasticsearch of search-onprem", Method: "PUT", Path: "/_cluster/settings",
			Body: `{"persistent":{"cluster.remote.logs.mode":"proxy","cluster.remote.logs.proxy_address":"logs.cloud.example:9443",` +
				`"cluster.remote.logs.server_name":"logs.cloud.example","cluster.remote.logs.skip_unavailable":false}}`,
		},
		{System: "Elasticsearch of search-onprem", Method: "GET", Path: "/_resolve/cluster/logs:logs-*"},
		{System: "Elasticsearch of search-onprem", Method: "GET", Path: "/_remote/info"},
		{
			System: "Elasticsearch of search-onprem", Method: "POST", Path: "/_nodes/reload_secure_settings",
			OnlyIf: "the nodes don't apply the connection's settings",
		},
		{
			System: "Elasticsearch of search-onprem", Method: "PUT", Path: "/_cluster/settings",
			Body:   `{"persistent":{"cluster.remote.logs.proxy_socket_connections":19}}`,
			OnlyIf: "they still don't, or have lost it: then they rebuild it",
		},
		{
			System: "Elasticsearch of search-onprem", Method: "PUT", Path: "/_cluster/settings",
			Body:   `{"persistent":{"cluster.remote.logs.proxy_socket_connections":null}}`,
			OnlyIf: "another number of sockets was set",
		},
	}
	if diff := cmp.Diff(want, p.Calls()); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	if p.Kind != link.KindConnect || p.Subject() != "connection/ece-prod/d-local/logs" || p.Title != "Connect search-onprem to logs as logs" {
		t.Errorf("kind %q, target %q, title %q", p.Kind, p.Subject(), p.Title)
	}
	var todo []string
	for _, step := range p.Steps {
		todo = append(todo, step.Name)
	}
	if diff := cmp.Diff([]string{"check", "issue_key", "set_remote", "verify"}, todo); diff != "" {
		t.Error(diff)
	}
	if len(p.Warnings) > 0 {
		t.Errorf("warnings of a plain connect: %q", p.Warnings)
	}
	if diff := cmp.Diff([]change.Field{
		{Label: "Local version", Value: "8.15.1"},
		{Label: "Remote version", Value: "8.15.3"},
		{Label: "Remote endpoint", Value: "logs.cloud.example"},
		{Label: "Settings under logs", Value: "none"},
		{Label: "Network filters of the remote", Value: "none"},
	}, p.Basis); diff != "" {
		t.Errorf("basis (-want +got):\n%s", diff)
	}
	fields := p.Fields
	if len(fields) < 6 || fields[0].Value != "search-onprem (8.15.1, ece-region) on ece-prod" {
		t.Errorf("fields: %v", fields)
	}
}

func TestTheSameWorldGivesTheSamePlan(t *testing.T) {
	s := newScene()
	s.remote.SetRulesets(elastic.Ruleset{ID: "b", Name: "B", Type: "ip"}, elastic.Ruleset{ID: "a", Name: "A", Type: "ip"})
	s.ece.SetEgress("10.0.0.2", "10.0.0.1")
	first, err := s.plan(t)
	if err != nil {
		t.Fatal(err)
	}
	s.remote.SetRulesets(elastic.Ruleset{ID: "a", Name: "A", Type: "ip"}, elastic.Ruleset{ID: "b", Name: "B", Type: "ip"})
	second, err := s.plan(t)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("(-first +second):\n%s", diff)
	}
	for name, move := range map[string]func(){
		"an upgrade":  func() { s.local.Edit(func(d *elastic.Deployment) { d.Version = "8.16.0" }) },
		"more filter": func() { s.remote.SetRulesets(elastic.Ruleset{ID: "c", Name: "C", Type: "ip"}) },
	} {
		before, err := s.plan(t)
		if err != nil {
			t.Fatal(err)
		}
		move()
		after, err := s.plan(t)
		if err != nil || after.Digest == before.Digest {
			t.Errorf("%s does not show in the digest (%v)", name, err)
		}
	}
	s.remote.Edit(func(d *elastic.Deployment) { d.Endpoint = "new.example" }) // then what was approved leads elsewhere
	_, err = s.plan(t)
	contains(t, problem(t, err, "proxy_address"), "differs from what the platform reports")
}

func TestPlanNamesTheFieldAtFault(t *testing.T) {
	tests := map[string]struct {
		wrong func(*scene)
		field string
		say   string
	}{
		"bad shape":  {func(s *scene) { s.c.Alias = "X" }, link.FieldAlias, "lower-case"},
		"old local":  {func(s *scene) { s.local.Edit(func(d *elastic.Deployment) { d.Version = "8.12.2" }) }, link.FieldLocal, "runs 8.12.2"},
		"old remote": {func(s *scene) { s.remote.Edit(func(d *elastic.Deployment) { d.Version = "7.17.9" }) }, link.FieldRemote, "certificate"},
		"no version": {func(s *scene) {
			s.remote.Edit(func(d *elastic.Deployment) { d.Version = "" })
			s.w.Fail(linktest.Fault{Call: "Version"})
		}, link.FieldRemote, "neither the platform nor Elasticsearch"},
		"stopped":          {func(s *scene) { s.remote.Edit(func(d *elastic.Deployment) { d.Status = "stopped" }) }, link.FieldRemote, "is stopped"},
		"gone":             {func(s *scene) { s.ece.Remove("d-local") }, link.FieldLocal, "no deployment"},
		"no platform":      {func(s *scene) { s.c.Remote.Platform = "x" }, link.FieldRemote, "no platform called x"},
		"no credentials":   {func(s *scene) { s.remote.WithoutCredentials() }, link.FieldRemote, "no credentials"},
		"no credentials2":  {func(s *scene) { s.local.WithoutCredentials() }, link.FieldLocal, "no credentials"},
		"an API key calls": {func(s *scene) { s.remote.CalledByKey() }, link.FieldRemote, "can't create a key on logs"},
		"alias in use": {func(s *scene) {
			s.local.Set("logs", "mode", "proxy")
			s.local.Set("logs", "proxy_address", "else:9443")
		}, link.FieldAlias, "points to else:9443"},
		"alias in use in elasticsearch.yml": {func(s *scene) {
			s.local.Declare("logs", "mode", "proxy")
			s.local.Declare("logs", "proxy_address", "file:9443")
		}, link.FieldAlias, "points to file:9443"},
		"alias in use, without an address": {func(s *scene) { s.local.Set("logs", "mode", "proxy") }, link.FieldAlias, "in use"},
		"keystore":                         {func(s *scene) { s.local.Put(entry, "x") }, link.FieldAlias, "already has a key"},
		"same cluster": {func(s *scene) {
			s.remote.Edit(func(d *elastic.Deployment) { d.ClusterID = "cluster-d-local" })
		}, link.FieldRemote, "local cluster itself"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene()
			tt.wrong(s)
			_, err := s.plan(t)
			contains(t, problem(t, err, tt.field), tt.say)
		})
	}
}

func TestPlanNeverTakesAFailedReadForAnEmptyWorld(t *testing.T) {
	for _, call := range []string{"Deployment", "RemoteSettings", "RemoteInfo", "SecretNames"} {
		s := newScene()
		s.w.Fail(linktest.Fault{Call: call})
		if _, err := s.plan(t); !change.IsTemporary(err) {
			t.Errorf("%s: got %v, want a temporary error", call, err)
		}
		s.w.Heal()
		s.w.Fail(linktest.Fault{Call: call, Err: linktest.Forbidden("ES", call)})
		if _, err := s.plan(t); err == nil || change.IsTemporary(err) {
			t.Errorf("%s: got %v, want a final error", call, err)
		}
	}
}

func TestWarnings(t *testing.T) {
	tests := map[string]struct {
		odd func(*scene)
		say []string
	}{
		"everything":   {func(s *scene) { s.c.Access.Search = []string{"*"} }, []string{"every index"}},
		"everything 2": {func(s *scene) { s.c.Access.Replication = []string{"**"} }, []string{"replicate every index"}},
		"forever":      {func(s *scene) { s.c.ExpiryDays = 0 }, []string{"never expires"}},
		"versions": {
			func(s *scene) { s.local.Edit(func(d *elastic.Deployment) { d.Version = "8.19.0" }) },
			[]string{"not supported", elastic.CompatibilityPage},
		},
		"license":        {func(s *scene) { s.remote.SetLicense(elastic.License{Type: "platinum", Active: true}) }, []string{"is platinum"}},
		"license ended":  {func(s *scene) { s.local.SetLicense(elastic.License{Type: "enterprise"}) }, []string{"not active"}},
		"license unread": {func(s *scene) { s.w.Fail(linktest.Fault{Call: "License"}) }, []string{"read the license"}},
		"filters unread": {func(s *scene) { s.w.Fail(linktest.Fault{Call: "Rulesets"}) }, []string{"Couldn't read which network filters apply"}},
		"filters": {func(s *scene) {
			s.remote.SetRulesets(elastic.Ruleset{ID: "1", Name: "office", Type: "ip", Sources: []string{"10.1.0.0/16", "10.2.0.1"}})
			s.ece.SetEgress("10.1.2.3", "10.2.0.1", "10.9.9.9")
		}, []string{"office", "own addresses, 10.9.9.9, are"}},
		"filters, egress unknown": {func(s *scene) {
			s.remote.SetRulesets(elastic.Ruleset{ID: "1", Name: "office", Type: "ip"})
		}, []string{"doesn't know these addresses"}},
		"address":   {func(s *scene) { s.c.ProxyAddress, s.c.Elsewhere = "else.example:9443", true }, []string{"differs from what the platform reports"}},
		"unhealthy": {func(s *scene) { s.remote.Edit(func(d *elastic.Deployment) { d.Healthy = false }) }, []string{"logs is not healthy"}},
		"pending":   {func(s *scene) { s.local.Edit(func(d *elastic.Deployment) { d.Pending = true }) }, []string{"already changing"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene()
			tt.odd(s)
			p, err := s.plan(t)
			if err != nil {
				t.Fatal(err)
			}
			contains(t, strings.Join(p.Warnings, "\n"), tt.say...)
		})
	}
}

// What the steps send is what the plan showed: the settings as they are, the key as its spec says.
func TestTheStepsSendWhatWasPlanned(t *testing.T) {
	s := newScene()
	p, err := s.plan(t)
	if err != nil {
		t.Fatal(err)
	}
	s.applyAll(t, "check", "issue_key", "set_remote", "verify")
	var body struct {
		Persistent map[string]any `json:"persistent"`
	}
	var key struct {
		Name     string            `json:"name"`
		Metadata map[string]string `json:"metadata"`
	}
	for _, call := range p.Calls() {
		var err error
		switch {
		case call.OnlyIf != "":
		case call.Path == "/_cluster/settings":
			err = json.Unmarshal([]byte(call.Body), &body)
		case call.Path == "/_security/cross_cluster/api_key":
			err = json.Unmarshal([]byte(call.Body), &key)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(body.Persistent) != len(s.local.Settings("logs")) {
		t.Errorf("planned %v, set %v", body.Persistent, s.local.Settings("logs"))
	}
	issued := s.remote.ActiveKeys()[0]
	if diff := cmp.Diff(key.Metadata, issued.Metadata); diff != "" || key.Name != issued.Name {
		t.Errorf("planned %v, issued %v", key, issued)
	}
}
