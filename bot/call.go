package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Calls are made here and not by slack.Client (docs/decisions.md, "Own calls to Slack"). Block Kit's types are slack-go's.

// request is one call of a Web API method. Exactly one of form and body is set.
type request struct {
	method  string
	channel string     // what Slack limits posts by
	form    url.Values // for the chat.* methods and everything that only reads
	body    any        // as JSON, for views.*
	answer  any        // what to decode the answer into; may be nil
	scopes  *string    // where the scopes that the token has go; may be nil
	trigger bool       // spends a trigger_id: no waiting, no second try
}

// envelope is what every answer of the Web API has.
type envelope struct {
	OK       bool   `json:"ok"`
	Error    string `json:"error"`
	Needed   string `json:"needed"`
	Metadata struct {
		Cursor   string   `json:"next_cursor"`
		Messages []string `json:"messages"`
	} `json:"response_metadata"`
}

// maxAnswer bounds what is read of an answer; a page of messages with metadata stays far below.
const maxAnswer = 8 << 20

// attempts is how often a call is made when Slack asks for patience (429): then it had no effect and may be
// repeated. Nothing else is repeated here.
const attempts = 3

// caller calls Slack's methods.
type caller struct {
	o    MessengerOptions
	http *http.Client
	host string // scheme and host of APIURL
	pace *rateLimiter
}

// call makes a call within its rates, and once more when Slack asks for patience and ctx allows it.
func (c *caller) call(ctx context.Context, r request) error {
	if r.trigger {
		return c.do(ctx, r)
	}
	for attempt := 1; ; attempt++ {
		if err := c.pace.wait(ctx, r.method, r.channel); err != nil {
			return err
		}
		err := c.do(ctx, r)
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Kind != Limited || attempt == attempts {
			return err
		}
	}
}

// do makes a call and tells the pace if Slack asks for patience.
func (c *caller) do(ctx context.Context, r request) error {
	start := c.o.Now()
	err := c.send(ctx, r)
	e, failed := errors.AsType[*Error](err)
	if failed && e.Kind == Limited {
		c.pace.backOff(r.method, r.channel, e.RetryAfter)
	}
	if failed {
		c.o.Called(r.method, e.Kind.String(), c.o.Now().Sub(start))
		c.o.Log.WarnContext(ctx, "slack call failed", "request_id", RequestID(ctx), "method", r.method,
			"channel", r.channel, "kind", e.Kind.String(), "code", e.Code, "status", e.Status,
			"ambiguous", e.Ambiguous, "messages", e.Messages, "duration", c.o.Now().Sub(start))
	} else {
		c.o.Called(r.method, "ok", c.o.Now().Sub(start))
		c.o.Log.DebugContext(ctx, "slack call", "request_id", RequestID(ctx), "method", r.method,
			"channel", r.channel, "duration", c.o.Now().Sub(start))
	}
	return err
}

func (c *caller) send(ctx context.Context, r request) error {
	payload, contentType := []byte(r.form.Encode()), formType
	if r.body != nil {
		var err error
		if payload, err = json.Marshal(r.body); err != nil {
			return &Error{Method: r.method, Kind: BadBlocks, Err: fmt.Errorf("encoding: %w", err)}
		}
		contentType = jsonType + "; charset=utf-8"
	}
	raw, header, e := c.roundTrip(ctx, r.method, c.o.APIURL+r.method, contentType, payload, c.o.Token())
	if e != nil {
		return e
	}
	if r.scopes != nil {
		*r.scopes = header.Get("X-OAuth-Scopes")
	}
	var env envelope
	if err := json.Unmarshal(raw, &env); err != nil {
		return &Error{ // a proxy's page, perhaps with things in it that nobody should log
			Method: r.method, Status: http.StatusOK, Kind: Unavailable, Ambiguous: true,
			Err: errors.New("the answer is not Slack's"),
		}
	}
	if !env.OK {
		return refused(r.method, env)
	}
	if r.answer == nil {
		return nil
	}
	if err := json.Unmarshal(raw, r.answer); err != nil {
		return &Error{
			Method: r.method, Status: http.StatusOK, Kind: Other, Ambiguous: true,
			Err: fmt.Errorf("decoding the answer: %w", err),
		}
	}
	return nil
}

// refused is an answer with ok: false.
func refused(method string, env envelope) *Error {
	e := &Error{
		Method: method, Code: env.Error, Status: http.StatusOK, Messages: env.Metadata.Messages,
		Needed: env.Needed, Kind: kindOf(env.Error), Ambiguous: ambiguousCodes[env.Error],
	}
	if e.Code == "" {
		e.Code = "unknown_error"
	}
	if e.Kind == Limited {
		e.RetryAfter = defaultRetryAfter
	}
	return e
}

// defaultRetryAfter is how long to wait when Slack says "too many" without saying until when.
const defaultRetryAfter = 30 * time.Second

// roundTrip posts payload and returns the body and header of a 200. name is what errors call it: url may hold a secret.
func (c *caller) roundTrip(ctx context.Context, name, address, contentType string, payload []byte, token string) ([]byte, http.Header, *Error) {
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, http.NoBody)
	if err != nil {
		return nil, nil, &Error{Method: name, Kind: Other, Err: errors.New("the address cannot be called")}
	}
	req.Header.Set("Content-Type", contentType)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	late := fence(caller, req, payload, c.o.Now)
	if err := inTime(caller, c.o.Now()); err != nil {
		return nil, nil, &Error{Method: name, Kind: Unavailable, Err: err}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		e := unreachable(name, err)
		e.Ambiguous = e.Ambiguous && !late.Load()
		return nil, nil, e
	}
	defer func() { _ = resp.Body.Close() }() // read to its end or given up; nothing more to learn
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		return nil, nil, &Error{Method: name, Status: resp.StatusCode, Kind: Limited, RetryAfter: retryAfter(resp.Header)}
	case resp.StatusCode >= http.StatusInternalServerError:
		return nil, nil, &Error{Method: name, Status: resp.StatusCode, Kind: Unavailable, Ambiguous: true}
	case resp.StatusCode != http.StatusOK:
		code := refusalCode(resp.Header, body)
		return nil, nil, &Error{Method: name, Status: resp.StatusCode, Code: code, Kind: kindOf(code)}
	case err != nil:
		return nil, nil, unreachable(name, err)
	}
	return body, resp.Header, nil
}

// refusalCode finds Slack's error string in a refusal that is no 200; response_urls answer like that, in JSON
// or in a bare word.
func refusalCode(header http.Header, body []byte) string {
	if mediaType, _, _ := mime.ParseMediaType(header.Get("Content-Type")); mediaType == jsonType {
		var env envelope
		if json.Unmarshal(body, &env) == nil {
			body = []byte(env.Error)
		}
	}
	word := strings.TrimSpace(string(body))
	if _, known := kinds[word]; known {
		return word
	}
	return ""
}

func retryAfter(header http.Header) time.Duration {
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return defaultRetryAfter
	}
	return time.Duration(min(seconds, 3600)) * time.Second
}

// unreachable is a call without an answer. Only where no connection came about did it surely have no effect.
func unreachable(name string, err error) *Error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // the URL may be a secret: anyone who knows a response_url may answer
	}
	op, dialled := errors.AsType[*net.OpError](err)
	_, unnamed := errors.AsType[*net.DNSError](err)
	return &Error{
		Method: name, Kind: Unavailable, Err: err,
		Ambiguous: !unnamed && (!dialled || op.Op != "dial"),
	}
}

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"

	// maxUnsigned is how many bytes are read where the headers hold no signature: an ssl_check is short.
	maxUnsigned = 1 << 10
)
