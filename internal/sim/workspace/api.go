package workspace

import (
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Call is one call of the Web API that the app made.
type Call struct {
	Method string         `json:"method"`
	At     time.Time      `json:"at"`
	Args   map[string]any `json:"args"` // without the token
	Error  string         `json:"error,omitempty"`
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

// request is one call of a method, its arguments decoded. Methods run with the workspace's lock held.
type request struct {
	*Workspace
	method string
	token  string
	args   object
}

func (r *request) str(name string) string {
	switch v := r.args[name].(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	default:
		return ""
	}
}

func (r *request) bool(name string) bool {
	s := r.str(name)
	return s == "true" || s == "1"
}

// json reads an argument that is JSON: a string of it in forms, the thing itself (or a string) in JSON bodies.
func (r *request) json(name string) (value any, given, ok bool) {
	switch v := r.args[name].(type) {
	case nil:
		return nil, false, true
	case string:
		if v == "" {
			return nil, false, true
		}
		ok = json.Unmarshal([]byte(v), &value) == nil
		return value, true, ok
	default:
		return v, true, true
	}
}

type method struct {
	scope    string // needed by the bot token; empty: none, or it depends on the channel
	tier     int    // calls a minute; 0: special
	appToken bool
	run      func(*request) (object, *apiError)
}

// methods is all this workspace knows, with the scopes and tiers of Slack's method pages.
var methods = map[string]method{
	"auth.test":             {run: authTest},
	"apps.connections.open": {tier: 50, appToken: true, run: connectionsOpen},
	"bots.info":             {scope: "users:read", tier: 50, run: botsInfo},
	"chat.postMessage":      {scope: "chat:write", run: chatPostMessage},
	"chat.postEphemeral":    {scope: "chat:write", tier: 100, run: chatPostEphemeral},
	"chat.update":           {scope: "chat:write", tier: 50, run: chatUpdate},
	"chat.delete":           {scope: "chat:write", tier: 50, run: chatDelete},
	"chat.getPermalink":     {run: chatGetPermalink},
	"conversations.open":    {scope: "im:write", tier: 50, run: conversationsOpen},
	"conversations.info":    {tier: 50, run: conversationsInfo},
	"conversations.members": {tier: 100, run: conversationsMembers},
	"conversations.history": {tier: 50, run: conversationsHistory},
	"conversations.replies": {tier: 50, run: conversationsReplies},
	"reactions.add":         {scope: "reactions:write", tier: 50, run: reactionsAdd},
	"usergroups.list":       {scope: "usergroups:read", tier: 20, run: usergroupsList},
	"usergroups.users.list": {scope: "usergroups:read", tier: 20, run: usergroupsUsersList},
	"users.info":            {scope: "users:read", tier: 100, run: usersInfo},
	"users.list":            {scope: "users:read", tier: 20, run: usersList},
	"views.open":            {tier: 100, run: viewsOpen},
	"views.push":            {tier: 100, run: viewsPush},
	"views.update":          {tier: 100, run: viewsUpdate},
	"views.publish":         {tier: 100, run: viewsPublish},
}

func (w *Workspace) apiHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", w.serveAPI)
	mux.HandleFunc("POST /respond/{id}", w.serveResponseURL)
	mux.Handle("GET /link", w.sockets)
	return mux
}

func (w *Workspace) serveAPI(rw http.ResponseWriter, req *http.Request) {
	name := req.PathValue("method")
	call, problem := w.decode(req, name)
	fault := w.takeFault(name)
	if fault != nil && fault.before(rw, req, w.done) {
		w.record(call, "fault")
		return
	}
	var answer object
	if problem == nil {
		answer, problem = w.run(call)
	}
	if problem == nil {
		w.record(call, "")
	} else {
		w.record(call, problem.code)
	}
	if fault != nil && fault.LoseAnswer {
		hangUp(rw)
		return
	}
	if app := w.App(); call.token == app.BotToken { // Slack's docs: "Using the Web API", X-OAuth-Scopes
		rw.Header().Set("X-OAuth-Scopes", strings.Join(app.Scopes, ","))
	}
	writeAnswer(rw, answer, problem)
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

// decode reads arguments and token. Forms may carry the token in the body or in the header; with a JSON body it
// must be in the header (Slack's docs, "Using the Web API").
func (w *Workspace) decode(req *http.Request, name string) (*request, *apiError) {
	call := &request{Workspace: w, method: name, args: object{}}
	header, bearer := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	if bearer {
		call.token = header
	}
	body, err := io.ReadAll(io.LimitReader(req.Body, 2<<20))
	if err != nil {
		return call, fail("request_timeout")
	}
	kind, _, _ := mime.ParseMediaType(req.Header.Get("Content-Type"))
	switch {
	case req.Method == http.MethodGet:
		call.form(req.URL.Query())
	case kind == "application/json":
		if len(body) > 0 && json.Unmarshal(body, &call.args) != nil {
			return call, fail("invalid_json")
		}
		delete(call.args, "token")
	case kind == "application/x-www-form-urlencoded":
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return call, fail("invalid_form_data")
		}
		if !bearer {
			call.token = values.Get("token")
		}
		call.form(values)
	case len(body) == 0:
	default:
		return call, fail("invalid_post_type")
	}
	return call, nil
}

func (r *request) form(values url.Values) {
	for name := range values {
		if name != "token" {
			r.args[name] = values.Get(name)
		}
	}
}

// run checks who calls, whether they may and how often, and calls the method.
func (w *Workspace) run(r *request) (object, *apiError) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m, known := methods[r.method]
	if !known {
		return nil, fail("unknown_method")
	}
	if problem := w.authorize(r.token, m); problem != nil {
		return nil, problem
	}
	if m.scope != "" {
		if problem := w.scoped(m.scope); problem != nil {
			return nil, problem
		}
	}
	if wait := w.limits.take(r.method, m.tier, time.Minute, w.opts.Now()); wait > 0 {
		return nil, &apiError{code: "ratelimited", retryAfter: wait}
	}
	return m.run(r)
}

func (w *Workspace) authorize(token string, m method) *apiError {
	switch token {
	case "":
		return fail("not_authed")
	case w.app.BotToken:
		if m.appToken {
			return fail("not_allowed_token_type")
		}
	case w.app.AppToken:
		if !m.appToken {
			return fail("not_allowed_token_type")
		}
	default:
		return fail("invalid_auth")
	}
	if w.revoked != "" {
		return fail(w.revoked)
	}
	return nil
}

func (w *Workspace) scoped(needed string) *apiError {
	if slices.Contains(w.app.Scopes, needed) {
		return nil
	}
	return &apiError{code: "missing_scope", needed: needed, provided: strings.Join(w.app.Scopes, ",")}
}

func (w *Workspace) record(r *request, problem string) {
	call := Call{Method: r.method, At: w.opts.Now(), Args: r.args, Error: problem}
	if w.opts.OnCall != nil {
		w.opts.OnCall(call)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.called++
	w.calls = append(w.calls, call)
	if len(w.calls) > keepCalls {
		w.calls = w.calls[len(w.calls)-keepCalls:]
	}
	w.touch()
}

// keepCalls bounds what a demo that runs for days remembers.
const keepCalls = 5000

// CallsSince returns the calls after the first n, as far as they are remembered, and how many there have been: what
// to ask with the next time.
func (w *Workspace) CallsSince(n int) (calls []Call, total int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fresh := min(max(w.called-n, 0), len(w.calls))
	return slices.Clone(w.calls[len(w.calls)-fresh:]), w.called
}

// Calls returns the latest calls of a method, oldest first; of all methods if it is empty.
func (w *Workspace) Calls(method string) []Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Call
	for _, c := range w.calls {
		if method == "" || c.Method == method {
			out = append(out, c)
		}
	}
	return out
}
