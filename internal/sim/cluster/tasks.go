package cluster

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/security"
)

func taskRoutes(path func(string) []string) []route {
	const get, post = http.MethodGet, http.MethodPost
	page := []string{"from", "size", "allow_no_match", "exclude_generated"}
	seeTransforms := []string{"monitor_transform", "manage_transform", "monitor", "manage", "all"}
	seeFeeds := []string{"monitor_ml", "manage_ml", "monitor", "manage", "all"}
	turnTransforms, turnFeeds, follow := []string{"manage_transform", "manage", "all"}, []string{"manage_ml", "manage", "all"}, []string{"manage_ccr", "manage", "all"}
	return []route{
		{[]string{get}, path("_transform"), page, "cluster:monitor/transform/get", seeTransforms, rest.Version{}, getTransforms},
		{[]string{get}, path("_transform/_all/_stats"), page, "cluster:monitor/transform/stats/get", seeTransforms, rest.Version{}, getTransformStats},
		{[]string{post}, path("_transform/{id}/_stop"), []string{"allow_no_match", "force", "timeout", "wait_for_checkpoint", "wait_for_completion"}, "cluster:admin/transform/stop", turnTransforms, rest.Version{}, stopTransform},
		{[]string{post}, path("_transform/{id}/_start"), []string{"timeout", "from"}, "cluster:admin/transform/start", turnTransforms, rest.Version{}, startTransform},
		{[]string{get}, path("_ml/datafeeds"), []string{"allow_no_match", "exclude_generated"}, "cluster:monitor/xpack/ml/datafeeds/get", seeFeeds, rest.Version{}, getDatafeeds},
		{[]string{get}, path("_ml/datafeeds/_stats"), []string{"allow_no_match"}, "cluster:monitor/xpack/ml/datafeeds/stats/get", seeFeeds, rest.Version{}, getDatafeedStats},
		{[]string{post}, path("_ml/datafeeds/{id}/_stop"), []string{"allow_no_match", "force", "timeout"}, "cluster:admin/xpack/ml/datafeed/stop", turnFeeds, rest.Version{}, stopDatafeed},
		{[]string{post}, path("_ml/datafeeds/{id}/_start"), []string{"start", "end", "timeout"}, "cluster:admin/xpack/ml/datafeed/start", turnFeeds, rest.Version{}, startDatafeed},
		{[]string{get, post}, path("_watcher/_query/watches"), nil, "cluster:monitor/xpack/watcher/watch/query", []string{"monitor_watcher", "manage_watcher", "monitor", "manage", "all"}, rest.Version{}, queryWatches},
		{[]string{post}, path("_ccr/auto_follow/{id}/pause"), []string{"master_timeout"}, "cluster:admin/xpack/ccr/auto_follow_pattern/activate", follow, rest.Version{}, pauseAutoFollow},
		{[]string{post}, path("_ccr/auto_follow/{id}/resume"), []string{"master_timeout"}, "cluster:admin/xpack/ccr/auto_follow_pattern/activate", follow, rest.Version{}, resumeAutoFollow},
		{[]string{post}, path("{index}/_ccr/pause_follow"), []string{"master_timeout"}, "cluster:admin/xpack/ccr/pause_follow", follow, rest.Version{}, pauseFollow},
		{[]string{post}, path("{index}/_ccr/resume_follow"), []string{"master_timeout"}, "cluster:admin/xpack/ccr/resume_follow", follow, rest.Version{}, resumeFollow},
	}
}

func tasksOf(c *Cluster, kind string) []Task {
	return slices.DeleteFunc(slices.Clone(c.tasks), func(t Task) bool { return t.Kind != kind })
}

// sized are the first tasks of a kind, as many as the caller takes; 100 unless it says otherwise.
func sized(q *request, kind string) []Task {
	all, size := tasksOf(q.c, kind), 100
	if n, err := strconv.Atoi(q.Query.Get("size")); err == nil {
		size = n
	}
	return all[:min(len(all), size)]
}

func (t Task) authorization() map[string]any {
	if t.OwnKey {
		return map[string]any{"api_key": map[string]any{"id": "of-" + t.Name, "name": "made for " + t.Name}}
	}
	return map[string]any{"roles": []string{security.Superuser}}
}

func getTransforms(q *request) (any, *rest.Error) {
	all := []any{}
	for _, t := range sized(q, TaskTransform) {
		all = append(all, map[string]any{
			"id": t.Name, "authorization": t.authorization(), "source": map[string]any{"index": t.Sources}, "dest": map[string]any{"index": t.Name + "-out"},
		})
	}
	return map[string]any{"count": len(tasksOf(q.c, TaskTransform)), "transforms": all}, nil
}

func getTransformStats(q *request) (any, *rest.Error) {
	counts := map[string]any{}
	for _, name := range []string{
		"documents_indexed", "documents_processed", "exponential_avg_checkpoint_duration_ms", "exponential_avg_documents_indexed",
		"exponential_avg_documents_processed", "index_failures", "index_time_in_ms", "index_total", "pages_processed", "processing_time_in_ms",
		"processing_total", "search_failures", "search_time_in_ms", "search_total", "trigger_count",
	} {
		counts[name] = 0
	}
	all := []any{}
	for _, t := range sized(q, TaskTransform) {
		state := "started"
		if t.Stopped {
			state = "stopped"
		}
		all = append(all, map[string]any{"id": t.Name, "state": state, "stats": counts, "checkpointing": map[string]any{"last": map[string]any{"checkpoint": 1}}})
	}
	return map[string]any{"count": len(tasksOf(q.c, TaskTransform)), "transforms": all}, nil
}

func getDatafeeds(q *request) (any, *rest.Error) {
	all := []any{}
	for _, t := range tasksOf(q.c, TaskDatafeed) {
		all = append(all, map[string]any{
			"datafeed_id": t.Name, "job_id": t.Name + "-job", "authorization": t.authorization(), "indices": t.Sources,
			"query": map[string]any{"match_all": map[string]any{}}, "delayed_data_check_config": map[string]any{"enabled": true},
		})
	}
	return map[string]any{"count": len(all), "datafeeds": all}, nil
}

func getDatafeedStats(q *request) (any, *rest.Error) {
	all := []any{}
	for _, t := range tasksOf(q.c, TaskDatafeed) {
		state := "started"
		if t.Stopped {
			state = "stopped"
		}
		all = append(all, map[string]any{"datafeed_id": t.Name, "state": state})
	}
	return map[string]any{"count": len(all), "datafeeds": all}, nil
}

// queryWatches answers with watches that search in their input, once an hour.
func queryWatches(q *request) (any, *rest.Error) {
	body, bad := q.Object("watcher_query", "from", "size", "query", "sort", "search_after")
	if bad != nil {
		return nil, bad
	}
	all, size := tasksOf(q.c, TaskWatch), 10
	if text, ok := body["size"].(interface{ Int64() (int64, error) }); ok {
		if n, err := text.Int64(); err == nil {
			size = int(n)
		}
	}
	shown := []any{}
	for _, t := range all[:min(len(all), size)] {
		shown = append(shown, map[string]any{"_id": t.Name, "watch": map[string]any{
			"trigger":   map[string]any{"schedule": map[string]any{"interval": "1h"}},
			"input":     map[string]any{"search": map[string]any{"request": map[string]any{"indices": t.Sources, "body": map[string]any{"query": map[string]any{"match_all": map[string]any{}}}}}},
			"condition": map[string]any{"always": map[string]any{}}, "actions": map[string]any{},
		}, "status": map[string]any{
			"version": 1, "actions": map[string]any{}, "state": map[string]any{"active": !t.Stopped, "timestamp": "2026-11-01T00:00:00.000Z"},
		}})
	}
	return map[string]any{"count": len(all), "watches": shown}, nil
}

func taskOf(q *request, kind string) *Task {
	for i := range q.c.tasks {
		if t := &q.c.tasks[i]; t.Kind == kind && t.Name == q.Vars["id"] {
			return t
		}
	}
	return nil
}

func notFound(format string, args ...any) *rest.Error {
	e := rest.IllegalArgument(format, args...)
	e.Status, e.Kind = http.StatusNotFound, "resource_not_found_exception"
	return e
}

func conflict(format string, args ...any) *rest.Error {
	e := rest.IllegalArgument(format, args...)
	e.Status, e.Kind = http.StatusConflict, "status_exception"
	return e
}

func stopTransform(q *request) (any, *rest.Error) {
	t := taskOf(q, TaskTransform)
	if t == nil {
		return nil, notFound("Transform with id [%s] could not be found", q.Vars["id"])
	}
	t.Stopped = true
	return map[string]any{"acknowledged": true}, nil
}

func startTransform(q *request) (any, *rest.Error) {
	t := taskOf(q, TaskTransform)
	switch {
	case t == nil:
		return nil, notFound("Transform with id [%s] could not be found", q.Vars["id"])
	case !t.Stopped:
		return nil, conflict("Cannot start transform [%s] as it is already started.", t.Name)
	}
	t.Stopped = false
	return map[string]any{"acknowledged": true}, nil
}

func stopDatafeed(q *request) (any, *rest.Error) {
	t := taskOf(q, TaskDatafeed)
	if t == nil {
		return nil, notFound("No datafeed with id [%s] exists", q.Vars["id"])
	}
	t.Stopped = true
	return map[string]any{"stopped": true}, nil
}

func startDatafeed(q *request) (any, *rest.Error) {
	t := taskOf(q, TaskDatafeed)
	switch {
	case t == nil:
		return nil, notFound("No datafeed with id [%s] exists", q.Vars["id"])
	case !t.Stopped:
		return nil, conflict("cannot start datafeed [%s] because it has already been started", t.Name)
	}
	t.Stopped = false
	return map[string]any{"node": []string{}, "started": true}, nil
}
