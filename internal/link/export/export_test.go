package export_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/export"
)

var at = time.Date(2026, 11, 3, 9, 30, 0, 0, time.UTC)

// nasty is a name that ends strings, begins templates, comments and entities, and breaks lines.
const nasty = "logs \"${file(\"/etc/passwd\")}\" %{if true}\n# <b>`x`</b> \\"

func managed() link.ManagedConnection {
	return link.ManagedConnection{
		Local: elastic.Ref{Platform: "ece-prod", Deployment: "a1"}, Remote: elastic.Ref{Platform: "elastic-cloud", Deployment: "b2"},
		Alias: "metrics-eu", LocalName: nasty, RemoteName: "metrics-eu", KeyName: "rcb-prod-a1-metrics-eu-abc", KeyDays: 90,
		Access:   elastic.Access{Search: []string{"metrics-*", "apm-*"}},
		Settings: map[string]string{"mode": "proxy", "proxy_address": "b2.example.com:9443", "server_name": nasty, "skip_unavailable": "true"},
		Role:     "metrics-readers", Ruleset: "rcb-filter", FilterSources: []string{"203.0.113.10", "198.51.100.0/24"},
		MadeBy: "U0ALICE", FirstRequest: "first", Record: change.StoredRecord{Request: "last", By: change.Actor{User: "=U0DAN"}, At: at},
	}
}

func connections() []export.Connection {
	one := export.Of(managed())
	one.Approvers, one.State, one.Checked = []string{"U0BOB"}, diagnose.StateDegraded, at.Add(time.Hour)
	certified := export.Of(link.ManagedConnection{
		Local: elastic.Ref{Platform: "datacentre", Deployment: "search-dc"}, Remote: localOf(one), Alias: "logs",
		Settings: map[string]string{"mode": "proxy", "proxy_address": "a1.example.com:9400"}, Record: change.StoredRecord{Request: "r", At: at},
	})
	return []export.Connection{one, certified}
}

func localOf(c export.Connection) elastic.Ref {
	return elastic.Ref{Platform: c.Local.Platform, Deployment: c.Local.Deployment}
}

func written(t *testing.T, write func(*strings.Builder) error) string {
	t.Helper()
	var b strings.Builder
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What is not known is null, not an empty list: approvals are not missing where the audit has been cut.
func TestJSONTellsUnknownFromNone(t *testing.T) {
	t.Parallel()
	var got []map[string]any
	if err := json.Unmarshal([]byte(written(t, func(b *strings.Builder) error { return export.JSON(b, connections()) })), &got); err != nil {
		t.Fatal(err)
	}
	if approvers, ok := got[1]["approvers"]; !ok || approvers != nil {
		t.Errorf("approvers that are not known: %v", approvers)
	}
	if _, ok := got[0]["made"]; ok {
		t.Errorf("a connection that was changed later was made at a time that is not known: %v", got[0]["made"])
	}
	want := map[string]any{"platform": "elastic-cloud", "deployment": "b2", "name": "metrics-eu"}
	if diff := cmp.Diff(want, got[0]["remote"]); diff != "" {
		t.Error(diff)
	}
	if got[0]["key_expires"] != "2027-02-01T09:30:00Z" || got[1]["model"] != "certificate" || got[1]["made"] != "2026-11-03T09:30:00Z" {
		t.Errorf("%v", got)
	}
}

func TestCSVIsNoFormula(t *testing.T) {
	t.Parallel()
	rows, err := csv.NewReader(strings.NewReader(written(t, func(b *strings.Builder) error { return export.CSV(b, connections()) }))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := func(row int, name string) string { return rows[row][slices.Index(rows[0], name)] }
	for _, want := range []struct {
		row         int
		name, value string
	}{
		{1, "changed_by", "'=U0DAN"},
		{1, "approvers", "U0BOB"},
		{1, "made", "unknown"},
		{1, "search", "metrics-* apm-*"},
		{2, "approvers", "unknown"},
		{2, "made", "2026-11-03T09:30:00Z"},
		{2, "key_expires", ""},
	} {
		if got := column(want.row, want.name); got != want.value {
			t.Errorf("%s of line %d: %q, not %q", want.name, want.row, got, want.value)
		}
	}
}

// A picture has a line for each deployment and each connection; no name ends its own text.
func TestPictures(t *testing.T) {
	t.Parallel()
	dot := written(t, func(b *strings.Builder) error { return export.DOT(b, connections()) })
	for _, want := range []string{
		"subgraph cluster_1 {\n    label=\"datacentre\";\n    n1 [label=\"search-dc\"];\n  }\n",
		`n2 [label="logs \"${file(\"/etc/passwd\")}\" %{if true} # <b>` + "`x`" + `</b> \\"];`,
		`n2 -> n3 [label="metrics-eu (degraded)", color="#b9770e"];`, `n1 -> n2 [label="logs (not checked)", color="#707b7c"];`,
	} {
		if !strings.Contains(dot, want) {
			t.Errorf("missing %q in:\n%s", want, dot)
		}
	}
	mermaid := written(t, func(b *strings.Builder) error { return export.Mermaid(b, connections()) })
	for _, want := range []string{
		"flowchart LR\n  subgraph p1[\"datacentre\"]\n    n1[\"search-dc\"]\n  end\n",
		`n2["logs #quot;${file(#quot;/etc/passwd#quot;)}#quot; %{if true} #35; #lt;b#gt;#96;x#96;#lt;/b#gt; \"]`,
		"  n2 -->|\"metrics-eu (degraded)\"| n3\n", "  linkStyle 0 stroke:#b9770e\n",
	} {
		if !strings.Contains(mermaid, want) {
			t.Errorf("missing %q in:\n%s", want, mermaid)
		}
	}
}

// More deployments than a picture can show are grouped by platform, and the worst state of a group is not hidden.
func TestLargePicturesAreGrouped(t *testing.T) {
	t.Parallel()
	var all []export.Connection
	for i := range export.MaxNodes {
		all = append(all, export.Connection{
			Local: export.Side{Platform: "ece", Deployment: fmt.Sprint("d", i)}, Remote: export.Side{Platform: "cloud", Deployment: "m"},
			Alias: "m", State: diagnose.StateWorking,
		})
	}
	if g := export.GraphOf(all[1:]); g.Grouped || len(g.Nodes) != export.MaxNodes {
		t.Errorf("%d deployments: %d nodes, grouped %v", export.MaxNodes, len(g.Nodes), g.Grouped)
	}
	all[7].State = diagnose.StateDown
	want := export.Graph{
		Grouped: true,
		Nodes:   []export.Node{{ID: "n1", Label: "cloud", Platform: "cloud"}, {ID: "n2", Label: "ece", Platform: "ece"}},
		Edges:   []export.Edge{{From: "n2", To: "n1", Label: "60 connections (worst: down)", State: diagnose.StateDown}},
	}
	if diff := cmp.Diff(want, export.GraphOf(all)); diff != "" {
		t.Error(diff)
	}
}

func terraform(t *testing.T) (string, *hclsyntax.Body) {
	t.Helper()
	text := written(t, func(b *strings.Builder) error {
		return export.Terraform(b, connections(), map[string]export.Platform{
			"ece-prod":      {Kind: elastic.KindECE, URL: "https://ece.example.com:12443"},
			"elastic-cloud": {Kind: elastic.KindECH, URL: "https://api.elastic-cloud.com"},
			"datacentre":    {Kind: elastic.KindSelfManaged, Clusters: map[string]string{"search-dc": "https://search.example.com:9200"}},
		})
	})
	file, diags := hclparse.NewParser().ParseHCL([]byte(text), "connections.tf")
	if diags.HasErrors() {
		t.Fatalf("%v\n%s", diags, text)
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		t.Fatalf("%T", file.Body)
	}
	return text, body
}

// HCL's own parser reads what was written; every reference leads to a block of the file, and every value that people
// typed is a literal that says what they typed.
func TestTerraformIsReadAgain(t *testing.T) {
	t.Parallel()
	text, body := terraform(t)
	declared := map[string]bool{}
	for _, b := range body.Blocks {
		switch b.Type {
		case "resource":
			declared[strings.Join(b.Labels, ".")] = true
		case "variable":
			declared["var."+b.Labels[0]] = true
		case "provider":
			alias, _ := b.Body.Attributes["alias"].Expr.Value(nil)
			declared[b.Labels[0]+"."+alias.AsString()] = true
		default:
			declared[b.Type+"."+strings.Join(b.Labels, ".")] = true
		}
	}
	for _, b := range body.Blocks {
		role := b.Type == "import" && strings.Contains(string(b.Body.Attributes["to"].Expr.Range().SliceBytes([]byte(text))), "security_role")
		for _, v := range references(b.Body) {
			name := pathOf(v)
			if name != "string" && !declared[name] && !role {
				t.Errorf("%s refers to %s, which is not there, in:\n%s", b.Type, name, text)
			}
		}
	}
	found := false
	for _, b := range body.Blocks {
		if b.Type != "resource" || b.Labels[0] != "elasticstack_elasticsearch_cluster_settings" {
			continue
		}
		for _, s := range b.Body.Blocks[0].Body.Blocks {
			name, _ := s.Body.Attributes["name"].Expr.Value(nil)
			value, diags := s.Body.Attributes["value"].Expr.Value(nil)
			if diags.HasErrors() {
				t.Errorf("%s is no literal: %v", name.AsString(), diags)
			}
			if name.AsString() == "cluster.remote.metrics-eu.server_name" {
				found = value.AsString() == nasty
			}
		}
	}
	if !found {
		t.Errorf("the server name did not come through:\n%s", text)
	}
}

func references(b *hclsyntax.Body) []hcl.Traversal {
	var all []hcl.Traversal
	_ = hclsyntax.VisitAll(b, func(n hclsyntax.Node) hcl.Diagnostics {
		if e, ok := n.(*hclsyntax.ScopeTraversalExpr); ok {
			all = append(all, e.Traversal)
		}
		return nil
	})
	return all
}

// pathOf is what a reference leads to: two names, or three for data.
func pathOf(v hcl.Traversal) string {
	names := []string{v.RootName()}
	for _, step := range v[1:] {
		if a, ok := step.(hcl.TraverseAttr); ok {
			names = append(names, a.Name)
		}
	}
	most := 2
	if names[0] == "data" {
		most = 3
	}
	return strings.Join(names[:min(len(names), most)], ".")
}

func TestTerraformImportsWhatTheProvidersCan(t *testing.T) {
	t.Parallel()
	text, body := terraform(t)
	imports := map[string]string{}
	for _, b := range body.Blocks {
		if b.Type == "import" {
			imports[string(b.Body.Attributes["to"].Expr.Range().SliceBytes([]byte(text)))] = string(b.Body.Attributes["id"].Expr.Range().SliceBytes([]byte(text)))
		}
	}
	local := "logs_file_etc_passwd_if_true_b_x_b"
	want := map[string]string{
		"elasticstack_elasticsearch_cluster_settings." + local:  `"${data.elasticstack_elasticsearch_info.` + local + `.cluster_uuid}/cluster-settings"`,
		"elasticstack_elasticsearch_cluster_settings.search_dc": `"${data.elasticstack_elasticsearch_info.search_dc.cluster_uuid}/cluster-settings"`,
		"elasticstack_elasticsearch_security_role." + local + "_metrics_readers": `"${data.elasticstack_elasticsearch_info.` + local +
			`.cluster_uuid}/metrics-readers"`,
		"ec_deployment_traffic_filter.rcb_filter": `data.ec_traffic_filter.rcb_filter.rulesets[0].id`,
	}
	if diff := cmp.Diff(want, imports); diff != "" {
		t.Errorf("%s\n%s", diff, text)
	}
	if strings.Contains(text, `resource "elasticstack_elasticsearch_security_api_key"`) {
		t.Error("a key can't be imported: a resource would make a new one")
	}
}
