package es

import (
	"cmp"
	"context"
	"slices"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

var (
	_ elastic.Keyring = (*Client)(nil)
	_ elastic.Uses    = (*Client)(nil)
)

// Caller is the user of the configured credential; empty for a platform's proxy, of which no source says who it is.
func (c *Client) Caller() string { return c.user }

// Followers reads GET /_all/_ccr/info and GET /_ccr/auto_follow: what Elasticsearch follows through its aliases.
func (c *Client) Followers(ctx context.Context) ([]elastic.Follower, error) {
	var info struct {
		Indices []struct {
			Follower string `json:"follower_index"`
			Remote   string `json:"remote_cluster"`
		} `json:"follower_indices"`
	}
	r := request{Request: esapi.CCRFollowInfoRequest{Index: []string{"_all"}}, name: "GET /_all/_ccr/info"}
	if _, err := c.do(ctx, r, &info); err != nil {
		return nil, err
	}
	var all []elastic.Follower
	for _, f := range info.Indices {
		all = append(all, elastic.Follower{Name: f.Follower, Alias: f.Remote})
	}
	var auto struct {
		Patterns []struct {
			Name    string `json:"name"`
			Pattern struct {
				Remote string `json:"remote_cluster"`
			} `json:"pattern"`
		} `json:"patterns"`
	}
	r = request{Request: esapi.CCRGetAutoFollowPatternRequest{}, name: "GET /_ccr/auto_follow"}
	if _, err := c.do(ctx, r, &auto); err != nil {
		return nil, err
	}
	for _, p := range auto.Patterns {
		all = append(all, elastic.Follower{Name: p.Name, Alias: p.Pattern.Remote, Pattern: true})
	}
	return all, nil
}

// RemoteRoles reads GET /_security/role and keeps the roles that name remote clusters.
func (c *Client) RemoteRoles(ctx context.Context) ([]elastic.RemoteRole, error) {
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
