package changetest

import (
	"errors"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

func testDue(s suite) {
	now := s.Now()
	for id, in := range map[string]time.Duration{"late": 3 * time.Hour, "soon": time.Hour, "middle": 2 * time.Hour, "begun": time.Hour} {
		r := s.pending(id)
		r.Deadline = now.Add(in)
		s.create(r)
	}
	never := s.pending("never")
	never.Deadline = time.Time{}
	s.create(never)
	s.move("begun", change.Approve)
	s.claim("w")
	s.move("middle", change.Approve) // approved is not begun

	for _, c := range []struct {
		after time.Duration
		limit int
		want  []string
	}{
		{59 * time.Minute, 10, nil},
		{time.Hour, 10, []string{"soon"}},
		{24 * time.Hour, 10, []string{"soon", "middle", "late"}},
		{24 * time.Hour, 2, []string{"soon", "middle"}},
	} {
		got, err := s.Store.Due(s.Context(), now.Add(c.after), c.limit)
		if err != nil {
			s.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got, same); diff != "" {
			s.Errorf("due after %s, at most %d (-want +got):\n%s", c.after, c.limit, diff)
		}
	}
}

func testWaiting(s suite) {
	s.ask("a")
	s.move("a", change.Approve)
	c := s.claim("w")
	w := change.Wait{Step: "one", Ask: "x", Say: "Do <x>", HasKey: true, Until: s.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)}
	m := s.event(c.Request, change.Await)
	m.Wait = &w
	if err := s.Store.Advance(s.Context(), c.Claim, m); err != nil {
		s.Fatal(err)
	}
	r := s.get("a")
	if diff := cmp.Diff(w, r.Wait, same); diff != "" || r.State != change.WaitingForPerson {
		s.Errorf("it is %s and waits for (-want +got):\n%s", r.State, diff)
	}
	if err := s.Store.Extend(s.Context(), c.Claim, time.Hour); !errors.Is(err, change.ErrFenced) {
		s.Errorf("its worker may go on: %v", err)
	}
	if got, err := s.Store.Claim(s.Context(), "w2", time.Minute); !errors.Is(err, change.ErrNoWork) {
		s.Errorf("claimed %+v, %v", got.Claim, err)
	}
	for after, want := range map[time.Duration]int{-time.Second: 0, 0: 1} {
		if ids, err := s.Store.Overdue(s.Context(), w.Until.Add(after), 10); len(ids) != want || err != nil {
			s.Errorf("overdue %s after its time: %v, %v", after, ids, err)
		}
	}
	if due, err := s.Store.Due(s.Context(), w.Until.Add(48*time.Hour), 10); len(due) > 0 || err != nil {
		s.Errorf("it would expire: %v, %v", due, err)
	}

	m = s.event(r, change.Continue)
	w.Answer = change.AnswerDone
	m.Wait = &w
	if err := s.Store.Transition(s.Context(), m); err != nil {
		s.Fatal(err)
	}
	again := s.claim("w2")
	if again.TakenOver || again.Request.State != change.Applying || again.Request.Wait.Answer != change.AnswerDone || again.Claim.Epoch != c.Claim.Epoch+1 {
		s.Errorf("claimed as %+v, taken over %t, %+v", again.Claim, again.TakenOver, again.Request.Wait)
	}
	if ids, err := s.Store.Overdue(s.Context(), w.Until, 10); len(ids) > 0 || err != nil {
		s.Errorf("still overdue: %v, %v", ids, err)
	}
}

func testDrift(s suite) {
	s.ask("a")
	s.move("a", change.Approve)
	c := s.claim("w")
	was, now := c.Request.Proposal, c.Request.Proposal
	now.Digest = "digest-2"
	m := s.event(c.Request, change.Drift)
	m.Proposal = &now
	if err := s.Store.Advance(s.Context(), c.Claim, m); err != nil {
		s.Fatalf("drifting: %v", err)
	}
	r := s.get("a")
	if r.State != change.Pending || r.ApprovalsSince != r.Version {
		s.Errorf("it is %s, version %d, asked at %d; want %s, asked at its version", r.State, r.Version, r.ApprovalsSince, change.Pending)
	}
	if diff := cmp.Diff(&was, r.Previous, same); diff != "" {
		s.Errorf("the void plan (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(now, r.Proposal, same); diff != "" {
		s.Errorf("the plan (-want +got):\n%s", diff)
	}
	if id, ok, _ := s.Store.Holder(s.Context(), was.Subject()); !ok || id != "a" {
		s.Errorf("the target is held by %q (%t)", id, ok)
	}
	if due, _ := s.Store.Due(s.Context(), r.Deadline, 10); len(due) != 1 {
		s.Errorf("due at its old deadline: %v", due)
	}
	other := now
	other.Target = []string{"elsewhere"}
	s.move("a", change.Approve)
	c = s.claim("w")
	m = s.event(c.Request, change.Drift)
	m.Proposal = &other
	if err := s.Store.Advance(s.Context(), c.Claim, m); err == nil {
		s.Error("a plan drifted to another target")
	}
}

func testOverdue(s suite) {
	r := s.pending("a")
	r.Deadline = s.Now().Add(-time.Minute)
	s.create(r)
	s.move("a", change.Approve)
	if c, err := s.Store.Claim(s.Context(), "w", time.Minute); !errors.Is(err, change.ErrNoWork) {
		s.Errorf("claimed %+v, error %v; want %v", c.Claim, err, change.ErrNoWork)
	}
	s.ask("b")
	s.move("b", change.Approve)
	if c := s.claim("w"); c.Claim.ID != "b" {
		s.Errorf("claimed %s, want b", c.Claim.ID)
	}
	s.move("a", change.Expire)
}

func testLagging(s suite) {
	s.ask("a", "b")
	s.lag("a", "b")
	s.show("a")
	s.lag("b")
	s.move("a", change.Approve)
	s.lag("b", "a")
	s.show("a")
	c := s.claim("w").Claim
	s.lag("b", "a")
	s.show("a")
	if err := s.Store.Record(s.Context(), c, line("one", 0, change.StepBegun), entry("step", s.Now())); err != nil {
		s.Fatal(err)
	}
	s.lag("b", "a")
	got, err := s.Store.Unannounced(s.Context(), 1)
	if diff := cmp.Diff([]string{"b"}, got); diff != "" || err != nil {
		s.Errorf("lagging, at most 1: error %v (-want +got):\n%s", err, diff)
	}
}

func (s suite) lag(want ...string) {
	s.Helper()
	s.tick()
	got, err := s.Store.Unannounced(s.Context(), 10)
	if err != nil {
		s.Fatal(err)
	}
	if diff := cmp.Diff(want, got, same); diff != "" {
		s.Errorf("lagging (-want +got):\n%s", diff)
	}
}

func (s suite) tell(id, owner string) (*change.Request, bool) {
	s.Helper()
	r, ok, err := s.Store.ClaimNotification(s.Context(), id, owner, time.Second)
	if err != nil {
		s.Fatalf("claiming to tell of %s: %v", id, err)
	}
	return r, ok
}

func (s suite) announced(id string, version int64, owner string) {
	s.Helper()
	if err := s.Store.Announced(s.Context(), id, version, owner); err != nil {
		s.Fatalf("announced %s: %v", id, err)
	}
}

func (s suite) show(id string) {
	s.Helper()
	r, ok := s.tell(id, "t1")
	if !ok {
		s.Fatalf("%s can't be told", id)
	}
	s.announced(id, r.Version, "t1")
}

func testLaggingFair(s suite) {
	s.ask("a", "b")
	s.tell("a", "t1") // and that is all: Slack is away
	s.lag("b", "a")
}

func testOneTeller(s suite) {
	s.ask("a")
	r, ok := s.tell("a", "t1")
	if !ok || r.ID != "a" || r.Version != 1 {
		s.Fatalf("first notifier: %v, %+v", ok, r)
	}
	if _, ok := s.tell("a", "t2"); ok {
		s.Error("two notifiers at once")
	}
	s.move("a", change.Approve) // while the first one draws
	s.announced("a", 1, "t1")
	s.lag("a")
	r, ok = s.tell("a", "t2")
	if !ok || r.Version != 2 {
		s.Fatalf("second notifier: %v, %+v", ok, r)
	}
	s.announced("a", 2, "t2")
	s.lag()
	if _, ok := s.tell("a", "t1"); ok {
		s.Error("there was nothing to tell")
	}
}

func testTellerReplaced(s suite) {
	s.ask("a")
	s.tell("a", "t1")
	if s.Pass != nil {
		s.Pass(1100 * time.Millisecond)
	} else {
		time.Sleep(1100 * time.Millisecond)
	}
	if _, ok := s.tell("a", "t2"); !ok {
		s.Error("a notifier that went away is waited for")
	}
	// The one that went away comes back: it must neither end the other's lease nor write over what that one posted.
	if err := s.Store.Announced(s.Context(), "a", 1, "t1"); !errors.Is(err, change.ErrFenced) {
		s.Errorf("a late notifier announces: error %v, want %v", err, change.ErrFenced)
	}
	if err := s.Store.NoteMessage(s.Context(), "a", "t1", "card", change.Message{Channel: "C1", ID: "1.1"}); !errors.Is(err, change.ErrFenced) {
		s.Errorf("a late notifier notes a message: error %v, want %v", err, change.ErrFenced)
	}
	if r := s.get("a"); r.Announced != 0 || len(r.Messages) != 0 {
		s.Errorf("a late notifier wrote: announced %d, messages %v", r.Announced, r.Messages)
	}
	if _, ok := s.tell("a", "t3"); ok {
		s.Error("a late notifier ended the lease of its successor")
	}
}

func testAnnounced(s suite) {
	s.ask("a")
	s.move("a", change.Approve)
	for _, c := range []struct{ shown, want int64 }{{1, 1}, {0, 1}, {7, 2}} {
		if _, ok := s.tell("a", "t1"); !ok {
			s.Fatal("it can't be told")
		}
		s.announced("a", c.shown, "t1")
		if got := s.get("a"); got.Announced != c.want || got.Version != 2 {
			s.Errorf("after showing %d: announced %d, version %d; want %d, 2", c.shown, got.Announced, got.Version, c.want)
		}
	}
}

func testMessages(s suite) {
	s.ask("a")
	if _, ok := s.tell("a", "t1"); !ok {
		s.Fatal("it can't be told")
	}
	want := map[string]change.Message{}
	for _, c := range []struct {
		slot string
		m    change.Message
	}{
		{"card", change.Message{Channel: "C1"}}, // being posted
		{"card", change.Message{Channel: "C1", ID: "1.2"}},
		{"progress", change.Message{Channel: "C1", ID: "1.3"}},
	} {
		want[c.slot] = c.m
		if err := s.Store.NoteMessage(s.Context(), "a", "t1", c.slot, c.m); err != nil {
			s.Fatal(err)
		}
		r := s.get("a")
		if diff := cmp.Diff(want, r.Messages); diff != "" || r.Version != 1 {
			s.Errorf("version %d, messages (-want +got):\n%s", r.Version, diff)
		}
	}
}

// testLinearizable lets several actors read and move one request and asks whether there is an order of what they
// did in which all of them were right.
func testLinearizable(s suite) {
	s.ask("a")
	type output struct {
		version int64
		ok      bool
	}
	model := porcupine.Model{
		Init: func() any { return int64(1) },
		Step: func(state, in, out any) (bool, any) {
			is, seen, got := state.(int64), in.(int64), out.(output) //nolint:errcheck,forcetypeassert // of this function's own making
			switch {
			case seen == 0: // a read
				return got.version == is, is
			case got.ok:
				return seen == is, is + 1
			default:
				return seen != is, is
			}
		},
	}
	var (
		mu      sync.Mutex
		history []porcupine.Operation
		wg      sync.WaitGroup
		start   = time.Now() // how long the calls take, whatever the store's clock says
	)
	do := func(client int, in int64, call func() output) output {
		op := porcupine.Operation{ClientId: client, Input: in, Call: int64(time.Since(start))}
		out := call()
		op.Output, op.Return = out, int64(time.Since(start))
		mu.Lock()
		defer mu.Unlock()
		history = append(history, op)
		return out
	}
	for client := range 4 {
		wg.Go(func() {
			for range 8 {
				seen := do(client, 0, func() output {
					r, err := s.Store.Get(s.Context(), "a")
					if err != nil {
						s.Errorf("reading: %v", err)
						return output{}
					}
					return output{version: r.Version}
				}).version
				do(client, seen, func() output {
					err := s.Store.Transition(s.Context(), change.Transition{
						ID: "a", Version: seen, From: change.Pending, To: change.Pending, Entry: entry("approve", s.Now()),
					})
					if err != nil && !errors.Is(err, change.ErrConflict) {
						s.Errorf("moving: %v", err)
					}
					return output{ok: err == nil}
				})
			}
		})
	}
	wg.Wait()
	if !porcupine.CheckOperations(model, history) {
		s.Error("no order explains what the actors saw")
	}
}
