package es

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"
	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
)

// ErrNotElasticsearch says that answers lack the header by which Elasticsearch makes itself known. It is written for
// the bot's operators.
var ErrNotElasticsearch = errors.New("the answer lacks the header X-Elastic-Product: Elasticsearch. " +
	"Either this is not Elasticsearch, or a proxy drops the header, as the platform's own may. " +
	"In that case set any_product: true for this platform in the bot's configuration")

// caller makes the calls of a Client.
type caller struct {
	system    string
	transport *elastictransport.Client
	scrub     transport.Scrubber
	now       func() time.Time
	log       *slog.Logger
	known     atomic.Bool // it has shown to be Elasticsearch
	address   string
	accepted  *Accepted
}

// sender gives a request its last touch. elastictransport would hold the credential as plain text.
type sender struct {
	next     http.RoundTripper
	prefix   string
	auth     Auth
	opaqueID func(context.Context) string
}

func (s *sender) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	req = req.Clone(ctx)
	maps.Copy(req.Header, s.auth.headers())
	if s.opaqueID != nil {
		if id := s.opaqueID(ctx); id != "" {
			req.Header.Set("X-Opaque-Id", id)
		}
	}
	if req.URL.RawPath != "" { // elastictransport puts the prefix before Path only
		req.URL.RawPath = s.prefix + req.URL.RawPath
	}
	return s.next.RoundTrip(req)
}

// request is one call: the builder of esapi, and what errors should say of it.
type request struct {
	esapi.Request
	name   string // "PUT /_cluster/settings"
	body   []byte // that Request sends, where describing it shows one
	writes bool
}

// reply is an answer as it came.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r request) describe() change.Call {
	method, path, _ := strings.Cut(r.name, " ")
	return change.Call{Method: method, Path: path, Body: string(r.body)}
}

// do makes the call and reads its answer into out, unless that is nil. It returns the status.
func (c *caller) do(ctx context.Context, r request, out any) (int, error) {
	got, err := c.fetch(ctx, r)
	if err != nil {
		return 0, err
	}
	return got.status, c.read(r, got, out)
}

// fetch makes the call. It fails only where there was no answer.
func (c *caller) fetch(ctx context.Context, r request) (reply, error) {
	call := c.call(r.name, r.writes)
	resp, err := r.Do(ctx, c.transport)
	if err != nil {
		return reply{}, call.Failed(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{}, call.Failed(err)
	}
	return reply{status: resp.StatusCode, header: resp.Header, body: body}, nil
}

// read reads an answer into out, unless that is nil. A refusal is a *link.CallError.
func (c *caller) read(r request, got reply, out any) error {
	call := c.call(r.name, r.writes)
	if err := call.Check(got.status, got.header, got.body); err != nil {
		if refused, ok := errors.AsType[*elastic.CallError](err); ok && refused.Code == elastic.CodeSSLConfig {
			refused.Ambiguous = false
		}
		return c.starting(err)
	}
	c.accepted.note(c.address, c.now())
	if !c.known.Load() {
		if got.header.Get("X-Elastic-Product") != "Elasticsearch" {
			odd := call.Odd(got.status, elastic.CodeNotElasticsearch, ErrNotElasticsearch.Error(), ErrNotElasticsearch)
			odd.Ambiguous = r.writes
			return odd
		}
		c.known.Store(true)
	}
	if out == nil {
		return nil
	}
	return call.Decode(got.status, got.body, out)
}

func (c *caller) call(name string, writes bool) transport.Call {
	return transport.Call{System: c.system, Name: name, Writes: writes, Scrub: c.scrub}
}

// starting marks a refusal of credentials that were accepted shortly before: a node that starts says so until its index
// of users is there (seen on 8.19.4 and 9.5.3). A remote cluster that refuses a key says so of an action, not of a request.
func (c *caller) starting(err error) error {
	call, ok := errors.AsType[*elastic.CallError](err)
	if ok && call.Status == http.StatusUnauthorized && call.Code == "security_exception" &&
		(strings.Contains(call.Reason, "for REST request") || strings.Contains(call.Reason, "for this request")) {
		call.Starting = c.accepted.recently(c.address, c.now())
	}
	return err
}
