// Package rest is how an Elasticsearch speaks over HTTP: its errors, bodies and media types, what filter_path leaves of an
// answer, patterns of names, and the versions that differ.
package rest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Error is an error as Elasticsearch answers it.
type Error struct {
	Status int
	Kind   string
	Reason string
	Cause  *Error
	Plain  bool           // {"error":"text"} as the REST layer answers before a handler is found
	Extra  map[string]any // further fields beside type and reason
}

func (e *Error) Error() string { return e.Kind + ": " + e.Reason }

// Object is the error as it stands within an answer.
func (e *Error) Object() map[string]any {
	out := map[string]any{"type": e.Kind, "reason": e.Reason}
	maps.Copy(out, e.Extra)
	if e.Cause != nil {
		out["caused_by"] = e.Cause.Object()
	}
	return out
}

// Body is the whole answer.
func (e *Error) Body() map[string]any {
	switch {
	case e.Plain && e.Status == 400: // no handler
		return map[string]any{"error": e.Reason}
	case e.Plain:
		return map[string]any{"error": e.Reason, "status": e.Status}
	}
	top := e.Object()
	at := e.rootCause()
	root := map[string]any{"type": at.Kind, "reason": at.Reason}
	maps.Copy(root, at.Extra)
	if list, ok := root["suppressed"].([]any); ok { // without their causes, which stand in the error itself
		short := make([]any, len(list))
		for i := range list {
			one, _ := list[i].(map[string]any)
			short[i] = map[string]any{"type": one["type"], "reason": one["reason"]}
		}
		root["suppressed"] = short
	}
	top["root_cause"] = []any{root}
	return map[string]any{"error": top, "status": e.Status}
}

// rootCause is the deepest cause that is an exception of Elasticsearch, not of Java.
func (e *Error) rootCause() *Error {
	own := []string{"parse_exception", "x_content_parse_exception", "no_such_remote_cluster_exception"}
	for e.Cause != nil && slices.Contains(own, e.Cause.Kind) {
		e = e.Cause
	}
	return e
}

// IllegalArgument is a bad value.
func IllegalArgument(format string, args ...any) *Error {
	return &Error{Status: 400, Kind: "illegal_argument_exception", Reason: fmt.Sprintf(format, args...)}
}

// ParseError is a body that can't be read.
func ParseError(format string, args ...any) *Error {
	return &Error{Status: 400, Kind: "x_content_parse_exception", Reason: fmt.Sprintf(format, args...)}
}

// WrongType says that a field can't have a value of this type.
func WrongType(parser, field string, raw json.RawMessage) *Error {
	return ParseError("[1:1] [%s] %s doesn't support values of type: %s", parser, field, Token(raw))
}

// InField wraps what is wrong within a field.
func InField(parser, field string, cause *Error) *Error {
	e := ParseError("[1:1] [%s] failed to parse field [%s]", parser, field)
	e.Cause = cause
	return e
}

// Built wraps what is wrong with an object all of whose required fields are there.
func Built(parser string, cause *Error) *Error {
	if cause == nil {
		return nil
	}
	e := ParseError("Failed to build [%s] after last required field arrived", parser)
	e.Cause = cause
	return e
}

// Token is what Elasticsearch's parser calls the first piece of a JSON value.
func Token(raw json.RawMessage) string {
	switch text := strings.TrimSpace(string(raw)); {
	case text == "null":
		return "VALUE_NULL"
	case text == "true", text == "false":
		return "VALUE_BOOLEAN"
	case strings.HasPrefix(text, `"`):
		return "VALUE_STRING"
	case strings.HasPrefix(text, "{"):
		return "START_OBJECT"
	case strings.HasPrefix(text, "["):
		return "START_ARRAY"
	}
	return "VALUE_NUMBER"
}

// Validation is a request that does not hold together.
func Validation(problems ...string) *Error {
	var reason strings.Builder
	for i, p := range problems {
		_, _ = fmt.Fprintf(&reason, "%d: %s;", i+1, p)
	}
	return &Error{Status: 400, Kind: "action_request_validation_exception", Reason: "Validation Failed: " + reason.String()}
}

// Forbidden is a caller without the right.
func Forbidden(format string, args ...any) *Error {
	return &Error{Status: 403, Kind: "security_exception", Reason: fmt.Sprintf(format, args...)}
}

// Unauthenticated is a caller that nobody knows.
func Unauthenticated(format string, args ...any) *Error {
	e := Forbidden(format, args...)
	e.Status = 401
	e.Extra = map[string]any{"header": map[string]any{"WWW-Authenticate": Challenges}}
	return e
}

// Challenges are the ways to say who one is.
var Challenges = []string{`Basic realm="security", charset="UTF-8"`, "ApiKey"}

// NonCompliant is the answer of a license that does not cover the API key model.
func NonCompliant() *Error {
	e := Forbidden("current license is non-compliant for [advanced-remote-cluster-security]")
	e.Extra = map[string]any{"license.expired.feature": "advanced-remote-cluster-security"}
	return e
}
