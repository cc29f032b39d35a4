package link

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// settings are what makes the connection on the local cluster, all sent in one call: Elasticsearch refuses an option
// without an address, and an address without the mode.
func (c ConnectParams) settings() Settings {
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
	if c.PingSchedule != "" {
		set["transport.ping_schedule"] = c.PingSchedule
	}
	if c.Identity != nil {
		maps.Copy(set, c.Identity.options())
	}
	s := Settings{Persistent: map[string]json.RawMessage{}}
	for name, value := range set {
		s.Persistent[remotePrefix+c.Alias+"."+name] = rawJSON(value)
	}
	return s
}

// rawJSON is the JSON of a string, number or boolean, none of which can fail to marshal.
func rawJSON(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return raw
}

// Of returns the settings of one alias, without those that are null.
func (s Settings) Of(alias string) Settings {
	return Settings{Persistent: only(s.Persistent, alias), Transient: only(s.Transient, alias)}
}

func only(all map[string]json.RawMessage, alias string) map[string]json.RawMessage {
	var mine map[string]json.RawMessage
	for name, value := range all {
		if of, ok := aliasOf(name); !ok || of != alias || isNull(value) {
			continue
		}
		if mine == nil {
			mine = map[string]json.RawMessage{}
		}
		mine[name] = value
	}
	return mine
}

// Empty reports whether nothing is set.
func (s Settings) Empty() bool { return len(s.Persistent) == 0 && len(s.Transient) == 0 }

// same reports whether both set the same. Elasticsearch answers every flat setting as a string, whatever it was sent
// as: true and "true" are the same here.
func (s Settings) same(other Settings) bool {
	eq := func(a, b json.RawMessage) bool { return plain(a) == plain(b) }
	return maps.EqualFunc(s.Persistent, other.Persistent, eq) && maps.EqualFunc(s.Transient, other.Transient, eq)
}

// Aliases returns every alias that is set, with the address that it points to.
func (s Settings) Aliases() map[string]string {
	found := map[string]string{}
	for _, all := range []map[string]json.RawMessage{s.Persistent, s.Transient} {
		for name, value := range all {
			alias, ok := aliasOf(name)
			if !ok || isNull(value) {
				continue
			}
			option := strings.TrimPrefix(name, remotePrefix+alias+".")
			if option == "proxy_address" || option == "seeds" {
				found[alias] = plain(value)
			} else if _, seen := found[alias]; !seen {
				found[alias] = ""
			}
		}
	}
	return found
}

// back is what to send to get from what is set now to what was there before: everything before, and null for what has
// come since.
func (s Settings) back(before Settings) Settings {
	return Settings{Persistent: back(s.Persistent, before.Persistent), Transient: back(s.Transient, before.Transient)}
}

func back(now, before map[string]json.RawMessage) map[string]json.RawMessage {
	if len(now) == 0 && len(before) == 0 {
		return nil
	}
	send := maps.Clone(before)
	if send == nil {
		send = map[string]json.RawMessage{}
	}
	for name := range now {
		if _, was := before[name]; !was {
			send[name] = json.RawMessage("null")
		}
	}
	return send
}

// String lists the settings for people, in order.
func (s Settings) String() string {
	var lines []string
	for _, all := range []map[string]json.RawMessage{s.Persistent, s.Transient} {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			lines = append(lines, name+"="+plain(all[name]))
		}
	}
	if len(lines) == 0 {
		return "none"
	}
	return strings.Join(lines, ", ")
}

// Brief is what is set for one alias, in a line for people. The server name is left out where it is the address's host.
func (s Settings) Brief(alias string) string {
	set := s.options(alias)
	host, _, _ := strings.Cut(set["proxy_address"], ":")
	if set["server_name"] == host {
		delete(set, "server_name")
	}
	var parts []string
	for _, option := range []string{"mode", "proxy_address"} {
		if set[option] != "" {
			parts = append(parts, set[option])
		}
		delete(set, option)
	}
	for _, option := range slices.Sorted(maps.Keys(set)) {
		parts = append(parts, option+" "+set[option])
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, " · ")
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(bytes.TrimSpace(raw)) == "null" }

// plain is a setting's value without the quotes of JSON.
func plain(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return strings.Join(list, ", ")
	}
	return string(bytes.TrimSpace(raw))
}

// body is s as it is sent, with sorted keys.
func (s Settings) body() string { return string(rawJSON(s)) }
