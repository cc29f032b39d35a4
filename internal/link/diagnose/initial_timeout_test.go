package diagnose

import (
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

func TestTheInitialTimeoutIsNamedWhereItMayMatter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		info elastic.RemoteInfo
		says string
	}{
		"the default, and connected": {elastic.RemoteInfo{Connected: true, InitialTimeout: "30s"}, ""},
		"another, and connected":     {elastic.RemoteInfo{Connected: true, InitialTimeout: "1s"}, "waits 1s"},
		"the default, not connected": {elastic.RemoteInfo{InitialTimeout: "30s"}, "waits 30s"},
		"not told":                   {elastic.RemoteInfo{}, ""},
	} {
		x := HealthReport{ConnectionState: link.ConnectionState{Info: c.info}}
		if got := x.initialTimeout(); !strings.Contains(got, c.says) || (got == "") != (c.says == "") {
			t.Errorf("%s: %q", name, got)
		}
	}
}
