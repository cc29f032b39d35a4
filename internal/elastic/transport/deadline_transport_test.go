package transport_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
)

// server counts what arrives and answers with handler.
func server(t *testing.T, handler http.HandlerFunc) (url string, arrived *atomic.Int64) {
	t.Helper()
	arrived = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		if err == nil {
			arrived.Add(1)
		}
		handler(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, arrived
}

func newTransport(t *testing.T, o transport.Options) *transport.DeadlineTransport {
	t.Helper()
	if o.Next == nil {
		next := transport.NewTransport(transport.Trust{})
		t.Cleanup(next.CloseIdleConnections)
		o.Next = next
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	f, err := transport.NewDeadlineTransport(o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func patch(ctx context.Context, t *testing.T, url string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPatch, url, strings.NewReader(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func noAnswer(t *testing.T, f *transport.DeadlineTransport, req *http.Request) *transport.NoAnswerError {
	t.Helper()
	resp, err := f.RoundTrip(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	none, ok := errors.AsType[*transport.NoAnswerError](err)
	if !ok {
		t.Fatalf("got %v, want no answer", err)
	}
	return none
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{}`) }

// The process was frozen: by the clock the deadline is over, but its timer has not fired.
func TestNothingIsSentPastTheDeadlineEvenIfItsTimerHasNotFired(t *testing.T) {
	t.Parallel()
	url, arrived := server(t, ok)
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	f := newTransport(t, transport.Options{Now: func() time.Time { return time.Now().Add(2 * time.Hour) }})
	none := noAnswer(t, f, patch(ctx, t, url))
	if !errors.Is(none, transport.ErrExpired) || none.Sent || arrived.Load() != 0 {
		t.Errorf("got %v, sent %v, %d arrived", none, none.Sent, arrived.Load())
	}
}

// The freeze comes while the connection is being made: nothing must follow, whether or not there is a body to hold back.
func TestNothingIsSentWhenTimeRunsOutWhileDialing(t *testing.T) {
	t.Parallel()
	for method, body := range map[string]string{http.MethodPatch: `{"a":1}`, http.MethodDelete: "", http.MethodPost: ""} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			expiresWhileDialing(t, method, body)
		})
	}
}

func expiresWhileDialing(t *testing.T, method, body string) {
	t.Helper()
	url, arrived := server(t, ok)
	var frozen atomic.Bool
	next := transport.NewTransport(transport.Trust{})
	t.Cleanup(next.CloseIdleConnections)
	dial := next.DialContext
	next.DialContext = func(ctx context.Context, network, address string) (conn netConn, err error) {
		conn, err = dial(ctx, network, address)
		frozen.Store(true)
		return conn, err
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	f := newTransport(t, transport.Options{Next: next, Now: func() time.Time {
		if frozen.Load() {
			return time.Now().Add(2 * time.Hour)
		}
		return time.Now()
	}})
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	none := noAnswer(t, f, req)
	if !errors.Is(none, transport.ErrExpired) || none.Sent || arrived.Load() != 0 {
		t.Errorf("got %v, sent %v, %d arrived", none, none.Sent, arrived.Load())
	}
}

// The machine was suspended: its monotonic clock stood still, and only the wall clock tells that the time is over.
func TestNothingIsSentPastTheDeadlineByTheWallClock(t *testing.T) {
	t.Parallel()
	url, arrived := server(t, ok)
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	deadline, _ := ctx.Deadline()
	woken := suspended(2 * time.Hour)
	if !woken.Before(deadline) || woken.Round(0).Before(deadline.Round(0)) {
		t.Fatalf("%v and %v don't disagree by their clocks", woken, deadline)
	}
	f := newTransport(t, transport.Options{Now: func() time.Time { return woken }})
	none := noAnswer(t, f, patch(ctx, t, url))
	if !errors.Is(none, transport.ErrExpired) || none.Sent || arrived.Load() != 0 {
		t.Errorf("got %v, sent %v, %d arrived", none, none.Sent, arrived.Load())
	}
}

// suspended is what time.Now returns after the machine has slept for d: a wall clock that went on and a monotonic one
// that did not. Package time has no way to make such a time: the monotonic reading is its second word.
func suspended(d time.Duration) time.Time {
	now := time.Now().Add(d)
	(*[2]int64)(unsafe.Pointer(&now))[1] -= int64(d)
	return now
}

func TestNothingIsSentAfterTheCallerGaveUp(t *testing.T) {
	t.Parallel()
	url, arrived := server(t, ok)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	none := noAnswer(t, newTransport(t, transport.Options{}), patch(ctx, t, url))
	if !errors.Is(none, context.Canceled) || none.Sent || arrived.Load() != 0 {
		t.Errorf("got %v, sent %v, %d arrived", none, none.Sent, arrived.Load())
	}
}

func TestEachCallHasItsOwnTimeout(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	url, _ := server(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	f := newTransport(t, transport.Options{CallTimeout: 50 * time.Millisecond})
	none := noAnswer(t, f, patch(t.Context(), t, url))
	if !errors.Is(none, transport.ErrTimeout) || errors.Is(none, context.DeadlineExceeded) || !none.Sent {
		t.Errorf("got %v, sent %v, want a time-out of the call, not of the caller", none, none.Sent)
	}
}

// movingDeadline is a context whose deadline lies always a little ahead, as that of a lease that is being renewed.
type movingDeadline struct{ context.Context }

func (m movingDeadline) Deadline() (time.Time, bool) {
	return time.Now().Add(20 * time.Millisecond), true
}

func TestACallEndsInTimeUnderADeadlineThatMovesOn(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	url, _ := server(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	f := newTransport(t, transport.Options{CallTimeout: 50 * time.Millisecond})
	none := noAnswer(t, f, patch(movingDeadline{t.Context()}, t, url))
	if !errors.Is(none, transport.ErrTimeout) || !none.Sent {
		t.Errorf("got %v, sent %v, want a time-out of the call", none, none.Sent)
	}
}

func TestTheTimeoutCoversTheAnswersBody(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	url, _ := server(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"half":`)
		_ = http.NewResponseController(w).Flush()
		<-release
	})
	t.Cleanup(func() { close(release) })
	none := noAnswer(t, newTransport(t, transport.Options{CallTimeout: 50 * time.Millisecond}), patch(t.Context(), t, url))
	if !errors.Is(none, transport.ErrTimeout) || !none.Sent {
		t.Errorf("got %v, sent %v", none, none.Sent)
	}
}

func TestRefusedConnectionSentNothing(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(ok))
	s.Close()
	if none := noAnswer(t, newTransport(t, transport.Options{}), patch(t.Context(), t, s.URL)); none.Sent {
		t.Errorf("%v counts as sent", none)
	}
}

func TestCutConnectionMayHaveBeenSent(t *testing.T) {
	t.Parallel()
	url, arrived := server(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if none := noAnswer(t, newTransport(t, transport.Options{}), patch(t.Context(), t, url)); !none.Sent || arrived.Load() != 1 {
		t.Errorf("%v: sent %v, %d arrived, want once", none, none.Sent, arrived.Load())
	}
}

func TestHugeAnswerIsCutOff(t *testing.T) {
	t.Parallel()
	chunk := strings.Repeat("x", 1<<20)
	url, _ := server(t, func(w http.ResponseWriter, _ *http.Request) {
		for range 17 {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	})
	none := noAnswer(t, newTransport(t, transport.Options{}), patch(t.Context(), t, url))
	if !errors.Is(none, transport.ErrTooLarge) {
		t.Errorf("got %v", none)
	}
}

func TestUntrustedCertificateIsRefusedAndAPrivateAuthorityWorks(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(ok))
	s.Config.ErrorLog = discard()
	s.StartTLS()
	t.Cleanup(s.Close)
	none := noAnswer(t, newTransport(t, transport.Options{}), patch(t.Context(), t, s.URL))
	failed := transport.Call{System: "ece", Name: "PATCH /x", Writes: true}.Failed(none)
	if !errors.Is(failed, transport.ErrUntrusted) || none.Sent {
		t.Errorf("got %v, sent %v", failed, none.Sent)
	}
	pool, err := transport.Pool(pemOf(s.Certificate()))
	if err != nil {
		t.Fatal(err)
	}
	next := transport.NewTransport(transport.Trust{RootCAs: pool})
	t.Cleanup(next.CloseIdleConnections)
	resp, err := newTransport(t, transport.Options{Next: next}).RoundTrip(patch(t.Context(), t, s.URL))
	if err != nil {
		t.Fatalf("with its authority: %v", err)
	}
	_ = resp.Body.Close()
	if _, err := transport.Pool([]byte("no PEM")); err == nil {
		t.Error("a pool was made of nothing")
	}
}
