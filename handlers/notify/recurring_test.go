package notify

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
)

func TestWhatFailsAgainAndAgainIsLoggedLessAndLess(t *testing.T) {
	var out strings.Builder
	now := handlerstest.Start
	r := Recurring{Log: slog.New(slog.NewTextHandler(&out, nil)), What: "sweeping", Now: func() time.Time { return now }}
	for range 2 * 3600 { // an hour, twice a second
		r.Report(t.Context(), errors.New("Redis is away"))
		now = now.Add(500 * time.Millisecond)
	}
	if n := strings.Count(out.String(), "level=WARN"); n != 7 { // 0s, 30s, 1m30, 3m30, 7m30, 15m30, 31m30
		t.Errorf("logged %d times: %s", n, out.String())
	}
	r.Report(t.Context(), nil)
	r.Report(t.Context(), nil)
	if strings.Count(out.String(), "works again\" what=sweeping failures=7200") != 1 {
		t.Error(out.String())
	}
	r.Report(t.Context(), errors.New("away once more"))
	if !strings.Contains(out.String(), "away once more") {
		t.Error("a new outage is not logged at once")
	}
}

func TestLoopsThatFailTogetherAreLoggedAsOne(t *testing.T) {
	var out strings.Builder
	now := time.UnixMilli(0)
	both := Together{Recurring: Recurring{Log: slog.New(slog.NewTextHandler(&out, nil)), What: "monitoring", Now: func() time.Time { return now }}}
	one, other := both.Loop(), both.Loop()
	away := errors.New("Redis is away")
	one(t.Context(), away)
	other(t.Context(), away)
	if n := strings.Count(out.String(), "level=WARN"); n != 1 {
		t.Errorf("logged %d times: %s", n, out.String())
	}
	one(t.Context(), nil)
	if strings.Contains(out.String(), "works again") {
		t.Error("the other loop fails still")
	}
	other(t.Context(), nil)
	other(t.Context(), nil)
	if n := strings.Count(out.String(), "works again"); n != 1 {
		t.Errorf("it works again %d times: %s", n, out.String())
	}
}
