package diagnose

import (
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// People are asked a day before the end, or at half of a shorter life; an hour after it they are told that it did not come.
func TestAnEndIsToldInTime(t *testing.T) {
	made := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		lasts, at time.Duration // since it was made
		kind      ProblemKind
		say       string
	}{
		{14 * 24 * time.Hour, 12 * 24 * time.Hour, "", ""},
		{14 * 24 * time.Hour, 13 * 24 * time.Hour, ProblemEnding, "It ends on 2026-12-15 12:00 UTC; the bot then removes it. In use by transform daily: these will fail."},
		{8 * time.Hour, 4*time.Hour - time.Minute, "", ""},
		{8 * time.Hour, 4 * time.Hour, ProblemEnding, "It ends on 2026-12-01 20:00 UTC"},
		{8 * time.Hour, 8*time.Hour + time.Minute, ProblemEnding, "It ended on 2026-12-01 20:00 UTC; the bot removes it."},
		{8 * time.Hour, 9*time.Hour + time.Minute, ProblemOverdue, "It was due to end on 2026-12-01 20:00 UTC but still exists."},
		{0, 1000 * 24 * time.Hour, "", ""},
	} {
		m := link.ManagedConnection{Record: change.StoredRecord{At: made}}
		if tt.lasts > 0 {
			m.Until = made.Add(tt.lasts)
		}
		x := HealthReport{At: made.Add(tt.at)}
		x.Managed, x.Users = &m, []string{"transform daily"}
		p := x.ends()
		if p == nil {
			p = &Problem{}
		}
		if p.Kind != tt.kind || !strings.Contains(p.Say, tt.say) {
			t.Errorf("%s of %s: %+v", tt.at, tt.lasts, p)
		}
	}
}

// A key that outlives its connection need not be rotated.
func TestAKeyThatOutlivesItsConnectionIsNoProblem(t *testing.T) {
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	m := link.ManagedConnection{Record: change.StoredRecord{At: now.Add(-30 * 24 * time.Hour)}, Until: now.Add(3 * 24 * time.Hour)}
	for _, tt := range []struct {
		expires time.Time
		told    bool
	}{{m.Until, false}, {m.Until.Add(-time.Minute), true}} {
		x := HealthReport{At: now}
		x.Managed, x.Keys = &m, []elastic.Key{{Expires: tt.expires}}
		all := x.problems(14 * 24 * time.Hour)
		if told := len(all) > 0 && all[0].Kind == ProblemExpiring; told != tt.told {
			t.Errorf("%s: %+v", tt.expires, all)
		}
	}
}
