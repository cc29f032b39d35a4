package elastictest

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Exchange is a request that is expected, and the answer to it.
type Exchange struct {
	Want   Request
	Status int    // of the answer; 0: 200
	Answer string // its body
	Header http.Header
	// Instead answers in another way: late, half, or not at all.
	Instead http.HandlerFunc
}

// Request is a request whole. Body is compared as JSON; Header without what net/http adds by itself.
type Request struct {
	Method string
	URI    string // path and query, as sent
	Header map[string]string
	Body   string
}

// Script is a server that expects exchanges in their order, and nothing else.
type Script struct {
	*httptest.Server
	t    *testing.T
	mu   sync.Mutex
	left []Exchange
	got  int
}

// Serve starts a server for the given exchanges. It fails the test for each request that differs from the one
// expected, and for those that never came.
func Serve(t *testing.T, exchanges ...Exchange) *Script {
	t.Helper()
	s := &Script{t: t, left: exchanges}
	s.Server = httptest.NewServer(http.HandlerFunc(s.answer))
	t.Cleanup(func() {
		s.Close()
		if len(s.left) > 0 {
			t.Errorf("%d requests never came, the next would be %s %s", len(s.left), s.left[0].Want.Method, s.left[0].Want.URI)
		}
	})
	return s
}

// Requests returns how many requests came.
func (s *Script) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got
}

func (s *Script) answer(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.got++
	if len(s.left) == 0 {
		s.mu.Unlock()
		s.t.Errorf("unexpected request: %s %s", r.Method, r.RequestURI)
		w.WriteHeader(http.StatusNotImplemented)
		return
	}
	next := s.left[0]
	s.left = s.left[1:]
	s.mu.Unlock()

	if diff := cmp.Diff(normal(next.Want), s.received(r)); diff != "" {
		s.t.Errorf("request differs (-want +got):\n%s", diff)
	}
	if next.Instead != nil {
		next.Instead(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	maps.Copy(w.Header(), next.Header)
	if next.Status != 0 {
		w.WriteHeader(next.Status)
	}
	_, _ = io.WriteString(w, next.Answer)
}

func (s *Script) received(r *http.Request) Request {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Errorf("reading the request: %v", err)
	}
	got := Request{Method: r.Method, URI: r.RequestURI, Header: map[string]string{}, Body: string(body)}
	for name, values := range r.Header {
		if name != "Content-Length" && name != "Accept-Encoding" {
			got.Header[name] = strings.Join(values, ", ")
		}
	}
	return normal(got)
}

func normal(r Request) Request {
	var v any
	if json.Unmarshal([]byte(r.Body), &v) == nil {
		if raw, err := json.Marshal(v); err == nil {
			r.Body = string(raw)
		}
	}
	return r
}
