package workspace

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Slack's docs, "Using Socket Mode": ten connections an app, any envelope to any of them. An acknowledgement of
// 20 480 bytes or more is dropped without a word (github.com/slack-go/slack/issues/1196).
const (
	maxConnections = 10
	maxAck         = 20480
)

// socket is the Socket Mode side. Its lock is taken after the workspace's, never before.
type socket struct {
	mu        sync.Mutex
	conns     []*connection
	tickets   map[string]bool
	pending   map[string]chan ack // envelope id → who waits
	joined    chan struct{}       // closed when a connection comes
	next      int
	envelopes int
	redeliver bool
	closed    bool
	running   sync.WaitGroup
}

// connection is one websocket. Writes go through send only.
type connection struct {
	ws      *websocket.Conn
	mu      sync.Mutex
	dead    chan struct{}
	leaving bool // told to go: no more envelopes
}

func (s *socket) init() {
	s.tickets, s.pending, s.joined = map[string]bool{}, map[string]chan ack{}, make(chan struct{})
}

func connectionsOpen(r *request) (object, *apiError) {
	if !r.app.SocketMode {
		return nil, fail("socket_mode_not_enabled")
	}
	ticket := r.newID("ticket")
	r.socket.mu.Lock()
	r.socket.tickets[ticket] = true
	r.socket.mu.Unlock()
	return object{"url": "ws" + r.public()[len("http"):] + "/link?ticket=" + ticket + "&app_id=" + r.app.ID}, nil
}

// serveSocket upgrades a request that holds an unused ticket, says hello and reads acknowledgements until the
// connection ends.
func (w *Workspace) serveSocket(rw http.ResponseWriter, req *http.Request) {
	s := &w.socket
	s.mu.Lock()
	ticket := req.URL.Query().Get("ticket")
	known := s.tickets[ticket] && !s.closed
	delete(s.tickets, ticket)
	if known {
		s.running.Add(1)
	}
	s.mu.Unlock()
	if !known {
		http.Error(rw, "invalid ticket", http.StatusForbidden)
		return
	}
	defer s.running.Done()
	upgrader := websocket.Upgrader{CheckOrigin: func(req *http.Request) bool {
		origin := req.Header.Get("Origin")
		return origin == "" || origin == "https://api.slack.com"
	}}
	ws, err := upgrader.Upgrade(rw, req, nil)
	if err != nil {
		return // Upgrade has answered
	}
	c := &connection{ws: ws, dead: make(chan struct{})}
	defer func() { _ = ws.Close() }()
	if !w.join(c) {
		_ = c.send(object{"type": "disconnect", "reason": "too_many_websockets", "debug_info": debugInfo()})
		return
	}
	s.running.Go(func() { c.ping(w.opts.PingEvery) })
	s.read(c)
	w.leave(c)
}

func (w *Workspace) join(c *connection) bool {
	s := &w.socket
	s.mu.Lock()
	n := len(s.conns) + 1
	if n > maxConnections || s.closed {
		s.mu.Unlock()
		return false
	}
	// Hello is written before anybody can pick the connection for an envelope.
	err := c.send(object{
		"type": "hello", "num_connections": n, "debug_info": debugInfo(),
		"connection_info": object{"app_id": w.opts.App.filled().ID},
	})
	if err == nil {
		s.conns = append(s.conns, c)
		close(s.joined)
		s.joined = make(chan struct{})
	}
	s.mu.Unlock()
	w.change(func() {})
	return err == nil
}

func (w *Workspace) leave(c *connection) {
	w.socket.mu.Lock()
	w.socket.conns = slices.DeleteFunc(w.socket.conns, func(one *connection) bool { return one == c })
	w.socket.mu.Unlock()
	close(c.dead)
	w.change(func() {})
}

func debugInfo() object {
	return object{"host": "applink-simulated", "build_number": 1, "approximate_connection_time": 3600}
}

func (c *connection) send(message object) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ws.WriteMessage(websocket.TextMessage, marshal(message))
}

// ping keeps the connection alive: clients count a connection dead that is not pinged for 30 s.
func (c *connection) ping(every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		c.mu.Lock()
		err := c.ws.WriteControl(websocket.PingMessage, []byte("ping"), time.Time{})
		c.mu.Unlock()
		if err != nil {
			return
		}
		select {
		case <-ticker.C:
		case <-c.dead:
			return
		}
	}
}

// read takes acknowledgements, whichever connection their envelope went out on.
func (s *socket) read(c *connection) {
	for {
		_, raw, err := c.ws.ReadMessage()
		if err != nil {
			return
		}
		var answer struct {
			EnvelopeID string          `json:"envelope_id"`
			Payload    json.RawMessage `json:"payload"`
		}
		s.mu.Lock()
		if len(raw) < maxAck && json.Unmarshal(raw, &answer) == nil {
			if waiting := s.pending[answer.EnvelopeID]; waiting != nil {
				delete(s.pending, answer.EnvelopeID)
				if string(answer.Payload) == "null" {
					answer.Payload = nil
				}
				waiting <- ack{body: answer.Payload}
			}
		}
		s.mu.Unlock()
	}
}

// deliver sends an envelope over one of the connections and waits for its acknowledgement.
func (s *socket) deliver(ctx context.Context, d delivery) ack {
	waiting := make(chan ack, 1)
	s.mu.Lock()
	s.envelopes++
	id := "00000000-0000-4000-8000-" + pad(s.envelopes, 12)
	s.pending[id] = waiting
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.pending, id)
		s.mu.Unlock()
	}()
	for attempt := 0; ; attempt++ {
		c := s.pick()
		if c == nil {
			return ack{problem: "dispatch_failed"} // nobody listens: the user sees it at once
		}
		envelope := object{
			"envelope_id": id, "type": d.kind, "payload": d.payload, "accepts_response_payload": d.kind != kindEvent,
		}
		if d.kind == kindEvent || attempt > 0 {
			envelope["retry_attempt"], envelope["retry_reason"] = attempt, ""
		}
		_ = c.send(envelope) // a connection that cannot be written to is dead, which we see below
		select {
		case answer := <-waiting:
			return answer
		case <-ctx.Done():
			return ack{problem: failedOrLate(ctx)}
		case <-c.dead:
		}
		again, done := s.afterDeath(ctx, waiting)
		if done != nil {
			return *done
		}
		if !again {
			return ack{problem: failedOrLate(ctx)}
		}
	}
}

// afterDeath waits for an acknowledgement over another connection or, where redelivery is ordered, for a
// connection to send the envelope over again.
func (s *socket) afterDeath(ctx context.Context, waiting chan ack) (again bool, done *ack) {
	for {
		s.mu.Lock()
		redeliver, joined := s.redeliver, s.joined
		s.mu.Unlock()
		if redeliver && s.pick() != nil {
			return true, nil
		}
		select {
		case answer := <-waiting:
			return false, &answer
		case <-ctx.Done():
			return false, nil
		case <-joined:
		}
	}
}

// pick returns the next connection in turn, nil if there is none.
func (s *socket) pick() *connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range s.conns {
		s.next++
		if c := s.conns[s.next%len(s.conns)]; !c.leaving {
			return c
		}
	}
	return nil
}

func pad(n, width int) string {
	s := itoa(n)
	for len(s) < width {
		s = "0" + s
	}
	return s
}
