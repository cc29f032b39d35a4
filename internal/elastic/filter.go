package elastic

import (
	"context"
	"slices"
)

// MaxRules is how many rules a ruleset takes (Elastic's docs: network security policies).
const MaxRules = 128

// The types of ruleset (Elastic's docs: manage network security through the API; elastic/terraform-provider-ec).
const (
	FilterIP            = "ip"
	FilterRemoteCluster = "remote_cluster" // by the certificate of the cluster that connects, within Elastic Cloud or one ECE
	FilterAWS           = "vpce"
	FilterAzure         = "azure_private_endpoint"
	FilterGCP           = "gcp_private_service_connect_endpoint"
	FilterEgress        = "egress_firewall" // for what goes out of a deployment
)

// Filters is a Platform that can add network filters.
type Filters interface {
	CreateRuleset(ctx context.Context, r NewRuleset) (id string, err error)
	// RulesetsNamed returns the ids of all rulesets of exactly that name.
	RulesetsNamed(ctx context.Context, name string) ([]string, error)
	// Ruleset reads one by id.
	Ruleset(ctx context.Context, id string) (Ruleset, error)
	Attach(ctx context.Context, ruleset string, d Deployment) error
	// Detach and DeleteRuleset forgive what is gone.
	Detach(ctx context.Context, ruleset string, d Deployment) error
	DeleteRuleset(ctx context.Context, ruleset string) error
}

// FilterUses is a Platform that tells which deployments a ruleset applies to.
type FilterUses interface {
	// Associated returns the ids of the deployments, whatever their region.
	Associated(ctx context.Context, ruleset string) (deployments []string, err error)
}

// NewRuleset is a filter as it is asked for.
type NewRuleset struct {
	Name        string        `json:"name"`
	Description string        `json:"description"`
	Type        string        `json:"type"` // FilterIP or FilterRemoteCluster
	Region      string        `json:"region"`
	Sources     []string      `json:"sources,omitempty"`
	Clusters    []ClusterRule `json:"clusters,omitempty"`
}

// Allowed is whom the ruleset lets in, one entry a rule.
func (r NewRuleset) Allowed() []string { return admits(r.Sources, r.Clusters) }

// Ruleset is a traffic filter.
type Ruleset struct {
	ID, Name, Type, Region string
	Description            string
	Sources                []string      // of its rules: addresses or CIDRs where Type is FilterIP, else endpoints
	Clusters               []ClusterRule // of its rules where Type is FilterRemoteCluster
}

// Allowed is whom the ruleset lets in, one entry a rule.
func (r Ruleset) Allowed() []string { return admits(r.Sources, r.Clusters) }

// ClusterRule lets in what shows the certificate of a cluster, of an organization of Elastic Cloud or an ECE environment,
// or of that cluster of that organization. An empty part says nothing.
type ClusterRule struct {
	Cluster      string `json:"cluster,omitempty"` // the id that the platform gave to Elasticsearch
	Organization string `json:"organization,omitempty"`
}

// String is the rule for people.
func (c ClusterRule) String() string {
	switch {
	case c.Cluster == "":
		return "organization " + c.Organization
	case c.Organization == "":
		return "cluster " + c.Cluster
	}
	return "cluster " + c.Cluster + " of organization " + c.Organization
}

// Holds reports whether c lets in whatever o does.
func (c ClusterRule) Holds(o ClusterRule) bool {
	return (c.Cluster == "" || c.Cluster == o.Cluster) && (c.Organization == "" || c.Organization == o.Organization) && c != (ClusterRule{})
}

func admits(sources []string, clusters []ClusterRule) []string {
	all := slices.Clone(sources)
	for _, c := range clusters {
		all = append(all, c.String())
	}
	return all
}
