package workspace

import (
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// apiError is an answer with ok false.
type apiError struct {
	code       string
	messages   []string // response_metadata.messages
	needed     string   // with missing_scope
	provided   string
	retryAfter int // seconds; with ratelimited
}

func fail(code string, messages ...string) *apiError {
	return &apiError{code: code, messages: messages}
}

func (e *apiError) text() string {
	return strings.Join(append([]string{e.code}, e.messages...), " ")
}

func writeAnswer(rw http.ResponseWriter, answer object, problem *apiError) {
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	if problem == nil {
		out := object{"ok": true}
		maps.Copy(out, answer)
		_, _ = rw.Write(marshal(out))
		return
	}
	out := object{"ok": false, "error": problem.code}
	if len(problem.messages) > 0 {
		out["response_metadata"] = object{"messages": problem.messages}
		out["errors"] = problem.messages
	}
	if problem.needed != "" {
		out["needed"], out["provided"] = problem.needed, problem.provided
	}
	if problem.code == "ratelimited" {
		rw.Header().Set("Retry-After", strconv.Itoa(problem.retryAfter))
		rw.WriteHeader(http.StatusTooManyRequests)
	}
	_, _ = rw.Write(marshal(out))
}
