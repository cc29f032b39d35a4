package platform

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"regexp"
	"slices"
	"strings"
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

// ownTrust is what a deployment trusts from the beginning: everything of its own environment or organization.
func ownTrust(scope string) trustSettings {
	return trustSettings{Accounts: []account{{ID: scope, All: true}}, External: []external{}, Direct: []direct{}}
}

var scopePattern = regexp.MustCompile(`^[a-z0-9]{1,32}$`)

// readTrust reads the trust of an update. It is set as given: a list that is left out or null is empty afterwards.
func readTrust(given any, before trustSettings, newID func(bytes int) string) (*trustSettings, *apiError) {
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
	for _, e := range before.Direct {
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
			e.UID = newID(8)
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
