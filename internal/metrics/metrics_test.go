package metrics_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/metrics"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

func scrape(t *testing.T, read func(context.Context) (store.Depths, error)) string {
	t.Helper()
	w := httptest.NewRecorder()
	m := metrics.New(metrics.Options{Version: "x", Now: time.Now, Depths: read})
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	return w.Body.String()
}

func TestRequestsAreCountedByWhatTheyWaitFor(t *testing.T) {
	t.Parallel()
	got := scrape(t, func(context.Context) (store.Depths, error) {
		return store.Depths{Pending: 1, Early: 2, Ready: 3, InHand: 4, Unannounced: 5, Reviews: 3, Overdue: 1}, nil
	})
	for _, want := range []string{
		`{for="approval"} 1`, `{for="window"} 2`, `{for="worker"} 3`, `{for="work"} 4`, `{for="card"} 5`,
	} {
		if !strings.Contains(got, "rcb_requests_waiting"+want+"\n") {
			t.Errorf("no rcb_requests_waiting%s in\n%s", want, got)
		}
	}
	for _, want := range []string{`rcb_reviews_waiting{state="due"} 2`, `rcb_reviews_waiting{state="overdue"} 1`} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if !strings.Contains(got, "rcb_redis_up 1\n") {
		t.Error("Redis answered, and is not up")
	}
}

// What can't be read is left out, not told as 0.
func TestNothingIsSaidToWaitWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	got := scrape(t, func(context.Context) (store.Depths, error) { return store.Depths{}, errors.New("away") })
	if strings.Contains(got, "rcb_requests_waiting{") || !strings.Contains(got, "rcb_redis_up 0\n") {
		t.Error(got)
	}
}

// What is counted has to be served: a counter that nobody registers counts in vain.
func TestWhatTheBotDoesByItselfIsCounted(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Options{Version: "x", Now: time.Now})
	m.RotationDue("asked")
	m.EndingDue("standing")
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	for _, want := range []string{`rcb_rotations_due_total{outcome="asked"} 1`, `rcb_endings_due_total{outcome="standing"} 1`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %s", want)
		}
	}
}
