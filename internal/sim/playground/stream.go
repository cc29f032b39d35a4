package playground

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

const (
	look   = 200 * time.Millisecond // how often the clusters, which tell nobody of changes, are looked at
	gather = 20 * time.Millisecond  // changes of the workspace that come this close together are shown as one
	keep   = 400                    // calls that a page which has just been opened is shown
)

// stream sends what a person sees, and what really happens, as server-sent events. Each event carries the whole of
// its part, and is sent when that has changed; only calls are added to those before.
func (p *Playground) stream(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	user := p.o.Scene.Slack.State().UserID(r.URL.Query().Get("as"))
	if user == "" {
		http.Error(w, "there is no such person", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	out := &events{w: w, flush: http.NewResponseController(w).Flush, last: map[string][]byte{}}
	logs := &callLog{elastic: p.o.Scene.World.Log, slack: p.o.Scene.Slack}
	for {
		state := p.o.Scene.Slack.State()
		out.send("slack", seenBy(state, user))
		out.send("world", clusters(p.o.Scene.World.State(), p.o.Cast.Platform))
		out.send("faults", p.faults.state())
		if fresh := logs.next(); len(fresh) > 0 {
			out.send("calls", fresh)
		}
		if out.err != nil || !p.pause(ctx, state.Seq) {
			return
		}
	}
}

// pause waits for the next change in the workspace, but no longer than until the next look at the clusters. It
// reports whether to go on.
func (p *Playground) pause(ctx context.Context, seq int) bool {
	wait, cancel := context.WithTimeout(ctx, look)
	defer cancel()
	_, err := p.o.Scene.Slack.WaitFor(wait, func(s workspace.State) bool { return s.Seq > seq })
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-p.done:
		return false
	case <-time.After(gather):
		return true
	}
}

// events writes server-sent events, each kind only when it differs from the one before.
type events struct {
	w     http.ResponseWriter
	flush func() error
	last  map[string][]byte
	err   error
}

func (e *events) send(name string, v any) {
	if e.err != nil {
		return
	}
	raw, err := json.Marshal(v)
	if err != nil {
		e.err = err
		return
	}
	if bytes.Equal(raw, e.last[name]) {
		return
	}
	e.last[name] = raw
	if _, e.err = fmt.Fprintf(e.w, "event: %s\ndata: %s\n\n", name, raw); e.err == nil {
		e.err = e.flush()
	}
}
