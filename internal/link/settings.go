package link

import (
	"encoding/json"
	"maps"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Settings are what makes the connection on the local cluster, all sent in one call: Elasticsearch refuses an option
// without an address, and an address without the mode.
func (c ConnectParams) Settings() elastic.Settings {
	set := map[string]any{
		"mode":             "proxy", // the only one that works with ECE and Elastic Cloud
		"proxy_address":    c.ProxyAddress,
		"server_name":      c.ServerName,
		"skip_unavailable": c.SkipUnavailable, // always written: its default changed with 8.15
	}
	if c.ProxySockets > 0 {
		set["proxy_socket_connections"] = c.ProxySockets
	}
	if c.Compress != "" {
		set["transport.compress"] = c.Compress
	}
	if c.Scheme != "" {
		set["transport.compression_scheme"] = c.Scheme
	}
	if c.PingSchedule != "" {
		set["transport.ping_schedule"] = c.PingSchedule
	}
	if c.Identity != nil {
		maps.Copy(set, c.Identity.options())
	}
	s := elastic.Settings{Persistent: map[string]json.RawMessage{}}
	for name, value := range set {
		s.Persistent[elastic.RemotePrefix+c.Alias+"."+name] = elastic.RawJSON(value)
	}
	return s
}
