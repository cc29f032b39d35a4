// Package cloudapi is a thin client of the REST API that Elastic Cloud Enterprise and Elastic Cloud share
// (/api/v1). It speaks link's terms, so that a platform is this client and what is special about it. It must not
// know what a connection is made of, and it never repeats a call: only the executor retries.
//
// The paths and fields are those of the Swagger files that Elastic publishes with github.com/elastic/cloud-sdk-go.
package cloudapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

const (
	basePath  = "/api/v1"
	userAgent = "remote-cluster-bot"
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
	system string
	base   string
	key    secret.Secret
	http   *transport.DeadlineTransport
	scrub  transport.Scrubber
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
	return &Client{
		system: o.System, base: base + basePath, key: o.APIKey, http: calls, scrub: transport.NewScrubber(o.APIKey),
	}, nil
}

// ProxyAddress is where ECE hands requests through to Elasticsearch of a deployment.
func (c *Client) ProxyAddress(d elastic.Deployment) (string, error) {
	path, err := pathOf("deployments", d.Deployment, "elasticsearch", d.RefID, "proxy")
	if err != nil {
		return "", err
	}
	return c.base + path, nil
}

// request is one call.
type request struct {
	method string
	path   []string // its segments below /api/v1
	query  url.Values
	body   any           // sent as JSON; nil: none
	reads  bool          // it changes nothing, whatever its method
	secret secret.Secret // in the body; taken out of whatever the server says
}

// Calls describe the calls of a Client. Each is made of the request that the Client sends.
type Calls struct{}

var _ elastic.PlatformCalls = Calls{}

func (r request) describe() change.Call {
	call := change.Call{Method: r.method, Path: basePath + "/" + strings.Join(r.path, "/")}
	if r.body != nil {
		raw, _ := json.Marshal(r.body) //nolint:errchkjson // texts, and what has been read as JSON
		call.Body = string(raw)
	}
	return call
}

// do makes the call and reads its answer into out, unless that is nil.
func (c *Client) do(ctx context.Context, r request, out any) error {
	_, err := c.doHeader(ctx, r, out)
	return err
}

// doHeader is do with the answer's header.
func (c *Client) doHeader(ctx context.Context, r request, out any) (http.Header, error) {
	path, err := pathOf(r.path...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.system, err)
	}
	call := transport.Call{
		System: c.system, Name: r.method + " " + path, Writes: r.method != http.MethodGet && !r.reads,
		Scrub: c.scrub.With(r.secret),
	}
	req, err := c.newRequest(ctx, r, path)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.RoundTrip(req) // not by an http.Client: it would follow redirects
	if err != nil {
		return nil, call.Failed(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, call.Failed(err)
	}
	if err := call.Check(resp.StatusCode, resp.Header, body); err != nil {
		return nil, err
	}
	if out == nil {
		return resp.Header, nil
	}
	return resp.Header, call.Decode(resp.StatusCode, body, out)
}

func (c *Client) newRequest(ctx context.Context, r request, path string) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		raw, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("%s: writing the request: %w", c.system, err)
		}
		body = bytes.NewReader(raw)
	}
	address := c.base + path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.system, err)
	}
	req.Header.Set("Authorization", "ApiKey "+c.key.Reveal())
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", userAgent)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// idForm is what ids of deployments, resources and rulesets are made of. Anything else could lead to another path.
var idForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

var errNoID = errors.New("an id is missing or is none")

func pathOf(segments ...string) (string, error) {
	for _, s := range segments {
		if !idForm.MatchString(s) {
			return "", fmt.Errorf("%w: %q", errNoID, s)
		}
	}
	return "/" + strings.Join(segments, "/"), nil
}
