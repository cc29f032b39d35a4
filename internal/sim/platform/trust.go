package platform

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
)

// trustSettings are ElasticsearchClusterTrustSettings: whom the transport port of a deployment trusts.
type trustSettings struct {
	Accounts []account  `json:"accounts"`
	External []external `json:"external"`
	Direct   []direct   `json:"direct"`
}

type account struct {
	ID    string   `json:"account_id"`
	Name  string   `json:"name,omitempty"`
	All   bool     `json:"trust_all"`
	Allow []string `json:"trust_allowlist,omitempty"`
}

type external struct {
	ID    string   `json:"trust_relationship_id"`
	Name  string   `json:"name,omitempty"`
	All   bool     `json:"trust_all"`
	Allow []string `json:"trust_allowlist,omitempty"`
}

type direct struct {
	UID          string        `json:"uid,omitempty"`
	Name         string        `json:"name"`
	Type         string        `json:"type,omitempty"`
	All          bool          `json:"trust_all"`
	Allow        []string      `json:"trust_allowlist,omitempty"`
	Scope        string        `json:"scope_id,omitempty"`
	Nodes        []string      `json:"additional_node_names,omitempty"`
	Certificates []certificate `json:"certificates"`
}

type certificate struct {
	PEM string `json:"pem"`
}

// document is the trust as info.settings shows it.
func (t trustSettings) document() any {
	raw, err := json.Marshal(t)
	if err != nil {
		return nil
	}
	v, err := decode(raw)
	if err != nil {
		return nil
	}
	return v
}

var scopePattern = regexp.MustCompile(`^[a-z0-9]{1,32}$`)

// readTrust reads the trust of an update. It is set as given: a list that is left out or null is empty afterwards.
func (d *Deployment) readTrust(given any) (*trustSettings, *apiError) {
	raw, err := json.Marshal(given)
	if err != nil {
		return nil, invalid([]string{"trust: " + err.Error()})
	}
	t := &trustSettings{}
	if err := json.Unmarshal(raw, t); err != nil {
		return nil, invalid([]string{"trust: " + err.Error()})
	}
	t.Accounts, t.External = append([]account{}, t.Accounts...), append([]external{}, t.External...)
	known := map[string]bool{}
	for _, e := range d.trust.Direct {
		known[e.UID] = true
	}
	entries := []direct{}
	for _, e := range t.Direct {
		if why := e.check(); why != "" {
			return nil, refuse(http.StatusBadRequest, "trust.invalid_direct_trust", "The trust ["+e.Name+"] is not valid: "+why, "resources.elasticsearch[0].settings.trust.direct")
		}
		if e.UID != "" && !known[e.UID] {
			return nil, refuse(http.StatusBadRequest, "trust.unknown_uid", "There is no trust with the uid ["+e.UID+"]", "resources.elasticsearch[0].settings.trust.direct")
		}
		if e.UID == "" {
			e.UID = d.p.w.hexID(8)
		}
		if e.Type == "" {
			e.Type = "generic"
		}
		entries = append(entries, e)
	}
	t.Direct = entries
	return t, nil
}

// check applies the rules that the Swagger writes beside DirectTrustRelationship.
func (e direct) check() string {
	if e.Type == "proxy" {
		if e.All || e.Scope != "" || len(e.Allow) > 0 || len(e.Nodes) > 0 {
			return "for the type proxy trust_all must be false, and scope_id, trust_allowlist and additional_node_names left out"
		}
	} else if e.Scope == "" {
		if e.All || len(e.Allow) > 0 {
			return "scope_id is required unless trust_all is false and trust_allowlist is empty"
		}
		if len(e.Nodes) == 0 {
			return "additional_node_names is mandatory if scope_id is not defined"
		}
	}
	if e.Scope != "" && !scopePattern.MatchString(e.Scope) {
		return "scope_id must be lowercase alphanumerical and of at most 32 characters"
	}
	if slices.ContainsFunc(e.Nodes, func(n string) bool { return strings.Contains(n, "*") }) {
		return "additional_node_names may not hold wildcards"
	}
	if len(e.Certificates) == 0 {
		return "at least one certificate is required"
	}
	for _, c := range e.Certificates {
		if b, _ := pem.Decode([]byte(c.PEM)); b == nil || b.Type != "CERTIFICATE" {
			return "a certificate can't be read"
		}
	}
	return ""
}

// transportTrust is what a trust means for the cluster's transport port, and of proxies for those of others. Other accounts of this platform share its
// authorities; nobody checks that ids exist.
func (p *Platform) transportTrust(t trustSettings) []cluster.Trust {
	var own []string
	for region, ca := range p.cas {
		own = append(own, ca.PEM, p.coming[region].PEM)
	}
	slices.Sort(own)
	var out []cluster.Trust
	for _, a := range t.Accounts {
		out = append(out, cluster.Trust{Scope: a.ID, Certificates: own, All: a.All, Clusters: a.Allow})
	}
	for _, e := range t.Direct {
		one := cluster.Trust{Scope: e.Scope, All: e.All, Clusters: e.Allow, Proxies: e.Type == "proxy"}
		for _, c := range e.Certificates {
			one.Certificates = append(one.Certificates, c.PEM)
		}
		out = append(out, one)
	}
	return out
}

// getAuthority answers GET /deployments/{id}/certificate-authority.
func getAuthority(c *call) (int, any, *apiError) {
	d, bad := c.deployment()
	if bad != nil {
		return 0, nil, bad
	}
	ca, err := c.p.authority(d.region)
	if err != nil {
		return 0, nil, refuse(http.StatusInternalServerError, "deployments.metadata_internal_error", err.Error())
	}
	return http.StatusOK, map[string]any{
		"recommended_trust_restriction": "trust.subject_name:\n- \"*.node." + d.cluster.ID() + ".cluster." + c.p.scope + "\"\n",
		"public_certificates":           []any{ca.public(true), c.p.coming[d.region].public(false)},
	}, nil
}

// localRelationship is the only trust relationship of an ECE here: the one with itself.
func (c *call) localRelationship(withCertificate bool) (map[string]any, *apiError) {
	out := map[string]any{
		"id": "local", "name": "This environment", "local": true, "trust_by_default": true, "installation_id": c.p.scope,
		"account_ids": []any{c.p.scope}, "last_modified": stamp(c.p.w.opt.Now()),
	}
	if !withCertificate {
		return out, nil
	}
	ca, err := c.p.authority(eceRegion)
	if err != nil {
		return nil, refuse(http.StatusInternalServerError, "root.internal_error", err.Error())
	}
	out["public_ca_cert"] = ca.PEM
	return out, nil
}

func listTrustRelationships(c *call) (int, any, *apiError) {
	list := []any{}
	if c.query.Get("filter") != "non-local" {
		one, bad := c.localRelationship(c.flag("include_certificate", false))
		if bad != nil {
			return 0, nil, bad
		}
		list = append(list, one)
	}
	return http.StatusOK, map[string]any{"trust_relationships": list}, nil
}

func getTrustRelationship(c *call) (int, any, *apiError) {
	if c.vars["trust_relationship_id"] != "local" {
		return 0, nil, refuse(http.StatusNotFound, "trust_relationships.not_found", "There is no trust relationship ["+c.vars["trust_relationship_id"]+"]")
	}
	one, bad := c.localRelationship(c.flag("include_certificate", false))
	return http.StatusOK, one, bad
}

func getTrustedEnvironments(c *call) (int, any, *apiError) {
	if id := c.query.Get("organization_id"); id != "" && id != c.p.scope {
		return 0, nil, refuse(http.StatusNotFound, "organization.not_found", "There is no organization ["+id+"]")
	}
	t := trustSettings{Accounts: []account{{ID: c.p.scope, All: true}}, External: []external{}, Direct: []direct{}}
	return http.StatusOK, t.document(), nil
}
