package app

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// People are paged of a key a day before its end, not when the channel is told of it two weeks before.
func TestKeysThatEndWithinADayPage(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for ends, want := range map[time.Duration][]string{
		25 * time.Hour: nil,
		23 * time.Hour: {"key_ends/ece/d1/an%20alias"},
		-time.Hour:     {"key_ends/ece/d1/an%20alias"},
	} {
		var got []string
		for _, a := range connectionAlerts([]monitor.Troubled{{
			Name: link.Name{Local: elastic.Ref{Platform: "ece", Deployment: "d1"}, Alias: "an alias"}, Expires: now.Add(ends),
		}}, now) {
			got = append(got, a.ID)
			if !a.Since.Equal(now.Add(ends).Add(-24 * time.Hour)) {
				t.Errorf("since %s", a.Since)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("a key that ends in %s: %s", ends, diff)
		}
	}
}
