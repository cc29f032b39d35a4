package cluster

import (
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

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

func followerOf(q *request, name string, pattern bool) *Follower {
	for i := range q.c.followers {
		if f := &q.c.followers[i]; f.Name == name && f.Pattern == pattern {
			return f
		}
	}
	return nil
}

func pauseAutoFollow(q *request) (any, *rest.Error)  { return turnAutoFollow(q, true) }
func resumeAutoFollow(q *request) (any, *rest.Error) { return turnAutoFollow(q, false) }

func turnAutoFollow(q *request, paused bool) (any, *rest.Error) {
	f := followerOf(q, q.Vars["id"], true)
	if f == nil {
		return nil, notFound("auto-follow pattern [%s] is missing", q.Vars["id"])
	}
	f.Paused = paused
	return map[string]any{"acknowledged": true}, nil
}

// followerIndex is the follower that a request names.
func followerIndex(q *request) (*Follower, *rest.Error) {
	if f := followerOf(q, q.Vars["index"], false); f != nil {
		return f, nil
	}
	e := notFound("no such index [%s]", q.Vars["index"])
	e.Kind = "index_not_found_exception"
	return nil, e
}

func pauseFollow(q *request) (any, *rest.Error) {
	f, e := followerIndex(q)
	if e != nil {
		return nil, e
	}
	if f.Paused {
		return nil, rest.IllegalArgument("no shard follow tasks for [%s]", f.Name)
	}
	f.Paused = true
	return map[string]any{"acknowledged": true}, nil
}

func resumeFollow(q *request) (any, *rest.Error) {
	f, e := followerIndex(q)
	if e != nil {
		return nil, e
	}
	if !f.Paused {
		e := rest.IllegalArgument("task with id {%s} already exist", f.Name)
		e.Kind = "resource_already_exists_exception"
		return nil, e
	}
	f.Paused = false
	return map[string]any{"acknowledged": true}, nil
}
