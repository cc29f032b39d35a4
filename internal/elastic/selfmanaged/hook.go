package selfmanaged

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// Hook is an HTTPS endpoint of the clusters' owners that edits the keystores of their nodes. Every call is signed, and may
// be sent again: what it asks for is a state, not a change.
type Hook struct {
	URL       string
	Secret    secret.Secret // that calls are signed with
	Transport http.RoundTripper
	Timeout   time.Duration // of one operation, from the first call of it to its end; 0: DefaultHookTimeout
}

// DefaultHookTimeout is how long an operation of a hook may take.
const DefaultHookTimeout = 2 * time.Minute

// The headers of a call to a hook. The signature is over the time, a dot and the body.
const (
	HeaderTime      = "X-RCB-Timestamp"
	HeaderSignature = "X-RCB-Signature"
)

// Sign returns the signature of a call.
func Sign(key secret.Secret, at string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	_, _ = mac.Write(append([]byte(at+"."), body...)) // a hash takes everything
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// Operation is what a hook is asked for.
type Operation struct {
	Operation string `json:"operation"` // list, put or remove
	Platform  string `json:"platform"`
	Cluster   string `json:"cluster"`
	Entry     string `json:"entry,omitempty"` // the name in the keystore
	Value     string `json:"value,omitempty"` // of put
}

// name is the operation in errors.
func (op Operation) name() string { return strings.TrimSpace(op.Operation + " " + op.Entry) }

// Result is what a hook answers once an operation has ended: the names of the entries that every node has.
type Result struct {
	Entries *[]string `json:"entries"`
}

// hook is the client of a Hook.
type hook struct {
	Hook
	platform string
	now      func() time.Time
	calls    *transport.DeadlineTransport
	scrub    transport.Scrubber
	opaqueID func(context.Context) string
}

func newHook(h Hook, o Options) (*hook, error) {
	if h.Secret.Empty() {
		return nil, errors.New("the keystore hook needs a secret")
	}
	if h.Transport == nil {
		h.Transport = transport.NewTransport(transport.Trust{})
	}
	h.Timeout = cmp.Or(h.Timeout, DefaultHookTimeout)
	calls, err := transport.NewDeadlineTransport(transport.Options{
		System: system(o.Name), Next: h.Transport, CallTimeout: o.CallTimeout, Now: o.Now, Log: cmp.Or(o.Log, slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return nil, err
	}
	return &hook{Hook: h, platform: o.Name, now: o.Now, calls: calls, scrub: transport.NewScrubber(h.Secret), opaqueID: o.OpaqueID}, nil
}

func system(platform string) string { return "the keystore hook of " + platform }

// askAgainAfter is the pause between two calls of one operation that is still going on, where the hook names none.
const askAgainAfter = time.Second

// run asks for an operation until it has ended. While the hook answers 202 it is asked again: each call is short, so that
// a worker that was frozen sends nothing any more.
func (h *hook) run(ctx context.Context, op Operation, value secret.Secret) ([]string, error) {
	op.Platform, op.Value = h.platform, value.Reveal()
	body, err := json.Marshal(op)
	if err != nil {
		return nil, fmt.Errorf("%s: writing the request: %w", system(h.platform), err)
	}
	call := transport.Call{
		System: system(h.platform), Name: op.name(), Writes: op.Operation != "list", Scrub: h.scrub.With(value),
	}
	for end := h.now().Add(h.Timeout); ; {
		status, header, answer, err := h.send(ctx, call, body)
		if err != nil {
			return nil, err
		}
		if status != http.StatusAccepted {
			return entriesOf(call, status, answer)
		}
		pause := askAgainAfter
		if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil && seconds > 0 {
			pause = time.Duration(seconds) * time.Second
		}
		if h.now().Add(pause).After(end) {
			late := call.Odd(status, "hook_too_slow", fmt.Sprintf("it is still at it after %s", h.Timeout), nil)
			late.Ambiguous = call.Writes
			return nil, late
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (h *hook) send(ctx context.Context, call transport.Call, body []byte) (int, http.Header, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, fmt.Errorf("%s: its address can't be read", call.System)
	}
	at := strconv.FormatInt(h.now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "remote-cluster-bot")
	req.Header.Set(HeaderTime, at)
	req.Header.Set(HeaderSignature, Sign(h.Secret, at, body))
	if h.opaqueID != nil {
		if id := h.opaqueID(ctx); id != "" {
			req.Header.Set("X-Opaque-Id", id)
		}
	}
	resp, err := h.calls.RoundTrip(req)
	if err != nil {
		return 0, nil, nil, call.Failed(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, nil, call.Failed(err)
	}
	return resp.StatusCode, resp.Header, answer, call.Check(resp.StatusCode, resp.Header, answer)
}

func entriesOf(call transport.Call, status int, answer []byte) ([]string, error) {
	var result Result
	if err := call.Decode(status, answer, &result); err != nil {
		return nil, err
	}
	if result.Entries == nil {
		odd := call.Odd(status, "no_entries", "its answer names no entries: {\"entries\": […]} is wanted", nil)
		odd.Ambiguous = call.Writes
		return nil, odd
	}
	return slices.Sorted(slices.Values(*result.Entries)), nil
}

// names are the entries that every node has.
func (h *hook) names(ctx context.Context, cluster string) ([]string, error) {
	return h.run(ctx, Operation{Operation: "list", Cluster: cluster}, secret.Secret{})
}

// put stores an entry on every node.
func (h *hook) put(ctx context.Context, cluster, entry string, value secret.Secret) error {
	op := Operation{Operation: "put", Cluster: cluster, Entry: entry}
	names, err := h.run(ctx, op, value)
	if err == nil && !slices.Contains(names, entry) {
		return h.odd(op, "entry_missing", "it says that it is done, and does not list "+entry)
	}
	return err
}

// remove removes an entry from every node.
func (h *hook) remove(ctx context.Context, cluster, entry string) error {
	op := Operation{Operation: "remove", Cluster: cluster, Entry: entry}
	names, err := h.run(ctx, op, secret.Secret{})
	if err == nil && slices.Contains(names, entry) {
		return h.odd(op, "entry_kept", "it says that it is done, and still lists "+entry)
	}
	return err
}

func (h *hook) odd(op Operation, code, reason string) error {
	return &elastic.CallError{
		System: system(h.platform), Call: op.name(), Status: http.StatusOK, Code: code, Reason: reason, Ambiguous: true,
	}
}
