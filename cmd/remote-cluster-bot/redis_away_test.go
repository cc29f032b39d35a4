package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage/stagetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// answerWithin is how long a person may wait for an answer while Redis is away.
const answerWithin = 3 * time.Second

// away is a story whose bot reaches Redis over a wire that can stand still.
type away struct {
	*story
	*testing.T
	wire *redisWire
}

func newAway(t *testing.T, edit func(*config.Config), see fault.Observer) *away {
	t.Helper()
	logs := &stagetest.Log{}
	o := sim.Options{Now: time.Now, Observe: func(p platform.Options) platform.Options {
		p.OnExchange = see
		return p
	}}
	s := stagetest.New(t, o, slog.New(slog.NewTextHandler(logs, nil)))
	w := newWire(t, s.Redis.Addr())
	c, err := s.Config(func(c *config.Config) {
		c.Redis.Addresses = []string{w.addr}
		if edit != nil {
			edit(c)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	in, err := enter(t.Context(), s, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.heal()
		if err := in.Leave(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(logs)
		}
	})
	return &away{story: &story{Stage: s, ctx: t.Context(), log: logs, in: in, before: worldState(s.World.State())}, T: t, wire: w}
}

func (a *away) must(err error) {
	a.Helper()
	if err != nil {
		a.Fatal(err)
	}
}

// inTime does something, and expects what is looked for to be seen soon enough for the person who did it.
func (a *away) inTime(what string, do func() error, seen func(workspace.State) bool) {
	a.Helper()
	began := time.Now()
	if err := do(); err != nil {
		a.Errorf("%s: %v", what, err)
	}
	if seen == nil {
		seen = func(workspace.State) bool { return true }
	}
	state, err := a.Until(a.Context(), 2*answerWithin, seen)
	took := time.Since(began)
	a.Logf("%s: answered after %s", what, took.Round(10*time.Millisecond))
	if err != nil || took > answerWithin {
		a.Errorf("%s: too late, or not at all (%v)\n%s", what, err, state.Transcript(state.Ephemerals("bob")))
	}
}

// writes are the calls to Elastic that may change something and began after a moment.
func (a *away) writes(after time.Time) []string {
	var out []string
	for _, c := range a.World.Log.Calls() {
		reads := c.Method == http.MethodGet || c.Method == http.MethodHead || strings.HasSuffix(c.Path, "/_search") ||
			strings.HasSuffix(c.Path, "/_has_privileges")
		if !reads && c.At.After(after) {
			out = append(out, c.Method+" "+c.Path)
		}
	}
	return out
}

// While Redis is there but does not answer, people hear within three seconds that nothing is certain; nothing is
// applied; and once it answers again, everything goes on by itself.
func TestPeopleAreAnsweredInTimeWhileRedisHangs(t *testing.T) {
	t.Parallel()
	a := newAway(t, nil, nil)
	a.must(a.asks(nil, []string{"alice", "logs-prod", "metrics-eu", "metrics-*"}))
	card, err := (&stage.Transcript{Stage: a.Stage}).Card(t.Context(), "Approve")
	a.must(err)
	a.must(a.filled("alice", "security-siem", "archive-us", "archive-*"))

	a.wire.hang()
	hung := time.Now()
	bob, alice := a.Slack.User("bob"), a.Slack.User("alice")
	a.inTime("Bob approves", func() error { return seen(bob.PressConfirm(t.Context(), card, "Approve")) }, toldOf("bob", "Nothing is lost"))
	a.inTime("Alice submits", func() error {
		out, err := alice.Modal().Submit(t.Context())
		if err == nil && out.Problem != "" {
			err = errors.New(out.Problem)
		}
		return err
	}, stage.ModalShows("alice", "othing is lost"))
	a.inTime("Bob opens the home tab", func() error { return seen(bob.OpenHome(t.Context())) }, func(w workspace.State) bool {
		v, ok := w.Home("bob")
		return ok && strings.Contains(w.RenderView(v), "othing is lost")
	})
	for _, words := range []string{"status logs-prod", "diagnose logs-prod/metrics-eu", "list"} {
		told := len(a.Slack.State().Ephemerals("bob"))
		a.inTime("Bob types "+words, func() error { return seen(bob.Type(t.Context(), clusters, "/remote-cluster "+words)) },
			func(w workspace.State) bool { return len(w.Ephemerals("bob")) > told })
	}
	a.inTime("Carol types disconnect", func() error {
		return seen(a.Slack.User("carol").Type(t.Context(), clusters, "/remote-cluster disconnect"))
	}, stage.HasModal("carol"))
	a.inTime("Carol looks for a connection", func() error {
		return seen(a.Slack.User("carol").Modal().Suggest(t.Context(), "Connection", "logs"))
	}, nil)
	if done := a.writes(hung); len(done) > 0 || !maps.Equal(a.before, worldState(a.World.State())) {
		t.Errorf("while Redis was away the bot did %v", done)
	}

	a.wire.heal()
	stagetest.Until(t, 30*time.Second, "Bob's second press, or his first, connects them", func() bool {
		_, _ = bob.PressConfirm(t.Context(), card, "Approve")
		_, err := a.Until(t.Context(), 2*time.Second, func(w workspace.State) bool { return strings.Contains(stage.Threads(w), "_search") })
		return err == nil
	})
	a.lostAnswer()
}

// lostAnswer: a press arrives, and Redis falls silent before its answer: it counts once, and nobody need press again.
func (a *away) lostAnswer() {
	a.Helper()
	bob := a.Slack.User("bob")
	a.must(a.submits(nil, []string{"alice"}))
	var card workspace.Message
	_, err := a.Until(a.Context(), storyWait, func(w workspace.State) bool {
		for _, m := range w.In(clusters) {
			if text := w.Render(m); strings.Contains(text, "archive-us") && strings.Contains(text, "[ Approve") {
				card = m
			}
		}
		return card.TS != ""
	})
	a.must(err)
	a.wire.muteAfter(":call:")
	silent := time.Now()
	told := len(a.Slack.State().Ephemerals("bob"))
	a.inTime("Bob approves, and the answer is lost", func() error {
		return seen(bob.PressConfirm(a.Context(), card, "Approve"))
	}, func(w workspace.State) bool { return len(w.Ephemerals("bob")) > told })
	time.Sleep(2 * time.Second) // that nothing is done shows only in time: longer than the bot waits for an answer
	if done := a.writes(silent); len(done) > 0 {
		a.Errorf("while Redis was silent the bot did %v", done)
	}
	a.wire.heal()
	_, err = a.Until(a.Context(), storyWait, func(w workspace.State) bool { return strings.Count(stage.Threads(w), "_search") == 2 })
	if err != nil {
		a.Fatalf("the approval did not go on by itself: %v", err)
	}
	client := redis.NewClient(&redis.Options{Addr: a.Redis.Addr()})
	defer func() { _ = client.Close() }()
	latest, err := store.New(client, store.Options{Env: "demo"}).Recent(a.Context(), 1)
	a.must(err)
	approvals := 0
	for _, d := range latest[0].Decisions {
		if d.Kind == change.DecisionApprove {
			approvals++
		}
	}
	if approvals != 1 || latest[0].State != change.Applied {
		a.Errorf("the request is %s with %d approvals", latest[0].State, approvals)
	}
}

// Redis falls silent while a step's call is on its way, and for longer than the lease lasts: that call is the last
// one, for the next has to be noted first. Afterwards the work is taken up where it was left, and nobody has to press
// anything.
func TestAnOutageInTheMiddleOfAStep(t *testing.T) {
	t.Parallel()
	const lease = 8 * time.Second // short, and yet long enough for a busy machine
	for name, call := range map[string][2]string{
		"at its last call":         {http.MethodPatch, "/keystore"},
		"between two of its calls": {http.MethodPost, "/_security/cross_cluster/api_key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var (
				once sync.Once
				hung = make(chan time.Time, 1)
				wire atomic.Pointer[redisWire]
			)
			a := newAway(t, func(c *config.Config) {
				c.Executor.Lease, c.Executor.CallTimeout = config.Duration(lease), config.Duration(lease/2)
				c.Redis.Timeout = config.Duration(patientRedis)
			}, func(x fault.Exchange) { // the work is done, and the answer has yet to leave
				if x.Method == call[0] && strings.HasSuffix(x.Path, call[1]) {
					once.Do(func() {
						wire.Load().hang()
						hung <- time.Now()
					})
				}
			})
			wire.Store(a.wire)
			a.must(a.asks(nil, []string{"alice", "logs-prod", "metrics-eu", "metrics-*"}))
			a.must(a.presses(nil, []string{"bob", "Approve"}))
			a.resumes(hung, lease)
		})
	}
}

// resumes expects no write after hung until Redis is back, and then all of the work done.
func (a *away) resumes(hung <-chan time.Time, lease time.Duration) {
	a.Helper()
	var since time.Time
	select {
	case since = <-hung:
	case <-time.After(storyWait):
		a.Fatal("the call was never made")
	}
	time.Sleep(lease + 3*time.Second) // that nothing is done shows only in time: longer than the lease lasts
	if done := a.writes(since); len(done) > 0 {
		a.Errorf("while Redis was away the bot did %v", done)
	}
	a.wire.heal()
	if _, err := a.Until(a.Context(), storyWait, func(w workspace.State) bool { return strings.Contains(stage.Threads(w), "_search") }); err != nil {
		a.Fatalf("the work did not go on by itself: %v\n%s", err, stage.Threads(a.Slack.State()))
	}
	for _, err := range []error{a.connected([]string{"logs-prod", "metrics-eu"}), a.keys([]string{"metrics-eu", "1"})} {
		if err != nil {
			a.Error(err)
		}
	}
}

// A Redis that forgets is found out whenever it comes, or comes again: not only if it is there when the bot starts.
func TestServeWarnsOfARedisThatMayForget(t *testing.T) {
	t.Parallel()
	server := storetest.Real(t, "--appendonly", "no")
	server.Process.Kill(t)
	a := newAway(t, func(c *config.Config) { c.Redis.Addresses = []string{server.Addr} }, nil)
	warned := func(of string, times int) {
		t.Helper()
		stagetest.Until(t, 20*time.Second, fmt.Sprintf("the bot warns %d times: %s", times, of), func() bool {
			return strings.Count(a.log.String(), of) == times
		})
	}
	warned("Redis can't be reached", 1)
	stagetest.Until(t, 20*time.Second, "every loop has met it", func() bool { return strings.Contains(a.log.String(), "sweeping") })
	server.Process.Start(t)
	warned("appendonly is no", 1)
	server.Process.Kill(t)
	server.Process.Start(t) // and stays: the client's own look at a server that is away outlives its end by a second
	warned("appendonly is no", 2)
	warned("Redis can't be reached", 1)
	for loop, outages := range map[string]int{
		"sweeping": 2, "updating Home tabs": 2, "looking for pending notifications": 2, "monitoring connections": 2,
	} {
		said := 0
		for line := range strings.Lines(a.log.String()) {
			if strings.Contains(line, "level=WARN") && strings.Contains(line, loop) {
				said++
			}
		}
		if said > outages {
			t.Errorf("%q is logged %d times: %s", loop, said, a.log.String())
		}
	}
}

// filled fills a connect modal without submitting it.
func (a *away) filled(who, local, remote, patterns string) error {
	err := a.types(nil, []string{who, "/remote-cluster connect"})
	for _, choice := range [][2]string{{"Local deployment", local}, {"Remote deployment", remote}} {
		if err == nil {
			err = a.chooses(nil, []string{who, choice[0], choice[1]})
		}
	}
	if err == nil {
		_, err = a.Until(a.ctx, storyWait, stage.ModalShows(who, ":9443"))
	}
	for _, f := range [][2]string{{"Indices that may be searched", patterns}, {"What is it for?", "dashboards"}} {
		if err == nil {
			err = a.fills(nil, []string{who, f[0], f[1]})
		}
	}
	if err != nil {
		return fmt.Errorf("filling the modal: %w", err)
	}
	return nil
}

func toldOf(who, text string) func(workspace.State) bool {
	return func(w workspace.State) bool { return strings.Contains(w.Transcript(w.Ephemerals(who)), text) }
}

// redisWire is a connection to Redis that can stand still: it stays open, and nothing comes through.
type redisWire struct {
	addr     string
	requests gate
	answers  gate
	muteOn   atomic.Pointer[string]
}

// gate holds what to wait for before the next bytes pass; a closed channel lets them through.
type gate chan chan struct{}

func openGate() gate {
	g, open := make(gate, 1), make(chan struct{})
	close(open)
	g <- open
	return g
}

func (g gate) pass() {
	at := <-g
	g <- at
	<-at
}

func (g gate) shut() {
	at := <-g
	select {
	case <-at:
		at = make(chan struct{})
	default: // block already
	}
	g <- at
}

func (g gate) open() {
	at := <-g
	select {
	case <-at:
	default:
		close(at)
	}
	g <- at
}

func newWire(t *testing.T, to string) *redisWire {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	w := &redisWire{addr: l.Addr().String(), requests: openGate(), answers: openGate()}
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			go w.pump(in, out, w.requests, w.listen)
			go w.pump(out, in, w.answers, nil)
		}
	}()
	return w
}

func (w *redisWire) pump(from, to net.Conn, g gate, hear func([]byte)) {
	defer func() { _, _ = from.Close(), to.Close() }()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		g.pass()
		if hear != nil {
			hear(buf[:n])
		}
		if _, writing := to.Write(buf[:n]); err != nil || writing != nil {
			return
		}
	}
}

// listen shuts the way back when the request passes that muteAfter waits for.
func (w *redisWire) listen(request []byte) {
	if word := w.muteOn.Load(); word != nil && bytes.Contains(request, []byte(*word)) {
		w.muteOn.Store(nil)
		w.answers.shut()
	}
}

func (w *redisWire) hang() {
	w.requests.shut()
	w.answers.shut()
}

// muteAfter lets requests through and loses all answers, from that to the next request on that holds word.
func (w *redisWire) muteAfter(word string) { w.muteOn.Store(&word) }

func (w *redisWire) heal() {
	w.requests.open()
	w.answers.open()
}
