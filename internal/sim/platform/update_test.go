package platform

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// update puts a deployment's own plan back with other settings.
func (b *bench) update(d *Deployment, query, trust, more string) (int, map[string]any) {
	b.t.Helper()
	_, got := b.call(d.p, "GET", "/api/v1/deployments/"+d.ID()+"/elasticsearch/main-elasticsearch?show_plans=true", "")
	plan, err := json.Marshal(nested(got, "info", "plan_info", "current", "plan"))
	if err != nil {
		b.t.Fatal(err)
	}
	settings := ""
	if trust != "" {
		settings = `,"settings":{"trust":` + trust + `}`
	}
	return b.call(d.p, "PUT", "/api/v1/deployments/"+d.ID()+query, fmt.Sprintf(
		`{"prune_orphans":false,"resources":{"elasticsearch":[{"ref_id":"main-elasticsearch","region":%q,"plan":%s%s}]}%s}`, d.region, plan, settings, more))
}

func (b *bench) ca(p *Platform, region string) string {
	b.t.Helper()
	pem, err := p.NodeCA(region)
	if err != nil {
		b.t.Fatal(err)
	}
	return pem
}

func directTrust(kind, scope, pem, allow string) string {
	return fmt.Sprintf(`{"name":"other","type":%q,"scope_id":%q,"trust_all":%t,"trust_allowlist":[%s],"certificates":[{"pem":%q}]}`, kind, scope, allow == "", allow, pem)
}

func TestTrustOnBothSidesMakesTheCertificateModelWork(t *testing.T) {
	b := newBench(t, DemoOptions{})
	local, remote := b.ece.Deployment("logs-prod"), b.cloud.Deployment("metrics-eu")
	own := func(p *Platform) string {
		return fmt.Sprintf(`{"accounts":[{"account_id":%q,"trust_all":true}],"external":[],"direct":[`, p.Scope())
	}
	status, out := b.update(local, "", own(b.ece)+directTrust("ESS", b.cloud.Scope(), b.ca(b.cloud, remote.region), `"`+remote.Cluster().ID()+`"`)+`]}`, "")
	b.must(200, status, out)
	b.point(local, remote.Endpoint()+":9400", remote.Endpoint(), "m")
	if status, out := b.update(local, "", "", ""); status != 400 {
		t.Errorf("an update over a pending plan: %d %v", status, out)
	}
	b.clock.pass(time.Minute)
	if got := b.resolve(local, "m:*"); got["connected"] == true {
		t.Errorf("one side: %v", got)
	}
	status, out = b.update(remote, "", own(b.cloud)+directTrust("ECE", b.ece.Scope(), b.ca(b.ece, eceRegion), "")+`]}`, "")
	b.must(200, status, out)
	if got := b.resolve(local, "m:*"); got["connected"] == true {
		t.Errorf("connected before the plan has ended: %v", got)
	}
	b.clock.pass(time.Minute)
	if got := b.resolve(local, "m:*"); got["connected"] != true {
		t.Errorf("both sides: %v", got)
	}
	if info := b.info(local, "m"); info["cluster_credentials"] != nil {
		t.Errorf("%v", info)
	}
}

func TestAFailedPlanIsInTheHistoryAloneAndReachesNoNode(t *testing.T) {
	b := newBench(t, DemoOptions{})
	d := b.ece.Deployment("logs-prod")
	look := func() map[string]any {
		status, got := b.call(b.ece, "GET", "/api/v1/deployments/"+d.ID()+"/elasticsearch/_main?show_plans=true&show_plan_history=true&show_plan_logs=true", "")
		b.must(200, status, got)
		return got
	}
	was := fmt.Sprint(nested(look(), "info", "plan_info", "current"))
	trust := fmt.Sprint(d.Cluster().State().Trust)
	d.FailPlans(1, 2, "Not enough capacity")
	for i, want := range []struct{ healthy, history string }{{"true", "2"}, {"false", "3"}, {"false", "4"}, {"true", "5"}} {
		status, out := b.update(d, "", fmt.Sprintf(`{"accounts":[],"external":[],"direct":[%s]}`, directTrust("ESS", "other", b.ca(b.cloud, "aws-eu-west-1"), "")), "")
		b.must(200, status, out)
		if pending := nested(look(), "info", "plan_info", "pending", "healthy"); pending != true {
			t.Errorf("plan %d, on its way: healthy is %v", i+1, pending)
		}
		b.clock.pass(time.Minute)
		got := look()
		info, _ := nested(got, "info", "plan_info").(map[string]any)
		history, _ := info["history"].([]any)
		if fmt.Sprint(info["healthy"]) != want.healthy || fmt.Sprint(nested(got, "info", "healthy")) != want.healthy || fmt.Sprint(len(history)) != want.history {
			t.Fatalf("plan %d: %v, %d in the history", i+1, info["healthy"], len(history))
		}
		if want.healthy == "true" {
			was = fmt.Sprint(info["current"])
			continue
		}
		last, _ := history[len(history)-1].(map[string]any)
		if last["healthy"] != false || nested(last, "error", "message") != "Not enough capacity" || fmt.Sprint(info["current"]) != was {
			t.Errorf("plan %d: %v, current %v", i+1, last, info["current"])
		}
	}
	d.FailPlans(0, 1, "Not enough capacity")
	status, out := b.update(d, "", fmt.Sprintf(`{"accounts":[{"account_id":%q,"trust_all":true}],"external":[],"direct":[]}`, b.ece.Scope()), "")
	b.must(200, status, out)
	b.clock.pass(time.Minute)
	if now := fmt.Sprint(d.Cluster().State().Trust); now == trust {
		t.Errorf("a failed plan reached the nodes: %s", now)
	}
	d.FailPlans(0, 1, "Not enough capacity")
	status, out = b.call(b.ece, "POST", "/api/v1/deployments/"+d.ID()+"/elasticsearch/_main/_restart", "")
	b.must(202, status, out)
	if !d.Cluster().State().Running {
		t.Error("a restart that fails stopped the cluster")
	}
}

func TestTrustIsReplacedWhole(t *testing.T) {
	b := newBench(t, DemoOptions{})
	d := b.ece.Deployment("logs-prod")
	trust := func() string {
		_, got := b.call(b.ece, "GET", "/api/v1/deployments/"+d.ID()+"/elasticsearch/_main?show_settings=true", "")
		raw, err := json.Marshal(nested(got, "info", "settings", "trust"))
		if err != nil {
			t.Fatal(err)
		}
		b.clock.pass(time.Minute)
		return string(raw)
	}
	status, out := b.update(d, "", `{"direct":[`+directTrust("ESS", "1234", b.ca(b.cloud, "aws-eu-west-1"), "")+`]}`, "")
	b.must(200, status, out)
	if got := trust(); !strings.Contains(got, `"accounts":[]`) || !strings.Contains(got, `"uid"`) {
		t.Errorf("lists that are left out are gone: %s", got)
	}
	status, out = b.update(d, "", "", "")
	b.must(200, status, out)
	if got := trust(); !strings.Contains(got, "1234") {
		t.Errorf("no settings change nothing: %s", got)
	}
	status, out = b.update(d, "", "null", "")
	b.must(200, status, out)
	if got := trust(); strings.Contains(got, "1234") || !strings.Contains(got, b.ece.Scope()) {
		t.Errorf("null is the default: %s", got)
	}
}

func TestRefusesUpdates(t *testing.T) {
	b := newBench(t, DemoOptions{})
	d := b.ece.Deployment("logs-prod")
	ca := b.ca(b.cloud, "aws-eu-west-1")
	for name, trust := range map[string]string{
		"scope":       `{"direct":[` + directTrust("ESS", "Not-An-Id", ca, "") + `]}`,
		"no scope":    `{"direct":[` + directTrust("ESS", "", ca, "") + `]}`,
		"certificate": `{"direct":[` + directTrust("ESS", "1", "nope", "") + `]}`,
		"type":        `{"direct":[` + directTrust("ech", "1", ca, "") + `]}`,
		"field":       `{"directs":[]}`,
		"required":    `{"accounts":[{"account_id":"x"}]}`,
	} {
		if status, out := b.update(d, "", trust, ""); status != 400 {
			t.Errorf("%s: %d %v", name, status, out)
		}
	}
	path := "/api/v1/deployments/" + d.ID()
	for name, body := range map[string]string{
		"no prune_orphans": `{}`,
		"no plan":          `{"prune_orphans":false,"resources":{"elasticsearch":[{"ref_id":"main-elasticsearch","region":"ece-region"}]}}`,
		"null plan":        `{"prune_orphans":false,"resources":{"elasticsearch":[{"ref_id":"main-elasticsearch","region":"ece-region","plan":null}]}}`,
		"half a plan":      `{"prune_orphans":false,"resources":{"elasticsearch":[{"ref_id":"main-elasticsearch","region":"ece-region","plan":{"cluster_topology":[],"elasticsearch":{}}}]}}`,
	} {
		if status, out := b.call(b.ece, "PUT", path, body); status != 400 {
			t.Errorf("%s: %d %v", name, status, out)
		}
	}
	if status, out := b.update(d, "?version=99", "", ""); status != 409 {
		t.Errorf("version: %d %v", status, out)
	}
	if status, out := b.update(d, "?validate_only=true", "", ""); status != 200 {
		t.Errorf("validate_only: %d %v", status, out)
	}
	if d.pending() != nil {
		t.Error("validate_only made a plan")
	}
}

func TestPruneOrphansTakesWhatIsNotListed(t *testing.T) {
	b := newBench(t, DemoOptions{})
	d := b.ece.Deployment("logs-prod")
	status, out := b.update(d, "", "", "")
	b.must(200, status, out)
	b.clock.pass(time.Minute)
	if !d.HasKibana() {
		t.Error("Kibana went without prune_orphans")
	}
	status, out = b.call(b.ece, "PUT", "/api/v1/deployments/"+d.ID(), `{"prune_orphans":true}`)
	b.must(200, status, out)
	if d.HasKibana() {
		t.Error("Kibana stayed")
	}
}

func TestFiltersOfThePlatformCloseTheCluster(t *testing.T) {
	b := newBench(t, DemoOptions{})
	local, remote := b.ece.Deployment("logs-prod"), b.cloud.Deployment("metrics-eu")
	b.connect(local, remote, "m", `{"search":[{"names":["*"]}]}`)
	const rulesets = "/api/v1/deployments/traffic-filter/rulesets"
	ruleset := func(source string) string {
		return `{"name":"r","type":"ip","region":"aws-eu-west-1","include_by_default":false,"rules":[{"source":"` + source + `"}]}`
	}
	if status, out := b.call(b.cloud, "POST", rulesets, ruleset("fe80::1")); status != 400 {
		t.Errorf("IPv6: %d %v", status, out)
	}
	status, out := b.call(b.cloud, "POST", rulesets, ruleset("198.51.100.0/24"))
	id, _ := b.must(201, status, out)["id"].(string)
	association := fmt.Sprintf(`{"entity_type":"deployment","id":%q}`, remote.ID())
	for _, want := range []int{201, 200} {
		if status, out := b.call(b.cloud, "POST", rulesets+"/"+id+"/associations", association); status != want {
			t.Errorf("association: %d %v", status, out)
		}
	}
	if b.info(local, "m")["connected"] != false {
		t.Error("the first ruleset did not shut the local cluster out")
	}
	if status, _ := b.es(remote, "elastic", "GET", "/", ""); status != 200 {
		t.Errorf("the bot's own address is in the ruleset: %d", status)
	}
	status, out = b.call(b.cloud, "PUT", rulesets+"/"+id, ruleset("203.0.113.10"))
	b.must(200, status, out)
	if b.resolve(local, "m:*")["connected"] != true {
		t.Error("the ruleset with the egress address does not let in")
	}
	if status, _ := b.es(remote, "elastic", "GET", "/", ""); status != 403 {
		t.Errorf("the bot is not in the ruleset any more: %d", status)
	}
	_, out = b.call(b.cloud, "GET", "/api/v1/deployments/traffic-filter/associations/deployment/"+remote.ID()+"/rulesets", "")
	if fmt.Sprint(out["rulesets"]) != "["+id+"]" {
		t.Errorf("%v", out)
	}
	if status, _ := b.call(b.cloud, "DELETE", rulesets+"/"+id, ""); status != 500 {
		t.Errorf("a ruleset in use was deleted: %d", status)
	}
	status, out = b.call(b.cloud, "DELETE", rulesets+"/"+id+"/associations/deployment/"+remote.ID(), "")
	b.must(200, status, out)
	for _, path := range []string{rulesets + "?include_associations=true&region=aws-eu-west-1", rulesets + "/" + id, rulesets + "/" + id + "/associations"} {
		status, out = b.call(b.cloud, "GET", path, "")
		b.must(200, status, out)
	}
	status, out = b.call(b.cloud, "DELETE", rulesets+"/"+id, "")
	b.must(200, status, out)
	if status, out := b.call(b.cloud, "GET", rulesets+"/"+id, ""); status != 404 || code(out) != "traffic_filter.not_found" {
		t.Errorf("%d %v", status, out)
	}
}
