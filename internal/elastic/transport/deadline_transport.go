// Package transport is how a call leaves for Elastic: the look at the clock before it is sent, the time-out and the bound on its
// answer, the trust in a certificate, and the words for what went wrong. The platform's client and the one of
// Elasticsearch share it; it knows the paths of neither.
package transport

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// MaxAnswer is the largest answer that is read, in bytes. A deployment with its plans is some hundred kilobytes.
const MaxAnswer = 16 << 20

// DefaultCallTimeout bounds a call where the options name no other time.
const DefaultCallTimeout = 7 * time.Second

// What can be wrong with a call, for errors.Is.
var (
	ErrExpired   = errors.New("the time for this call had run out before it was sent")
	ErrTimeout   = errors.New("no answer in time")
	ErrTooLarge  = errors.New("the answer is too large")
	ErrRedirect  = errors.New("a redirect is not followed, the credential would go along")
	ErrUntrusted = errors.New("the server's certificate can't be trusted")
)

// Options say how calls are made.
type Options struct {
	System      string            // for logs, such as "ece-prod"
	Next        http.RoundTripper // required; see NewTransport
	CallTimeout time.Duration     // of one call with its answer; 0: DefaultCallTimeout
	Now         func() time.Time  // required
	Log         *slog.Logger      // nil: no log
}

// DeadlineTransport is a RoundTripper that sends nothing once the caller's time is over, waits CallTimeout at most, and hands
// out only whole answers. It follows no redirect and repeats nothing. Its errors are of type *NoAnswerError.
type DeadlineTransport struct{ o Options }

// NewDeadlineTransport checks the options.
func NewDeadlineTransport(o Options) (*DeadlineTransport, error) {
	if o.Next == nil || o.Now == nil {
		return nil, errors.New("a deadline transport needs a transport and a clock")
	}
	if o.CallTimeout <= 0 {
		o.CallTimeout = DefaultCallTimeout
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &DeadlineTransport{o: o}, nil
}

// NoAnswerError says that a call got no whole answer.
type NoAnswerError struct {
	Sent bool // a connection was there, so the request may have arrived
	Err  error
}

func (e *NoAnswerError) Error() string { return e.Err.Error() }
func (e *NoAnswerError) Unwrap() error { return e.Err }

// RoundTrip sends req, and returns its answer with a body that is already read to its end.
func (f *DeadlineTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	return f.do(req, readWhole)
}

// Stream sends req, and hands its answer to read as it comes, within the deadline: what is large need not be in memory as
// a whole. It returns a *NoAnswerError where no whole answer came, else what read returns.
func (f *DeadlineTransport) Stream(req *http.Request, read func(*http.Response) error) error {
	var said error
	_, err := f.do(req, func(resp *http.Response) error { //nolint:bodyclose // closed below, and the answer is dropped
		body := &boundedBody{ReadCloser: resp.Body, left: MaxAnswer}
		resp.Body = body
		said = read(resp)
		_ = body.Close()
		return body.failed
	})
	return cmp.Or(err, said)
}

// boundedBody is a body of at most so many bytes, which remembers how reading it failed.
type boundedBody struct {
	io.ReadCloser
	left   int64
	failed error
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		b.failed = fmt.Errorf("%w: more than %d bytes", ErrTooLarge, MaxAnswer)
		return 0, b.failed
	}
	if err != nil && err != io.EOF {
		b.failed = fmt.Errorf("the answer broke off: %w", err)
	}
	return n, err
}

// do sends req, and has read take its answer while the deadline lasts.
func (f *DeadlineTransport) do(req *http.Request, read func(*http.Response) error) (*http.Response, error) {
	began := f.o.Now()
	resp, err := f.send(req, read)
	status := 0
	if err == nil {
		status = resp.StatusCode
	}
	f.o.Log.DebugContext(req.Context(), "called elastic", "system", f.o.System, "method", req.Method,
		"path", req.URL.Path, "status", status, "took", f.o.Now().Sub(began))
	return resp, err
}

func (f *DeadlineTransport) send(req *http.Request, read func(*http.Response) error) (*http.Response, error) {
	caller := req.Context()
	if err := f.open(caller); err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, &NoAnswerError{Err: err}
	}
	// Not context.WithTimeout: it sets no timer of its own where the caller's deadline comes first, and that deadline
	// moves on while a lease is renewed.
	ctx, cancel := context.WithCancel(caller)
	defer cancel()
	defer time.AfterFunc(f.o.CallTimeout, cancel).Stop()
	var sent, refused atomic.Bool // the transport's goroutines may outlive this call
	leave := &leave{f: f, req: req}
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) { //nolint:contextcheck // likewise
		sent.Store(true)
		if bodyless(req) && leave.take() != nil {
			// A trace can't refuse, but nothing is written to a connection that is closed; and no other is dialed.
			refused.Store(true)
			cancel()
			_ = got.Conn.Close()
		}
	}})
	resp, err := f.o.Next.RoundTrip(f.guarded(req.WithContext(ctx), leave, &refused)) //nolint:contextcheck // leave asks by the caller's context
	if err == nil {
		err = read(resp)
	}
	// A gateway that gives up may have passed the call on.
	leave.end(refused.Load() || err == nil && resp.StatusCode < http.StatusInternalServerError)
	switch {
	case err == nil:
		return resp, nil
	case refused.Load():
		return nil, &NoAnswerError{Err: leave.why()}
	case errors.Is(err, ErrTooLarge):
	case caller.Err() != nil:
		err = caller.Err()
	case ctx.Err() != nil:
		err = fmt.Errorf("%w: waited %s", ErrTimeout, f.o.CallTimeout)
	}
	return nil, &NoAnswerError{Sent: sent.Load(), Err: err}
}

// open reports whether the caller still may send. A process that was frozen past its deadline wakes up with a
// timer that has not fired yet, so the deadline is compared with the clock, too; and with the wall clock, because
// the monotonic one stands still while a machine is suspended.
func (f *DeadlineTransport) open(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		return nil
	}
	if earlier(f.o.Now(), deadline) {
		return nil
	}
	return ErrExpired
}

func bodyless(req *http.Request) bool { return req.Body == nil || req.Body == http.NoBody }

// guarded looks at the clock before the body as well: dialing may take long, and the body is asked for only when the
// request is about to be written. Its headers are still in the transport's buffer then. What has no body, such as a
// DELETE, is looked at once there is a connection: see send.
func (f *DeadlineTransport) guarded(req *http.Request, leave *leave, refused *atomic.Bool) *http.Request {
	if bodyless(req) {
		return req
	}
	guard := func(body io.ReadCloser) io.ReadCloser {
		return &guardedBody{ReadCloser: body, open: func() error {
			err := leave.take()
			if err != nil {
				refused.Store(true)
			}
			return err
		}}
	}
	req.Body = guard(req.Body) // req is a copy already
	if again := req.GetBody; again != nil {
		req.GetBody = func() (io.ReadCloser, error) {
			body, err := again()
			if err != nil {
				return nil, err
			}
			return guard(body), nil
		}
	}
	return req
}

type guardedBody struct {
	io.ReadCloser
	open  func() error
	begun bool
}

func (b *guardedBody) Read(p []byte) (int, error) {
	if !b.begun {
		if err := b.open(); err != nil {
			return 0, err
		}
		b.begun = true
	}
	return b.ReadCloser.Read(p)
}

func readWhole(resp *http.Response) error {
	raw, err := io.ReadAll(io.LimitReader(resp.Body, MaxAnswer+1))
	_ = resp.Body.Close()
	if err != nil {
		return fmt.Errorf("the answer broke off: %w", err)
	}
	if len(raw) > MaxAnswer {
		return fmt.Errorf("%w: more than %d bytes", ErrTooLarge, MaxAnswer)
	}
	resp.Body = io.NopCloser(bytes.NewReader(raw))
	resp.ContentLength = int64(len(raw))
	return nil
}
