package playground

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// apiCall is a call as the page lists it.
type apiCall struct {
	At      time.Time     `json:"at"`
	Took    time.Duration `json:"took"` // nanoseconds
	System  string        `json:"system"`
	Method  string        `json:"method"`
	Path    string        `json:"path"`
	Status  string        `json:"status"`
	Bad     bool          `json:"bad"`
	Fault   bool          `json:"fault"` // a fault was ordered for it
	Request string        `json:"request,omitempty"`
	Answer  string        `json:"answer,omitempty"`
}

// callLog reads on in the logs of both sides.
type callLog struct {
	elastic           *fault.Log
	slack             *workspace.Workspace
	seen, seenOfSlack int
}

// next returns the calls since the last time, oldest first.
func (l *callLog) next() []apiCall {
	var out []apiCall
	calls, total := l.elastic.Since(l.seen)
	l.seen = total
	for _, c := range calls {
		out = append(out, ofElastic(c))
	}
	said, total := l.slack.CallsSince(l.seenOfSlack)
	l.seenOfSlack = total
	for _, c := range said {
		out = append(out, ofSlack(c))
	}
	slices.SortStableFunc(out, func(a, b apiCall) int { return a.At.Compare(b.At) })
	return out[max(0, len(out)-keep):]
}

func ofElastic(c fault.Call) apiCall {
	path := c.Path
	if c.Query != "" {
		path += "?" + c.Query
	}
	status := strconv.Itoa(c.Status)
	if c.Status == 0 {
		status = "no answer"
	}
	return apiCall{
		At: c.At, Took: time.Duration(c.Took), System: c.System, Method: c.Method, Path: path, Status: status,
		Bad: c.Status == 0 || c.Status >= 400, Fault: c.Fault != "", Request: c.Request, Answer: c.Answer,
	}
}

func ofSlack(c workspace.Call) apiCall {
	raw, err := json.Marshal(c.Args)
	if err != nil {
		raw = nil // it came as JSON or as a form: it can be written
	}
	status := "ok"
	if c.Error != "" {
		status = c.Error
	}
	return apiCall{
		At: c.At, System: "Slack", Method: "POST", Path: c.Method, Status: status, Bad: c.Error != "",
		Request: fault.Redact(raw),
	}
}
