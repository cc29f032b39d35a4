package bot

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
)

// rig is a router behind the HTTP source, with a log and a list of what users were told.
type rig struct {
	*Router
	tb   testing.TB
	http http.Handler
	log  *bytes.Buffer

	mu   sync.Mutex
	told []Failure
}

const rigSecret = "8f742231b10e8888abcd99yyyzzz85a5"

func newRig(tb testing.TB, o Options) *rig {
	tb.Helper()
	rg := &rig{tb: tb, log: new(bytes.Buffer)}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(&lockedWriter{w: rg.log}, nil))
	}
	if o.OnError == nil {
		o.OnError = func(_ context.Context, f Failure) {
			rg.mu.Lock()
			defer rg.mu.Unlock()
			rg.told = append(rg.told, f)
		}
	}
	ids := 0
	if o.NewID == nil {
		var mu sync.Mutex
		o.NewID = func() string {
			mu.Lock()
			defer mu.Unlock()
			ids++
			return "r" + strconv.Itoa(ids)
		}
	}
	rg.Router = NewRouter(o)
	rg.http = NewHTTPSource(rg.Router, HTTPOptions{SigningSecrets: []func() string{func() string { return rigSecret }}, Log: o.Log})
	return rg
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (rg *rig) failures() []Failure {
	rg.mu.Lock()
	defer rg.mu.Unlock()
	return append([]Failure(nil), rg.told...)
}

// post sends a signed request and returns status and body.
func (rg *rig) post(tb testing.TB, path, contentType, body string) (int, string) {
	tb.Helper()
	w := httptest.NewRecorder()
	rg.http.ServeHTTP(w, signed(path, contentType, body, rigSecret, time.Now()))
	return w.Code, w.Body.String()
}

func (rg *rig) command(tb testing.TB, text, trigger string) string {
	tb.Helper()
	status, body := rg.post(tb, "/slack/commands", formType, commandForm(tb, "/rc", text, trigger).Encode())
	if status != http.StatusOK {
		tb.Fatalf("status %d", status)
	}
	return body
}

// commandOf is a command by somebody.
func (rg *rig) commandOf(tb testing.TB, user, trigger string) {
	tb.Helper()
	form := commandForm(tb, "/rc", "", trigger)
	form.Set("user_id", user)
	if status, _ := rg.post(tb, "/slack/commands", formType, form.Encode()); status != http.StatusOK {
		tb.Fatalf("status %d", status)
	}
}

func (rg *rig) interact(tb testing.TB, payload string) string {
	tb.Helper()
	status, body := rg.post(tb, "/slack/interactivity", formType, url.Values{"payload": {payload}}.Encode())
	if status != http.StatusOK {
		tb.Fatalf("status %d", status)
	}
	return body
}

func (rg *rig) stop(tb testing.TB) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := rg.Stop(ctx); err != nil {
		tb.Error("stop:", err)
	}
}

// Payloads that are well formed: the contract tests hold all of testdata against Slack's types.
var (
	//go:embed testdata/press.json
	press string
	//go:embed testdata/press_two.json
	pressTwo string
	//go:embed testdata/press_in_organization.json
	pressInOrganization string
	//go:embed testdata/submit.json
	submit string
	//go:embed testdata/suggest.json
	suggest string
	//go:embed testdata/slash_command.json
	slashCommand string
)

// instead is a payload with another value in a place; it must have the place.
func instead(tb testing.TB, payload, was, is string) string {
	tb.Helper()
	if !strings.Contains(payload, was) {
		tb.Fatalf("the payload has no %s", was)
	}
	return strings.Replace(payload, was, is, 1)
}

// commandForm is a slash command as it comes over HTTP.
func commandForm(tb testing.TB, name, text, trigger string) url.Values {
	tb.Helper()
	var fields map[string]string
	if err := json.Unmarshal([]byte(slashCommand), &fields); err != nil {
		tb.Fatal(err)
	}
	fields["command"], fields["text"], fields["trigger_id"] = name, text, trigger
	form := url.Values{}
	for field, value := range fields {
		form.Set(field, value)
	}
	return form
}

func TestCommandIsHandledWithAllItCarries(t *testing.T) {
	rg := newRig(t, Options{})
	var got Command
	var id string
	rg.OnCommand("/rc", func(ctx context.Context, c Command) (Answer, error) {
		got, id = c, RequestID(ctx)
		return Answer{Body: map[string]string{"text": "hello & <b>"}}, nil
	})
	body := rg.command(t, "connect now", "t1")
	if want := `{"text":"hello \u0026 \u003cb\u003e"}`; body != want {
		t.Errorf("answered %s, not %s", body, want)
	}
	want := Command{
		Name: "/rc", Text: "connect now", User: User{ID: "U1", Name: "jan", Team: "T1"}, Channel: "C1",
		TriggerID: "t1", ResponseURL: "https://hooks.slack.com/commands/x",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	rg.stop(t)
	if id == "" || !strings.Contains(rg.log.String(), "request_id="+id) {
		t.Errorf("request id %q is not in the log:\n%s", id, rg.log)
	}
	if strings.Contains(rg.log.String(), "hooks.slack.com") {
		t.Error("a response_url is in the log")
	}
}

func TestLateHandlerLosesNothing(t *testing.T) {
	hang := func(d time.Duration, done *bool) func(context.Context) (Answer, error) {
		return func(context.Context) (Answer, error) {
			time.Sleep(d)
			return Answer{Then: func(context.Context) error { *done = true; return nil }}, nil
		}
	}
	cases := map[string]struct {
		register func(*Router, func(context.Context) (Answer, error))
		send     func(*rig) string
		want     string
	}{
		"command": {
			func(r *Router, f func(context.Context) (Answer, error)) {
				r.OnCommand("/rc", func(ctx context.Context, _ Command) (Answer, error) { return f(ctx) })
			},
			func(rg *rig) string { return rg.command(rg.tb, "", "t1") },
			`{"response_type":"ephemeral","text":"` + sayLate + `"}`,
		},
		"action": {
			func(r *Router, f func(context.Context) (Answer, error)) {
				r.OnAction("approve", func(ctx context.Context, _ Action) (Answer, error) { return f(ctx) })
			},
			func(rg *rig) string { return rg.interact(rg.tb, press) },
			"",
		},
		"submission": {
			func(r *Router, f func(context.Context) (Answer, error)) {
				r.OnSubmit("connect", func(ctx context.Context, _ Submission) (Answer, error) { return f(ctx) },
					func(s Submission) Answer { return Answer{Body: map[string]string{"late": s.View.ID}} })
			},
			func(rg *rig) string { return rg.interact(rg.tb, submit) },
			`{"late":"V1"}`,
		},
		"suggestion": {
			func(r *Router, f func(context.Context) (Answer, error)) {
				r.OnSuggest("deployment", func(ctx context.Context, _ Suggestion) (Answer, error) { return f(ctx) })
			},
			func(rg *rig) string { return rg.interact(rg.tb, suggest) },
			`{"options":[]}`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rg := newRig(t, Options{})
				done := false
				c.register(rg.Router, hang(10*time.Second, &done))
				start := time.Now()
				if got := c.send(rg); got != c.want {
					t.Errorf("answered %q, not %q", got, c.want)
				}
				if took := time.Since(start); took > slackWaits {
					t.Errorf("answered after %v", took)
				}
				rg.stop(t)
				if !done {
					t.Error("what was left to do was lost")
				}
				if told := rg.failures(); len(told) != 0 {
					t.Errorf("the user was told of %v", told[0].Err)
				}
			})
		})
	}
}

func TestHandlerThatNeverComesBackIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rg := newRig(t, Options{WorkWithin: 20 * time.Second})
		rg.OnAction("approve", func(context.Context, Action) (Answer, error) {
			time.Sleep(time.Hour)
			return Answer{}, errors.New("too late to matter")
		})
		rg.interact(t, press)
		time.Sleep(30 * time.Second)
		if told := rg.failures(); len(told) != 1 || !errors.Is(told[0].Err, ErrLate) {
			t.Errorf("told: %+v", told)
		}
		time.Sleep(2 * time.Hour)
		if told := rg.failures(); len(told) != 1 {
			t.Errorf("told %d times", len(told))
		}
	})
}

func TestHandlersDeadlineLiesWithinSlacksThreeSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rg := newRig(t, Options{AckWithin: time.Minute}) // nonsense is not taken over
		rg.OnAction("approve", func(ctx context.Context, _ Action) (Answer, error) {
			<-ctx.Done()
			return Answer{}, ctx.Err()
		})
		start := time.Now()
		rg.interact(t, press)
		if took := time.Since(start); took >= slackWaits {
			t.Errorf("answered after %v", took)
		}
		rg.stop(t)
		told := rg.failures()
		if len(told) != 1 || !errors.Is(told[0].Err, context.DeadlineExceeded) {
			t.Fatalf("told: %+v", told)
		}
		told[0].Err = nil
		want := Failure{
			User: User{ID: "U1", Name: "jan", Team: "T1"}, Channel: "C1", ResponseURL: "https://hooks.slack.com/actions/x",
			TriggerID: "t1", What: "action approve", RequestID: "r1",
		}
		if diff := cmp.Diff(want, told[0]); diff != "" {
			t.Error(diff)
		}
	})
}

func TestPanicIsToldAndHarmsNobodyElse(t *testing.T) {
	rg := newRig(t, Options{})
	rg.OnCommand("/rc", func(_ context.Context, c Command) (Answer, error) {
		if c.Text == "fine" {
			return Answer{Body: "fine"}, nil
		}
		panic("oops")
	})
	rg.OnAction("approve", func(context.Context, Action) (Answer, error) {
		return Answer{Then: func(context.Context) error { panic("later") }}, nil
	})
	if got := rg.command(t, "bad", "c1"); got != "" {
		t.Errorf("answered %s", got)
	}
	if got := rg.command(t, "fine", "c2"); got != `"fine"` {
		t.Errorf("answered %s", got)
	}
	rg.interact(t, press)
	rg.stop(t)
	told := rg.failures()
	if len(told) != 2 || !errors.Is(told[0].Err, ErrPanic) || !errors.Is(told[1].Err, ErrPanic) {
		t.Fatalf("told: %+v", told)
	}
	if log := rg.log.String(); !strings.Contains(log, "router_test.go") || !strings.Contains(log, "request_id="+told[0].RequestID) {
		t.Errorf("neither stack nor request id in the log:\n%s", log)
	}
}

func TestPanicInOnErrorIsHarmless(t *testing.T) {
	rg := newRig(t, Options{OnError: func(context.Context, Failure) { panic("twice") }})
	rg.OnCommand("/rc", func(context.Context, Command) (Answer, error) { return Answer{}, errors.New("no") })
	rg.command(t, "", "t1")
	rg.stop(t)
}

func TestFailedSubmissionKeepsWhatWasTyped(t *testing.T) {
	rg := newRig(t, Options{})
	rg.OnSubmit("connect", func(context.Context, Submission) (Answer, error) { return Answer{}, errors.New("no") }, nil)
	got := rg.interact(t, submit)
	if !strings.HasPrefix(got, `{"response_action":"errors","errors":{"alias":"`) || !strings.Contains(got, "r1") {
		t.Errorf("answered %s", got)
	}
	rg.stop(t)
	if told := rg.failures(); len(told) != 1 || told[0].View == nil || told[0].View.ID != "V1" {
		t.Errorf("told: %+v", told)
	}
}

func TestTooMuchAtOnceIsRefusedBeforeAnythingHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rg := newRig(t, Options{Workers: 1, Queue: 1, PerUser: 2})
		ran := 0
		rg.OnCommand("/rc", func(context.Context, Command) (Answer, error) {
			ran++
			return Answer{Then: func(context.Context) error { time.Sleep(10 * time.Second); return nil }}, nil
		})
		rg.OnAction("approve", func(context.Context, Action) (Answer, error) { ran++; return Answer{}, nil })
		rg.OnSubmit("connect", func(context.Context, Submission) (Answer, error) { ran++; return Answer{}, nil }, nil)
		rg.command(t, "", "a")
		rg.command(t, "", "b")
		start := time.Now()
		if got := rg.command(t, "", "c"); !strings.Contains(got, sayBusy) {
			t.Errorf("command answered %s", got)
		}
		if got := rg.interact(t, press); got != "" {
			t.Errorf("press answered %s", got)
		}
		if got := rg.interact(t, submit); !strings.Contains(got, `"alias":"`+sayBusy) {
			t.Errorf("submission answered %s", got)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("refused after %v", took)
		}
		synctest.Wait()
		if ran != 2 {
			t.Errorf("%d handlers ran", ran)
		}
		if told := rg.failures(); len(told) != 1 || !errors.Is(told[0].Err, ErrBusy) || told[0].What != "action approve" {
			t.Errorf("told: %+v", told)
		}
		time.Sleep(time.Minute)
		rg.command(t, "", "c") // what was refused is not remembered as done
		synctest.Wait()
		if ran != 3 {
			t.Errorf("after the refusal %d handlers ran", ran)
		}
		rg.stop(t)
	})
}

func TestSecondDeliveryGetsTheFirstAnswerAndRunsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rg := newRig(t, Options{})
		ran := 0
		rg.OnSubmit("connect", func(context.Context, Submission) (Answer, error) {
			ran++
			time.Sleep(time.Second)
			return Answer{Body: map[string]int{"n": ran}}, nil
		}, nil)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if got := rg.interact(t, submit); got != `{"n":1}` {
					t.Errorf("answered %s", got)
				}
			})
		}
		wg.Wait()
		if got := rg.interact(t, submit); got != `{"n":1}` || ran != 1 {
			t.Errorf("answered %s after %d runs", got, ran)
		}
		time.Sleep(2 * time.Minute)
		if got := rg.interact(t, submit); got != `{"n":2}` {
			t.Errorf("answered %s long afterwards", got)
		}
		rg.stop(t)
	})
}

func TestEventIsHandledOnceThoughSlackRepeatsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rg := newRig(t, Options{})
		var opened []HomeOpened
		rg.OnHome(func(_ context.Context, h HomeOpened) (Answer, error) {
			opened = append(opened, h)
			return Answer{}, nil
		})
		for range 4 {
			status, body := rg.post(t, "/slack/events", jsonType, string(golden(t, "app_home_opened.json")))
			if status != http.StatusOK || body != "" {
				t.Errorf("answered %d %s", status, body)
			}
			time.Sleep(2 * time.Minute)
		}
		want := []HomeOpened{{User: User{ID: "U123ABC456", Team: "TXXXXXXXX"}, Tab: "home"}}
		if diff := cmp.Diff(want, opened); diff != "" {
			t.Error(diff)
		}
		rg.stop(t)
	})
}

func TestStrangersAreRefused(t *testing.T) {
	rg := newRig(t, Options{Teams: []string{"T1"}})
	ran := 0
	rg.OnCommand("/rc", func(context.Context, Command) (Answer, error) { ran++; return Answer{}, nil })
	rg.OnAction("approve", func(context.Context, Action) (Answer, error) { ran++; return Answer{}, nil })
	rg.command(t, "", "c1")
	rg.interact(t, press)
	if ran != 2 {
		t.Fatalf("%d of our own ran", ran)
	}
	// A guest from another organization in a shared channel: the team is ours, the user is not.
	fresh := func(n string) string { return instead(t, press, `"t1"`, `"s`+n+`"`) }
	rg.interact(t, instead(t, fresh("1"), `"name": "jan", "team_id": "T1"`, `"name": "jan", "team_id": "T2"`))
	rg.interact(t, strings.ReplaceAll(fresh("2"), `"T1"`, `"T2"`))
	rg.interact(t, strings.ReplaceAll(fresh("3"), `"T1"`, `""`))
	if ran != 2 {
		t.Errorf("%d strangers were served", ran-2)
	}
	rg.stop(t)
}

func TestAnOrganizationsOwnAreServed(t *testing.T) {
	served := func(teams []string, payload string) bool {
		rg, ran := newRig(t, Options{Teams: teams}), false
		rg.OnAction("approve", func(context.Context, Action) (Answer, error) { ran = true; return Answer{}, nil })
		rg.interact(t, payload)
		rg.stop(t)
		return ran
	}
	installed := pressInOrganization
	guest := instead(t, installed, `"team_id": "E1"`, `"team_id": "T2"`)
	for _, teams := range [][]string{{"T1"}, {"E1"}, nil} {
		if !served(teams, installed) {
			t.Errorf("%v: refused", teams)
		}
	}
	for _, teams := range [][]string{{"T2"}, {"E2"}} {
		if served(teams, installed) {
			t.Errorf("%v: a stranger was served", teams)
		}
	}
	for _, teams := range [][]string{{"T1"}, {"E1"}} {
		if served(teams, guest) {
			t.Errorf("%v: a guest was served", teams)
		}
	}
}

// Without teams in the configuration it is the token that says whom we serve.
func TestWithoutTeamsOurOwnAreServed(t *testing.T) {
	org := func(s string) string {
		t.Helper()
		return instead(t, s, `"team": {"id": "T1"`, `"team": {"id": "T1", "enterprise_id": "E1"`)
	}
	guest := func(s string) string {
		t.Helper()
		return instead(t, s, `"team_id": "T1"`, `"team_id": "T2"`)
	}
	whole := instead(t, press, `"team": {"id": "T1", "domain": "example"}, "enterprise": null, "is_enterprise_install": false`,
		`"team": null, "enterprise": {"id": "E1"}, "is_enterprise_install": true`)
	for name, c := range map[string]struct {
		self    Identity
		fails   error
		payload string
		want    int
	}{
		"our workspace":                  {self: Identity{Team: "T1"}, payload: press, want: 1},
		"a foreign one":                  {self: Identity{Team: "T2"}, payload: press},
		"a guest of ours":                {self: Identity{Team: "T1"}, payload: guest(press)},
		"another of our organization":    {self: Identity{Team: "T2", Enterprise: "E1"}, payload: org(press)},
		"installed for the organization": {self: Identity{Team: "E1", Enterprise: "E1", OrgWide: true}, payload: org(press), want: 1},
		"no workspace is named":          {self: Identity{Team: "E1", Enterprise: "E1", OrgWide: true}, payload: whole, want: 1},
		"a guest of the organization":    {self: Identity{Team: "E1", Enterprise: "E1", OrgWide: true}, payload: guest(org(press))},
		"a foreign organization":         {self: Identity{Team: "E2", Enterprise: "E2", OrgWide: true}, payload: org(press)},
		"of no organization":             {self: Identity{Team: "E2", Enterprise: "E2", OrgWide: true}, payload: press},
		"Slack does not say who we are":  {payload: press, want: 1},
		"Slack is away":                  {fails: errors.New("no route to host"), payload: press},
	} {
		t.Run(name, func(t *testing.T) {
			rg := newRig(t, Options{Self: func(context.Context) (Identity, error) { return c.self, c.fails }})
			ran := 0
			rg.OnAction("approve", func(context.Context, Action) (Answer, error) { ran++; return Answer{}, nil })
			rg.interact(t, c.payload)
			rg.stop(t)
			if ran != c.want {
				t.Errorf("served %d times, want %d", ran, c.want)
			}
		})
	}
}

// Only what comes twice as it was is a second delivery: anyone who stands in for Slack may be short of trigger ids.
func TestTwoEventsWithOneTriggerAreTwo(t *testing.T) {
	rg := newRig(t, Options{})
	ran := 0
	rg.OnAction("approve", func(context.Context, Action) (Answer, error) { ran++; return Answer{}, nil })
	rg.interact(t, press)
	rg.interact(t, press)
	rg.interact(t, instead(t, press, `"id": "U1"`, `"id": "U2"`))
	rg.stop(t)
	if ran != 2 {
		t.Errorf("the handler ran %d times, want 2", ran)
	}
}

func TestUnknownEventsAreAnsweredPolitely(t *testing.T) {
	rg := newRig(t, Options{})
	if got := rg.command(t, "", "c1"); !strings.Contains(got, sayUnknown) {
		t.Errorf("command answered %s", got)
	}
	if got := rg.interact(t, press); got != "" { // also what a button with a URL sends
		t.Errorf("action answered %s", got)
	}
	if got := rg.interact(t, submit); !strings.Contains(got, `"errors":{"alias":`) {
		t.Errorf("submission answered %s", got)
	}
	if got := rg.interact(t, suggest); got != `{"options":[]}` {
		t.Errorf("suggestion answered %s", got)
	}
	if got := rg.interact(t, `{"type":"something_new","user":{"id":"U1"}}`); got != "" {
		t.Errorf("unknown type answered %s", got)
	}
	rg.stop(t)
	if told := rg.failures(); len(told) != 0 {
		t.Errorf("told: %+v", told)
	}
}

func TestNoOptionsAreAListAllTheSame(t *testing.T) {
	for name, body := range map[string]any{"nil": nil, "slack-go's": slack.OptionsResponse{}} {
		t.Run(name, func(t *testing.T) {
			rg := newRig(t, Options{})
			rg.OnSuggest("deployment", func(_ context.Context, s Suggestion) (Answer, error) {
				if s.Typed != "pr" || s.Block != "b" {
					t.Errorf("asked with %+v", s)
				}
				return Answer{Body: body}, nil
			})
			if got := rg.interact(t, suggest); got != `{"options":[]}` {
				t.Errorf("answered %s", got)
			}
			rg.stop(t)
		})
	}
}

func TestStopWaitsForWorkAndRefusesWhatIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rg := newRig(t, Options{})
		finished := false
		rg.OnCommand("/rc", func(context.Context, Command) (Answer, error) {
			return Answer{Then: func(context.Context) error {
				time.Sleep(5 * time.Second)
				finished = true
				return nil
			}}, nil
		})
		rg.command(t, "", "t1")
		go func() {
			time.Sleep(time.Second)
			if got := rg.command(t, "", "t2"); !strings.Contains(got, sayStopping) {
				t.Errorf("answered %s", got)
			}
		}()
		rg.stop(t)
		if !finished {
			t.Error("stopped before the work was done")
		}
		rg.stop(t) // again is fine
	})
}

func TestStopEndsWorkThatOutlastsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rg := newRig(t, Options{})
		var ended error
		rg.OnCommand("/rc", func(context.Context, Command) (Answer, error) {
			return Answer{Then: func(ctx context.Context) error {
				<-ctx.Done()
				ended = ctx.Err()
				return nil
			}}, nil
		})
		rg.command(t, "", "t1")
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := rg.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("stop: %v", err)
		}
		synctest.Wait()
		if !errors.Is(ended, context.Canceled) {
			t.Errorf("the work ended with %v", ended)
		}
	})
}

func TestWorkIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rg := newRig(t, Options{Workers: 3, Queue: 100, PerUser: 100, WorkWithin: time.Minute})
		var mu sync.Mutex
		now, most, done := 0, 0, 0
		rg.OnCommand("/rc", func(context.Context, Command) (Answer, error) {
			return Answer{Then: func(context.Context) error {
				mu.Lock()
				now++
				most = max(most, now)
				mu.Unlock()
				time.Sleep(time.Second)
				mu.Lock()
				now--
				done++
				mu.Unlock()
				return nil
			}}, nil
		})
		for i := range 30 {
			rg.commandOf(t, "U"+strconv.Itoa(i%10), strconv.Itoa(i))
		}
		rg.stop(t)
		if most != 3 || done != 30 {
			t.Errorf("%d of 30 done, %d at once", done, most)
		}
	})
}

// What one person has begun takes a quarter of those who work: somebody else's is done at once.
func TestOnePersonDoesNotKeepEverybodyBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rg := newRig(t, Options{Workers: 8, WorkWithin: time.Minute})
		done := map[string]time.Duration{}
		start := time.Now()
		var mu sync.Mutex
		rg.OnCommand("/rc", func(_ context.Context, c Command) (Answer, error) {
			return Answer{Then: func(context.Context) error {
				time.Sleep(10 * time.Second)
				mu.Lock()
				defer mu.Unlock()
				done[c.User.ID] = time.Since(start)
				return nil
			}}, nil
		})
		for i := range 20 {
			rg.commandOf(t, "UBUSY", "b"+strconv.Itoa(i))
		}
		rg.commandOf(t, "UOTHER", "o")
		time.Sleep(2 * time.Minute)
		rg.stop(t)
		if done["UOTHER"] != 10*time.Second || done["UBUSY"] != 100*time.Second {
			t.Errorf("the other one was served after %s, the busy one after %s", done["UOTHER"], done["UBUSY"])
		}
	})
}

func TestSeveralActionsInOnePayloadAllRun(t *testing.T) {
	rg := newRig(t, Options{})
	var ran []string
	handler := func(_ context.Context, a Action) (Answer, error) {
		ran = append(ran, a.ID)
		return Answer{Then: func(context.Context) error { ran = append(ran, a.ID+" then"); return nil }}, nil
	}
	rg.OnAction("a", handler)
	rg.OnAction("b", handler)
	rg.interact(t, pressTwo)
	rg.stop(t)
	if diff := cmp.Diff([]string{"a", "b", "a then", "b then"}, ran); diff != "" {
		t.Error(diff)
	}
}

func TestRegisteringTwicePanics(t *testing.T) {
	rg := newRig(t, Options{})
	h := func(context.Context, Action) (Answer, error) { return Answer{}, nil }
	rg.OnAction("a", h)
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	rg.OnAction("a", h)
}

func TestMemoryOfDeliveriesIsBounded(t *testing.T) {
	now := time.Unix(1, 0)
	r := newRecent(time.Minute, 3, func() time.Time { return now })
	for i := range 100 {
		c, first := r.enter(strconv.Itoa(i))
		if !first {
			t.Fatal("not new")
		}
		c.finish(nil)
		if len(r.calls) > 3 || len(r.order) > 3 {
			t.Fatalf("remembers %d, %d", len(r.calls), len(r.order))
		}
	}
	if _, first := r.enter("99"); first {
		t.Error("the last one is forgotten")
	}
}

// A button's answer can't say anything: what stands in the way is told apart.
func TestAPressIsAnsweredWhileNobodyKnowsWhoWeAre(t *testing.T) {
	rg := newRig(t, Options{Self: func(context.Context) (Identity, error) { return Identity{}, errors.New("auth.test: 503") }})
	rg.OnAction("approve", func(context.Context, Action) (Answer, error) { t.Error("served"); return Answer{}, nil })
	rg.interact(t, press)
	rg.stop(t)
	if f := rg.failures(); len(f) != 1 || !errors.Is(f[0].Err, ErrUnsure) || f[0].ResponseURL == "" {
		t.Errorf("told %+v", f)
	}
}

// "Still working on it" is a promise: something has to follow.
func TestALateCommandHearsHowItEnded(t *testing.T) {
	rg := newRig(t, Options{AckWithin: 20 * time.Millisecond})
	rg.OnCommand("/rc", func(ctx context.Context, _ Command) (Answer, error) {
		<-ctx.Done()
		return Answer{Body: ephemeral("the answer")}, nil
	})
	body := rg.command(t, "connect", "t1")
	rg.stop(t)
	late := strings.Contains(body, "Still working")
	if f := rg.failures(); late && (len(f) != 1 || !errors.Is(f[0].Err, ErrLate)) || !late && len(f) > 0 {
		t.Errorf("answered %s, then told %+v", body, f)
	}
}

func TestOnePersonLeavesRoomForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rg := newRig(t, Options{Workers: 1, Queue: 7})
		ran := map[string]int{}
		rg.OnCommand("/rc", func(_ context.Context, c Command) (Answer, error) {
			ran[c.User.ID]++
			return Answer{Then: func(context.Context) error { time.Sleep(10 * time.Second); return nil }}, nil
		})
		send := func(user, trigger string) string {
			form := commandForm(t, "/rc", "", trigger)
			form.Set("user_id", user)
			_, body := rg.post(t, "/slack/commands", formType, form.Encode())
			return body
		}
		for i := range 5 {
			if body := send("U1", strconv.Itoa(i)); (i < 2) != (body == "") {
				t.Errorf("command %d was answered %q", i, body)
			}
		}
		if body := send("U2", "other"); body != "" || ran["U1"] != 2 || ran["U2"] != 1 {
			t.Errorf("answered %q, ran %v", body, ran)
		}
		rg.stop(t)
	})
}
