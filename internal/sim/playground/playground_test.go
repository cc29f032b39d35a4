package playground_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/playground"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "a-token"

// fakeBot counts its deaths.
type fakeBot struct {
	mu     sync.Mutex
	killed int
}

func (b *fakeBot) Status() playground.BotStatus { return playground.BotStatus{PID: 7, Starts: 1} }

func (b *fakeBot) Kill() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.killed++
	return nil
}

func (b *fakeBot) deaths() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.killed
}

// fakeRedis is there or away.
type fakeRedis struct {
	mu   sync.Mutex
	away bool
}

func (r *fakeRedis) Away() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = true
}

func (r *fakeRedis) Back() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = false
	return nil
}

func (r *fakeRedis) isAway() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.away
}

// page is the playground behind a server, with a client that has opened it.
type page struct {
	t     *testing.T
	url   string
	scene *sim.Scene
	bot   *fakeBot
	redis *fakeRedis
	http  *http.Client
}

func open(t *testing.T) *page {
	t.Helper()
	scene, err := sim.Start(t.Context(), sim.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	p := &page{t: t, scene: scene, bot: &fakeBot{}, redis: &fakeRedis{}}
	play := playground.New(playground.Options{
		Scene: scene, Bot: p.bot, Redis: p.redis, Token: token, Command: "/remote-cluster", Now: time.Now, Title: "playground",
		Cast:   playground.Cast{Local: "logs-prod", Remote: "metrics-eu", Indices: "metrics-*"},
		People: []playground.Person{{Handle: "alice", Role: "asks"}},
	})
	server := httptest.NewServer(play.Handler())
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	p.url, p.http = server.URL, &http.Client{Jar: jar, Transport: transport, Timeout: 20 * time.Second}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		play.Close()
		server.Close()
		scene.Close()
	})
	if status := p.status("GET", "/?token="+token, "", nil); status != http.StatusOK {
		t.Fatal("the page did not open: ", status)
	}
	return p
}

// request is one as the page would send it; header overrides.
func (p *page) request(method, path, body string, header map[string]string) *http.Request {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Origin", p.url)
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range header {
		if name == "Host" {
			req.Host = value
		}
		req.Header.Set(name, value)
		if value == "" {
			req.Header.Del(name)
		}
	}
	return req
}

// do sends a request and returns what is answered.
func (p *page) do(method, path, body string, header map[string]string) (status int, answer []byte, h http.Header) {
	p.t.Helper()
	res, err := p.http.Do(p.request(method, path, body, header))
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if answer, err = io.ReadAll(res.Body); err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, answer, res.Header
}

// status is what a request is answered with.
func (p *page) status(method, path, body string, header map[string]string) int {
	p.t.Helper()
	status, _, _ := p.do(method, path, body, header)
	return status
}

// post sends what the page sends and decodes the answer.
func (p *page) post(path, body string) map[string]any {
	p.t.Helper()
	status, answer, _ := p.do("POST", path, body, nil)
	out := map[string]any{}
	if err := json.Unmarshal(answer, &out); err != nil {
		p.t.Fatal(path, status, err)
	}
	return out
}

func TestRefusesEverybodyButItsOwnPage(t *testing.T) {
	p := open(t)
	act := `{"user":"alice","do":"say","channel":"clusters","text":"hi"}`
	for name, tc := range map[string]struct {
		method, path string
		header       map[string]string
		want         int
	}{
		"the page itself":               {"POST", "/act", nil, 200},
		"its assets":                    {"GET", "/assets/js/main.js", nil, 200},
		"its stream's first question":   {"GET", "/events?as=nobody", map[string]string{"Sec-Fetch-Site": "same-origin"}, 404},
		"another host name":             {"POST", "/act", map[string]string{"Host": "evil.example"}, 403},
		"a host name bound to loopback": {"GET", "/assets/js/main.js", map[string]string{"Host": "rebind.example:80"}, 403},
		"the right host, another port":  {"GET", "/assets/js/main.js", map[string]string{"Host": "127.0.0.1:1"}, 403},
		"another origin":                {"POST", "/act", map[string]string{"Origin": "http://evil.example"}, 403},
		"another port's origin":         {"POST", "/act", map[string]string{"Origin": "http://127.0.0.1:1"}, 403},
		"no origin":                     {"POST", "/act", map[string]string{"Origin": ""}, 403},
		"another site's script":         {"GET", "/events?as=alice", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"a form":                        {"POST", "/act", map[string]string{"Content-Type": "text/plain"}, 415},
		"a method it does not know":     {"PUT", "/act", map[string]string{"Origin": p.url}, 405},
	} {
		if got := p.status(tc.method, tc.path, act, tc.header); got != tc.want {
			t.Errorf("%s: %d, want %d", name, got, tc.want)
		}
	}
	p.http.Jar = nil
	for name, path := range map[string]string{"no token": "/", "a wrong one": "/?token=wrong", "an empty one": "/?token=", "the token elsewhere": "/events?as=alice&token=" + token} {
		if got := p.status("GET", path, "", nil); got != http.StatusForbidden {
			t.Errorf("%s: %d", name, got)
		}
	}
	if got := p.status("POST", "/act", act, nil); got != http.StatusForbidden {
		t.Error("an act without the cookie: ", got)
	}
}

func TestPageMayUseItsOwnScriptsOnly(t *testing.T) {
	p := open(t)
	_, _, header := p.do("GET", "/assets/css/page.css", "", nil)
	policy := header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy lacks %s: %s", want, policy)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Error(policy)
	}
}

func TestListensOnLoopbackOnly(t *testing.T) {
	for addr, want := range map[string]bool{
		"127.0.0.1:0": true, "localhost:0": true, "0.0.0.0:0": false, ":0": false, "192.0.2.1:0": false, "example.com:0": false, "nonsense": false,
	} {
		l, err := playground.Listen(t.Context(), addr)
		if (err == nil) != want {
			t.Errorf("%s: %v", addr, err)
		}
		if err == nil {
			_ = l.Close()
		}
	}
}

// events reads a person's stream until one of the wanted kind satisfies.
func (p *page) events(as, kind string, satisfied func(data string) bool) {
	p.t.Helper()
	res, err := p.http.Do(p.request("GET", "/events?as="+as, "", nil))
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 8<<20)
	last, name := "", ""
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			name = rest
		}
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && name == kind {
			if last = data; satisfied(data) {
				return
			}
		}
	}
	p.t.Fatalf("the stream ended (%v) with %s", lines.Err(), last)
}

func TestEverybodySeesOnlyWhatIsTheirs(t *testing.T) {
	p := open(t)
	p.scene.Slack.AddUser(workspace.Person{ID: "U0DAVE", Handle: "dave"})
	secret := "a word in private"
	if out := p.post("/act", `{"user":"alice","do":"say","channel":"","text":"`+secret+`"}`); out["error"] != nil {
		t.Fatal(out)
	}
	p.post("/act", `{"user":"alice","do":"say","channel":"clusters","text":"good morning"}`)
	p.events("alice", "slack", func(data string) bool {
		return strings.Contains(data, secret) && strings.Contains(data, "good morning")
	})
	p.events("bob", "slack", func(data string) bool {
		if strings.Contains(data, secret) {
			t.Error("bob reads alice's direct messages")
		}
		return strings.Contains(data, "good morning")
	})
	p.events("dave", "slack", func(data string) bool {
		if strings.Contains(data, "good morning") {
			t.Error("dave reads a channel that he is not in")
		}
		return true
	})
}

func TestTellsOfClustersAndCallsWithoutSecrets(t *testing.T) {
	p := open(t)
	d := p.scene.Deployment("logs-prod")
	value := "c2VjcmV0"
	p.events("alice", "world", func(data string) bool { return strings.Contains(data, "metrics-eu") })
	d.Cluster().PatchKeystore(map[string]*string{"cluster.remote.m.credentials": &value})
	p.events("alice", "world", func(data string) bool {
		if strings.Contains(data, value) {
			t.Error("a secret is on the page: ", data)
		}
		return strings.Contains(data, "cluster.remote.m.credentials")
	})
	out := p.post("/search", `{"deployment":"logs-prod","target":"logs-app-*"}`)
	if hits, ok := out["hits"].([]any); !ok || len(hits) == 0 {
		t.Error(out)
	}
	p.events("alice", "calls", func(data string) bool { return strings.Contains(data, "/logs-app-*/_search") })
	for _, target := range []string{"", "../_security/user", "a b", "x?q=1"} {
		if out := p.post("/search", `{"deployment":"logs-prod","target":"`+target+`"}`); out["error"] == nil {
			t.Errorf("%q was searched", target)
		}
	}
}

func TestSaysWhatSomebodyCanNotDo(t *testing.T) {
	p := open(t)
	if out := p.post("/act", `{"user":"alice","do":"submit"}`); out["error"] != "no modal is open" {
		t.Error(out)
	}
	if got := p.status("POST", "/act", `{"user":"alice","nonsense":1}`, nil); got != http.StatusBadRequest {
		t.Error(got)
	}
}
