package workspace

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
)

func (a *api) serveResponseURL(rw http.ResponseWriter, req *http.Request) {
	fault := a.takeFault("response_url")
	if fault != nil && fault.before(rw, req, a.done) {
		return
	}
	var sent object
	body, err := io.ReadAll(io.LimitReader(req.Body, 1<<20))
	if err != nil || json.Unmarshal(body, &sent) != nil {
		writeStatus(rw, http.StatusBadRequest, fail("invalid_payload"))
		return
	}
	r := &request{team: a.team, method: "response_url", args: sent}
	a.mu.Lock()
	status, problem := respond(r, req.PathValue("id"))
	a.mu.Unlock()
	code := ""
	if problem != nil {
		code = problem.code
	}
	a.record(r, code)
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

func respond(r *request, name string) (int, *apiError) {
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
		said.sayFrom(r.team, u, r.str("response_type"), r.str("thread_ts"))
	}
	return http.StatusOK, nil
}

// sayFrom posts what an acknowledgement or a response_url says: to the user alone unless it asks for in_channel.
func (c content) sayFrom(t *team, u *responseURL, responseType, thread string) *Message {
	m := Message{
		Channel: u.channel, Thread: cmp.Or(thread, u.thread), User: t.app.BotUserID, BotID: t.app.BotID,
		Text: c.text, Blocks: c.blocks, Metadata: c.metadata,
	}
	if responseType != "in_channel" {
		m.Only = u.user
	}
	return t.post(m)
}
