package workspace

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// api is the Web API, with what was called, and the faults that were ordered.
type api struct {
	*team
	*faultQueue
	calls  []Call
	called int // of all calls so far, forgotten ones too
}

type method struct {
	scope    string // needed by the bot token; empty: none, or it depends on the channel
	tier     int    // calls a minute; 0: special
	appToken bool
	run      func(*request) (object, *apiError)
}

// methods is all this workspace knows, with the scopes and tiers of Slack's method pages.
var methods = map[string]method{
	"auth.test":                    {run: authTest},
	"apps.connections.open":        {tier: 50, appToken: true, run: connectionsOpen},
	"bots.info":                    {scope: "users:read", tier: 50, run: botsInfo},
	"chat.postMessage":             {scope: "chat:write", run: chatPostMessage},
	"chat.postEphemeral":           {scope: "chat:write", tier: 100, run: chatPostEphemeral},
	"chat.update":                  {scope: "chat:write", tier: 50, run: chatUpdate},
	"chat.delete":                  {scope: "chat:write", tier: 50, run: chatDelete},
	"chat.getPermalink":            {run: chatGetPermalink},
	"conversations.open":           {scope: "im:write", tier: 50, run: conversationsOpen},
	"conversations.info":           {tier: 50, run: conversationsInfo},
	"conversations.members":        {tier: 100, run: conversationsMembers},
	"conversations.history":        {tier: 50, run: conversationsHistory},
	"conversations.replies":        {tier: 50, run: conversationsReplies},
	"files.getUploadURLExternal":   {scope: "files:write", tier: 100, run: filesGetUploadURLExternal},
	"files.completeUploadExternal": {scope: "files:write", tier: 100, run: filesCompleteUploadExternal},
	"reactions.add":                {scope: "reactions:write", tier: 50, run: reactionsAdd},
	"usergroups.list":              {scope: "usergroups:read", tier: 20, run: usergroupsList},
	"usergroups.users.list":        {scope: "usergroups:read", tier: 20, run: usergroupsUsersList},
	"users.info":                   {scope: "users:read", tier: 100, run: usersInfo},
	"users.list":                   {scope: "users:read", tier: 20, run: usersList},
	"views.open":                   {tier: 100, run: viewsOpen},
	"views.push":                   {tier: 100, run: viewsPush},
	"views.update":                 {tier: 100, run: viewsUpdate},
	"views.publish":                {tier: 100, run: viewsPublish},
}

func (a *api) apiHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", a.serveAPI)
	mux.HandleFunc("POST /respond/{id}", a.serveResponseURL)
	mux.HandleFunc("POST /upload/{ticket}", a.serveUpload)
	mux.Handle("GET /link", a.sockets)
	return mux
}

func (a *api) serveAPI(rw http.ResponseWriter, req *http.Request) {
	name := req.PathValue("method")
	call, problem := a.decode(req, name)
	fault := a.takeFault(name)
	if fault != nil && fault.before(rw, req, a.done) {
		a.record(call, "fault")
		return
	}
	var answer object
	if problem == nil {
		answer, problem = a.run(call)
	}
	if problem == nil {
		a.record(call, "")
	} else {
		a.record(call, problem.code)
	}
	if fault != nil && fault.LoseAnswer {
		hangUp(rw)
		return
	}
	if app := a.App(); call.token == app.BotToken { // Slack's docs: "Using the Web API", X-OAuth-Scopes
		rw.Header().Set("X-OAuth-Scopes", strings.Join(app.Scopes, ","))
	}
	writeAnswer(rw, answer, problem)
}

// decode reads arguments and token. Forms may carry the token in the body or in the header; with a JSON body it
// must be in the header (Slack's docs, "Using the Web API").
func (a *api) decode(req *http.Request, name string) (*request, *apiError) {
	call := &request{team: a.team, method: name, args: object{}}
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

// run checks who calls, whether they may and how often, and calls the method.
func (a *api) run(r *request) (object, *apiError) {
	a.mu.Lock()
	defer a.mu.Unlock()
	m, known := methods[r.method]
	if !known {
		return nil, fail("unknown_method")
	}
	if problem := a.authorize(r.token, m); problem != nil {
		return nil, problem
	}
	if m.scope != "" {
		if problem := r.scoped(m.scope); problem != nil {
			return nil, problem
		}
	}
	if wait := a.limits.take(r.method, m.tier, time.Minute, a.opts.Now()); wait > 0 {
		return nil, &apiError{code: "ratelimited", retryAfter: wait}
	}
	return m.run(r)
}

func (a *api) authorize(token string, m method) *apiError {
	switch token {
	case "":
		return fail("not_authed")
	case a.app.BotToken:
		if m.appToken {
			return fail("not_allowed_token_type")
		}
	case a.app.AppToken:
		if !m.appToken {
			return fail("not_allowed_token_type")
		}
	default:
		return fail("invalid_auth")
	}
	if a.revoked != "" {
		return fail(a.revoked)
	}
	return nil
}

func (a *api) record(r *request, problem string) {
	call := Call{Method: r.method, At: a.opts.Now(), Args: r.args, Error: problem}
	if a.opts.OnCall != nil {
		a.opts.OnCall(call)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.called++
	a.calls = append(a.calls, call)
	if len(a.calls) > keepCalls {
		a.calls = a.calls[len(a.calls)-keepCalls:]
	}
	a.touch()
}

// keepCalls bounds what a demo that runs for days remembers.
const keepCalls = 5000

// CallsSince returns the calls after the first n, as far as they are remembered, and how many there have been: what
// to ask with the next time.
func (a *api) CallsSince(n int) (calls []Call, total int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	fresh := min(max(a.called-n, 0), len(a.calls))
	return slices.Clone(a.calls[len(a.calls)-fresh:]), a.called
}

// Calls returns the latest calls of a method, oldest first; of all methods if it is empty.
func (a *api) Calls(method string) []Call {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []Call
	for _, c := range a.calls {
		if method == "" || c.Method == method {
			out = append(out, c)
		}
	}
	return out
}
