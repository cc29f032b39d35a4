package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/metrics"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// ledger takes lines, as a data stream would: each id once.
type ledger struct {
	seen  map[string]int
	order []string
	fail  error
	odd   int // lines that are refused as a whole
}

func (l *ledger) Ship(_ context.Context, lines []change.AuditLine) (int, error) {
	for _, line := range lines {
		if l.seen[line.Hash]++; l.seen[line.Hash] == 1 {
			l.order = append(l.order, line.Hash)
		}
	}
	return l.odd, l.fail // the answer may be lost although all were taken
}

// measured reads one metric as Prometheus does.
func measured(t *testing.T, m *metrics.Metrics, name string) float64 {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httpGet(t, "/metrics"))
	for line := range strings.Lines(w.Body.String()) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("%s is not served", name)
	return 0
}

func TestShippingGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	s := server.Store()
	ask := func(id string) {
		t.Helper()
		if _, err := s.Create(t.Context(), changetest.Pending(id, time.Now()), "", change.Entry{What: "create"}); err != nil {
			t.Fatal(err)
		}
	}
	to := &ledger{seen: map[string]int{}}
	m := metrics.New(metrics.Options{Version: "x", Now: time.Now})
	later := func() time.Time { return time.Now().Add(time.Hour) }
	ship := func() error {
		return (&shipping{store: s, to: to, tell: m, now: later, within: time.Second, log: slog.New(slog.DiscardHandler)}).catchUp(t.Context())
	}
	ask("a")
	ask("b")
	to.fail = errors.New("the answer was lost")
	if err := ship(); err == nil {
		t.Error("a failure was taken for success")
	}
	if behind := measured(t, m, "rcb_audit_behind_seconds"); behind < 3600 || behind > 3700 {
		t.Errorf("behind by %v s, and the oldest entry is an hour old", behind)
	}
	to.fail, to.odd = nil, 1
	if err := ship(); err != nil {
		t.Fatal(err)
	}
	if behind, refused := measured(t, m, "rcb_audit_behind_seconds"), measured(t, m, "rcb_audit_refused_total"); behind != 0 || refused != 1 {
		t.Errorf("behind by %v s, %v refused", behind, refused)
	}
	to.odd = 0
	ask("c")
	for range 2 {
		if err := ship(); err != nil {
			t.Fatal(err)
		}
	}
	page, err := s.Audit(t.Context(), "", 10)
	if err != nil || len(page) != 3 || len(to.order) != 3 {
		t.Fatalf("%d of %d entries were shipped (%v)", len(to.order), len(page), err)
	}
	for i, l := range page {
		if to.order[i] != l.Hash {
			t.Errorf("entry %d is another one", i)
		}
	}
	if to.seen[page[2].Hash] != 1 {
		t.Errorf("the last entry was shipped %d times: the cursor does not move", to.seen[page[2].Hash])
	}
}
