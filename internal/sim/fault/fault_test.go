package fault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a server under faults that counts how often it did the work.
type bench struct {
	*httptest.Server
	w      *Wrapper
	worked atomic.Int32
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{w: &Wrapper{Faults: &Set{}, Log: &Log{}, Now: func() time.Time { return time.Unix(1, 0) }}}
	work := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		b.worked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"encoded":"c2VjcmV0","ok":true}`))
	})
	b.Server = httptest.NewServer(b.w.Wrap("ece-prod", work))
	t.Cleanup(b.Close)
	return b
}

func (b *bench) order(t *testing.T, o Order) {
	t.Helper()
	if _, err := b.w.Faults.Add(o); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) call(ctx context.Context, method, path string) (int, string, error) {
	r, err := http.NewRequestWithContext(ctx, method, b.URL+path, strings.NewReader(`{"secrets":{"a":{"value":"hush"}}}`))
	if err != nil {
		return 0, "", err
	}
	resp, err := b.Client().Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(raw), err
}

func TestEffects(t *testing.T) {
	for name, tc := range map[string]struct {
		effect Effect
		status int  // 0: no answer
		fails  bool // the client meets an error
		worked int32
	}{
		"status":            {Effect{Status: 503}, 503, false, 0},
		"status after work": {Effect{Status: 504, Worked: true}, 504, false, 1},
		"close":             {Effect{Close: true}, 0, true, 0},
		"close after work":  {Effect{Close: true, Worked: true}, 0, true, 1},
		"half":              {Effect{Half: true}, 200, true, 1},
		"slow":              {Effect{Delay: Duration(time.Millisecond)}, 200, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.order(t, Order{Effect: tc.effect})
			status, _, err := b.call(t.Context(), "PATCH", "/x")
			if status != tc.status || (err != nil) != tc.fails || b.worked.Load() != tc.worked {
				t.Errorf("status %d, error %v, worked %d", status, err, b.worked.Load())
			}
		})
	}
}

func TestHangLastsUntilTheClientGivesUp(t *testing.T) {
	for _, worked := range []bool{false, true} {
		b := newBench(t)
		b.order(t, Order{Effect: Effect{Hang: true, Worked: worked}})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, _, err := b.call(ctx, "POST", "/x"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if (b.worked.Load() == 1) != worked {
			t.Errorf("worked %d times, want %v", b.worked.Load(), worked)
		}
	}
}

func TestMatchesByNameMethodPathAndCount(t *testing.T) {
	b := newBench(t)
	b.order(t, Order{Match: Match{System: "ece-*", Method: "PATCH", Path: "/deployments/*/keystore", Body: "secrets", Skip: 1}, Effect: Effect{Status: 500}, Times: 2})
	var got []int
	for _, c := range [][2]string{
		{"GET", "/deployments/a/keystore"},
		{"PATCH", "/deployments/a/b/keystore"},
		{"PATCH", "/deployments/a/keystore"},
		{"PATCH", "/deployments/a/keystore"},
		{"PATCH", "/deployments/a/keystore"},
		{"PATCH", "/deployments/a/keystore"},
	} {
		status, _, err := b.call(t.Context(), c[0], c[1])
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, status)
	}
	want := []int{200, 200, 200, 500, 500, 200}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

func TestFlapping(t *testing.T) {
	b := newBench(t)
	b.order(t, Order{Match: Match{Regexp: "^GET /x"}, Effect: Effect{Status: 502}, Flap: &Flap{Down: 2, Up: 1}})
	for i, want := range []int{502, 502, 200, 502, 502, 200} {
		if status, _, err := b.call(t.Context(), "GET", "/x"); err != nil || status != want {
			t.Errorf("call %d: %d %v, want %d", i, status, err, want)
		}
	}
}

func TestLogHoldsNoSecrets(t *testing.T) {
	b := newBench(t)
	var seen atomic.Int32
	b.w.Observe = func(x Exchange) {
		if strings.Contains(string(x.Answer), "c2VjcmV0") { // a hook sees everything
			seen.Add(1)
		}
	}
	if _, _, err := b.call(t.Context(), "PATCH", "/x?y=1"); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(b.w.Log.Calls())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), "hush") || strings.Contains(string(raw), "c2VjcmV0") || !strings.Contains(string(raw), Dots) {
		t.Errorf("log: %s", raw)
	}
	if seen.Load() != 1 {
		t.Errorf("the observer saw %d", seen.Load())
	}
}

func TestRefusesOrdersThatDoNothing(t *testing.T) {
	s := &Set{}
	for name, o := range map[string]Order{
		"no effect": {}, "status": {Effect: Effect{Status: 99}}, "regexp": {Match: Match{Regexp: "("}, Effect: Effect{Hang: true}},
		"flap": {Effect: Effect{Hang: true}, Flap: &Flap{Down: 1}}, "system": {Match: Match{System: "["}, Effect: Effect{Hang: true}},
	} {
		if _, err := s.Add(o); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestControlTakesAndGivesBack(t *testing.T) {
	s := &Set{}
	server := httptest.NewServer(Control{Faults: s, Log: &Log{}, State: func() any { return "well" }}.Handler())
	defer server.Close()
	do := func(method, path, body string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(raw)
	}
	if status, body := do("POST", "/faults", `{"match":{"path":"/x"},"status":503,"delay":"10ms","times":1}`); status != 201 || !strings.Contains(body, "fault-1") {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := do("POST", "/faults", `[{"status":503},{"stauts":503}]`); status != 400 || len(s.Orders()) != 1 {
		t.Errorf("a mistyped order was taken: %d %v", status, s.Orders())
	}
	if status, _ := do("POST", "/faults", `[{"status":503},{"times":1}]`); status != 400 || len(s.Orders()) != 1 {
		t.Errorf("half a list was taken: %d %v", status, s.Orders())
	}
	if status, body := do("GET", "/state", ""); status != 200 || !strings.Contains(body, "well") {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := do("DELETE", "/faults", ""); status != 204 || len(s.Orders()) != 0 {
		t.Errorf("%d %v", status, s.Orders())
	}
}
