package workspace_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

func withSocket(o *workspace.Options) { o.App.SocketMode = true }

// dial opens a Socket Mode connection as a client would and returns it after its hello.
func (w *world) dial() *websocket.Conn {
	w.t.Helper()
	conn, hello := w.connect()
	if hello["type"] != "hello" {
		w.t.Fatalf("got %v", hello)
	}
	n := w.State().Connections
	if _, err := w.WaitFor(w.t.Context(), func(s workspace.State) bool { return s.Connections >= max(n, 1) }); err != nil {
		w.t.Fatal(err)
	}
	return conn
}

func (w *world) connect() (*websocket.Conn, object) {
	w.t.Helper()
	out := w.send("apps.connections.open", "", "application/x-www-form-urlencoded", "Bearer "+w.App().AppToken)
	address, _ := out["url"].(string)
	conn, res, err := websocket.DefaultDialer.DialContext(w.t.Context(), address, http.Header{"Origin": {"https://api.slack.com"}})
	if err != nil {
		w.t.Fatal(err)
	}
	_ = res.Body.Close()
	w.t.Cleanup(func() { _ = conn.Close() })
	return conn, w.read(conn)
}

func (w *world) read(conn *websocket.Conn) object {
	w.t.Helper()
	var message object
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second)) // an envelope that never comes fails the test, not the run
	if err := conn.ReadJSON(&message); err != nil {
		w.t.Fatal(err)
	}
	return message
}

func (w *world) ack(conn *websocket.Conn, envelope object, payload any) {
	w.t.Helper()
	if err := conn.WriteJSON(object{"envelope_id": envelope["envelope_id"], "payload": payload}); err != nil {
		w.t.Fatal(err)
	}
}

// typing lets alice type a command in the background.
func (w *world) typing() (done func() workspace.Outcome) {
	var out workspace.Outcome
	var err error
	var wg sync.WaitGroup
	wg.Go(func() { out, err = w.User("alice").Type(w.t.Context(), "ops", "/remote-cluster connect") })
	return func() workspace.Outcome {
		w.t.Helper()
		wg.Wait()
		if err != nil {
			w.t.Fatal(err)
		}
		return out
	}
}

func TestSocketModeDeliversAndTakesTheAck(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withSocket)
	if out := w.typing()(); out.Problem != "dispatch_failed" {
		t.Errorf("nobody listens: %+v", out)
	}
	conn := w.dial()
	done := w.typing()
	envelope := w.read(conn)
	if envelope["type"] != "slash_commands" || envelope["accepts_response_payload"] != true || dig(envelope, "payload")["command"] != "/remote-cluster" {
		t.Errorf("got %v", envelope)
	}
	w.ack(conn, envelope, object{"text": "one moment"})
	if out := done(); out.Shown != "one moment" {
		t.Errorf("got %+v", out)
	}
}

func TestTicketsWorkOnceAndOriginIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withSocket)
	out := w.send("apps.connections.open", "", "", "Bearer "+w.App().AppToken)
	address, _ := out["url"].(string)
	for i, want := range []int{http.StatusForbidden, http.StatusForbidden} {
		_, res, err := websocket.DefaultDialer.DialContext(t.Context(), address, http.Header{"Origin": {"https://elsewhere.example"}})
		if err == nil || res == nil || res.StatusCode != want {
			t.Fatalf("attempt %d: %v", i, err)
		}
		_ = res.Body.Close()
	}
}

func TestEnvelopesGoToOneConnectionEach(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withSocket)
	first, second := w.dial(), w.dial()
	if _, err := w.WaitFor(t.Context(), func(s workspace.State) bool { return s.Connections == 2 }); err != nil {
		t.Fatal(err)
	}
	dones := []func() workspace.Outcome{w.typing(), w.typing()}
	a, b := w.read(first), w.read(second)
	if a["envelope_id"] == b["envelope_id"] {
		t.Error("one envelope went to both")
	}
	w.ack(second, a, nil) // over the other connection, as clients do after a reconnect
	w.ack(second, b, nil)
	for _, done := range dones {
		if out := done(); out.Problem != "" {
			t.Errorf("got %+v", out)
		}
	}
}

func TestAnAckTooLargeIsDroppedSilently(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withSocket, func(o *workspace.Options) { o.AckWithin = 50 * time.Millisecond })
	conn := w.dial()
	done := w.typing()
	w.ack(conn, w.read(conn), object{"text": strings.Repeat("x", 20480)})
	if out := done(); out.Problem != "operation_timeout" {
		t.Errorf("got %+v", out)
	}
}

func TestReconnectOnRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withSocket)
	old := w.dial()
	w.Do(workspace.Order{Reconnect: "refresh_requested"})
	if got := w.read(old); got["type"] != "disconnect" || got["reason"] != "refresh_requested" {
		t.Fatalf("got %v", got)
	}
	fresh := w.dial()
	done := w.typing()
	w.ack(fresh, w.read(fresh), nil)
	if out := done(); out.Problem != "" {
		t.Errorf("got %+v", out)
	}
}

func TestUnackedEnvelopesComeAgainOnOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withSocket)
	on := true
	w.Do(workspace.Order{Redeliver: &on})
	old := w.dial()
	done := w.typing()
	first := w.read(old)
	w.Do(workspace.Order{Drop: true})
	fresh := w.dial()
	again := w.read(fresh)
	if again["envelope_id"] != first["envelope_id"] || again["retry_attempt"] != 1.0 {
		t.Errorf("got %v after %v", again, first)
	}
	w.ack(fresh, again, nil)
	if out := done(); out.Problem != "" {
		t.Errorf("got %+v", out)
	}
}

func TestTheEleventhConnectionIsSentAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withSocket)
	for range 10 {
		w.dial()
	}
	_, message := w.connect()
	if message["type"] != "disconnect" || message["reason"] != "too_many_websockets" {
		t.Errorf("got %v", message)
	}
}

func TestConnectionsArePinged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withSocket, func(o *workspace.Options) { o.PingEvery = time.Millisecond })
	conn := w.dial()
	pinged, enough := context.WithCancel(t.Context())
	n := 0
	conn.SetPingHandler(func(string) error {
		if n++; n == 3 {
			enough()
		}
		return nil
	})
	var reading sync.WaitGroup
	reading.Go(func() {
		defer enough() // at the read deadline, should the pings not come
		_, _, _ = conn.ReadMessage()
	})
	<-pinged.Done()
	_ = conn.Close()
	reading.Wait()
	if n < 3 {
		t.Errorf("%d pings", n)
	}
}
