package cluster

import (
	"fmt"
	"maps"
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
	if e.plain {
		return map[string]any{"error": e.reason, "status": e.status}
	}
	top := e.object()
	root := map[string]any{"type": e.kind, "reason": e.reason}
	maps.Copy(root, e.extra)
	top["root_cause"] = []any{root}
	return map[string]any{"error": top, "status": e.status}
}

func illegalArgument(format string, args ...any) *esError {
	return &esError{status: 400, kind: "illegal_argument_exception", reason: fmt.Sprintf(format, args...)}
}

func parseError(format string, args ...any) *esError {
	return &esError{status: 400, kind: "x_content_parse_exception", reason: fmt.Sprintf(format, args...)}
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
	e.extra = map[string]any{"header": map[string]any{"WWW-Authenticate": []string{
		`Basic realm="security", charset="UTF-8"`, `Bearer realm="security"`, "ApiKey",
	}}}
	return e
}

// nonCompliant is the answer of a licence that does not cover the API key model.
func nonCompliant() *esError {
	e := security(403, "current license is non-compliant for [advanced-remote-cluster-security]")
	e.extra = map[string]any{"license.expired.feature": "advanced-remote-cluster-security"}
	return e
}
