package bot

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// flooded is a server whose bodies strangers do not complete.
type flooded struct {
	*httpSource
	t      *testing.T
	server *httptest.Server
	secret string
}

func newFlooded(t *testing.T, o HTTPOptions) *flooded {
	t.Helper()
	f := &flooded{t: t, secret: "s"}
	r := NewRouter(Options{})
	r.OnCommand("/rc", func(context.Context, Command) (Answer, error) { return Answer{}, nil })
	o.SigningSecrets = []func() string{func() string { return f.secret }}
	s, h := newHTTPSource(r, o)
	f.httpSource = s
	f.server = httptest.NewServer(h)
	t.Cleanup(f.server.Close)
	return f
}

// open begins a request that looks signed and declares a body of 1 MiB, sends 100 bytes of it, and waits.
func (f *flooded) open(forwarded string) net.Conn {
	f.t.Helper()
	c, err := new(net.Dialer).DialContext(f.t.Context(), "tcp", f.server.Listener.Addr().String())
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = c.Close() })
	h := http.Header{"Content-Type": {formType}, "X-Forwarded-For": {forwarded}}
	sign(h, "", "wrong", time.Now())
	var text strings.Builder
	text.WriteString("POST /slack/commands HTTP/1.1\r\nHost: bot\r\nContent-Length: 1048576\r\n")
	_ = h.Write(&text)
	text.WriteString("\r\n" + strings.Repeat("x", 100))
	if _, err := io.WriteString(c, text.String()); err != nil {
		f.t.Fatal(err)
	}
	return c
}

// reading waits until n bodies are being read.
func (f *flooded) reading(n int) {
	f.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		f.unverified.mu.Lock()
		got := f.unverified.byProgress.Len()
		f.unverified.mu.Unlock()
		if got == n {
			return
		}
		if time.Now().After(deadline) {
			f.t.Fatalf("%d bodies are being read, not %d", got, n)
		}
	}
}

// oldest is the body that has waited longest.
func (f *flooded) oldest() any {
	f.unverified.mu.Lock()
	defer f.unverified.mu.Unlock()
	return f.unverified.byProgress.Front().Value
}

// status is what c is answered.
func status(t *testing.T, c net.Conn) int {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// served sends a signed command, and tells whether that took no new connection.
func (f *flooded) served() (reused bool) {
	f.t.Helper()
	ctx := httptrace.WithClientTrace(f.t.Context(), &httptrace.ClientTrace{
		GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused },
	})
	body := commandForm(f.t, "/rc", "", "t1").Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.server.URL+"/slack/commands", strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Content-Type", formType)
	sign(req.Header, body, f.secret, time.Now())
	resp, err := f.server.Client().Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		f.t.Errorf("a signed command got %s", resp.Status)
	}
	return reused
}

func TestDeclaredLengthTakesNoMemory(t *testing.T) {
	const strangers = 200
	f := newFlooded(t, HTTPOptions{BodyTimeout: time.Hour})
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for range strangers {
		f.open("")
	}
	f.reading(strangers)
	if grown := int64(heap()) - int64(before); grown > 32<<20 {
		t.Errorf("%d connections of 100 bytes took %d MiB", strangers, grown>>20)
	}
	f.served()
}

func TestBodyThatWaitsLongestMakesRoom(t *testing.T) {
	f := newFlooded(t, HTTPOptions{BodyTimeout: time.Hour, MaxUnverified: 3 * firstChunk})
	first := f.open("")
	f.reading(1)
	oldest := f.oldest()
	second := f.open("")
	f.reading(2)
	if _, err := io.WriteString(first, "more"); err != nil { // now the second has waited longest
		t.Fatal(err)
	}
	for f.oldest() == oldest {
		time.Sleep(time.Millisecond)
	}
	f.open("")
	f.reading(3)
	f.served()
	if got := status(t, second); got != http.StatusRequestTimeout {
		t.Errorf("the one that waited longest got %d", got)
	}
	f.reading(2)
}

func TestSlowBodyIsNotWaitedFor(t *testing.T) {
	f := newFlooded(t, HTTPOptions{BodyTimeout: 50 * time.Millisecond})
	if got := status(t, f.open("")); got != http.StatusRequestTimeout {
		t.Errorf("got %d", got)
	}
	f.reading(0)
	f.served()
}

func TestUnsignedBodyIsNotWaitedFor(t *testing.T) {
	f := newFlooded(t, HTTPOptions{BodyTimeout: time.Hour})
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", f.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_, _ = fmt.Fprintf(c, "POST /slack/commands HTTP/1.1\r\nHost: bot\r\nContent-Type: %s\r\nContent-Length: 1048576\r\n\r\nx", formType)
	if got := status(t, c); got != http.StatusUnauthorized {
		t.Errorf("got %d", got)
	}
}

func TestOneClientLeavesRoomForOthers(t *testing.T) {
	f := newFlooded(t, HTTPOptions{
		BodyTimeout: time.Hour, MaxUnverified: 2 * addressShare * firstChunk,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	other := f.open("198.51.100.7")
	f.reading(1)
	first := f.open("203.0.113.9")
	f.reading(2)
	f.open("6.6.6.6, 203.0.113.9") // only what the trusted proxy adds is believed
	f.reading(3)
	f.open("203.0.113.9")
	if got := status(t, first); got != http.StatusRequestTimeout {
		t.Errorf("the client's oldest got %d", got)
	}
	f.reading(3)
	_ = other.SetReadDeadline(time.Now().Add(time.Millisecond))
	if _, err := other.Read(make([]byte, 1)); err == nil {
		t.Error("another client made room")
	}
}

func TestConnectionThatWaitsLongestMakesRoom(t *testing.T) {
	f := newFlooded(t, HTTPOptions{BodyTimeout: time.Hour})
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	handler := f.server.Config.Handler
	f.server.Close()
	f.server = httptest.NewUnstartedServer(handler)
	_ = f.server.Listener.Close()
	f.server.Listener, f.server.Config.ConnContext = BoundConnections(listener, 2), ConnContext
	f.server.Start()
	t.Cleanup(f.server.Close)

	f.served() // by a connection that stays open
	first := f.open("")
	f.reading(1)
	f.open("")
	f.reading(2)
	f.open("")
	_ = first.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.Copy(io.Discard, first); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the oldest is still open")
	}
	if !f.served() {
		t.Error("a connection of Slack's made room")
	}
}
