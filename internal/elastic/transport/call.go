package transport

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Call is a call as its errors tell of it.
type Call struct {
	System string // "ece-prod"
	Name   string // "PATCH /deployments/…/keystore"
	Writes bool   // it may have changed something even if no good answer came
	Scrub  Scrubber
}

// Failed returns the *link.CallError for a call that got no whole answer.
func (c Call) Failed(err error) error {
	call := c.failure(0, "", c.Scrub.Text(plain(err)))
	if none, ok := errors.AsType[*NoAnswerError](err); ok {
		call.Ambiguous = c.Writes && none.Sent
	}
	// What the transport says may quote what a server wrote, so of the cause only known errors are kept.
	for _, known := range []error{context.Canceled, context.DeadlineExceeded, ErrTimeout, ErrTooLarge} {
		if errors.Is(err, known) {
			call.Err = known
		}
	}
	if errors.Is(err, ErrExpired) {
		call.Err = context.DeadlineExceeded
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		call.Err = ErrUntrusted
		call.Reason = c.Scrub.Text(ErrUntrusted.Error() + ": " + plain(err))
	}
	return call
}

// Check returns nil for an answer of 2xx, else a *link.CallError with what the body says.
func (c Call) Check(status int, header http.Header, body []byte) error {
	if status >= 200 && status < 300 {
		return nil
	}
	if status >= 300 && status < 400 {
		call := c.failure(status, "redirect", ErrRedirect.Error()+": "+target(header))
		call.Reason, call.Err = c.Scrub.Text(call.Reason), ErrRedirect
		return call
	}
	code, reason := explain(header, body)
	if status == http.StatusNotFound && code == "" && !json.Valid(body) {
		code = elastic.CodeForeign // a load balancer without a route: no reason to take a key or a filter for gone
	}
	if reason == "" && status == elastic.StatusNotElevated { // net/http has no name for it
		reason = "the platform's key lacks elevated permissions: make it with a user who has them"
	}
	if reason == "" {
		reason = cmp.Or(http.StatusText(status), fmt.Sprintf("answered with status %d", status))
	}
	call := c.failure(status, c.Scrub.Text(code), c.Scrub.Text(reason))
	call.Ambiguous = c.Writes && status >= 500
	call.RetryAfter = retryAfter(header)
	return call
}

// maxRetryAfter bounds what a server may ask for: a header that some proxy made up must not end an attempt for good.
const maxRetryAfter = time.Minute

// retryAfter reads Retry-After (RFC 9110, section 10.2.3): seconds, or a date, which is compared with the answer's own.
func retryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	var wait time.Duration
	if seconds, err := strconv.Atoi(text); err == nil {
		wait = time.Duration(min(seconds, int(maxRetryAfter.Seconds()))) * time.Second
	} else if until, err := http.ParseTime(text); err == nil {
		if at, err := http.ParseTime(header.Get("Date")); err == nil {
			wait = until.Sub(at)
		}
	}
	return min(max(wait, 0), maxRetryAfter)
}

// Decode reads a good answer into out. One that can't be read leaves a write in doubt.
func (c Call) Decode(status int, body []byte, out any) error {
	err := json.Unmarshal(body, out)
	if err == nil {
		return nil
	}
	return c.Unreadable(status, errors.Is(err, io.ErrUnexpectedEOF) || endsEarly(body, err))
}

// Unreadable returns the *link.CallError for a good answer whose JSON can't be read. The decoder's own words may quote the
// body, so they are left out.
func (c Call) Unreadable(status int, brokeOff bool) error {
	call := c.failure(status, "unreadable_answer", "the answer is not the JSON that was expected")
	if brokeOff {
		call.Status, call.Reason = 0, "the answer broke off" // worth another try
	}
	call.Ambiguous = c.Writes
	return call
}

// Odd returns the *link.CallError for an answer that was read and is still no success.
func (c Call) Odd(status int, code, reason string, cause error) *elastic.CallError {
	call := c.failure(status, c.Scrub.Text(code), c.Scrub.Text(reason))
	call.Err = cause
	return call
}

func (c Call) failure(status int, code, reason string) *elastic.CallError {
	return &elastic.CallError{System: c.System, Call: c.Name, Status: status, Code: code, Reason: reason}
}

func endsEarly(body []byte, err error) bool {
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	return ok && syntax.Offset >= int64(len(body)) && len(body) > 0 && body[0] != '<'
}

// plain drops the address that net/http puts before an error: the call's name says where it went.
func plain(err error) string {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err.Error()
	}
	return err.Error()
}

func target(header http.Header) string {
	u, err := url.Parse(header.Get("Location"))
	if err != nil || u.Host == "" {
		return "to another path"
	}
	return "to " + u.Host // the query could carry a token
}
