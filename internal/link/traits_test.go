package link_test

import (
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

func TestNamesOfTheSystemAreWide(t *testing.T) {
	for pattern, want := range map[string][2]string{
		"metrics-*":         {"narrow", "no"},
		"logs-nginx":        {"narrow", "no"},
		"partials":          {"narrow", "no"},
		"a.b":               {"narrow", "no"},
		".security":         {"wide", "yes"},
		".ds-logs-*":        {"wide", "yes"},
		"partial-metrics-*": {"wide", "yes"},
		"restored-x":        {"wide", "yes"},
		"part*":             {"wide", "yes"},
		"restor*":           {"wide", "yes"},
		"lo*":               {"wide", "no"},
		"*-metrics":         {"wide", "yes"},
		"*":                 {"all", "yes"},
	} {
		got := link.Traits(link.PairState{}, "connect", elastic.Access{Search: []string{"metrics-*", pattern}}, nil)
		if got["breadth"][0] != want[0] || got["system"][0] != want[1] {
			t.Errorf("%s: breadth %v, system %v; want %v", pattern, got["breadth"], got["system"], want)
		}
	}
	if got := link.Traits(link.PairState{}, "adopt", elastic.Access{}, nil); got["system"][0] != "yes" {
		t.Errorf("unknown access: system %v", got["system"])
	}
}
