package main

import (
	"bytes"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// balancer hands Slack's requests to one replica after the other, and to the next where one does not answer: what a
// plain load balancer does. A replica that was only slow has then been given the same request as another.
type balancer struct {
	backends []string // host:port
	next     atomic.Uint64
	doubled  atomic.Int64 // requests that more than one replica may have got
	client   *http.Client
}

// tryFor is how long one replica may take; Slack gives up after 3 s.
const tryFor = 900 * time.Millisecond

func newBalancer(backends []string) *balancer {
	return &balancer{backends: backends, client: &http.Client{
		Timeout: tryFor, Transport: &http.Transport{DisableKeepAlives: true},
	}}
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	if err != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	first := b.next.Add(1)
	for i := range b.backends {
		if i > 0 {
			b.doubled.Add(1)
		}
		if b.hand(w, r, body, b.backends[(int(first)+i)%len(b.backends)]) { //nolint:gosec // a counter of requests
			return
		}
	}
	http.Error(w, "no replica answers", http.StatusBadGateway)
}

// hand gives the request to one replica and reports whether it answered.
func (b *balancer) hand(w http.ResponseWriter, r *http.Request, body []byte, backend string) bool {
	req, err := http.NewRequestWithContext(r.Context(), r.Method, "http://"+backend+r.URL.RequestURI(), bytes.NewReader(body)) //nolint:gosec // the backends are our own replicas
	if err != nil {
		return false
	}
	req.Header = r.Header.Clone()
	resp, err := b.client.Do(req) //nolint:gosec // the backends are our own replicas
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= http.StatusInternalServerError {
		return false
	}
	w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
	w.WriteHeader(resp.StatusCode)
	_, _ = w.Write(answer)
	return true
}
