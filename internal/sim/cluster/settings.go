package cluster

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

// settings are those of a cluster. Keys are flat; values are string or []string.
type settings struct {
	version               rest.Version
	clusterName           string
	persistent, transient map[string]any
	declared              map[string]any // in elasticsearch.yml
}

// unfiltered are settings without those that a real cluster takes and shows to nobody: all of signatures (seen on 9.5.3).
func unfiltered(all map[string]any) map[string]any {
	shown := maps.Clone(all)
	maps.DeleteFunc(shown, func(key string, _ any) bool { return isSigning(key) })
	return shown
}

// apply returns what settings become and which of the changes stand in the answer.
func (s *settings) apply(kind string, old, change map[string]any) (after, applied map[string]any, bad *rest.Error) {
	after, applied = maps.Clone(old), map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(change)) {
		v := change[key]
		if v == nil {
			if !s.removable(key) {
				return nil, nil, rest.IllegalArgument("%s setting [%s], not recognized", kind, key)
			}
			for k := range after {
				if k == key || (strings.HasSuffix(key, "*") && strings.HasPrefix(k, strings.TrimSuffix(key, "*"))) {
					delete(after, k)
				}
			}
			continue
		}
		known, dynamic := knows(s.version, key)
		switch {
		case !known:
			return nil, nil, rest.IllegalArgument("%s setting [%s], not recognized", kind, key)
		case !dynamic:
			return nil, nil, rest.IllegalArgument("%s setting [%s], not dynamically updateable", kind, key)
		}
		if bad := checkValue(key, v); bad != nil {
			return nil, nil, bad
		}
		after[key], applied[key] = v, v
	}
	return after, applied, nil
}

// removable tells whether null may be said of a setting. A wildcard over known settings is taken.
func (s *settings) removable(key string) bool {
	if strings.HasSuffix(key, "*") {
		return true
	}
	known, dynamic := knows(s.version, key)
	return known && dynamic
}

// flatten turns nested and dotted settings into flat ones, values as Elasticsearch keeps them: text or lists of text.
func flatten(v any) (map[string]any, *rest.Error) {
	out := map[string]any{}
	if v == nil {
		return out, nil
	}
	top, ok := v.(map[string]any)
	if !ok {
		return nil, rest.ParseError("[cluster_update_settings_request] settings must be an object")
	}
	return out, flattenInto(out, "", top)
}

func flattenInto(out map[string]any, prefix string, in map[string]any) *rest.Error {
	for k, v := range in {
		key := prefix + k
		if sub, ok := v.(map[string]any); ok {
			if err := flattenInto(out, key+".", sub); err != nil {
				return err
			}
			continue
		}
		if _, twice := out[key]; twice {
			return &rest.Error{Status: 400, Kind: "parse_exception", Reason: "duplicate settings key [" + key + "] found"}
		}
		val, err := settingValue(key, v)
		if err != nil {
			return err
		}
		out[key] = val
	}
	return nil
}

func settingValue(key string, v any) (any, *rest.Error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		return v, nil
	case bool:
		return fmt.Sprint(v), nil
	case json.Number:
		return v.String(), nil
	case []any:
		list := []string{}
		for _, in := range v {
			switch in.(type) {
			case string, bool, json.Number:
				list = append(list, fmt.Sprint(in))
			default:
				return nil, &rest.Error{Status: 400, Kind: "parse_exception", Reason: "the list of setting [" + key + "] may only hold values"}
			}
		}
		return list, nil
	}
	return nil, &rest.Error{Status: 400, Kind: "parse_exception", Reason: fmt.Sprintf("the value of setting [%s] can't be read", key)}
}

// render writes settings flat, or nested as Elasticsearch does by default.
func render(flat map[string]any, asFlat bool) map[string]any {
	if asFlat {
		return maps.Clone(flat)
	}
	out := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(flat)) {
		at := out
		parts := strings.Split(key, ".")
		for i, p := range parts {
			if i == len(parts)-1 {
				at[p] = flat[key]
				break
			}
			next, ok := at[p].(map[string]any)
			if !ok {
				if _, taken := at[p]; taken { // a value stands where a level is needed: the rest stays dotted
					at[strings.Join(parts[i:], ".")] = flat[key]
					break
				}
				next = map[string]any{}
				at[p] = next
			}
			at = next
		}
	}
	return out
}

// all are the flat settings in force, transient over persistent over those of elasticsearch.yml.
func (s *settings) all() map[string]any {
	all := maps.Clone(s.declared)
	maps.Copy(all, s.persistent)
	maps.Copy(all, s.transient)
	return all
}

// defaults are what the settings API shows of elasticsearch.yml, and of what nobody has set.
func (s *settings) defaults() map[string]any {
	all := map[string]any{"cluster.remote.initial_connect_timeout": "30s", "cluster.name": s.clusterName}
	maps.Copy(all, s.declared)
	maps.DeleteFunc(all, func(key string, _ any) bool {
		_, persistent := s.persistent[key]
		_, transient := s.transient[key]
		return persistent || transient
	})
	return all
}
