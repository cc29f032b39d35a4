package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// request is one call under way. Handlers run under the network's lock.
type request struct {
	c      *Cluster
	http   *http.Request
	who    identity
	vars   map[string]string
	query  url.Values
	raw    []byte
	status int // of a good answer; 200 unless a handler says otherwise
}

type handler func(*request) (any, *esError)

// Handler returns the cluster's HTTP API as its own users reach it: credentials and IP filters apply.
func (c *Cluster) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !c.open() {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			writeJSON(w, map[string]any{"ok": false, "message": "Forbidden"})
			return
		}
		c.serve(w, r)
	})
}

// Internal returns the HTTP API as the platform itself reaches it through its proxy: no credentials, no filters, and
// an identity that is a superuser and no API key.
func (c *Cluster) Internal() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.serve(w, r.WithContext(context.WithValue(r.Context(), internalKey{}, true)))
	})
}

func (c *Cluster) open() bool {
	defer c.net.enter()()
	return c.admits([]netip.Addr{c.net.opt.Client}, nil)
}

func (c *Cluster) serve(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	defer c.net.enter()()
	if c.stopped { // what the platform's proxy says of a cluster that is not there; no product header
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusServiceUnavailable)
		writeJSON(w, map[string]any{"ok": false, "message": "No instances are available for the requested resource."})
		return
	}
	media, bad := negotiate(r, len(raw) > 0, c.version)
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.Header().Set("Content-Type", media)
	if bad != nil {
		c.refuse(w, bad)
		return
	}
	q := &request{c: c, http: r, raw: raw, status: http.StatusOK}
	body, bad := q.route(w)
	if bad != nil {
		c.refuse(w, bad)
		return
	}
	w.WriteHeader(q.status)
	if r.Method == http.MethodHead {
		return
	}
	writeJSON(w, filterPath(body, q.query.Get("filter_path")))
}

func (c *Cluster) refuse(w http.ResponseWriter, e *esError) {
	if e.status == http.StatusUnauthorized || e.status == http.StatusForbidden {
		w.Header().Del("X-Elastic-Product") // security answers before what would add it
	}
	w.WriteHeader(e.status)
	writeJSON(w, e.body())
}

func writeJSON(w io.Writer, v any) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // a client that has gone away is its own problem
}

// negotiate checks the media types and returns that of the answer.
func negotiate(r *http.Request, hasBody bool, v Version) (string, *esError) {
	const plain, vendored = "application/json", "application/vnd.elasticsearch+json"
	media := func(header string) (string, int, bool) {
		if header == "" || header == "*/*" {
			return plain, 0, true
		}
		name, params, _ := strings.Cut(header, ";")
		name, params = strings.TrimSpace(strings.ToLower(name)), strings.TrimSpace(params)
		switch name {
		case plain, "application/*", "*/*":
			return plain, 0, true
		case vendored:
			with, err := strconv.Atoi(strings.TrimPrefix(params, "compatible-with="))
			return vendored, with, err == nil
		}
		return name, 0, false
	}
	answer, with, ok := media(r.Header.Get("Accept"))
	if !ok {
		return plain, &esError{status: 406, plain: true, reason: "Accept header [" + r.Header.Get("Accept") + "] is not supported"}
	}
	if hasBody {
		kind := r.Header.Get("Content-Type")
		if _, w, ok := media(kind); !ok || kind == "" {
			return plain, &esError{status: 406, plain: true, reason: "Content-Type header [" + kind + "] is not supported"}
		} else if w != 0 {
			with = max(with, w)
		}
	}
	if with != 0 && with != v.Major && with != v.Major-1 {
		return plain, &esError{status: 400, kind: "media_type_header_exception", reason: "Invalid media-type value on headers [Accept, Content-Type]"}
	}
	if answer == vendored {
		answer += ";compatible-with=" + strconv.Itoa(with)
	}
	return answer, nil
}

// fields splits the body, which has to be there, into the fields of a JSON object that may have only these.
func (q *request) fields(parser string, names ...string) (map[string]json.RawMessage, *esError) {
	if len(bytes.TrimSpace(q.raw)) == 0 {
		return nil, &esError{status: 400, kind: "parse_exception", reason: "request body is required"}
	}
	out := map[string]json.RawMessage{}
	if err := json.Unmarshal(q.raw, &out); err != nil {
		return nil, unreadable(parser, err)
	}
	for _, k := range slices.Sorted(maps.Keys(out)) {
		if !slices.Contains(names, k) {
			return nil, parseError("[1:1] [%s] unknown field [%s]", parser, k)
		}
	}
	return out, nil
}

func unreadable(parser string, err error) *esError {
	if strings.Contains(err.Error(), "unexpected end") {
		return &esError{status: 400, kind: "x_content_e_o_f_exception", reason: "[1:1] Unexpected end of file"}
	}
	return parseError("[1:1] [%s] %s", parser, strings.TrimPrefix(err.Error(), "json: "))
}

// object decodes the body as a JSON object that may have only these fields; no body is an empty object.
func (q *request) object(parser string, names ...string) (map[string]any, *esError) {
	out := map[string]any{}
	if len(bytes.TrimSpace(q.raw)) == 0 {
		return out, nil
	}
	if _, bad := q.fields(parser, names...); bad != nil {
		return nil, bad
	}
	dec := json.NewDecoder(bytes.NewReader(q.raw))
	dec.UseNumber()
	if err := dec.Decode(&out); err != nil {
		return nil, unreadable(parser, err)
	}
	return out, nil
}

// flag reads a boolean parameter; present without a value it is true.
func (q *request) flag(name string) (bool, *esError) {
	if !q.query.Has(name) {
		return false, nil
	}
	switch v := q.query.Get(name); v {
	case "", "true":
		return true, nil
	case "false":
		return false, nil
	default:
		return false, illegalArgument("Failed to parse value [%s] as only [true] or [false] are allowed.", v)
	}
}
