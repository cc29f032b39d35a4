// Package es talks to Elasticsearch, directly or through the platform's proxy, with the request builders of
// go-elasticsearch (esapi). It implements link.Cluster. It must not know what a connection is made
// of, and it never repeats a call: go-elasticsearch's default would repeat the creation of a key.
package es

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"

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

// Client talks to one cluster.
type Client struct {
	*caller
	about
	apiKeys
	remotes
	roles
	searches
	tasks
}

var (
	_ elastic.Cluster   = (*Client)(nil)
	_ elastic.Issuer    = (*Client)(nil)
	_ elastic.Versioned = (*Client)(nil)
	_ elastic.Roles     = (*Client)(nil)
	_ elastic.RunAs     = (*Client)(nil)
	_ elastic.Tasks     = (*Client)(nil)
	_ elastic.Keyring   = (*Client)(nil)
	_ elastic.Uses      = (*Client)(nil)
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
	c := &caller{
		system: o.System, transport: performer, scrub: transport.NewScrubber(o.Auth.secrets...), now: o.Now, log: o.Log,
		address: o.Address, accepted: o.Accepted,
	}
	c.known.Store(o.AnyProduct)
	return &Client{
		caller: c, about: about{c}, apiKeys: apiKeys{c, o.Auth.mayIssue}, remotes: remotes{c},
		roles: roles{c, o.Auth.user}, searches: searches{c}, tasks: tasks{c},
	}, nil
}

// Calls describe the calls of a Client. Each is made of the request that the Client sends.
type Calls struct {
	keyCalls
	remoteCalls
	roleCalls
	taskCalls
}

var _ elastic.ClusterCalls = Calls{}
