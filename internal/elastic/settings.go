package elastic

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Settings are flat cluster settings with their values as JSON.
type Settings struct {
	Persistent map[string]json.RawMessage `json:"persistent,omitempty"`
	Transient  map[string]json.RawMessage `json:"transient,omitempty"`
}

// Cleared is what to send to remove everything that s sets.
func (s Settings) Cleared() Settings { return s.BackTo(Settings{}) }

// With is s with what other sets put over it.
func (s Settings) With(other Settings) Settings {
	return Settings{Persistent: over(s.Persistent, other.Persistent), Transient: over(s.Transient, other.Transient)}
}

func over(base, other map[string]json.RawMessage) map[string]json.RawMessage {
	if len(base) == 0 && len(other) == 0 {
		return nil
	}
	all := map[string]json.RawMessage{}
	for _, m := range []map[string]json.RawMessage{base, other} {
		maps.Copy(all, m)
	}
	return all
}

// Options are the settings in force of one alias, by option; transient ones win.
func (s Settings) Options(alias string) map[string]string {
	all := map[string]string{}
	for _, kind := range []map[string]json.RawMessage{s.Persistent, s.Transient} {
		for name, value := range only(kind, alias) {
			all[name[len(RemotePrefix+alias+"."):]] = plain(value)
		}
	}
	return all
}

// RawJSON is the JSON of a string, number or boolean, none of which can fail to marshal.
func RawJSON(v any) json.RawMessage {
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
		if of, ok := AliasOf(name); !ok || of != alias || IsNull(value) {
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

// Equal reports whether both set the same. Elasticsearch answers every flat setting as a string, whatever it was sent
// as: true and "true" are the same here.
func (s Settings) Equal(other Settings) bool {
	eq := func(a, b json.RawMessage) bool { return plain(a) == plain(b) }
	return maps.EqualFunc(s.Persistent, other.Persistent, eq) && maps.EqualFunc(s.Transient, other.Transient, eq)
}

// Aliases returns every alias that is set, with the address that it points to.
func (s Settings) Aliases() map[string]string {
	found := map[string]string{}
	for _, all := range []map[string]json.RawMessage{s.Persistent, s.Transient} {
		for name, value := range all {
			alias, ok := AliasOf(name)
			if !ok || IsNull(value) {
				continue
			}
			option := strings.TrimPrefix(name, RemotePrefix+alias+".")
			if option == "proxy_address" || option == "seeds" {
				found[alias] = plain(value)
			} else if _, seen := found[alias]; !seen {
				found[alias] = ""
			}
		}
	}
	return found
}

// BackTo is what to send to get from what is set now to what was there before: everything before, and null for what has
// come since.
func (s Settings) BackTo(before Settings) Settings {
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
	lines := s.Lines()
	if len(lines) == 0 {
		return "none"
	}
	return strings.Join(lines, ", ")
}

// Lines are the settings for people, in order, one a line.
func (s Settings) Lines() []string {
	var lines []string
	for _, all := range []map[string]json.RawMessage{s.Persistent, s.Transient} {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			lines = append(lines, name+"="+plain(all[name]))
		}
	}
	return lines
}

// Brief is what is set for one alias, in a line for people. The server name is left out where it is the address's host.
func (s Settings) Brief(alias string) string {
	set := s.Options(alias)
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

// IsNull reports whether a setting is absent or null.
func IsNull(raw json.RawMessage) bool { return len(raw) == 0 || string(bytes.TrimSpace(raw)) == "null" }

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

// Body is s as it is sent, with sorted keys.
func (s Settings) Body() string { return string(RawJSON(s)) }

// The options of an alias that nodes do not always have in effect as they are set.
const (
	OptionSkip    = "skip_unavailable"
	OptionSockets = "proxy_socket_connections"
)

// defaultSockets is how many sockets a connection has where nothing is set.
const defaultSockets = 18

// SkipFlipped is s with the opposite skip_unavailable, where that is set.
func (s Settings) SkipFlipped(alias string) Settings {
	flip := func(all map[string]json.RawMessage) map[string]json.RawMessage {
		name := RemotePrefix + alias + "." + OptionSkip
		if _, set := all[name]; !set {
			return all
		}
		all = maps.Clone(all)
		all[name] = RawJSON(plain(all[name]) != "true")
		return all
	}
	return Settings{Persistent: flip(s.Persistent), Transient: flip(s.Transient)}
}

// OneSocketMore is s with one socket more for an alias that is in mode proxy: its nodes make the connection anew.
func (s Settings) OneSocketMore(alias string) Settings {
	set := s.Options(alias)
	if set["proxy_address"] == "" {
		return s
	}
	n, err := strconv.Atoi(set[OptionSockets])
	if err != nil {
		n = defaultSockets
	}
	prefix := RemotePrefix + alias + "."
	more := map[string]json.RawMessage{prefix + OptionSockets: RawJSON(n + 1)}
	_, address := s.Transient[prefix+"proxy_address"]
	if _, sockets := s.Transient[prefix+OptionSockets]; sockets || address {
		return s.With(Settings{Transient: more})
	}
	return s.With(Settings{Persistent: more})
}

// Only is one option of an alias alone, also where it is null.
func (s Settings) Only(alias, option string) Settings {
	name := RemotePrefix + alias + "." + option
	return s.filtered(func(n string) bool { return n == name })
}

// SettlesTo reports whether the settings are what want says, or were left while they were brought into effect: with
// another skip_unavailable, or one socket more.
func (s Settings) SettlesTo(want Settings, alias string) bool {
	return s.Shows(want) || s.Shows(want.SkipFlipped(alias)) || s.Shows(want.OneSocketMore(alias))
}
