package platform

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
)

func code(out map[string]any) string {
	list, _ := out["errors"].([]any)
	if len(list) == 0 {
		return ""
	}
	one, _ := list[0].(map[string]any)
	s, _ := one["code"].(string)
	return s
}

func TestRefusesWhatTheAPIsDoNotDescribe(t *testing.T) {
	b := newBench(t, DemoOptions{})
	id, cloudID := b.ece.Deployment("logs-prod").ID(), b.cloud.Deployment("metrics-eu").ID()
	key := "ApiKey "
	for name, tc := range map[string]struct {
		p                        *Platform
		auth, method, path, body string
		status                   int
		code                     string
	}{
		"no key":            {b.ece, "", "GET", "/deployments", "", 401, "root.unauthenticated"},
		"wrong key":         {b.ece, key + "nope", "GET", "/deployments", "", 401, "root.unauthenticated"},
		"the other's key":   {b.ece, key + b.cloud.Key(), "GET", "/deployments", "", 401, "root.unauthenticated"},
		"bearer":            {b.ece, "Bearer x", "GET", "/deployments", "", 401, "root.unauthenticated"},
		"viewer reads":      {b.ece, key + b.ece.ViewerKey(), "GET", "/deployments", "", 200, ""},
		"viewer searches":   {b.ece, key + b.ece.ViewerKey(), "POST", "/deployments/_search", `{}`, 200, ""},
		"viewer writes":     {b.ece, key + b.ece.ViewerKey(), "PATCH", "/deployments/" + id + "/elasticsearch/_main/keystore", `{"secrets":{}}`, 403, "root.unauthorized"},
		"unknown path":      {b.ece, "", "GET", "/deployment", "", 401, ""},
		"undescribed":       {b.ece, key + b.ece.Key(), "GET", "/deployment", "", 404, "root.resource_not_found"},
		"wrong method":      {b.ece, key + b.ece.Key(), "DELETE", "/deployments/" + id + "/elasticsearch/_main/keystore", "", 405, "root.method_not_allowed"},
		"not simulated":     {b.ece, key + b.ece.Key(), "POST", "/deployments/" + id + "/_shutdown", "", 501, "sim.not_simulated"},
		"no region":         {b.ece, key + b.ece.Key(), "GET", "/platform/infrastructure/allocators", "", 404, ""},
		"with region":       {b.ece, key + b.ece.Key(), "GET", "/regions/ece-region/platform/infrastructure/allocators", "", 200, ""},
		"region needless":   {b.ece, key + b.ece.Key(), "GET", "/regions/ece-region/deployments", "", 404, ""},
		"ECE account":       {b.ece, key + b.ece.Key(), "GET", "/regions/ece-region/account", "", 200, ""},
		"ECE organizations": {b.ece, key + b.ece.Key(), "GET", "/organizations", "", 404, ""},
		"trust":             {b.ece, key + b.ece.Key(), "GET", "/regions/ece-region/platform/configuration/trust-relationships?filter=local&include_certificate=true", "", 200, ""},
		"cloud account":     {b.cloud, key + b.cloud.Key(), "GET", "/account", "", 200, ""},
		"cloud orgs":        {b.cloud, key + b.cloud.Key(), "GET", "/organizations", "", 200, ""},
		"cloud region":      {b.cloud, key + b.cloud.Key(), "GET", "/regions/ece-region/account", "", 404, ""},
		"cloud allocators":  {b.cloud, key + b.cloud.Key(), "GET", "/platform/infrastructure/allocators", "", 404, ""},
		"cloud proxy":       {b.cloud, key + b.cloud.Key(), "GET", "/deployments/" + cloudID + "/elasticsearch/_main/proxy/_remote/info", "", 404, ""},
		"unknown parameter": {b.ece, key + b.ece.Key(), "GET", "/deployments/" + id + "?show_all=true", "", 400, "root.invalid_request"},
		"bad parameter":     {b.ece, key + b.ece.Key(), "GET", "/deployments/" + id + "?show_plans=1", "", 400, "root.invalid_request"},
		"no deployment":     {b.ece, key + b.ece.Key(), "GET", "/deployments/" + cloudID, "", 404, "deployments.deployment_not_found"},
		"no resource":       {b.ece, key + b.ece.Key(), "GET", "/deployments/" + id + "/elasticsearch/other/keystore", "", 404, "deployments.deployment_resource_not_found"},
		"unknown field":     {b.ece, key + b.ece.Key(), "PATCH", "/deployments/" + id + "/elasticsearch/_main/keystore", `{"secrets":{},"x":1}`, 400, "root.invalid_request"},
		"not JSON":          {b.ece, key + b.ece.Key(), "PATCH", "/deployments/" + id + "/elasticsearch/_main/keystore", `{"secrets"`, 400, "root.malformed_json"},
		"no body":           {b.ece, key + b.ece.Key(), "PATCH", "/deployments/" + id + "/elasticsearch/_main/keystore", "", 400, "root.invalid_request"},
		"CA":                {b.cloud, key + b.cloud.Key(), "GET", "/deployments/" + cloudID + "/certificate-authority", "", 200, ""},
		"remote clusters":   {b.cloud, key + b.cloud.Key(), "GET", "/deployments/" + cloudID + "/elasticsearch/_main/remote-clusters", "", 200, ""},
		"environments":      {b.cloud, key + b.cloud.Key(), "GET", "/trusted-environments", "", 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			status, out, header := b.request(tc.method, tc.p.URL()+"/api/v1"+tc.path, tc.body, tc.auth, nil)
			if status != tc.status || (tc.code != "" && code(out) != tc.code) {
				t.Errorf("%d %v, want %d %s", status, out, tc.status, tc.code)
			}
			if status >= 400 && header.Get("X-Cloud-Error-Codes") != code(out) {
				t.Errorf("header %q", header.Get("X-Cloud-Error-Codes"))
			}
		})
	}
}

func TestShowsOnlyWhatIsAskedFor(t *testing.T) {
	b := newBench(t, DemoOptions{})
	for _, p := range []*Platform{b.ece, b.cloud} {
		d := p.Deployments()[0]
		info := func(query string) map[string]any {
			status, out := b.call(p, "GET", "/api/v1/deployments/"+d.ID()+query, "")
			b.must(200, status, out)
			resources, _ := nested(out, "resources", "elasticsearch").([]any)
			one, _ := resources[0].(map[string]any)
			in, _ := one["info"].(map[string]any)
			return in
		}
		bare := info("?show_plans=false")
		if nested(bare, "metadata", "endpoint") != nil || bare["settings"] != nil || nested(bare, "plan_info", "current", "plan") != nil {
			t.Errorf("shown unasked: %v", bare)
		}
		full := info("?show_metadata=true&show_settings=true&show_plan_logs=true&show_plan_history=true")
		if nested(full, "metadata", "endpoint") != d.Endpoint() || nested(full, "metadata", "service_url") != d.ServiceURL() ||
			nested(full, "plan_info", "current", "plan", "elasticsearch", "version") != d.Cluster().Version().String() ||
			nested(full, "settings", "trust", "accounts") == nil {
			t.Errorf("not shown: %v", full)
		}
		if full["cluster_id"] == d.ID() {
			t.Error("the cluster's id is the deployment's")
		}
	}
}

func TestKeystoreMergesAndRemoves(t *testing.T) {
	b := newBench(t, DemoOptions{})
	d := b.ece.Deployment("logs-prod")
	path := "/api/v1/deployments/" + d.ID() + "/elasticsearch/main-elasticsearch/keystore"
	for i, step := range []struct {
		body   string
		status int
		want   string
	}{
		{`{"secrets":{"cluster.remote.a.credentials":{"value":"one"},"b":{"value":"two","as_file":false}}}`, 200, "b cluster.remote.a.credentials"},
		{`{"secrets":{"c":{"value":{"x":1}}}}`, 200, "b c cluster.remote.a.credentials"},
		{`{"secrets":{"b":null}}`, 200, "c cluster.remote.a.credentials"},
		{`{"secrets":{"c":{"value":""}}}`, 200, "c cluster.remote.a.credentials"}, // the reported bug: it stays
		{`{"secrets":{"c":{}}}`, 200, "cluster.remote.a.credentials"},
		{`{"secrets":{"gone":{}}}`, 200, "cluster.remote.a.credentials"},
		{`{"secrets":{"d":{"value":5}}}`, 400, "cluster.remote.a.credentials"},
		{`{"secrets":{"bad name":{"value":"x"}}}`, 400, "cluster.remote.a.credentials"},
	} {
		status, out := b.call(b.ece, "PATCH", path, step.body)
		if status != step.status || strings.Contains(fmt.Sprint(out), "one") {
			t.Fatalf("step %d: %d %v", i, status, out)
		}
		if got := strings.Join(d.Cluster().SecretNames(), " "); got != step.want {
			t.Errorf("step %d: %q, want %q", i, got, step.want)
		}
	}
	if _, out := b.call(b.ece, "GET", path, ""); fmt.Sprint(out) != "map[secrets:map[cluster.remote.a.credentials:map[as_file:false]]]" {
		t.Errorf("%v", out)
	}
}

func TestProxyIsThePlatformItself(t *testing.T) {
	b := newBench(t, DemoOptions{TLS: true})
	d := b.ece.Deployment("logs-prod")
	base := b.ece.URL() + "/api/v1/deployments/" + d.ID() + "/elasticsearch/main-elasticsearch/proxy/"
	auth, header := "ApiKey "+b.ece.Key(), map[string]string{"X-Management-Request": "true"}
	if status, out, _ := b.request("GET", base+"_remote/info", "", auth, nil); status != 400 {
		t.Errorf("without the header: %d %v", status, out)
	}
	status, out, got := b.request("POST", base+"_security/cross_cluster/api_key", `{"name":"k","access":{"search":[{"names":["*"]}]}}`, auth, header)
	if status != 200 || out["encoded"] == nil || got.Get("X-Elastic-Product") != "Elasticsearch" {
		t.Errorf("%d %v", status, out)
	}
	if status, out, _ := b.request("GET", base+"_resolve/cluster/x:*", "", auth, header); status != 404 {
		t.Errorf("%d %v", status, out)
	}
	viewer := "ApiKey " + b.ece.ViewerKey()
	if status, out, _ := b.request("PUT", base+"_cluster/settings", `{}`, viewer, header); status != 403 {
		t.Errorf("%d %v", status, out)
	}
	if status, out, _ := b.request("GET", base+"_cluster/settings?flat_settings=true", "", viewer, header); status != 200 {
		t.Errorf("%d %v", status, out)
	}
}

func TestStateAndFaults(t *testing.T) {
	b := newBench(t, DemoOptions{})
	local, remote := b.ece.Deployment("logs-prod"), b.cloud.Deployment("metrics-eu")
	id := b.connect(local, remote, "m", `{"search":[{"names":["*"]}]}`)
	raw, err := json.Marshal(b.w.State())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(raw), `"key_id":"`+id+`"`) || !strings.Contains(string(raw), `"connected":true`) {
		t.Errorf("state: %s", raw)
	}
	if _, err := b.w.Faults.Add(fault.Order{Match: fault.Match{System: "Elasticsearch of logs-*", Path: "/_remote/info"}, Effect: fault.Effect{Status: 503}, Times: 1}); err != nil {
		t.Fatal(err)
	}
	if status, out := b.es(local, "elastic", "GET", "/_remote/info", ""); status != 503 || nested(out, "error", "type") == nil {
		t.Errorf("%d %v", status, out)
	}
	if b.info(local, "m")["connected"] != true {
		t.Error("the fault did not pass")
	}
	for _, c := range b.w.Log.Calls() {
		if strings.Contains(c.Request+c.Answer, "encoded\":\"") && !strings.Contains(c.Request+c.Answer, fault.Dots) {
			t.Errorf("the log holds a secret: %+v", c)
		}
	}
}

func TestRestartTakesAWhile(t *testing.T) {
	b := newBench(t, DemoOptions{})
	d := b.ece.Deployment("logs-prod")
	path := "/api/v1/deployments/" + d.ID() + "/elasticsearch/_main/_restart"
	status, out := b.call(b.ece, "POST", path, "")
	b.must(202, status, out)
	if status, out := b.call(b.ece, "POST", path, ""); status != 422 {
		t.Errorf("a second restart: %d %v", status, out)
	}
	_, got := b.call(b.ece, "GET", "/api/v1/deployments/"+d.ID()+"/elasticsearch/_main", "")
	if nested(got, "info", "status") != "restarting" || nested(got, "info", "plan_info", "pending") == nil {
		t.Errorf("%v", got)
	}
	if status, _ := b.es(d, "elastic", "GET", "/", ""); status != 503 {
		t.Errorf("Elasticsearch answers %d while it restarts", status)
	}
	b.clock.pass(time.Minute)
	if status, _ := b.es(d, "elastic", "GET", "/", ""); status != 200 {
		t.Errorf("Elasticsearch answers %d after its restart", status)
	}
}

func TestManyCallersAtOnce(t *testing.T) {
	b := newBench(t, DemoOptions{})
	local, remote := b.ece.Deployment("logs-prod"), b.cloud.Deployment("metrics-eu")
	b.connect(local, remote, "m", `{"search":[{"names":["*"]}]}`)
	t.Run("calls", func(t *testing.T) {
		for i := range 8 {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				c := &bench{t: t, w: b.w, clock: b.clock, ece: b.ece, cloud: b.cloud, http: b.http}
				alias := fmt.Sprintf("m%d", i)
				c.connect(local, remote, alias, `{"search":[{"names":["metrics-*"]}]}`)
				if got := c.resolve(local, alias+":metrics-*"); got["connected"] != true {
					t.Errorf("%s: %v", alias, got)
				}
				_ = b.w.State()
			})
		}
	})
	if n := len(local.Cluster().SecretNames()); n != 9 {
		t.Errorf("%d secrets, want 9", n)
	}
}

func TestCheckFindsWhatTheSwaggerDoesNotHave(t *testing.T) {
	b := newBench(t, DemoOptions{})
	for name, x := range map[string]fault.Exchange{
		"missing field": {Path: "/api/v1/deployments", Method: "GET", Status: 200, Answer: []byte(`{"deployments":[{"id":"x","name":"y"}]}`)},
		"unknown field": {Path: "/api/v1/deployments", Method: "GET", Status: 200, Answer: []byte(`{"deployments":[],"more":1}`)},
		"wrong type":    {Path: "/api/v1/deployments", Method: "GET", Status: 200, Answer: []byte(`{"deployments":{}}`)},
		"status":        {Path: "/api/v1/deployments", Method: "GET", Status: 202, Answer: []byte(`{"deployments":[]}`)},
		"error":         {Path: "/api/v1/deployments", Method: "GET", Status: 404, Answer: []byte(`{"error":"x"}`)},
		"not JSON":      {Path: "/api/v1/deployments", Method: "GET", Status: 200, Answer: []byte(`<html>`)},
	} {
		if wrong := b.ece.Check(x); len(wrong) == 0 {
			t.Errorf("%s was not found", name)
		}
	}
}
