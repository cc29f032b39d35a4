package transport

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

func TestRecentAnswersWhatItMay(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/gone" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = fmt.Fprintf(w, "%s %d", req.Header.Get("Authorization"), calls.Add(1))
	}))
	defer server.Close()
	now := time.Unix(1000, 0)
	r := NewRecent(http.DefaultTransport, func() time.Time { return now })
	ask := func(method, path, as string, maxAge time.Duration) string {
		t.Helper()
		req, err := http.NewRequestWithContext(elastic.AllowRecent(t.Context(), maxAge), method, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", as)
		resp, err := r.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	for i, step := range []struct {
		method, path, as string
		maxAge           time.Duration
		want             string
	}{
		{"GET", "/a", "x", time.Minute, "x 1"},
		{"GET", "/a", "x", time.Minute, "x 1"},
		{"GET", "/a", "y", time.Minute, "y 2"}, // somebody else may see something else
		{"GET", "/a?b", "x", time.Minute, "x 3"},
		{"GET", "/a", "x", 0, "x 4"}, // not allowed, and not remembered
		{"GET", "/a", "x", time.Minute, "x 1"},
		{"POST", "/a", "x", time.Minute, "x 5"},
		{"POST", "/a", "x", time.Minute, "x 6"},
		{"GET", "/gone", "x", time.Minute, "x 7"},
		{"GET", "/gone", "x", time.Minute, "x 8"},
	} {
		if got := ask(step.method, step.path, step.as, step.maxAge); got != step.want {
			t.Errorf("%d: %+v got %q", i, step, got)
		}
	}
	now = now.Add(time.Minute)
	if got := ask("GET", "/a", "x", time.Minute); got != "x 9" || len(r.kept) != 1 {
		t.Errorf("after its time: %q, and %d are kept", got, len(r.kept))
	}
}

func TestRecentForgetsTheOldest(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	next := roundTrip(func(req *http.Request) (*http.Response, error) {
		calls.Add(1)
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(req.URL.Path))}, nil
	})
	r := NewRecent(next, func() time.Time { return time.Unix(1000, 0) })
	ask := func(n int) int64 {
		before := calls.Load()
		req := httptest.NewRequestWithContext(elastic.AllowRecent(t.Context(), time.Minute), http.MethodGet, fmt.Sprintf("http://x/%04d", n), nil)
		resp, err := r.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return calls.Load() - before
	}
	ask(0)
	r.max = 3 * r.size
	for n := range 3 {
		ask(n)
	}
	ask(3)
	if ask(1) != 0 || ask(2) != 0 || ask(3) != 0 || ask(0) != 1 {
		t.Error("another one than the oldest went")
	}
	if len(r.kept) != 3 || r.age.Len() != 3 || r.size > r.max {
		t.Errorf("%d are kept, of %d bytes", len(r.kept), r.size)
	}
}

// Anyone who asks for the same at once shares one call, but not somebody else's giving up.
func TestRecentSharesCalls(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}, 10), make(chan struct{})
	next := roundTrip(func(req *http.Request) (*http.Response, error) {
		begun <- struct{}{}
		select {
		case <-release:
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("ok"))}, nil
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	})
	r := NewRecent(next, time.Now)
	ask := func(ctx context.Context) error {
		req := httptest.NewRequestWithContext(elastic.AllowRecent(ctx, time.Minute), http.MethodGet, "http://x/a", nil)
		resp, err := r.RoundTrip(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		return err
	}
	leader, leave := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if ask(leader) == nil {
			t.Error("who left got an answer")
		}
	})
	<-begun
	wg.Go(func() {
		if err := ask(t.Context()); err != nil {
			t.Error(err)
		}
	})
	leave()
	<-begun
	close(release)
	wg.Wait()
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
