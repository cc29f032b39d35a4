package fault

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Call is one line of the log: what was called, without secrets.
type Call struct {
	At      time.Time `json:"at"`
	Took    Duration  `json:"took"`
	System  string    `json:"system"`
	Method  string    `json:"method"`
	Path    string    `json:"path"`
	Query   string    `json:"query,omitempty"`
	Status  int       `json:"status"` // 0: no answer was given
	Request string    `json:"request,omitempty"`
	Answer  string    `json:"answer,omitempty"`
	Fault   string    `json:"fault,omitempty"`
	From    string    `json:"from,omitempty"` // X-Opaque-Id: who says that it called
}

// logLimit is how many calls are remembered.
const logLimit = 5000

// Log remembers the last calls. The zero value is ready.
type Log struct {
	mu    sync.Mutex
	calls []Call
	total int // of all calls so far, forgotten ones too
}

// Since returns the calls after the first n, as far as they are remembered, and how many there have been: what to
// ask with the next time.
func (l *Log) Since(n int) (calls []Call, total int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fresh := min(max(l.total-n, 0), len(l.calls))
	return slices.Clone(l.calls[len(l.calls)-fresh:]), l.total
}

// Calls returns the calls so far, oldest first.
func (l *Log) Calls() []Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.calls)
}

// Reset forgets them.
func (l *Log) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = nil
}

func (l *Log) add(x Exchange) {
	c := Call{
		At: x.At, Took: Duration(x.Took), System: x.System, Method: x.Method, Path: x.Path, Query: x.Query,
		Status: x.Status, Request: Redact(x.Request), Answer: Redact(x.Answer), Fault: x.Fault,
		From: x.ReqHeader.Get("X-Opaque-Id"),
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, c)
	l.total++
	if len(l.calls) > logLimit {
		l.calls = slices.Delete(l.calls, 0, len(l.calls)-logLimit)
	}
}

// Dots stand where a secret was.
const Dots = "••••"

// logBody is how much of a body the log keeps.
const logBody = 2000

var pem = regexp.MustCompile(`-----BEGIN [A-Z ]+-----[^-]*-----END [A-Z ]+-----`)

// Redact returns a JSON body with the values of secret fields as dots, shortened; other bodies are left out.
func Redact(body []byte) string {
	if len(bytes.TrimSpace(body)) == 0 {
		return ""
	}
	var v any
	if json.Unmarshal(body, &v) != nil {
		return "(not JSON)"
	}
	out, err := json.Marshal(redact(v, false))
	if err != nil {
		return "(not JSON)"
	}
	s := pem.ReplaceAllString(string(out), "(certificate)")
	if len(s) > logBody {
		s = strings.ToValidUTF8(s[:logBody], "") + "…"
	}
	return s
}

func redact(v any, secret bool) any {
	switch v := v.(type) {
	case map[string]any:
		for k, in := range v {
			if k == "secrets" || k == "keystore_contents" {
				v[k] = redact(in, true)
				continue
			}
			v[k] = redactField(k, in, secret)
		}
	case []any:
		for i := range v {
			v[i] = redact(v[i], secret)
		}
	}
	return v
}

func redactField(name string, v any, secret bool) any {
	switch name {
	case "encoded", "api_key", "password", "secret_token", "secure_settings_password":
		if s, ok := v.(string); ok && s != "" {
			return Dots
		}
	case "value":
		if s, ok := v.(string); ok && s == "" {
			return v
		}
		if secret && v != nil {
			return Dots
		}
	}
	return redact(v, secret)
}
