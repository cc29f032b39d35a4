package workspace

import (
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// Slack's docs, "handling user interaction": a response_url works five times within 30 minutes.
const (
	responseUses = 5
	responseLife = 30 * time.Minute
)

type responseURL struct {
	channel, user, thread string
	message               *Message // what was pressed; nil for commands
	at                    time.Time
	uses                  int
}

// newResponseURL issues one; the lock is held.
func (w *Workspace) newResponseURL(u responseURL) string {
	u.at = w.opts.Now()
	for old, one := range w.urls {
		if u.at.Sub(one.at) > 2*responseLife {
			delete(w.urls, old)
		}
	}
	name := w.newID("r")
	w.urls[name] = &u
	return w.public() + "/respond/" + name
}

func (w *Workspace) serveResponseURL(rw http.ResponseWriter, req *http.Request) {
	fault := w.takeFault("response_url")
	if fault != nil && fault.before(rw, req, w.done) {
		return
	}
	var sent object
	body, err := io.ReadAll(io.LimitReader(req.Body, 1<<20))
	if err != nil || json.Unmarshal(body, &sent) != nil {
		writeStatus(rw, http.StatusBadRequest, fail("invalid_payload"))
		return
	}
	r := &request{Workspace: w, method: "response_url", args: sent}
	w.mu.Lock()
	status, problem := r.respond(req.PathValue("id"))
	w.mu.Unlock()
	code := ""
	if problem != nil {
		code = problem.code
	}
	w.record(r, code)
	if fault != nil && fault.LoseAnswer {
		hangUp(rw)
		return
	}
	writeStatus(rw, status, problem)
}

func writeStatus(rw http.ResponseWriter, status int, problem *apiError) {
	out := object{"ok": problem == nil}
	if problem != nil {
		out["error"] = problem.code
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_, _ = rw.Write(marshal(out))
}

func (r *request) respond(name string) (int, *apiError) {
	u := r.urls[name]
	switch {
	case u == nil:
		return http.StatusNotFound, fail("invalid_url")
	case r.opts.Now().Sub(u.at) > responseLife:
		return http.StatusNotFound, fail("expired_url")
	case u.uses >= responseUses:
		return http.StatusNotFound, fail("used_url")
	}
	said, problem := r.content()
	if problem != nil {
		return http.StatusBadRequest, problem
	}
	replace, remove := r.bool("replace_original"), r.bool("delete_original")
	if said.empty() && !remove {
		return http.StatusBadRequest, fail("no_text")
	}
	u.uses++
	switch {
	case remove && u.message != nil:
		u.message.Deleted = true
		r.touch()
	case replace && u.message != nil && !u.message.Deleted:
		r.edit(u.message, said.text, said.blocks)
	default:
		r.sayFrom(u, said, r.str("response_type"), r.str("thread_ts"))
	}
	return http.StatusOK, nil
}

// sayFrom posts what an acknowledgement or a response_url says: to the user alone unless it asks for in_channel.
func (r *request) sayFrom(u *responseURL, said content, responseType, thread string) *Message {
	m := Message{
		Channel: u.channel, Thread: orElse(thread, u.thread), User: r.app.BotUserID, BotID: r.app.BotID,
		Text: said.text, Blocks: said.blocks, Metadata: said.metadata,
	}
	if responseType != "in_channel" {
		m.Only = u.user
	}
	return r.post(m)
}
