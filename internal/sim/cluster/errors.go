package cluster

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// esError is an error as Elasticsearch answers it.
type esError struct {
	status int
	kind   string
	reason string
	cause  *esError
	plain  bool           // {"error":"text"} as the REST layer answers before a handler is found
	extra  map[string]any // further fields beside type and reason
}

func (e *esError) Error() string { return e.kind + ": " + e.reason }

func (e *esError) object() map[string]any {
	out := map[string]any{"type": e.kind, "reason": e.reason}
	maps.Copy(out, e.extra)
	if e.cause != nil {
		out["caused_by"] = e.cause.object()
	}
	return out
}

func (e *esError) body() map[string]any {
	switch {
	case e.plain && e.status == 400: // no handler
		return map[string]any{"error": e.reason}
	case e.plain:
		return map[string]any{"error": e.reason, "status": e.status}
	}
	top := e.object()
	at := e.rootCause()
	root := map[string]any{"type": at.kind, "reason": at.reason}
	maps.Copy(root, at.extra)
	if list, ok := root["suppressed"].([]any); ok { // without their causes, which stand in the error itself
		short := make([]any, len(list))
		for i := range list {
			one, _ := list[i].(map[string]any)
			short[i] = map[string]any{"type": one["type"], "reason": one["reason"]}
		}
		root["suppressed"] = short
	}
	top["root_cause"] = []any{root}
	return map[string]any{"error": top, "status": e.status}
}

// rootCause is the deepest cause that is an exception of Elasticsearch, not of Java.
func (e *esError) rootCause() *esError {
	own := []string{"parse_exception", "x_content_parse_exception", "no_such_remote_cluster_exception"}
	for e.cause != nil && slices.Contains(own, e.cause.kind) {
		e = e.cause
	}
	return e
}

func illegalArgument(format string, args ...any) *esError {
	return &esError{status: 400, kind: "illegal_argument_exception", reason: fmt.Sprintf(format, args...)}
}

func parseError(format string, args ...any) *esError {
	return &esError{status: 400, kind: "x_content_parse_exception", reason: fmt.Sprintf(format, args...)}
}

// wrongType says that a field can't have a value of this type.
func wrongType(parser, field string, raw json.RawMessage) *esError {
	return parseError("[1:1] [%s] %s doesn't support values of type: %s", parser, field, token(raw))
}

// inField wraps what is wrong within a field.
func inField(parser, field string, cause *esError) *esError {
	e := parseError("[1:1] [%s] failed to parse field [%s]", parser, field)
	e.cause = cause
	return e
}

// built wraps what is wrong with an object all of whose required fields are there.
func built(parser string, cause *esError) *esError {
	if cause == nil {
		return nil
	}
	e := parseError("Failed to build [%s] after last required field arrived", parser)
	e.cause = cause
	return e
}

// token is what Elasticsearch's parser calls the first piece of a JSON value.
func token(raw json.RawMessage) string {
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

func validation(problems ...string) *esError {
	var reason strings.Builder
	for i, p := range problems {
		_, _ = fmt.Fprintf(&reason, "%d: %s;", i+1, p)
	}
	return &esError{status: 400, kind: "action_request_validation_exception", reason: "Validation Failed: " + reason.String()}
}

func security(status int, format string, args ...any) *esError {
	return &esError{status: status, kind: "security_exception", reason: fmt.Sprintf(format, args...)}
}

func unauthenticated(format string, args ...any) *esError {
	e := security(401, format, args...)
	e.extra = map[string]any{"header": map[string]any{"WWW-Authenticate": challenges}}
	return e
}

// challenges are the ways to say who one is.
var challenges = []string{`Basic realm="security", charset="UTF-8"`, "ApiKey"}

// nonCompliant is the answer of a licence that does not cover the API key model.
func nonCompliant() *esError {
	e := security(403, "current license is non-compliant for [advanced-remote-cluster-security]")
	e.extra = map[string]any{"license.expired.feature": "advanced-remote-cluster-security"}
	return e
}
