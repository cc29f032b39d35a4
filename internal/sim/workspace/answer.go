package workspace

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// object is a JSON object as it came over the wire. Once it is part of the workspace it is replaced, never
// changed, so snapshots may share it.
type object = map[string]any

// marshal encodes what this package built itself out of JSON values, which cannot fail.
func marshal(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("workspace: encoding a value of our own: " + err.Error())
	}
	return raw
}

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
