// Package socketmode is Slack's side of Socket Mode: websockets that apps open, and envelopes that go out on one of them and
// are acknowledged on any.
package socketmode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// The kinds of payload, as Socket Mode names them.
const (
	Command     = "slash_commands"
	Interactive = "interactive"
	Event       = "events_api"
)

// Slack's docs, "Using Socket Mode": ten connections an app, any envelope to any of them. An acknowledgement of
// 20 480 bytes or more is dropped without a word (github.com/slack-go/slack/issues/1196).
const (
	maxConnections = 10
	maxAck         = 20480
)

// Server is Slack's side of one app's connections.
type Server struct {
	appID     string
	pingEvery time.Duration
	changed   func() // is called, without a lock, when connections have come or gone

	mu        sync.Mutex
	conns     []*connection
	tickets   map[string]bool
	pending   map[string]chan []byte // envelope id → who waits
	joined    chan struct{}          // closed when a connection comes
	next      int
	envelopes int
	redeliver bool
	closed    bool
	running   sync.WaitGroup
}

// New makes a server without connections.
func New(appID string, pingEvery time.Duration, changed func()) *Server {
	return &Server{
		appID: appID, pingEvery: pingEvery, changed: changed,
		tickets: map[string]bool{}, pending: map[string]chan []byte{}, joined: make(chan struct{}),
	}
}

// Authorize lets one connection in that shows the ticket.
func (s *Server) Authorize(ticket string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tickets[ticket] = true
}

// connection is one websocket. Writes go through send only.
type connection struct {
	ws      *websocket.Conn
	mu      sync.Mutex
	dead    chan struct{}
	leaving bool // told to go: no more envelopes
}

// ServeHTTP upgrades a request that holds an unused ticket, says hello and reads acknowledgements until the
// connection ends.
func (s *Server) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
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
	if !s.join(c) {
		_ = c.send(object{"type": "disconnect", "reason": "too_many_websockets", "debug_info": debugInfo()})
		return
	}
	s.running.Go(func() { c.ping(s.pingEvery) })
	s.read(c)
	s.leave(c)
}

func (s *Server) join(c *connection) bool {
	s.mu.Lock()
	n := len(s.conns) + 1
	if n > maxConnections || s.closed {
		s.mu.Unlock()
		return false
	}
	// Hello is written before anybody can pick the connection for an envelope.
	err := c.send(object{
		"type": "hello", "num_connections": n, "debug_info": debugInfo(),
		"connection_info": object{"app_id": s.appID},
	})
	if err == nil {
		s.conns = append(s.conns, c)
		close(s.joined)
		s.joined = make(chan struct{})
	}
	s.mu.Unlock()
	s.changed()
	return err == nil
}

func (s *Server) leave(c *connection) {
	s.mu.Lock()
	s.conns = slices.DeleteFunc(s.conns, func(one *connection) bool { return one == c })
	s.mu.Unlock()
	close(c.dead)
	s.changed()
}

type object = map[string]any

func debugInfo() object {
	return object{"host": "applink-simulated", "build_number": 1, "approximate_connection_time": 3600}
}

func (c *connection) send(message object) error {
	raw, err := json.Marshal(message)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ws.WriteMessage(websocket.TextMessage, raw)
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
func (s *Server) read(c *connection) {
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
				waiting <- answer.Payload
			}
		}
		s.mu.Unlock()
	}
}

// errNobody: no connection is there, and the user sees it at once.
var errNobody = errors.New("socketmode: nobody listens")

// Deliver sends an envelope over one of the connections and returns what its acknowledgement carries. It waits until ctx
// ends.
func (s *Server) Deliver(ctx context.Context, kind string, payload map[string]any) ([]byte, error) {
	waiting := make(chan []byte, 1)
	s.mu.Lock()
	s.envelopes++
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", s.envelopes)
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
			return nil, errNobody
		}
		envelope := object{"envelope_id": id, "type": kind, "payload": payload, "accepts_response_payload": kind != Event}
		if kind == Event || attempt > 0 {
			envelope["retry_attempt"], envelope["retry_reason"] = attempt, ""
		}
		_ = c.send(envelope) // a connection that cannot be written to is dead, which we see below
		select {
		case answer := <-waiting:
			return answer, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-c.dead:
		}
		answer, answered, err := s.afterDeath(ctx, waiting)
		if answered || err != nil {
			return answer, err
		}
	}
}

// afterDeath waits for an acknowledgement over another connection or, where redelivery is ordered, for a
// connection to send the envelope over again.
func (s *Server) afterDeath(ctx context.Context, waiting chan []byte) (answer []byte, answered bool, err error) {
	for {
		s.mu.Lock()
		redeliver, joined := s.redeliver, s.joined
		s.mu.Unlock()
		if redeliver && s.pick() != nil {
			return nil, false, nil
		}
		select {
		case answer := <-waiting:
			return answer, true, nil
		case <-ctx.Done():
			return nil, false, ctx.Err()
		case <-joined:
		}
	}
}

// pick returns the next connection in turn, nil if there is none.
func (s *Server) pick() *connection {
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
