package es

import (
	"cmp"
	"context"
	"slices"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Caller is the user of the configured credential; empty for a platform's proxy, of which no source says who it is.
func (c roles) Caller() string { return c.user }

// RemoteRoles reads GET /_security/role and keeps the roles that name remote clusters.
func (c roles) RemoteRoles(ctx context.Context) ([]elastic.RemoteRole, error) {
	var roles map[string]struct {
		Indices []elastic.RemoteIndices `json:"remote_indices"`
		Cluster []struct {
			Clusters []string `json:"clusters"`
		} `json:"remote_cluster"`
		Metadata struct {
			Reserved bool `json:"_reserved"`
		} `json:"metadata"`
	}
	if _, err := c.do(ctx, request{Request: esapi.SecurityGetRoleRequest{}, name: "GET /_security/role"}, &roles); err != nil {
		return nil, err
	}
	var all []elastic.RemoteRole
	for name, r := range roles {
		role := elastic.RemoteRole{Name: name, Reserved: r.Metadata.Reserved, Indices: r.Indices}
		for _, n := range r.Indices {
			role.Clusters = append(role.Clusters, n.Clusters...)
		}
		for _, n := range r.Cluster {
			role.Clusters = append(role.Clusters, n.Clusters...)
		}
		if len(role.Clusters) > 0 {
			all = append(all, role)
		}
	}
	slices.SortFunc(all, func(a, b elastic.RemoteRole) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}
