package es

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// mostTasks is how many transforms and watches are read at most.
const mostTasks = 1000

// authorization is by which privileges a task runs.
type authorization struct {
	APIKey *struct {
		ID string `json:"id"`
	} `json:"api_key"`
}

// tasks reads, pauses and resumes what runs by itself and may use remote clusters.
type tasks struct{ *caller }

type taskCalls struct{}

// Tasks reads what of a kind there is, and keeps what names a remote cluster.
func (c tasks) Tasks(ctx context.Context, kind elastic.TaskKind) ([]elastic.Task, error) {
	read, ok := map[elastic.TaskKind]func(context.Context) ([]elastic.Task, error){
		elastic.TaskAutoFollow: c.autoFollows, elastic.TaskFollower: c.followers, elastic.TaskTransform: c.transforms,
		elastic.TaskDatafeed: c.datafeeds, elastic.TaskWatch: c.watches, elastic.TaskKey: c.remoteKeys,
	}[kind]
	if !ok {
		return nil, fmt.Errorf("no tasks of kind %q are known", kind)
	}
	all, err := read(ctx)
	for i := range all {
		all[i].Kind = kind
	}
	return slices.DeleteFunc(all, func(t elastic.Task) bool { return !t.Remote() }), err
}

// followers reads GET /_all/_ccr/info.
func (c tasks) followers(ctx context.Context) ([]elastic.Task, error) {
	var answer struct {
		Indices []struct {
			Follower string `json:"follower_index"`
			Remote   string `json:"remote_cluster"`
			Status   string `json:"status"`
		} `json:"follower_indices"`
	}
	r := request{Request: esapi.CCRFollowInfoRequest{Index: []string{"_all"}}, name: "GET /_all/_ccr/info"}
	if _, err := c.do(ctx, r, &answer); err != nil {
		return nil, err
	}
	var all []elastic.Task
	for _, f := range answer.Indices {
		all = append(all, elastic.Task{Name: f.Follower, Aliases: []string{f.Remote}, Running: f.Status == "active"})
	}
	return all, nil
}

// autoFollows reads GET /_ccr/auto_follow.
func (c tasks) autoFollows(ctx context.Context) ([]elastic.Task, error) {
	var answer struct {
		Patterns []struct {
			Name    string `json:"name"`
			Pattern struct {
				Active bool   `json:"active"`
				Remote string `json:"remote_cluster"`
			} `json:"pattern"`
		} `json:"patterns"`
	}
	r := request{Request: esapi.CCRGetAutoFollowPatternRequest{}, name: "GET /_ccr/auto_follow"}
	if _, err := c.do(ctx, r, &answer); err != nil {
		return nil, err
	}
	var all []elastic.Task
	for _, p := range answer.Patterns {
		all = append(all, elastic.Task{Name: p.Name, Aliases: []string{p.Pattern.Remote}, Running: p.Pattern.Active})
	}
	return all, nil
}

// transforms reads GET /_transform, and of those that name a remote cluster whether they run.
func (c tasks) transforms(ctx context.Context) ([]elastic.Task, error) {
	var answer struct {
		Count int `json:"count"`
		All   []struct {
			ID            string        `json:"id"`
			Authorization authorization `json:"authorization"`
			Source        struct {
				Index names `json:"index"`
			} `json:"source"`
		} `json:"transforms"`
	}
	r := request{Request: esapi.TransformGetTransformRequest{Size: new(mostTasks)}, name: "GET /_transform"}
	if _, err := c.do(ctx, r, &answer); err != nil {
		return nil, err
	}
	if answer.Count > len(answer.All) {
		return nil, tooMany(answer.Count)
	}
	var all []elastic.Task
	for _, t := range answer.All {
		all = append(all, elastic.Task{Name: t.ID, Sources: t.Source.Index, OwnKey: t.Authorization.APIKey != nil})
	}
	if !slices.ContainsFunc(all, elastic.Task.Remote) {
		return nil, nil
	}
	var stats struct {
		All []struct {
			ID    string `json:"id"`
			State string `json:"state"`
		} `json:"transforms"`
	}
	r = request{Request: esapi.TransformGetTransformStatsRequest{TransformID: "_all", Size: new(mostTasks)}, name: "GET /_transform/_all/_stats"}
	if _, err := c.do(ctx, r, &stats); err != nil {
		return nil, err
	}
	running := map[string]bool{}
	for _, t := range stats.All {
		running[t.ID] = t.State != "stopped" && t.State != "failed"
	}
	return withState(all, running), nil
}

// datafeeds reads GET /_ml/datafeeds, and of those that name a remote cluster whether they run.
func (c tasks) datafeeds(ctx context.Context) ([]elastic.Task, error) {
	var answer struct {
		All []struct {
			ID            string        `json:"datafeed_id"`
			Authorization authorization `json:"authorization"`
			Indices       names         `json:"indices"`
		} `json:"datafeeds"`
	}
	if _, err := c.do(ctx, request{Request: esapi.MLGetDatafeedsRequest{}, name: "GET /_ml/datafeeds"}, &answer); err != nil {
		return nil, err
	}
	var all []elastic.Task
	for _, d := range answer.All {
		all = append(all, elastic.Task{Name: d.ID, Sources: d.Indices, OwnKey: d.Authorization.APIKey != nil})
	}
	if !slices.ContainsFunc(all, elastic.Task.Remote) {
		return nil, nil
	}
	var stats struct {
		All []struct {
			ID    string `json:"datafeed_id"`
			State string `json:"state"`
		} `json:"datafeeds"`
	}
	if _, err := c.do(ctx, request{Request: esapi.MLGetDatafeedStatsRequest{}, name: "GET /_ml/datafeeds/_stats"}, &stats); err != nil {
		return nil, err
	}
	running := map[string]bool{}
	for _, d := range stats.All {
		running[d.ID] = d.State != "stopped"
	}
	return withState(all, running), nil
}

func withState(all []elastic.Task, running map[string]bool) []elastic.Task {
	for i := range all {
		all[i].Running = running[all[i].Name]
	}
	return all
}

// watches sends POST /_watcher/_query/watches, which changes nothing. A watch searches in its input, its condition or its
// transform, in any depth.
func (c tasks) watches(ctx context.Context) ([]elastic.Task, error) {
	var answer struct {
		Count int `json:"count"`
		All   []struct {
			ID     string          `json:"_id"`
			Watch  json.RawMessage `json:"watch"`
			Status struct {
				State struct {
					Active bool `json:"active"`
				} `json:"state"`
			} `json:"status"`
		} `json:"watches"`
	}
	body := encode(map[string]int{"size": mostTasks})
	r := request{Request: esapi.WatcherQueryWatchesRequest{Body: bytes.NewReader(body)}, name: "POST /_watcher/_query/watches", body: body}
	if _, err := c.do(ctx, r, &answer); err != nil {
		return nil, err
	}
	if answer.Count > len(answer.All) {
		return nil, tooMany(answer.Count)
	}
	var all []elastic.Task
	for _, w := range answer.All {
		var v any
		if err := json.Unmarshal(w.Watch, &v); err != nil {
			return nil, fmt.Errorf("watch %s can't be read: %w", w.ID, err)
		}
		all = append(all, elastic.Task{Name: w.ID, Sources: indicesIn(v), Running: w.Status.State.Active})
	}
	return all, nil
}

// indicesIn are all values of "indices" in v.
func indicesIn(v any) []string {
	var all []string
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			all = append(all, indicesIn(one)...)
		}
	case map[string]any:
		for name, one := range v {
			var n names
			if name == "indices" && json.Unmarshal(elastic.RawJSON(one), &n) == nil {
				all = append(all, n...)
				continue
			}
			all = append(all, indicesIn(one)...)
		}
	}
	slices.Sort(all)
	return all
}

// remoteKeys reads GET /_security/api_key: the keys that grant something on remote clusters.
func (c tasks) remoteKeys(ctx context.Context) ([]elastic.Task, error) {
	var answer struct {
		Keys []struct {
			Name  string `json:"name"`
			ID    string `json:"id"`
			Roles map[string]struct {
				Indices []elastic.RemoteIndices `json:"remote_indices"`
			} `json:"role_descriptors"`
		} `json:"api_keys"`
	}
	r := request{Request: esapi.SecurityGetAPIKeyRequest{ActiveOnly: new(true)}, name: "GET /_security/api_key"}
	if _, err := c.do(ctx, r, &answer); err != nil {
		return nil, err
	}
	var all []elastic.Task
	for _, k := range answer.Keys {
		t := elastic.Task{Name: k.Name + " (" + k.ID + ")", Running: true}
		for _, role := range k.Roles {
			for _, i := range role.Indices {
				t.Aliases = append(t.Aliases, i.Clusters...)
			}
		}
		slices.Sort(t.Aliases)
		all = append(all, t)
	}
	return all, nil
}

func tooMany(n int) error {
	return fmt.Errorf("there are %d, and the bot reads %d at most", n, mostTasks)
}

// names are written as a list, or as one.
type names []string

// UnmarshalJSON reads both.
func (n *names) UnmarshalJSON(raw []byte) error {
	var one string
	if err := json.Unmarshal(raw, &one); err == nil {
		*n = strings.Split(one, ",")
		return nil
	}
	var all []string
	err := json.Unmarshal(raw, &all)
	*n = all
	return err
}

// stopWait is how long Elasticsearch may wait until a datafeed has stopped, of the time that a call may take.
const stopWait = 5 * time.Second

var errNoPause = errors.New("such a task can't be paused")

func pausing(kind elastic.TaskKind, name string) (request, error) {
	at := url.PathEscape(name)
	r, ok := map[elastic.TaskKind]request{
		elastic.TaskAutoFollow: {Request: esapi.CCRPauseAutoFollowPatternRequest{Name: at}, name: "POST /_ccr/auto_follow/" + name + "/pause"},
		elastic.TaskFollower:   {Request: esapi.CCRPauseFollowRequest{Index: at}, name: "POST /" + name + "/_ccr/pause_follow"},
		elastic.TaskTransform:  {Request: esapi.TransformStopTransformRequest{TransformID: at}, name: "POST /_transform/" + name + "/_stop"},
		elastic.TaskDatafeed:   {Request: esapi.MLStopDatafeedRequest{DatafeedID: at, Timeout: stopWait}, name: "POST /_ml/datafeeds/" + name + "/_stop"},
	}[kind]
	return asWrite(r, ok)
}

func resuming(kind elastic.TaskKind, name string) (request, error) {
	at := url.PathEscape(name)
	r, ok := map[elastic.TaskKind]request{
		elastic.TaskAutoFollow: {Request: esapi.CCRResumeAutoFollowPatternRequest{Name: at}, name: "POST /_ccr/auto_follow/" + name + "/resume"},
		elastic.TaskFollower:   {Request: esapi.CCRResumeFollowRequest{Index: at}, name: "POST /" + name + "/_ccr/resume_follow"},
		elastic.TaskTransform:  {Request: esapi.TransformStartTransformRequest{TransformID: at}, name: "POST /_transform/" + name + "/_start"},
		elastic.TaskDatafeed:   {Request: esapi.MLStartDatafeedRequest{DatafeedID: at}, name: "POST /_ml/datafeeds/" + name + "/_start"},
	}[kind]
	return asWrite(r, ok)
}

func asWrite(r request, ok bool) (request, error) {
	if !ok {
		return request{}, errNoPause
	}
	r.writes = true
	return r, nil
}

// Pause stops a transform or a datafeed, or pauses what follows.
func (c tasks) Pause(ctx context.Context, kind elastic.TaskKind, name string) error {
	return c.turn(ctx, pausing, kind, name)
}

// Resume undoes Pause.
func (c tasks) Resume(ctx context.Context, kind elastic.TaskKind, name string) error {
	return c.turn(ctx, resuming, kind, name)
}

func (c tasks) turn(ctx context.Context, how func(elastic.TaskKind, string) (request, error), kind elastic.TaskKind, name string) error {
	r, err := how(kind, name)
	if err != nil {
		return err
	}
	_, err = c.do(ctx, r, nil)
	if elastic.IsNotFound(err) {
		return nil
	}
	return err
}

// PauseTask describes Client.Pause.
func (taskCalls) PauseTask(kind elastic.TaskKind, name string) change.Call {
	r, _ := pausing(kind, name)
	return r.describe()
}

// ResumeTask describes Client.Resume.
func (taskCalls) ResumeTask(kind elastic.TaskKind, name string) change.Call {
	r, _ := resuming(kind, name)
	return r.describe()
}
