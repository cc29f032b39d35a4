package cloudapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

const (
	basePath  = "/api/v1"
	userAgent = "remote-cluster-bot"
)

// caller makes the calls of a Client.
type caller struct {
	system string
	base   string
	key    secret.Secret
	http   *transport.DeadlineTransport
	scrub  transport.Scrubber
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

func (r request) describe() change.Call {
	call := change.Call{Method: r.method, Path: basePath + "/" + strings.Join(r.path, "/")}
	if r.body != nil {
		raw, _ := json.Marshal(r.body) //nolint:errchkjson // texts, and what has been read as JSON
		call.Body = string(raw)
	}
	return call
}

// do makes the call and reads its answer into out, unless that is nil.
func (c *caller) do(ctx context.Context, r request, out any) error {
	_, err := c.doHeader(ctx, r, out)
	return err
}

// doHeader is do with the answer's header.
func (c *caller) doHeader(ctx context.Context, r request, out any) (http.Header, error) {
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

func (c *caller) newRequest(ctx context.Context, r request, path string) (*http.Request, error) {
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
