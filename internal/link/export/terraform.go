package export

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// Platform is what Terraform has to know of a configured platform.
type Platform struct {
	Kind     string            // elastic.KindECE, …
	URL      string            // of its API; not for self-managed clusters
	Clusters map[string]string // of self-managed clusters: where each answers over HTTP, by name
}

// Resources of Elastic's providers (elastic/ec and elastic/elasticstack on registry.terraform.io).
const (
	typeSettings = "elasticstack_elasticsearch_cluster_settings"
	typeInfo     = "elasticstack_elasticsearch_info"
	typeRole     = "elasticstack_elasticsearch_security_role"
	typeFilter   = "ec_deployment_traffic_filter"
	typeFilters  = "ec_traffic_filter"
	typeCluster  = "ec_deployment"

	keysElastic  = "elasticsearch_api_keys"
	keysPlatform = "ec_api_keys"
)

const terraformHead = `# The connections that remote-cluster-bot manages, for Terraform 1.7 or later. Nothing secret is in this file: give the
# variables a value each. What Elastic's providers can't import is left to the bot and named in comments: cross-cluster
# API keys and keystore entries are secrets that are shown once, trust is a part of the whole deployment.
# A connection has one owner: after terraform apply, changes by the bot show up as drift, and the other way round.

`

// Terraform writes import blocks and resources for what the connections consist of.
func Terraform(w io.Writer, all []Connection, platforms map[string]Platform) error {
	t := terraform{file: hclwrite.NewEmptyFile(), platforms: platforms, labels: newLabels()}
	t.head(all)
	for _, local := range locals(all) {
		t.local(local)
	}
	t.roles(all)
	for _, c := range all {
		if c.Filter != nil {
			t.filter(c)
		}
	}
	_, err := io.WriteString(w, terraformHead+string(hclwrite.Format(t.file.Bytes())))
	return err
}

type terraform struct {
	file      *hclwrite.File
	platforms map[string]Platform
	labels    *labels
}

// locals are the connections of each local cluster.
func locals(all []Connection) [][]Connection {
	var out [][]Connection
	at := map[Side]int{}
	for _, c := range all {
		i, ok := at[c.Local.named()]
		if !ok {
			i = len(out)
			at[c.Local.named()] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], c)
	}
	return out
}

func (t *terraform) block(kind string, labels ...string) *hclwrite.Body {
	b := t.file.Body().AppendNewBlock(kind, labels)
	t.file.Body().AppendNewline()
	return b.Body()
}

func (t *terraform) comment(format string, args ...any) {
	text := strings.NewReplacer("\n", " ", "\r", " ").Replace(fmt.Sprintf(format, args...))
	t.file.Body().AppendUnstructuredTokens(hclwrite.Tokens{{Type: hclsyntax.TokenComment, Bytes: []byte("# " + text + "\n")}})
}

// head names the providers, and what they are opened with.
func (t *terraform) head(all []Connection) {
	b := t.block("terraform")
	b.SetAttributeValue("required_version", cty.StringVal(">= 1.7"))
	providers := b.AppendNewBlock("required_providers", nil).Body()
	providers.SetAttributeValue("ec", source("elastic/ec"))
	providers.SetAttributeValue("elasticstack", source("elastic/elasticstack"))
	t.variable(keysElastic, "An API key of each local Elasticsearch that may read and write its cluster settings and roles, by label.")
	t.variable(keysPlatform, "An API key of each ECE and each organization of Elastic Cloud, by label.")
	used := map[string]bool{}
	for _, c := range all {
		used[c.Local.Platform] = true
		used[c.Remote.Platform] = used[c.Remote.Platform] || c.Filter != nil
	}
	for _, name := range slices.Sorted(maps.Keys(used)) {
		p := t.platforms[name]
		if !used[name] || p.Kind != elastic.KindECE && p.Kind != elastic.KindECH {
			continue
		}
		label := t.labels.of("platform", name)
		b := t.block("provider", "ec")
		b.SetAttributeValue("alias", cty.StringVal(label))
		b.SetAttributeValue("endpoint", cty.StringVal(p.URL))
		b.SetAttributeRaw("apikey", index(label, "var", keysPlatform))
	}
}

func source(of string) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{"source": cty.StringVal(of)})
}

func (t *terraform) variable(name, about string) {
	b := t.block("variable", name)
	b.SetAttributeValue("description", cty.StringVal(about))
	b.SetAttributeRaw("type", hclwrite.TokensForFunctionCall("map", hclwrite.TokensForIdentifier("string")))
	b.SetAttributeValue("sensitive", cty.True)
}

// local writes what is set on a local cluster for all its connections: one resource, as the provider has one for all
// settings of a cluster.
func (t *terraform) local(all []Connection) {
	side := all[len(all)-1].Local
	label := t.label(side)
	endpoint := hclwrite.TokensForValue(cty.StringVal(t.platforms[side.Platform].Clusters[side.Deployment]))
	if t.platforms[side.Platform].Kind != elastic.KindSelfManaged {
		d := t.block("data", typeCluster, label)
		d.SetAttributeRaw("provider", path("ec", t.labels.of("platform", side.Platform)))
		d.SetAttributeValue("id", cty.StringVal(side.Deployment))
		endpoint = first("https_endpoint", "data", typeCluster, label, "elasticsearch")
	}
	p := t.block("provider", "elasticstack")
	p.SetAttributeValue("alias", cty.StringVal(label))
	es := p.AppendNewBlock("elasticsearch", nil).Body()
	es.SetAttributeRaw("endpoints", hclwrite.TokensForTuple([]hclwrite.Tokens{endpoint}))
	es.SetAttributeRaw("api_key", index(label, "var", keysElastic))
	t.block("data", typeInfo, label).SetAttributeRaw("provider", path("elasticstack", label))

	t.imported(typeSettings, label, template("/cluster-settings", "data", typeInfo, label, "cluster_uuid"), nil)
	for _, c := range all {
		t.comment("%s reads %s (alias %s): %s.", c.Local.Name, c.Remote.Name, c.Alias, strings.Join(c.says(), "; "))
	}
	r := t.block("resource", typeSettings, label)
	r.SetAttributeRaw("provider", path("elasticstack", label))
	persistent := r.AppendNewBlock("persistent", nil).Body()
	for _, c := range all {
		for _, option := range slices.Sorted(maps.Keys(c.Settings)) {
			if c.Settings[option] == "" {
				continue
			}
			s := persistent.AppendNewBlock("setting", nil).Body()
			s.SetAttributeValue("name", cty.StringVal(elastic.RemotePrefix+c.Alias+"."+option))
			s.SetAttributeValue("value", cty.StringVal(c.Settings[option]))
		}
	}
}

// says is what of a connection the providers can't import.
func (c Connection) says() []string {
	var out []string
	if !c.Until.IsZero() {
		out = append(out, "removed by the bot on "+moment(c.Until))
	}
	if c.Model == link.ModelCertificate {
		return append(out, "by TLS certificates", "the trust is a part of the deployments")
	}
	out = append(out, "search "+listOf(c.Search), "replication "+listOf(c.Replication))
	if c.KeyName == "" {
		return append(out, "by a key whose name the bot doesn't know")
	}
	out = append(out, "by the key "+c.KeyName)
	if !c.KeyExpires.IsZero() {
		out = append(out, "which ends on "+moment(c.KeyExpires))
	}
	return out
}

func listOf(patterns []string) string {
	if len(patterns) == 0 {
		return "nothing"
	}
	return strings.Join(patterns, ", ")
}

// imported writes an import block; provider is for one whose resource is not written.
func (t *terraform) imported(kind, label string, id, provider hclwrite.Tokens) {
	b := t.block("import")
	b.SetAttributeRaw("to", path(kind, label))
	b.SetAttributeRaw("id", id)
	if provider != nil {
		b.SetAttributeRaw("provider", provider)
	}
}

// roles imports the roles that the bot wrote. What is in them the bot does not remember: people may have added to them.
func (t *terraform) roles(all []Connection) {
	type role struct {
		local Side
		name  string
	}
	seen := map[role]bool{}
	for _, c := range all {
		r := role{c.Local.named(), c.Role}
		if c.Role == "" || seen[r] {
			continue
		}
		if len(seen) == 0 {
			t.comment("terraform plan -generate-config-out=roles.tf writes the resources of these roles as they are.")
		}
		seen[r] = true
		local := t.label(c.Local)
		t.imported(typeRole, t.labels.of("role", local+"_"+c.Role), template("/"+c.Role, "data", typeInfo, local, "cluster_uuid"), path("elasticstack", local))
	}
}

// filter writes the network filter that the bot added for a connection. Which deployments it applies to can't be imported.
func (t *terraform) filter(c Connection) {
	label, provider := t.labels.of("filter", c.Filter.Name), path("ec", t.labels.of("platform", c.Remote.Platform))
	d := t.block("data", typeFilters, label)
	d.SetAttributeRaw("provider", provider)
	d.SetAttributeValue("name", cty.StringVal(c.Filter.Name))
	t.imported(typeFilter, label, first("id", "data", typeFilters, label, "rulesets"), nil)
	t.comment("Lets %s in at %s. The provider can't import that it applies to the deployment %s.", c.Local.Name, c.Remote.Name, c.Remote.Deployment)
	r := t.block("resource", typeFilter, label)
	r.SetAttributeRaw("provider", provider)
	r.SetAttributeValue("name", cty.StringVal(c.Filter.Name))
	r.SetAttributeRaw("description", first("description", "data", typeFilters, label, "rulesets"))
	r.SetAttributeRaw("region", first("region", "data", typeFilters, label, "rulesets"))
	r.SetAttributeValue("type", cty.StringVal("ip"))
	for _, s := range c.Filter.Sources {
		r.AppendNewBlock("rule", nil).Body().SetAttributeValue("source", cty.StringVal(s))
	}
}

func (t *terraform) label(s Side) string {
	return t.labels.of("deployment "+s.Platform+"/"+s.Deployment, s.Name)
}
