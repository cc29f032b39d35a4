package rest

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Request is one call under way.
type Request struct {
	HTTP   *http.Request
	Vars   map[string]string // what stands in the path
	Query  url.Values
	Raw    []byte // the body
	Status int    // of a good answer; 200 unless a handler says otherwise
}

// Fields splits the body, which has to be there, into the fields of a JSON object that may have only these.
func (q *Request) Fields(parser string, names ...string) (map[string]json.RawMessage, *Error) {
	if len(bytes.TrimSpace(q.Raw)) == 0 {
		return nil, &Error{Status: 400, Kind: "parse_exception", Reason: "request body is required"}
	}
	out := map[string]json.RawMessage{}
	if err := json.Unmarshal(q.Raw, &out); err != nil {
		return nil, Unreadable(parser, err)
	}
	for _, k := range slices.Sorted(maps.Keys(out)) {
		if !slices.Contains(names, k) {
			return nil, ParseError("[1:1] [%s] unknown field [%s]", parser, k)
		}
	}
	return out, nil
}

// Unreadable says that a body is no JSON.
func Unreadable(parser string, err error) *Error {
	if strings.Contains(err.Error(), "unexpected end") {
		return &Error{Status: 400, Kind: "x_content_e_o_f_exception", Reason: "[1:1] Unexpected end of file"}
	}
	return ParseError("[1:1] [%s] %s", parser, strings.TrimPrefix(err.Error(), "json: "))
}

// Object decodes the body as a JSON object that may have only these fields; no body is an empty object.
func (q *Request) Object(parser string, names ...string) (map[string]any, *Error) {
	out := map[string]any{}
	if len(bytes.TrimSpace(q.Raw)) == 0 {
		return out, nil
	}
	if _, bad := q.Fields(parser, names...); bad != nil {
		return nil, bad
	}
	dec := json.NewDecoder(bytes.NewReader(q.Raw))
	dec.UseNumber()
	if err := dec.Decode(&out); err != nil {
		return nil, Unreadable(parser, err)
	}
	return out, nil
}

// Flag reads a boolean parameter; present without a value it is true.
func (q *Request) Flag(name string) (bool, *Error) {
	if !q.Query.Has(name) {
		return false, nil
	}
	switch v := q.Query.Get(name); v {
	case "", "true":
		return true, nil
	case "false":
		return false, nil
	default:
		return false, IllegalArgument("Failed to parse value [%s] as only [true] or [false] are allowed.", v)
	}
}
