package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

// SocketOptions is what the Socket Mode source needs. AppToken is required.
type SocketOptions struct {
	AppToken func() string // the app-level token (xapp-…), with connections:write
	APIURL   string        // default https://slack.com/api/
	HTTP     *http.Client  // for apps.connections.open; default has a time-out of 10 s

	// Connections are held at once, default 2: Slack closes each every few hours, and while one is opened
	// again the other still receives. Slack allows ten an app, all replicas together.
	Connections int
	Log         *slog.Logger
	Connected   func() // hears of each connection that is open; nil: nobody does
}

const (
	// socketAnswerMax is where an answer is too long; see MaxAnswer.
	socketAnswerMax = MaxAnswer + 1
	// socketHandsMax bounds the events that one connection has in hand; further ones wait unread.
	socketHandsMax = 512
	// socketFlush is how long acks that are queued may take to be written before the connection is closed.
	socketFlush = 300 * time.Millisecond
	// maxEnvelope bounds a message from Slack: a view is at most 250 kB.
	maxEnvelope = 4 << 20
)

// SocketSource receives over Socket Mode: websockets that the bot opens, so nothing needs to reach it.
//
// slack-go's socketmode.Client keeps the connection; its events are read here and not by its handler, which
// starts goroutines that nobody can wait for and that end the process when they panic.
type SocketSource struct {
	router *Router
	o      SocketOptions
}

// NewSocketSource returns a source that is not connected yet.
func NewSocketSource(r *Router, o SocketOptions) *SocketSource {
	if o.APIURL == "" {
		o.APIURL = slack.APIURL
	}
	if !strings.HasSuffix(o.APIURL, "/") {
		o.APIURL += "/" // slack-go joins the two as they are
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: 10 * time.Second}
	}
	if o.Connections <= 0 {
		o.Connections = 2
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Connected == nil {
		o.Connected = func() {}
	}
	return &SocketSource{router: r, o: o}
}

// Run receives until ctx ends, and then returns nil once everything in hand is answered. What arrives meanwhile
// is refused politely. It reconnects by itself for ever; only a token that Slack refuses ends it, with an error.
func (s *SocketSource) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failures := make([]error, s.o.Connections)
	var wg sync.WaitGroup
	for i := range failures {
		wg.Go(func() {
			failures[i] = s.connection(ctx, i)
			if failures[i] != nil {
				cancel() // the same token is refused everywhere
			}
		})
	}
	wg.Wait()
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

// connection keeps one connection until ctx ends.
func (s *SocketSource) connection(ctx context.Context, number int) error {
	client := s.client()
	life, end := context.WithCancel(context.WithoutCancel(ctx)) // outlives ctx: acks must still go out
	over := make(chan error, 1)
	go func() {
		over <- s.keep(life, client)
		close(over)
	}()
	defer func() {
		end()
		for range over { // until the client has let go
		}
	}()

	var hands sync.WaitGroup
	slots := make(chan struct{}, socketHandsMax)
	for ctx.Err() == nil {
		select {
		case evt := <-client.Events:
			s.note(ctx, number, evt)
			env, ok := envelopeOf(evt)
			if !ok {
				continue
			}
			slots <- struct{}{}
			hands.Go(func() {
				defer func() { <-slots }()
				s.receive(ctx, client, env)
			})
		case <-ctx.Done():
		case err := <-over:
			hands.Wait()
			return err
		}
	}
	return s.drain(ctx, client, &hands, over)
}

// drain waits until what is in hand is answered and the answers are written. What arrives meanwhile is refused,
// here and now: the router sees that ctx has ended.
func (s *SocketSource) drain(
	ctx context.Context, client *socketmode.Client, hands *sync.WaitGroup, over <-chan error,
) error {
	flushed := make(chan struct{})
	go func() {
		hands.Wait()
		time.Sleep(socketFlush)
		close(flushed)
	}()
	for {
		select {
		case evt := <-client.Events:
			if env, ok := envelopeOf(evt); ok {
				s.receive(ctx, client, env)
			}
		case <-flushed:
			return nil
		case err := <-over:
			<-flushed
			return err
		}
	}
}

// keep runs the client; it returns when ctx ends or the token is refused.
func (s *SocketSource) keep(ctx context.Context, client *socketmode.Client) error {
	for ctx.Err() == nil {
		err := client.RunContext(ctx)
		if !errors.Is(err, context.Canceled) {
			return &Error{Method: "apps.connections.open", Code: err.Error(), Kind: Auth, Err: err}
		}
	}
	return nil
}

func (s *SocketSource) client() *socketmode.Client {
	api := slack.New("",
		slack.OptionAppLevelToken(s.o.AppToken()), slack.OptionAPIURL(s.o.APIURL),
		slack.OptionHTTPClient(s.o.HTTP), slack.OptionLog(silence{}))
	return socketmode.New(api,
		socketmode.OptionLog(silence{}), socketmode.OptionReadLimit(maxEnvelope))
}

// silence is slack-go's log: its lines hold messages; ours say what matters.
type silence struct{}

func (silence) Output(int, string) error { return nil }

// envelopeOf takes what Slack sent out of an event. slack-go reports an interaction that it cannot decode, or a
// type that it does not know, as a bad message, and does not ack it: its raw text is read here all the same.
func envelopeOf(evt socketmode.Event) (socketmode.Request, bool) {
	switch evt.Type {
	case socketmode.EventTypeEventsAPI, socketmode.EventTypeInteractive, socketmode.EventTypeSlashCommand:
		if evt.Request != nil {
			return *evt.Request, true
		}
	case socketmode.EventTypeErrorBadMessage:
		if bad, ok := evt.Data.(*socketmode.ErrorBadMessage); ok {
			var req socketmode.Request
			if err := json.Unmarshal(bad.Message, &req); err == nil && req.EnvelopeID != "" {
				return req, true
			}
		}
	case socketmode.EventTypeConnecting, socketmode.EventTypeConnected, socketmode.EventTypeConnectionError,
		socketmode.EventTypeIncomingError, socketmode.EventTypeErrorWriteFailed, socketmode.EventTypeInvalidAuth,
		socketmode.EventTypeHello, socketmode.EventTypeDisconnect: // the connection's own news
	}
	return socketmode.Request{}, false
}

// receive answers one envelope.
func (s *SocketSource) receive(ctx context.Context, client *socketmode.Client, env socketmode.Request) {
	ackCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), slackWaits)
	defer cancel()
	answer, err := s.answer(ctx, env)
	if err != nil {
		s.o.Log.ErrorContext(ctx, "envelope cannot be read", "envelope_id", env.EnvelopeID, "type", env.Type,
			"bytes", len(env.Payload), "error", err)
	}
	var payload any
	if len(answer) > 0 && env.AcceptsResponsePayload {
		payload = json.RawMessage(answer)
	}
	if err := client.AckCtx(ackCtx, env.EnvelopeID, payload); err != nil {
		s.o.Log.ErrorContext(ctx, "ack not sent", "envelope_id", env.EnvelopeID, "type", env.Type, "error", err)
	}
}

func (s *SocketSource) answer(ctx context.Context, env socketmode.Request) ([]byte, error) {
	d := delivery{envelope: env.EnvelopeID, limit: socketAnswerMax}
	switch env.Type {
	case socketmode.RequestTypeSlashCommands:
		var p commandPayload
		if err := json.Unmarshal(env.Payload, &p); err != nil {
			return nil, fmt.Errorf("decoding a command: %w", err)
		}
		return s.router.command(ctx, p, d), nil
	case socketmode.RequestTypeInteractive:
		return s.router.interaction(ctx, env.Payload, d)
	case socketmode.RequestTypeEventsAPI:
		return s.router.event(ctx, env.Payload, d)
	}
	return nil, errors.New("unknown type of envelope") // acked all the same, or it comes again
}

// note logs the life of the connection.
func (s *SocketSource) note(ctx context.Context, number int, evt socketmode.Event) {
	switch data := evt.Data.(type) {
	case *slack.ConnectionErrorEvent:
		s.o.Log.WarnContext(ctx, "socket not connected", "connection", number, "attempt", data.Attempt,
			"backoff", data.Backoff, "error", scrubbed(data.ErrorObj))
	case *slack.IncomingEventError:
		s.o.Log.InfoContext(ctx, "socket closed", "connection", number, "error", scrubbed(data.ErrorObj))
	case *socketmode.ErrorWriteFailed:
		s.o.Log.ErrorContext(ctx, "ack not written", "connection", number, "error", scrubbed(data.Cause))
	case *socketmode.ErrorBadMessage:
		s.o.Log.WarnContext(ctx, "envelope that slack-go cannot decode", "connection", number, "bytes", len(data.Message))
	case *socketmode.ConnectedEvent:
		s.o.Connected()
		s.o.Log.InfoContext(ctx, "socket connected", "connection", number, "count", data.ConnectionCount)
	}
}

// scrubbed leaves the URL out of an error: a websocket's holds a ticket that opens it.
func scrubbed(err error) string {
	if err == nil {
		return ""
	}
	return unreachable("socket", err).Err.Error()
}
