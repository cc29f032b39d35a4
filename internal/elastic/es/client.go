// Package es talks to Elasticsearch, directly or through the platform's proxy, with the request builders of
// go-elasticsearch (esapi). It implements link.Cluster. It must not know what a connection is made
// of, and it never repeats a call: go-elasticsearch's default would repeat the creation of a key.
package es

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"
	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
)

// Options say which cluster to talk to, and as whom.
type Options struct {
	System      string            // for errors, such as "Elasticsearch of logs-prod"
	Address     string            // may end in a path: that of the platform's proxy
	Auth        Auth              // required
	Transport   http.RoundTripper // nil: transport.NewTransport with the system's authorities
	CallTimeout time.Duration     // of each call; 0: transport.DefaultCallTimeout
	Now         func() time.Time  // required
	Log         *slog.Logger      // nil: no log
	// OpaqueID names what a call belongs to; Elasticsearch writes X-Opaque-Id into its own logs. nil or "": none.
	OpaqueID func(context.Context) string
	// Accepted is what is known of the credentials from other clients; nil: nothing.
	Accepted *Accepted
	// AnyProduct does without the header X-Elastic-Product, for a proxy that is known to drop it.
	AnyProduct bool
}

// ErrNotElasticsearch says that answers lack the header by which Elasticsearch makes itself known. It is written for
// the bot's operators.
var ErrNotElasticsearch = errors.New("the answer lacks the header X-Elastic-Product: Elasticsearch. " +
	"Either this is not Elasticsearch, or a proxy drops the header, as the platform's own may. " +
	"In that case set any_product: true for this platform in the bot's configuration")

// Client talks to one cluster.
type Client struct {
	system    string
	transport *elastictransport.Client
	scrub     transport.Scrubber
	mayIssue  bool
	user      string
	now       func() time.Time
	log       *slog.Logger
	known     atomic.Bool // it has shown to be Elasticsearch
	address   string
	accepted  *Accepted
}

var (
	_ elastic.Cluster   = (*Client)(nil)
	_ elastic.Issuer    = (*Client)(nil)
	_ elastic.Versioned = (*Client)(nil)
)

// New checks the options. It makes no call.
func New(o Options) (*Client, error) {
	address, err := url.Parse(o.Address)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: its address can't be read", o.System) // the address itself could hold a password
	case address.Scheme != "https" && address.Scheme != "http", address.Host == "":
		return nil, fmt.Errorf("%s: its address must begin with https:// and name a host", o.System)
	case address.User != nil, address.RawQuery != "", address.Fragment != "":
		return nil, fmt.Errorf("%s: its address must hold no user and no query", o.System)
	case o.Auth.headers == nil:
		return nil, fmt.Errorf("%s: %w", o.System, elastic.ErrNoCredentials)
	}
	address.Path, address.RawPath = strings.TrimRight(address.Path, "/"), ""
	if o.Transport == nil {
		o.Transport = transport.NewTransport(transport.Trust{})
	}
	deadlines, err := transport.NewDeadlineTransport(transport.Options{
		System: o.System, Next: o.Transport, CallTimeout: o.CallTimeout, Now: o.Now, Log: o.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.System, err)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Accepted == nil {
		o.Accepted = &Accepted{}
	}
	performer, err := elastictransport.NewClient(
		elastictransport.WithURLs(address),
		elastictransport.WithUserAgent("remote-cluster-bot"),
		elastictransport.WithDisableRetry(),
		elastictransport.WithTransport(&sender{next: deadlines, prefix: address.EscapedPath(), auth: o.Auth, opaqueID: o.OpaqueID}),
	)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.System, err)
	}
	c := &Client{
		system: o.System, transport: performer, scrub: transport.NewScrubber(o.Auth.secrets...),
		mayIssue: o.Auth.mayIssue, user: o.Auth.user, now: o.Now, log: o.Log,
		address: o.Address, accepted: o.Accepted,
	}
	c.known.Store(o.AnyProduct)
	return c, nil
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

// Calls describe the calls of a Client. Each is made of the request that the Client sends.
type Calls struct{}

var _ elastic.ClusterCalls = Calls{}

func (r request) describe() change.Call {
	method, path, _ := strings.Cut(r.name, " ")
	return change.Call{Method: method, Path: path, Body: string(r.body)}
}

// do makes the call and reads its answer into out, unless that is nil. It returns the status.
func (c *Client) do(ctx context.Context, r request, out any) (int, error) {
	got, err := c.fetch(ctx, r)
	if err != nil {
		return 0, err
	}
	return got.status, c.read(r, got, out)
}

// fetch makes the call. It fails only where there was no answer.
func (c *Client) fetch(ctx context.Context, r request) (reply, error) {
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
func (c *Client) read(r request, got reply, out any) error {
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

func (c *Client) call(name string, writes bool) transport.Call {
	return transport.Call{System: c.system, Name: name, Writes: writes, Scrub: c.scrub}
}

// starting marks a refusal of credentials that were accepted shortly before: a node that starts says so until its index
// of users is there (seen on 8.19.4 and 9.5.3). A remote cluster that refuses a key says so of an action, not of a request.
func (c *Client) starting(err error) error {
	call, ok := errors.AsType[*elastic.CallError](err)
	if ok && call.Status == http.StatusUnauthorized && call.Code == "security_exception" &&
		(strings.Contains(call.Reason, "for REST request") || strings.Contains(call.Reason, "for this request")) {
		call.Starting = c.accepted.recently(c.address, c.now())
	}
	return err
}
