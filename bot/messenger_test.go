package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
)

// api is a Slack that answers what it is told to, without a network, so that it works in a synctest bubble.
type api struct {
	mu      sync.Mutex
	answers map[string][]answer // by method; the last one stays
	calls   []apiCall
}

type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

type apiCall struct {
	method string
	auth   string
	values url.Values
	json   map[string]any
	at     time.Time
}

func (a *api) RoundTrip(req *http.Request) (*http.Response, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	raw, _ := io.ReadAll(req.Body)
	c := apiCall{
		method: strings.TrimPrefix(req.URL.Path, "/api/"), auth: req.Header.Get("Authorization"), at: time.Now(),
	}
	if strings.HasPrefix(req.Header.Get("Content-Type"), jsonType) {
		_ = json.Unmarshal(raw, &c.json)
	} else {
		c.values, _ = url.ParseQuery(string(raw))
	}
	a.calls = append(a.calls, c)
	list := a.answers[c.method]
	if len(list) == 0 {
		list = []answer{{body: `{"ok":true}`}}
	}
	if len(list) > 1 {
		a.answers[c.method] = list[1:]
	}
	if list[0].err != nil {
		return nil, list[0].err
	}
	w := httptest.NewRecorder()
	maps.Copy(w.Header(), list[0].header)
	if list[0].status != 0 {
		w.WriteHeader(list[0].status)
	}
	_, _ = w.WriteString(list[0].body)
	return w.Result(), nil
}

func (a *api) methods() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []string
	for _, c := range a.calls {
		list = append(list, c.method)
	}
	return list
}

func newMessenger(tb testing.TB, answers map[string][]answer) (*Messenger, *api, *bytes.Buffer) {
	tb.Helper()
	a, log := &api{answers: answers}, new(bytes.Buffer)
	if a.answers == nil {
		a.answers = make(map[string][]answer)
	}
	m := NewMessenger(MessengerOptions{
		Token: func() string { return "xoxb-secret" }, APIURL: "https://slack.test/api", HTTP: &http.Client{Transport: a},
		Log: slog.New(slog.NewTextHandler(&lockedWriter{w: log}, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	return m, a, log
}

func slackError(t *testing.T, err error) *Error {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("not an *Error: %v", err)
	}
	return e
}

func TestPostSendsWhatWasMeant(t *testing.T) {
	m, a, log := newMessenger(t, map[string][]answer{"chat.postMessage": {{body: `{"ok":true,"channel":"C9","ts":"1.2"}`}}})
	p, err := m.Post(t.Context(), "C1", Message{
		Text: "all of it", Blocks: []slack.Block{section("all of it")}, Thread: "1.0", Broadcast: true,
		Metadata: &Metadata{Type: "request", Payload: map[string]any{"id": "r1"}},
	})
	if err != nil || p != (Posted{Channel: "C9", TS: "1.2"}) {
		t.Fatalf("%+v, %v", p, err)
	}
	want := url.Values{
		"channel": {"C1"}, "text": {"all of it"}, "thread_ts": {"1.0"}, "reply_broadcast": {"true"},
		"unfurl_links": {"false"}, "unfurl_media": {"false"},
		"blocks":   {`[{"type":"section","text":{"type":"mrkdwn","text":"all of it"}}]`},
		"metadata": {`{"event_type":"request","event_payload":{"id":"r1"}}`},
	}
	if diff := cmp.Diff(want, a.calls[0].values); diff != "" {
		t.Error(diff)
	}
	if a.calls[0].auth != "Bearer xoxb-secret" {
		t.Errorf("authorization %q", a.calls[0].auth)
	}
	if l := log.String(); strings.Contains(l, "xoxb") || strings.Contains(l, "all of it") {
		t.Errorf("the log says too much:\n%s", l)
	}
}

func TestErrorsAreToldApart(t *testing.T) {
	reset := errors.New("connection reset by peer")
	cases := map[string]struct {
		answer answer
		want   Error
	}{
		"gone":     {answer{body: `{"ok":false,"error":"message_not_found"}`}, Error{Code: "message_not_found", Kind: Gone}},
		"auth":     {answer{body: `{"ok":false,"error":"token_revoked"}`}, Error{Code: "token_revoked", Kind: Auth}},
		"scope":    {answer{body: `{"ok":false,"error":"missing_scope","needed":"chat:write"}`}, Error{Code: "missing_scope", Kind: Scope, Needed: "chat:write"}},
		"blocks":   {answer{body: `{"ok":false,"error":"invalid_blocks","response_metadata":{"messages":["[ERROR] no more than 50"]}}`}, Error{Code: "invalid_blocks", Kind: BadBlocks, Messages: []string{"[ERROR] no more than 50"}}},
		"half":     {answer{body: `{"ok":false,"error":"internal_error"}`}, Error{Code: "internal_error", Kind: Unavailable, Ambiguous: true}},
		"new":      {answer{body: `{"ok":false,"error":"something_new"}`}, Error{Code: "something_new", Kind: Other}},
		"wordless": {answer{body: `{"ok":false}`}, Error{Code: "unknown_error", Kind: Other}},
		"503":      {answer{status: 503, body: "<html>"}, Error{Status: 503, Kind: Unavailable, Ambiguous: true}},
		"403":      {answer{status: 403, body: "<html>"}, Error{Status: 403, Kind: Other}},
		"a page":   {answer{body: "<html>"}, Error{Kind: Unavailable, Ambiguous: true}},
		"reset":    {answer{err: reset}, Error{Kind: Unavailable, Ambiguous: true}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			m, a, _ := newMessenger(t, map[string][]answer{"chat.postMessage": {c.answer}})
			_, err := m.Post(t.Context(), "C1", Message{Text: "x"})
			got := *slackError(t, err)
			if got.Method != "chat.postMessage" {
				t.Errorf("method %q", got.Method)
			}
			c.want.Method, got.Err = got.Method, nil
			if c.answer.err == nil && c.want.Status == 0 {
				c.want.Status = 200
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if len(a.calls) != 1 {
				t.Errorf("posted %d times", len(a.calls))
			}
			if strings.Contains(err.Error(), "<html>") || strings.Contains(err.Error(), "slack.test") {
				t.Errorf("says too much: %v", err)
			}
		})
	}
}

func TestCallThatNeverConnectedHadNoEffect(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	address := server.URL
	server.Close()
	m := NewMessenger(MessengerOptions{Token: func() string { return "" }, APIURL: address + "/api/"})
	_, err := m.Post(t.Context(), "C1", Message{Text: "x"})
	if e := slackError(t, err); e.Kind != Unavailable || e.Ambiguous {
		t.Errorf("%+v", e)
	}
}

func TestAnswerThatHangsIsOfUnknownOutcome(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body)
		<-release
	}))
	defer server.Close()
	defer close(release)
	m := NewMessenger(MessengerOptions{
		Token: func() string { return "" }, APIURL: server.URL, HTTP: server.Client(), Timeout: 50 * time.Millisecond,
	})
	_, err := m.Post(t.Context(), "C1", Message{Text: "x"})
	if e := slackError(t, err); e.Kind != Unavailable || !e.Ambiguous || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%+v", e)
	}
}

func limited(seconds string) answer {
	return answer{status: http.StatusTooManyRequests, header: http.Header{"Retry-After": {seconds}}}
}

func TestPatienceIsKeptPerChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ok := answer{body: `{"ok":true,"channel":"C1","ts":"1"}`}
		m, a, _ := newMessenger(t, map[string][]answer{"chat.postMessage": {limited("7"), ok}})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := m.Post(ctx, "C1", Message{Text: "x"})
		if e := slackError(t, err); e.Kind != Limited || e.RetryAfter != 7*time.Second || e.Ambiguous {
			t.Errorf("%+v", e)
		}
		if len(a.calls) != 1 {
			t.Fatalf("called %d times though nobody can wait", len(a.calls))
		}
		if _, err := m.Post(ctx, "C2", Message{Text: "x"}); err != nil {
			t.Errorf("another channel waits too: %v", err)
		}
		start := time.Now()
		if _, err := m.Post(t.Context(), "C1", Message{Text: "x"}); err != nil {
			t.Error(err)
		}
		if waited := time.Since(start); waited != 7*time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestLimitedCallIsMadeAgainWhenSlackSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, a, _ := newMessenger(t, map[string][]answer{"chat.update": {limited("2"), limited(""), {body: `{"ok":true}`}}})
		start := time.Now()
		if err := m.Update(t.Context(), Posted{"C1", "1"}, Message{Text: "x"}); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(start); waited != 2*time.Second+defaultRetryAfter {
			t.Errorf("waited %v", waited)
		}
		if len(a.calls) != 3 {
			t.Errorf("called %d times", len(a.calls))
		}
	})
}

func TestPostsAndUpdatesStayBelowSlacksRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, a, _ := newMessenger(t, nil)
		start := time.Now()
		for range 10 {
			if _, err := m.Post(t.Context(), "C1", Message{Text: "x"}); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took != 9*time.Second {
			t.Errorf("ten posts took %v", took)
		}
		a.calls = nil
		start = time.Now()
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				if err := m.Update(t.Context(), Posted{string(rune('A' + i)), "1"}, Message{Text: "x"}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		inMinute := 0
		for _, c := range a.calls {
			if c.at.Sub(start) < time.Minute {
				inMinute++
			}
		}
		if inMinute > 55 || inMinute < 45 {
			t.Errorf("%d updates in the first minute", inMinute)
		}
	})
}

func TestTriggerIsSpentAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, a, _ := newMessenger(t, map[string][]answer{"views.open": {limited("5"), {body: `{"ok":true,"view":{
			"id":"V1","hash":"1.a","root_view_id":"V1","callback_id":"connect","external_id":"e","private_metadata":"m",
			"blocks":[{"type":"something_new","element":7}],"state":{"values":{}}}}`}}})
		start := time.Now()
		_, err := m.OpenView(t.Context(), "t1", modal(section("x")))
		if e := slackError(t, err); e.Kind != Limited {
			t.Errorf("%+v", e)
		}
		v, err := m.OpenView(t.Context(), "t2", modal(section("x")))
		if err != nil {
			t.Fatal(err)
		}
		want := View{ID: "V1", RootID: "V1", Hash: "1.a", CallbackID: "connect", ExternalID: "e", Metadata: "m", State: State{}}
		if diff := cmp.Diff(want, v); diff != "" {
			t.Error(diff)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("waited %v", took)
		}
		if a.calls[1].json["trigger_id"] != "t2" || a.calls[1].auth != "Bearer xoxb-secret" {
			t.Errorf("sent %+v", a.calls[1])
		}
	})
}

func TestViewsAreUpdatedPushedAndPublished(t *testing.T) {
	m, a, _ := newMessenger(t, map[string][]answer{
		"views.update": {{body: `{"ok":true,"view":{"id":"V1"}}`}, {body: `{"ok":false,"error":"hash_conflict"}`}},
	})
	if v, err := m.UpdateView(t.Context(), "V1", "1.a", modal(section("x"))); err != nil || v.ID != "V1" {
		t.Errorf("%+v, %v", v, err)
	}
	if a.calls[0].json["view_id"] != "V1" || a.calls[0].json["hash"] != "1.a" {
		t.Errorf("sent %+v", a.calls[0].json)
	}
	if _, err := m.UpdateView(t.Context(), "V1", "1.a", modal(section("x"))); slackError(t, err).Kind != Conflict {
		t.Error(err)
	}
	home := slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{section("x")}}}
	if err := m.PublishHome(t.Context(), "U1", home); err != nil || a.calls[2].json["user_id"] != "U1" {
		t.Errorf("%v, sent %+v", err, a.calls[2].json)
	}
}

func TestALongTextIsCut(t *testing.T) {
	m, a, log := newMessenger(t, nil)
	long := strings.Repeat("secret", 1000)
	if _, err := m.Post(t.Context(), "C1", Message{Text: long}); err != nil {
		t.Error(err)
	}
	if got := len(a.calls[0].values.Get("text")); got != maxMessageText-1+len("…") {
		t.Errorf("sent %d bytes of text", got)
	}
	if strings.Contains(log.String(), "secret") {
		t.Error("the text is in the log")
	}
}

func TestResponseURLIsOnlySlacks(t *testing.T) {
	m, a, _ := newMessenger(t, nil)
	for _, address := range []string{
		"https://evil.example/x", "http://hooks.slack.com/x", "https://hooks.slack.com.evil.example/x",
		"https://hooks.slack.com@evil.example/x", "https://hooks.slack.com:444/x", "http://slack.test/x",
		"http://169.254.169.254/latest", "", "file:///etc/passwd", "://",
	} {
		if err := m.Respond(t.Context(), address, Message{Text: "x"}, false); err == nil {
			t.Errorf("called %q", address)
		}
	}
	if len(a.calls) != 0 {
		t.Fatalf("called %v", a.methods())
	}
	if err := m.Respond(t.Context(), "https://hooks.slack.com/actions/T1/2/three", Message{Text: "x"}, true); err != nil {
		t.Error(err)
	}
	want := map[string]any{"text": "x", "response_type": "ephemeral", "replace_original": true}
	if diff := cmp.Diff(want, a.calls[0].json); diff != "" {
		t.Error(diff)
	}
	if a.calls[0].auth != "" {
		t.Error("the token went along")
	}
}

func TestUsedUpResponseURLIsExpiredAndStaysSecret(t *testing.T) {
	const address = "https://hooks.slack.com/actions/T1/2/three"
	m, a, log := newMessenger(t, nil)
	a.answers["/actions/T1/2/three"] = []answer{
		{status: 404, body: "expired_url"},
		{status: 404, header: http.Header{"Content-Type": {"application/json"}}, body: `{"ok":false,"error":"used_url"}`},
		{err: errors.New("reset")},
		{status: 302, header: http.Header{"Location": {"https://evil.example/"}}},
	}
	for i, want := range []Kind{Expired, Expired, Unavailable, Other} {
		err := m.Respond(t.Context(), address, Message{Text: "x"}, false)
		if e := slackError(t, err); e.Kind != want {
			t.Errorf("%d: %+v", i, e)
		}
		if strings.Contains(err.Error(), "three") {
			t.Errorf("the URL is in the error: %v", err)
		}
	}
	if strings.Contains(log.String(), "three") {
		t.Error("the URL is in the log")
	}
	if len(a.calls) != 4 {
		t.Error("followed a redirect")
	}
}

func TestRestOfTheMethods(t *testing.T) {
	m, a, _ := newMessenger(t, map[string][]answer{
		"auth.test":             {{body: `{"ok":true,"url":"https://x.slack.com/","team":"X","team_id":"T1","user":"bot","user_id":"U9","bot_id":"B9"}`}},
		"conversations.open":    {{body: `{"ok":true,"channel":{"id":"D1"}}`}},
		"usergroups.users.list": {{body: `{"ok":true,"users":["U1","U2"]}`}},
		"chat.getPermalink":     {{body: `{"ok":true,"channel":"C1","permalink":"https://x.slack.com/archives/C1/p1"}`}},
	})
	ctx := t.Context()
	for range 2 {
		self, err := m.Self(ctx)
		if want := (Identity{BotID: "B9", UserID: "U9", Team: "T1", URL: "https://x.slack.com/"}); err != nil || self != want {
			t.Errorf("%+v, %v", self, err)
		}
	}
	if dm, err := m.OpenDM(ctx, "U1"); err != nil || dm != "D1" {
		t.Errorf("%s, %v", dm, err)
	}
	if members, err := m.GroupMembers(ctx, "S1"); err != nil || !cmp.Equal(members, []string{"U1", "U2"}) {
		t.Errorf("%v, %v", members, err)
	}
	for range 2 { // asked for once
		if link, err := m.Permalink(ctx, Posted{"C1", "1"}); err != nil || link != "https://x.slack.com/archives/C1/p1" {
			t.Errorf("%s, %v", link, err)
		}
	}
	if err := m.Delete(ctx, Posted{"C1", "1"}); err != nil {
		t.Error(err)
	}
	if err := m.Ephemeral(ctx, "C1", "U1", Message{Text: "x", Thread: "1.0"}); err != nil {
		t.Error(err)
	}
	want := []string{"auth.test", "conversations.open", "usergroups.users.list", "chat.getPermalink", "chat.delete", "chat.postEphemeral"}
	if diff := cmp.Diff(want, a.methods()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(url.Values{"channel": {"C1"}, "user": {"U1"}, "text": {"x"}, "thread_ts": {"1.0"}}, a.calls[5].values); diff != "" {
		t.Error(diff)
	}
}

func TestWhoIsAPersonAndWhoAMember(t *testing.T) {
	cases := []struct {
		user           string
		active, member bool
	}{
		{`{"team_id":"T1"}`, true, true},
		{`{"team_id":"T1","deleted":true}`, false, true},
		{`{"team_id":"T1","is_bot":true}`, false, true},
		{`{"team_id":"T1","is_restricted":true}`, true, false},
		{`{"team_id":"T1","is_restricted":true,"is_ultra_restricted":true}`, true, false},
		{`{"team_id":"T2"}`, true, false},
		{`{"team_id":"T2","is_stranger":true}`, true, false},
		{`{"team_id":"T2","enterprise_user":{"enterprise_id":"E1"}}`, true, true},
		{`{"team_id":"T3","enterprise_user":{"enterprise_id":"E2"}}`, true, false},
		{`{}`, true, false},
	}
	answers := make([]answer, 0, len(cases)+2)
	for _, c := range cases {
		answers = append(answers, answer{body: `{"ok":true,"user":` + c.user + `}`})
	}
	answers = append(answers, answer{body: `{"ok":false,"error":"user_not_found"}`}, answer{body: `{"ok":false,"error":"missing_scope","needed":"users:read"}`})
	m, a, _ := newMessenger(t, map[string][]answer{
		"auth.test":  {{body: `{"ok":true,"user_id":"U9","bot_id":"B9","team_id":"T1","enterprise_id":"E1"}`}},
		"users.info": answers,
	})
	for _, c := range cases {
		if active, member, err := m.Person(t.Context(), "U1"); active != c.active || member != c.member || err != nil {
			t.Errorf("%s: %v, %v, %v", c.user, active, member, err)
		}
	}
	for _, fails := range []bool{false, true} {
		if active, member, err := m.Person(t.Context(), "U1"); active || member || (err != nil) != fails {
			t.Errorf("%v, %v, %v", active, member, err)
		}
	}
	before := len(a.calls)
	if active, member, err := m.Person(t.Context(), "USLACKBOT"); active || member || err != nil || len(a.calls) != before {
		t.Errorf("Slackbot: %v, %v, %v after %d calls", active, member, err, len(a.calls))
	}
}

func TestPostWithoutAnswerIsFoundAgain(t *testing.T) {
	m, a, _ := newMessenger(t, map[string][]answer{
		"auth.test": {{body: `{"ok":true,"user_id":"U9","bot_id":"B9","team_id":"T1"}`}},
		"conversations.history": {
			{body: `{"ok":true,"messages":[
				{"ts":"9.0","bot_id":"B8","metadata":{"event_type":"request","event_payload":{"id":"r1"}}},
				{"ts":"8.0","user":"U1","text":"hello","blocks":[{"type":"something_new","elements":3}]},
				{"ts":"7.0","bot_id":"B9","metadata":{"event_type":"request","event_payload":{"id":"r2"}}}],
				"has_more":true,"response_metadata":{"next_cursor":"abc"}}`},
			{body: `{"ok":true,"messages":[{"ts":"6.0","bot_id":"B9","metadata":{"event_type":"request","event_payload":{"id":"r1"}}}]}`},
		},
		"conversations.replies": {{body: `{"ok":true,"messages":[]}`}},
	})
	match := func(md Metadata) bool { return md.Type == "request" && md.Payload["id"] == "r1" }
	since := time.Unix(1_700_000_000, 5_000_000)
	p, found, err := m.FindPosted(t.Context(), "C1", "", since, since.Add(time.Hour), match)
	if err != nil || !found || p != (Posted{"C1", "6.0"}) {
		t.Fatalf("%+v, %v, %v", p, found, err)
	}
	want := url.Values{
		"channel": {"C1"}, "oldest": {"1700000000.005000"}, "latest": {"1700003600.005000"}, "inclusive": {"true"},
		"include_all_metadata": {"true"}, "limit": {"100"}, "cursor": {"abc"},
	}
	if diff := cmp.Diff(want, a.calls[2].values); diff != "" {
		t.Error(diff)
	}
	if _, found, err = m.FindPosted(t.Context(), "C1", "5.0", since, time.Time{}, match); err != nil || found {
		t.Errorf("%v, %v", found, err)
	}
	if got := a.calls[3].values.Get("ts"); got != "5.0" {
		t.Errorf("thread %q", got)
	}
}

// frozen is a clock that can jump, as it does for a process that is stopped and goes on later.
type frozen struct{ by atomic.Int64 }

func (f *frozen) now() time.Time { return time.Now().Add(time.Duration(f.by.Load())) }

func TestNothingIsSentOnceTheTimeIsOver(t *testing.T) {
	t.Parallel()
	for name, frozenWhile := range map[string]string{"before the call": "waiting", "while dialling": "dialling", "not at all": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got atomic.Int32
			slackd := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _, err := io.ReadAll(r.Body); err != nil {
					return // half a call is none
				}
				got.Add(1)
				_, _ = io.WriteString(w, `{"ok":true,"channel":"C1","ts":"1.2"}`)
			}))
			defer slackd.Close()
			var clock frozen
			var dialled atomic.Bool
			transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				dialled.Store(true)
				if frozenWhile == "dialling" {
					clock.by.Store(int64(time.Hour))
				}
				return new(net.Dialer).DialContext(ctx, network, addr)
			}}
			m := NewMessenger(MessengerOptions{
				Token: func() string { return "xoxb" }, APIURL: slackd.URL, HTTP: &http.Client{Transport: transport}, Now: clock.now,
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if frozenWhile == "waiting" {
				clock.by.Store(int64(time.Hour))
			}
			_, err := m.Post(ctx, "C1", Message{Text: "old news"})
			if frozenWhile == "" {
				if err != nil || got.Load() != 1 {
					t.Errorf("error %v, %d calls", err, got.Load())
				}
				return
			}
			if e := slackError(t, err); !errors.Is(err, errExpired) || e.Ambiguous || got.Load() != 0 {
				t.Errorf("%v (ambiguous %v), Slack saw %d calls", err, e.Ambiguous, got.Load())
			}
			if dialled.Load() != (frozenWhile == "dialling") {
				t.Error("a call that is too late is not even begun")
			}
		})
	}
}

func section(text string) slack.Block {
	return slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, text, false, false), nil, nil)
}

func modal(blocks ...slack.Block) slack.ModalViewRequest {
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: slack.NewTextBlockObject(slack.PlainTextType, "Connect", false, false),
		CallbackID: "connect", Blocks: slack.Blocks{BlockSet: blocks},
	}
}
