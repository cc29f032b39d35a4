package bot

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// socketServer is Slack's end of Socket Mode: every connection is handed to the test.
type socketServer struct {
	*httptest.Server
	refuse string // error of apps.connections.open
	conns  chan *socketConn
}

type socketConn struct {
	*websocket.Conn
	acks chan socketAck
	mu   sync.Mutex
}

type socketAck struct {
	ID      string          `json:"envelope_id"`
	Payload json.RawMessage `json:"payload"`
}

func newSocketServer(t *testing.T) *socketServer {
	t.Helper()
	s := &socketServer{conns: make(chan *socketConn, 10)}
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/apps.connections.open", func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case s.refuse != "":
			_, _ = w.Write([]byte(`{"ok":false,"error":"` + s.refuse + `"}`))
		case req.Header.Get("Authorization") != "Bearer xapp-1":
			_, _ = w.Write([]byte(`{"ok":false,"error":"not_authed"}`))
		default:
			_, _ = w.Write([]byte(`{"ok":true,"url":"ws` + strings.TrimPrefix(s.URL, "http") + `/link?ticket=secret"}`))
		}
	})
	mux.HandleFunc("/link", func(w http.ResponseWriter, req *http.Request) {
		conn, err := upgrader.Upgrade(w, req, nil)
		if err != nil {
			return
		}
		c := &socketConn{Conn: conn, acks: make(chan socketAck, 100)}
		c.send(`{"type":"hello","num_connections":1}`)
		s.conns <- c
		for {
			var ack socketAck
			if err := conn.ReadJSON(&ack); err != nil {
				close(c.acks)
				return
			}
			c.acks <- ack
		}
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (c *socketConn) send(message string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.WriteMessage(websocket.TextMessage, []byte(message))
}

func (c *socketConn) envelope(kind, id, payload string) {
	c.send(`{"type":"` + kind + `","envelope_id":"` + id + `","accepts_response_payload":true,"payload":` + payload + `}`)
}

// ack waits for the next one; the limit is only for a test that fails.
func (c *socketConn) ack(t *testing.T) socketAck {
	t.Helper()
	select {
	case a, ok := <-c.acks:
		if !ok {
			t.Fatal("the connection ended without an ack")
		}
		return a
	case <-time.After(30 * time.Second):
		t.Fatal("no ack")
		return socketAck{}
	}
}

func (s *socketServer) conn(t *testing.T) *socketConn {
	t.Helper()
	select {
	case c := <-s.conns:
		return c
	case <-time.After(30 * time.Second):
		t.Fatal("nobody connects")
		return nil
	}
}

// run starts a source and returns what stops it and gives Run's error.
func (s *socketServer) run(t *testing.T, rg *rig, connections int) func() error {
	t.Helper()
	source := NewSocketSource(rg.Router, SocketOptions{
		AppToken: func() string { return "xapp-1" }, APIURL: s.URL + "/api", HTTP: s.Client(), Connections: connections,
		Log: rg.o.Log,
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- source.Run(ctx) }()
	return func() error {
		cancel()
		err := <-done
		rg.stop(t)
		return err
	}
}

func TestSocketCarriesEverything(t *testing.T) {
	s, rg := newSocketServer(t), newRig(t, Options{})
	rg.OnCommand("/rc", func(_ context.Context, c Command) (Answer, error) { return Answer{Body: ephemeral(c.Text)}, nil })
	rg.OnAction("approve", func(context.Context, Action) (Answer, error) { return Answer{}, nil })
	rg.OnSubmit("modal-with-inputs", func(_ context.Context, s Submission) (Answer, error) {
		return Answer{Body: map[string]string{"got": s.View.State.At("edit-task-title", "title").Text}}, nil
	}, nil)
	opened := make(chan HomeOpened, 1)
	rg.OnHome(func(_ context.Context, h HomeOpened) (Answer, error) { opened <- h; return Answer{}, nil })
	stop := s.run(t, rg, 1)
	c := s.conn(t)
	cases := []struct{ kind, payload, want string }{
		{"slash_commands", slashCommand, `{"response_type":"ephemeral","text":"hi"}`},
		{"interactive", press, ``},
		{"interactive", suggest, `{"options":[]}`},
		// slack-go cannot decode this one: one of its values is no string.
		{"interactive", string(golden(t, "view_submission.json")), `{"got":"This is my example inputted value"}`},
		{"events_api", string(golden(t, "app_home_opened.json")), ``},
		{"something_new", `{}`, ``},
		{"slash_commands", `[1]`, ``},
	}
	for _, want := range cases {
		c.envelope(want.kind, "e-"+want.kind, want.payload)
		a := c.ack(t)
		if a.ID != "e-"+want.kind || string(a.Payload) != want.want {
			t.Errorf("%s acked with %s %s, not %s", want.kind, a.ID, a.Payload, want.want)
		}
	}
	if h := <-opened; h.User.ID != "U123ABC456" {
		t.Errorf("opened by %+v", h)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if strings.Contains(rg.log.String(), "secret") {
		t.Error("the ticket of the websocket is in the log")
	}
}

func TestPanicInOneHandlerLeavesTheSocketUp(t *testing.T) {
	s, rg := newSocketServer(t), newRig(t, Options{})
	rg.OnCommand("/rc", func(context.Context, Command) (Answer, error) { panic("oops") })
	stop := s.run(t, rg, 1)
	c := s.conn(t)
	for _, id := range []string{"1", "2"} {
		c.envelope("slash_commands", id, instead(t, slashCommand, "TRIGGER", id))
		if a := c.ack(t); a.ID != id {
			t.Errorf("acked %s", a.ID)
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if told := rg.failures(); len(told) != 2 || !errors.Is(told[0].Err, ErrPanic) {
		t.Errorf("told: %+v", told)
	}
}

func TestSocketComesBack(t *testing.T) {
	s, rg := newSocketServer(t), newRig(t, Options{})
	rg.OnCommand("/rc", func(context.Context, Command) (Answer, error) { return Answer{}, nil })
	stop := s.run(t, rg, 1)
	first := s.conn(t)
	first.send(`{"type":"disconnect","reason":"refresh_requested"}`)
	second := s.conn(t)
	second.envelope("slash_commands", "1", slashCommand)
	if a := second.ack(t); a.ID != "1" {
		t.Errorf("acked %s", a.ID)
	}
	_ = second.UnderlyingConn().Close() // cut, without a word
	third := s.conn(t)
	third.envelope("slash_commands", "2", instead(t, slashCommand, "TRIGGER", "2"))
	if a := third.ack(t); a.ID != "2" {
		t.Errorf("acked %s", a.ID)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestTwoConnectionsServeOneDeliveryOnce(t *testing.T) {
	s, rg := newSocketServer(t), newRig(t, Options{})
	var mu sync.Mutex
	ran := 0
	rg.OnCommand("/rc", func(context.Context, Command) (Answer, error) {
		mu.Lock()
		defer mu.Unlock()
		ran++
		return Answer{Body: ephemeral("once")}, nil
	})
	stop := s.run(t, rg, 2)
	for _, c := range []*socketConn{s.conn(t), s.conn(t)} {
		c.envelope("slash_commands", "same", slashCommand)
		if a := c.ack(t); !strings.Contains(string(a.Payload), "once") {
			t.Errorf("acked with %s", a.Payload)
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if ran != 1 {
		t.Errorf("ran %d times", ran)
	}
}

func TestStopAnswersWhatIsInHandAndRefusesWhatIsNew(t *testing.T) {
	s, rg := newSocketServer(t), newRig(t, Options{})
	started, release := make(chan struct{}), make(chan struct{})
	rg.OnCommand("/rc", func(context.Context, Command) (Answer, error) {
		close(started)
		<-release
		return Answer{Body: ephemeral("done")}, nil
	})
	rg.OnCommand("/ping", func(context.Context, Command) (Answer, error) { return Answer{Body: ephemeral("pong")}, nil })
	stop := s.run(t, rg, 1)
	c := s.conn(t)
	c.envelope("slash_commands", "1", slashCommand)
	<-started
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	for n := 0; ; n++ { // until the stop is noticed
		id := strconv.Itoa(100 + n)
		ping := strings.NewReplacer("/rc", "/ping", "TRIGGER", id).Replace(slashCommand)
		c.envelope("slash_commands", id, ping)
		if a := c.ack(t); strings.Contains(string(a.Payload), sayStopping) {
			break
		}
	}
	close(release)
	if a := c.ack(t); a.ID != "1" || !strings.Contains(string(a.Payload), "done") {
		t.Errorf("acked %s with %s", a.ID, a.Payload)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestAnswerTooLargeForASocketIsAFailure(t *testing.T) {
	s, rg := newSocketServer(t), newRig(t, Options{})
	worked := make(chan struct{})
	rg.OnSubmit("connect", func(context.Context, Submission) (Answer, error) {
		return Answer{
			Body: map[string]string{"x": strings.Repeat("x", 20*1024)},
			Then: func(context.Context) error { close(worked); return nil },
		}, nil
	}, nil)
	stop := s.run(t, rg, 1)
	c := s.conn(t)
	c.envelope("interactive", "1", submit)
	if a := c.ack(t); !strings.Contains(string(a.Payload), `"errors":{"alias":`) {
		t.Errorf("acked with %s", a.Payload)
	}
	<-worked
	if err := stop(); err != nil {
		t.Error(err)
	}
	if told := rg.failures(); len(told) != 1 || !errors.Is(told[0].Err, ErrTooLarge) {
		t.Errorf("told: %+v", told)
	}
}

func TestRefusedTokenEndsTheSocket(t *testing.T) {
	s, rg := newSocketServer(t), newRig(t, Options{})
	s.refuse = "invalid_auth"
	source := NewSocketSource(rg.Router, SocketOptions{
		AppToken: func() string { return "xapp-1" }, APIURL: s.URL + "/api/", HTTP: s.Client(),
	})
	err := source.Run(t.Context())
	if e, ok := errors.AsType[*Error](err); !ok || e.Kind != Auth || e.Code != "invalid_auth" {
		t.Errorf("ended with %v", err)
	}
}
