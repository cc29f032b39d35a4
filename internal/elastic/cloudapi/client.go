// Package cloudapi is a thin client of the REST API that Elastic Cloud Enterprise and Elastic Cloud share
// (/api/v1). It speaks link's terms, so that a platform is this client and what is special about it. It must not
// know what a connection is made of, and it never repeats a call: only the executor retries.
//
// The paths and fields are those of the Swagger files that Elastic publishes with github.com/elastic/cloud-sdk-go.
package cloudapi

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// Options say which platform to talk to.
type Options struct {
	System      string            // the platform's configured name: in errors and in the Ref of its deployments
	BaseURL     string            // https://<coordinator>:12443 or https://api.elastic-cloud.com, with or without /api/v1
	APIKey      secret.Secret     // of the platform, not of Elasticsearch
	Transport   http.RoundTripper // nil: transport.NewTransport with the system's authorities
	CallTimeout time.Duration     // of each call; 0: transport.DefaultCallTimeout
	Now         func() time.Time  // required
	Log         *slog.Logger      // nil: no log
}

// Client talks to one platform. It implements link.Deployments and link.Keystores.
type Client struct {
	deployments
	trusts
	filters
	keystores
	restarts
}

// New checks the options.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.BaseURL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("platform %s: its URL can't be read", o.System) // the URL itself could hold a password
	case u.Scheme != "https" && u.Scheme != "http", u.Host == "":
		return nil, fmt.Errorf("platform %s: its URL must begin with https:// and name a host", o.System)
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return nil, fmt.Errorf("platform %s: its URL must hold no user and no query", o.System)
	case o.APIKey.Empty():
		return nil, fmt.Errorf("platform %s: an API key is needed", o.System)
	}
	if o.Transport == nil {
		o.Transport = transport.NewTransport(transport.Trust{})
	}
	calls, err := transport.NewDeadlineTransport(transport.Options{
		System: o.System, Next: o.Transport, CallTimeout: o.CallTimeout, Now: o.Now, Log: o.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("platform %s: %w", o.System, err)
	}
	base := strings.TrimSuffix(strings.TrimRight(o.BaseURL, "/"), basePath)
	c := &caller{
		system: o.System, base: base + basePath, key: o.APIKey, http: calls, scrub: transport.NewScrubber(o.APIKey),
	}
	t := trusts{c}
	return &Client{deployments{c}, t, filters{c}, keystores{c}, restarts{t}}, nil
}

// Calls describe the calls of a Client. Each is made of the request that the Client sends.
type Calls struct {
	trustCalls
	filterCalls
	keystoreCalls
	restartCalls
}

var (
	_ elastic.Lister        = (*Client)(nil)
	_ elastic.PlatformCalls = Calls{}
)
