package cluster

import (
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

// Follower is a follower index, or an auto-follow pattern. Nothing is replicated: it is only told.
type Follower struct {
	Name    string
	Alias   string // of the remote cluster
	Leader  string // index, or pattern of indices
	Pattern bool
	Paused  bool
}

// SetFollowers replaces the follower indices and auto-follow patterns of the cluster.
func (c *Cluster) SetFollowers(f ...Follower) {
	defer c.net.enter()()
	c.followers = slices.Clone(f)
}

// getFollowInfo answers GET /_all/_ccr/info.
func getFollowInfo(q *request) (any, *rest.Error) {
	all := []any{}
	for _, f := range q.c.followers {
		status := "active"
		if f.Paused {
			status = "paused"
		}
		if !f.Pattern {
			all = append(all, map[string]any{
				"follower_index": f.Name, "remote_cluster": f.Alias, "leader_index": f.Leader, "status": status, "parameters": map[string]any{},
			})
		}
	}
	return map[string]any{"follower_indices": all}, nil
}

// getAutoFollow answers GET /_ccr/auto_follow.
func getAutoFollow(q *request) (any, *rest.Error) {
	all := []any{}
	for _, f := range q.c.followers {
		if f.Pattern {
			all = append(all, map[string]any{"name": f.Name, "pattern": map[string]any{
				"active": !f.Paused, "remote_cluster": f.Alias, "leader_index_patterns": []string{f.Leader}, "leader_index_exclusion_patterns": []string{}, "max_outstanding_read_requests": 12,
			}})
		}
	}
	return map[string]any{"patterns": all}, nil
}
