package es

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

const remotePrefix = "cluster.remote."

// remotes reads and changes the remote clusters that a cluster knows.
type remotes struct{ *caller }

type remoteCalls struct{}

// RemoteSettings reads GET /_cluster/settings and keeps what begins with cluster.remote. Where something between drops
// flat_settings the answer is nested: read as it is, it would look as if no alias was in use.
func (c remotes) RemoteSettings(ctx context.Context) (elastic.Settings, error) {
	var all elastic.Settings
	r := request{Request: esapi.ClusterGetSettingsRequest{FlatSettings: new(true)}, name: "GET /_cluster/settings"}
	status, err := c.do(ctx, r, &all)
	if err != nil {
		return elastic.Settings{}, err
	}
	if all.Persistent == nil { // Elasticsearch always writes it, even if nothing is set
		return elastic.Settings{}, c.call(r.name, false).Odd(status, "unreadable_answer", "the answer holds no settings", nil)
	}
	return elastic.Settings{Persistent: remoteOnes(all.Persistent), Transient: remoteOnes(all.Transient)}, nil
}

func remoteOnes(settings map[string]json.RawMessage) map[string]json.RawMessage {
	found := map[string]json.RawMessage{}
	flatten("", settings, found)
	maps.DeleteFunc(found, func(name string, _ json.RawMessage) bool { return !strings.HasPrefix(name, remotePrefix) })
	return found
}

// flatten puts settings into flat, by their full names. A setting's value is never an object.
func flatten(prefix string, settings, flat map[string]json.RawMessage) {
	for name, value := range settings {
		var within map[string]json.RawMessage
		if json.Unmarshal(value, &within) == nil && within != nil {
			flatten(prefix+name+".", within, flat)
		} else {
			flat[prefix+name] = value
		}
	}
}

func putting(s elastic.Settings) request {
	body := encode(s)
	return request{
		Request: esapi.ClusterPutSettingsRequest{Body: bytes.NewReader(body)},
		name:    "PUT /_cluster/settings", body: body, writes: true,
	}
}

// PutSettings describes Client.PutSettings.
func (remoteCalls) PutSettings(s elastic.Settings) change.Call { return putting(s).describe() }

// PutSettings sends PUT /_cluster/settings. Where not every node acknowledged in time the settings are set all the
// same (Elasticsearch's docs), so that is no error.
func (c remotes) PutSettings(ctx context.Context, s elastic.Settings) error {
	var answer struct {
		Acknowledged bool `json:"acknowledged"`
	}
	if _, err := c.do(ctx, putting(s), &answer); err != nil {
		return err
	}
	if !answer.Acknowledged {
		c.log.WarnContext(ctx, "cluster settings were not acknowledged by every node in time", "system", c.system)
	}
	return nil
}

var remoteInfo = request{Request: esapi.ClusterRemoteInfoRequest{}, name: "GET /_remote/info"}

// RemoteInfo describes Client.RemoteInfo.
func (remoteCalls) RemoteInfo() change.Call { return remoteInfo.describe() }

// RemoteInfo reads GET /_remote/info. An alias that is not configured is not in it.
func (c remotes) RemoteInfo(ctx context.Context) (map[string]elastic.RemoteInfo, error) {
	info := map[string]elastic.RemoteInfo{}
	_, err := c.do(ctx, remoteInfo, &info)
	return info, err
}

// resolved is an alias's part of the answer of GET /_resolve/cluster.
type resolved struct {
	Connected       bool   `json:"connected"`
	SkipUnavailable bool   `json:"skip_unavailable"`
	MatchingIndices *bool  `json:"matching_indices"`
	Error           string `json:"error"`
	Version         struct {
		Number string `json:"number"`
	} `json:"version"`
}

func resolving(alias string, patterns ...string) request {
	var names []string
	var ignore *bool
	for _, p := range patterns {
		names = append(names, url.PathEscape(alias+":"+p)) // esapi takes names as parts of a path
		if strings.Contains(p, "*") {
			ignore = new(true)
		}
	}
	return request{
		Request: esapi.IndicesResolveClusterRequest{Name: names, IgnoreUnavailable: ignore},
		name:    "GET /_resolve/cluster/" + alias + ":" + patterns[0],
	}
}

// Resolve describes Client.Resolve for one pattern.
func (remoteCalls) Resolve(alias, pattern string) change.Call {
	return resolving(alias, pattern).describe()
}

// Resolve asks GET /_resolve/cluster; no patterns stand for all indices. A pattern that matches nothing is no error
// there: that is what MatchingIndices says. Names without a wildcard are asked for strictly, since Elasticsearch says
// "matches nothing" of a name that the key does not grant where unavailable ones are ignored (measured on 8.19.4).
func (c remotes) Resolve(ctx context.Context, alias string, patterns []string) (elastic.Resolved, error) {
	if len(patterns) == 0 {
		patterns = []string{"*"}
	}
	r := resolving(alias, patterns...)
	got, err := c.fetch(elastic.AllowRecent(ctx, 0), r) // it connects: that is the point of asking
	if err != nil {
		return elastic.Resolved{}, err
	}
	switch why := got.cause(); {
	case why.is(noSuchRemote):
		return elastic.Resolved{}, nil
	case strings.HasPrefix(why.Reason, noHandler):
		return elastic.Resolved{}, elastic.ErrNoResolve
	}
	answer := map[string]resolved{}
	if err := c.read(r, got, &answer); err != nil {
		return elastic.Resolved{}, err
	}
	found, known := answer[alias]
	if !known {
		return elastic.Resolved{}, nil
	}
	return elastic.Resolved{
		Known: true, Connected: found.Connected, SkipUnavailable: found.SkipUnavailable,
		MatchingIndices: found.MatchingIndices, Error: c.scrub.Words(found.Error), Version: found.Version.Number,
	}, nil
}

var reloading = request{
	Request: esapi.NodesReloadSecureSettingsRequest{},
	name:    "POST /_nodes/reload_secure_settings", writes: true,
}

// ReloadSecureSettings describes Client.ReloadSecureSettings.
func (remoteCalls) ReloadSecureSettings() change.Call { return reloading.describe() }

// ReloadSecureSettings sends POST /_nodes/reload_secure_settings. Nodes fail one by one under a 200.
func (c remotes) ReloadSecureSettings(ctx context.Context) ([]elastic.NodeSecrets, error) {
	var answer struct {
		Summary struct {
			Failed int `json:"failed"`
		} `json:"_nodes"`
		Nodes map[string]struct {
			Name   string    `json:"name"`
			Names  *[]string `json:"secure_setting_names"`
			Reload *struct {
				Type   string `json:"type"`
				Reason string `json:"reason"`
			} `json:"reload_exception"`
		} `json:"nodes"`
	}
	r := reloading
	if _, err := c.do(ctx, r, &answer); err != nil {
		return nil, err
	}
	var all []elastic.NodeSecrets
	for _, id := range slices.Sorted(maps.Keys(answer.Nodes)) {
		node := answer.Nodes[id]
		if node.Reload != nil {
			reason := fmt.Sprintf("node %s: %s", node.Name, node.Reload.Reason)
			return nil, c.call(r.name, true).Odd(http.StatusOK, node.Reload.Type, reason, nil)
		}
		one := elastic.NodeSecrets{Node: node.Name, Told: node.Names != nil}
		if one.Told {
			one.Names = *node.Names
		}
		all = append(all, one)
	}
	if answer.Summary.Failed > 0 {
		reason := fmt.Sprintf("%d nodes did not answer", answer.Summary.Failed)
		return nil, c.call(r.name, true).Odd(http.StatusOK, "reload_failed", reason, nil)
	}
	return all, nil
}
