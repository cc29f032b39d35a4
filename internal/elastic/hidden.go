package elastic

import (
	"encoding/json"
	"strings"
)

// Elasticsearch takes the settings by which the local nodes sign, and filters them out of every answer (measured on
// 9.5.3). What is set there is known only from what the bot has set.

func hiddenName(name string) bool {
	alias, ok := AliasOf(name)
	return ok && strings.HasPrefix(name, RemotePrefix+alias+".signing.")
}

// Shown are those of s that an answer shows.
func (s Settings) Shown() Settings {
	return s.filtered(func(name string) bool { return !hiddenName(name) })
}

// Hidden are those of s that no answer shows.
func (s Settings) Hidden() Settings { return s.filtered(hiddenName) }

func (s Settings) filtered(keep func(name string) bool) Settings {
	some := func(all map[string]json.RawMessage) map[string]json.RawMessage {
		var kept map[string]json.RawMessage
		for name, value := range all {
			if keep(name) {
				if kept == nil {
					kept = map[string]json.RawMessage{}
				}
				kept[name] = value
			}
		}
		return kept
	}
	return Settings{Persistent: some(s.Persistent), Transient: some(s.Transient)}
}

// Shows reports whether settings that were read are those of want, as far as an answer shows them.
func (s Settings) Shows(want Settings) bool { return s.Shown().Equal(want.Shown()) }

// ChangeTo is what to send to get from settings that were read to want. What known settings hide goes, too.
func (s Settings) ChangeTo(want Settings, known ...Settings) Settings {
	send := s.Cleared()
	for _, k := range known {
		send = send.With(k.Hidden().Cleared())
	}
	return send.With(want)
}
