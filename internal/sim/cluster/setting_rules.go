package cluster

import (
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

// remoteKey splits a remote cluster's setting into alias and name.
var remoteKey = regexp.MustCompile(`^cluster\.remote\.([-\w]+)\.(.+)$`)

// valueKind says what values a setting takes.
type valueKind int

const (
	anyText valueKind = iota
	boolean
	positive
	modeName
	hostPort
	hostPorts
	duration
	compress
	scheme
	texts
)

// remoteSettings are the settings below cluster.remote.<alias> and their values (Elasticsearch: RemoteClusterSettings).
var remoteSettings = map[string]valueKind{
	"mode":                         modeName,
	"proxy_address":                hostPort,
	"server_name":                  anyText,
	"proxy_socket_connections":     positive,
	"seeds":                        hostPorts,
	"node_connections":             positive,
	"skip_unavailable":             boolean,
	"transport.compress":           compress,
	"transport.compression_scheme": scheme,
	"transport.ping_schedule":      duration,
}

// otherSettings are dynamic settings that this stand-in keeps and does not act on.
var otherSettings = []string{
	"action.auto_create_index", "action.destructive_requires_name", "cluster.max_shards_per_node", "cluster.routing.allocation.enable",
	"cluster.routing.rebalance.enable", "indices.recovery.max_bytes_per_sec", "search.default_search_timeout", "search.max_buckets",
	"xpack.monitoring.collection.enabled",
}

// staticSettings exist and can't be changed while a cluster runs.
var staticSettings = []string{"cluster.name", "cluster.remote.initial_connect_timeout", "cluster.remote.node.attr", "remote_cluster_server.enabled", "remote_cluster.port"}

// knows tells whether a setting exists in this version and whether it is dynamic.
func knows(v rest.Version, key string) (known, dynamic bool) {
	if slices.Contains(staticSettings, key) {
		return true, false
	}
	if slices.Contains(otherSettings, key) || strings.HasPrefix(key, "logger.") || strings.HasPrefix(key, "cluster.metadata.") {
		return true, true
	}
	if _, ok := verifyingSettings[key]; ok {
		return v.Has(rest.Signing), true
	}
	m := remoteKey.FindStringSubmatch(key)
	if m == nil {
		return false, false
	}
	if m[2] == "credentials" { // keystore only
		return v.Has(rest.KeyModel), false
	}
	if _, ok := signingSettings[m[2]]; ok {
		return v.Has(rest.Signing), true
	}
	_, ok := remoteSettings[m[2]]
	return ok, ok
}

// checkValue refuses values that Elasticsearch can't read.
func checkValue(key string, v any) *rest.Error {
	kind, ok := verifyingSettings[key]
	if m := remoteKey.FindStringSubmatch(key); !ok && m != nil {
		kind = remoteSettings[m[2]]
	}
	if list, ok := v.([]string); ok {
		if kind == texts {
			return nil
		}
		if kind != hostPorts {
			return rest.IllegalArgument("Found list type value for setting [%s] but but did not expect a list for it.", key)
		}
		for _, s := range list {
			if bad := checkHostPort(s); bad != nil {
				return bad
			}
		}
		return nil
	}
	s, _ := v.(string)
	switch kind {
	case anyText, texts:
	case boolean:
		if s != "true" && s != "false" {
			return rest.IllegalArgument("Failed to parse value [%s] as only [true] or [false] are allowed.", s)
		}
	case positive:
		n, err := strconv.Atoi(s)
		if err != nil {
			return notANumber(rest.IllegalArgument("Failed to parse value [%s] for setting [%s]", s, key), s)
		}
		if n < 1 {
			return rest.IllegalArgument("Failed to parse value [%s] for setting [%s] must be >= 1", s, key)
		}
	case modeName:
		if l := strings.ToLower(s); l != "proxy" && l != "sniff" {
			return rest.IllegalArgument("No enum constant org.elasticsearch.transport.RemoteConnectionStrategy.ConnectionStrategy.%s", strings.ToUpper(s))
		}
	case hostPort:
		if s != "" {
			return checkHostPort(s)
		}
	case hostPorts:
		for one := range strings.SplitSeq(s, ",") {
			if bad := checkHostPort(strings.TrimSpace(one)); bad != nil {
				return bad
			}
		}
	case duration:
		if _, bad := rest.ParseTime(key, s); bad != nil {
			return bad
		}
	case compress:
		if !slices.Contains([]string{"true", "false", "indexing_data"}, strings.ToLower(s)) {
			return rest.IllegalArgument("No enum constant org.elasticsearch.transport.Compression.Enabled.%s", strings.ToUpper(s))
		}
	case scheme:
		if !slices.Contains([]string{"lz4", "deflate"}, strings.ToLower(s)) {
			return rest.IllegalArgument("No enum constant org.elasticsearch.transport.Compression.Scheme.%s", strings.ToUpper(s))
		}
	}
	return nil
}

func checkHostPort(s string) *rest.Error {
	host, port, err := net.SplitHostPort(s)
	if err != nil || host == "" {
		return rest.IllegalArgument("remote hosts need to be configured as [host:port], found [%s] instead", s)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return notANumber(rest.IllegalArgument("failed to parse port"), port)
	}
	if n <= 0 || n > 65535 {
		return rest.IllegalArgument("port number must be > 0 but was: [%d]", n)
	}
	return nil
}

func notANumber(e *rest.Error, text string) *rest.Error {
	e.Cause = &rest.Error{Kind: "number_format_exception", Reason: "For input string: \"" + text + "\""}
	return e
}

// dependencies checks the settings that stand together.
func dependencies(all map[string]any) *rest.Error {
	for _, alias := range aliases(all) {
		prefix := "cluster.remote." + alias + "."
		mode := mode(all, alias)
		for _, d := range []struct{ name, wants string }{
			{"proxy_address", "PROXY"}, {"proxy_socket_connections", "PROXY"}, {"server_name", "PROXY"}, {"seeds", "SNIFF"}, {"node_connections", "SNIFF"},
		} {
			v, set := all[prefix+d.name]
			if set && !isEmpty(v) && mode != d.wants {
				return rest.IllegalArgument("Setting \"%s%s\" cannot be used with the configured \"%smode\" [required=%s, configured=%s]", prefix, d.name, prefix, d.wants, mode)
			}
		}
		if enabled(all, alias) {
			continue
		}
		for _, name := range []string{"skip_unavailable", "transport.compress", "transport.compression_scheme", "transport.ping_schedule"} {
			if _, set := all[prefix+name]; set {
				return rest.IllegalArgument("Cannot configure setting [%s%s] if remote cluster is not enabled.", prefix, name)
			}
		}
	}
	return nil
}

// aliases returns every alias that a setting names, sorted.
func aliases(all map[string]any) []string {
	var out []string
	for key := range all {
		if _, whole := verifyingSettings[key]; whole {
			continue
		}
		if m := remoteKey.FindStringSubmatch(key); m != nil && !slices.Contains(out, m[1]) {
			out = append(out, m[1])
		}
	}
	slices.Sort(out)
	return out
}

func mode(all map[string]any, alias string) string {
	if s, ok := all["cluster.remote."+alias+".mode"].(string); ok {
		return strings.ToUpper(s)
	}
	return "SNIFF"
}

// enabled tells whether an alias has an address: without one it is no remote cluster.
func enabled(all map[string]any, alias string) bool {
	name := "seeds"
	if mode(all, alias) == "PROXY" {
		name = "proxy_address"
	}
	return !isEmpty(all["cluster.remote."+alias+"."+name])
}

func isEmpty(v any) bool {
	switch v := v.(type) {
	case string:
		return v == ""
	case []string:
		return len(v) == 0
	}
	return v == nil
}
