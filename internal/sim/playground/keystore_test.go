package playground

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAShellKnowsTheCommandsOfTheBot(t *testing.T) {
	t.Parallel()
	const probe, entry = "cluster.remote.logs-x-rcb-probe.credentials", "cluster.remote.logs.credentials"
	s := shells{typed: map[string]string{}}
	for _, tt := range []struct {
		command, key string
		want         map[string]*string // nil: it is refused
	}{
		{"bin/elasticsearch-keystore add --force " + entry, "", nil},
		{"bin/elasticsearch-keystore add --force keystore.seed", "key", nil},
		{"rm -rf /", "key", nil},
		{"bin/elasticsearch-keystore add --force " + probe, "key", map[string]*string{probe: new("key")}},
		{
			`value=$(bin/elasticsearch-keystore show ` + probe + `) && printf %s "$value" | bin/elasticsearch-keystore add --force --stdin ` +
				entry + ` && bin/elasticsearch-keystore remove ` + probe, "", map[string]*string{entry: new("key"), probe: nil},
		},
		{"bin/elasticsearch-keystore remove " + entry, "", map[string]*string{entry: nil}},
	} {
		got, err := s.edits("search-dc", tt.command, tt.key)
		if diff := cmp.Diff(tt.want, got); diff != "" || (err == nil) != (tt.want != nil) {
			t.Errorf("%s: %v (-want +got):\n%s", tt.command, err, diff)
		}
	}
}
