package link_test

import (
	"encoding/json"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

func TestSettingsAreBriefForPeople(t *testing.T) {
	set := func(options map[string]string) elastic.Settings {
		s := elastic.Settings{Persistent: map[string]json.RawMessage{}}
		for option, value := range options {
			raw, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			s.Persistent["cluster.remote.eu."+option] = raw
		}
		return s
	}
	for want, s := range map[string]elastic.Settings{
		"proxy · eu.example:9443 · skip_unavailable true": set(map[string]string{
			"mode": "proxy", "proxy_address": "eu.example:9443", "server_name": "eu.example", "skip_unavailable": "true",
		}),
		"proxy · 10.0.0.1:9443 · server_name eu.example": set(map[string]string{
			"mode": "proxy", "proxy_address": "10.0.0.1:9443", "server_name": "eu.example",
		}),
		"seeds eu.example:9300": set(map[string]string{"seeds": "eu.example:9300"}),
		"none":                  {},
	} {
		if got := s.Brief("eu"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
