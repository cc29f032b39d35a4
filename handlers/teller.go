package handlers

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Outbox is what is yet to be told.
type Outbox interface {
	// Lagging returns ids of requests whose last version has not been told, at most limit.
	Lagging(ctx context.Context, limit int) ([]string, error)
	// ClaimTelling lets one owner at a time tell a request; false: somebody else does, or there is nothing to tell.
	ClaimTelling(ctx context.Context, id, owner string, lease time.Duration) (*change.Request, bool, error)
	// NoteMessage writes down what was posted in a slot; without an ID it is being posted. It refuses an owner whose claim
	// has ended: somebody else may have posted since.
	NoteMessage(ctx context.Context, id, owner, slot string, m change.Message) error
	// Announced says that the version has been told, and ends the claim. It refuses an owner whose claim has ended.
	Announced(ctx context.Context, id string, version int64, owner string) error
}

// Poster is what the teller needs of Slack.
type Poster interface {
	Post(ctx context.Context, channel string, msg bot.Message) (bot.Posted, error)
	Update(ctx context.Context, p bot.Posted, msg bot.Message) error
	Delete(ctx context.Context, p bot.Posted) error
	OpenDM(ctx context.Context, user string) (string, error)
	FindPosted(ctx context.Context, channel, thread string, since, until time.Time, match func(bot.Metadata) bool) (bot.Posted, bool, error)
}

// Weigher says how a pending request stands; a change.Policy is one.
type Weigher interface {
	Weigh(ctx context.Context, r *change.Request) (change.Verdict, error)
}

// TellerOptions are what a Teller needs. Zero durations and counts mean the defaults named beside them.
type TellerOptions struct {
	Outbox  Outbox
	Poster  Poster
	Policy  Weigher
	Channel string // where cards are posted
	Command string // the slash command, "/remote-cluster"
	Owner   string // names this process; no two may share it
	Now     func() time.Time
	Log     *slog.Logger

	Pace    time.Duration // between two drawings of a request: 1.5 s. Slack asks for at most one update a second.
	Poll    time.Duration // between two looks at what lags: 5 s
	Lease   time.Duration // how long a claim holds, and the longest that telling one request may take: 30 s
	Stop    time.Duration // how long a drawing may go on once Run is told to end: 10 s
	Workers int           // requests told at the same time: 4

	// Telling hears of a request before it is drawn, at least once in every state in which it is told. It does not stay
	// long, and its failures are its own. Nothing by default.
	Telling func(ctx context.Context, r *change.Request)

	// Span hears that a request is being told, and what it returns, how that ended: for traces. Nothing by default.
	Span func(ctx context.Context, r *change.Request, name string) (context.Context, func(error))
}

func (o TellerOptions) withDefaults() TellerOptions {
	set := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	set(&o.Pace, 1500*time.Millisecond)
	set(&o.Poll, 5*time.Second)
	set(&o.Lease, 30*time.Second)
	set(&o.Stop, 10*time.Second)
	if o.Workers <= 0 {
		o.Workers = 4
	}
	if o.Telling == nil {
		o.Telling = func(context.Context, *change.Request) {}
	}
	if o.Span == nil {
		o.Span = func(ctx context.Context, _ *change.Request, _ string) (context.Context, func(error)) {
			return ctx, func(error) {}
		}
	}
	return o
}

const (
	firstDelay = time.Second
	lastDelay  = time.Minute
	firstAway  = 10 * time.Second // while the channel can't be written to
	lastAway   = 10 * time.Minute
	lagLimit   = 100
)

// Teller keeps what Slack shows abreast of the requests. It draws from the state alone: whoever tells last, and
// however often, the outcome is the same.
type Teller struct {
	o      TellerOptions
	simple atomic.Bool // the workspace takes no plan blocks
	wake   chan struct{}

	mu   sync.Mutex
	todo map[string]*errand
	busy int
	// shown is what this process last drew, by request and slot, so that a journal line does not redraw a card that
	// stays the same. It holds though others draw too: decisions and journal only grow, so no drawing ever comes back.
	shown map[string]map[string][32]byte
}

// errand is one request that has to be told.
type errand struct {
	due      time.Time
	running  bool
	again    bool // it changed while it was being told
	idle     bool // it has been told; kept until due, so that the next change keeps the pace
	failures int
	away     bool      // its channel can't be written to: it waits long, unless it changes
	soonest  time.Time // when it may be drawn again at the earliest if it changes while away
}

// NewTeller returns a teller; it tells nothing before Run.
func NewTeller(o TellerOptions) *Teller {
	return &Teller{
		o: o.withDefaults(), wake: make(chan struct{}, 1),
		todo: map[string]*errand{}, shown: map[string]map[string][32]byte{},
	}
}

// Changed says that a request has moved. It never blocks; any number of changes of a request become one drawing.
func (t *Teller) Changed(id string) {
	t.mu.Lock()
	t.add(id)
	if e := t.todo[id]; e.away && !e.running {
		e.away, e.failures, e.due = false, 0, e.soonest
	}
	t.mu.Unlock()
	t.nudge()
}

func (t *Teller) add(id string) {
	e, ok := t.todo[id]
	if !ok {
		t.todo[id] = &errand{due: t.o.Now()}
		return
	}
	e.idle = false
	e.again = e.running
}

func (t *Teller) nudge() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// Run tells until ctx ends; then it waits for what is being told, at most for Stop.
func (t *Teller) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	poll := time.NewTicker(t.o.Poll)
	defer poll.Stop()
	t.lagging(ctx)
	for ctx.Err() == nil {
		next := time.NewTimer(t.start(ctx, &wg))
		select {
		case <-ctx.Done():
		case <-t.wake:
		case <-next.C:
		case <-poll.C:
			t.lagging(ctx)
		}
		next.Stop()
	}
	return nil
}

// lagging is the safety net: what changed while nobody told us, or could not be told then.
func (t *Teller) lagging(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, t.o.Poll)
	defer cancel()
	ids, err := t.o.Outbox.Lagging(ctx, lagLimit)
	if err != nil {
		if ctx.Err() == nil {
			t.o.Log.WarnContext(ctx, "looking for what is yet to be told", "error", err)
		}
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range ids {
		if e, ok := t.todo[id]; !ok || !e.running {
			t.add(id)
		}
	}
}

// start sets off every errand that is due, as far as there are workers, and returns how long until the next one.
func (t *Teller) start(ctx context.Context, wg *sync.WaitGroup) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, wait := t.o.Now(), t.o.Poll
	for id, e := range t.todo {
		if e.running {
			continue
		}
		if e.idle {
			if !e.due.After(now) {
				delete(t.todo, id)
			}
			continue
		}
		if d := e.due.Sub(now); d > 0 {
			wait = min(wait, d)
			continue
		}
		if t.busy == t.o.Workers {
			continue // whoever ends nudges
		}
		e.running, e.again = true, false
		t.busy++
		wg.Go(func() { t.run(ctx, id) })
	}
	return wait
}

func (t *Teller) run(ctx context.Context, id string) {
	// A drawing that has begun is finished when the process stops, if that is soon: its claim would block others.
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.o.Lease)
	done := context.AfterFunc(ctx, func() { t.stop(work, cancel) })
	err := t.tell(work, id)
	cancel()
	done()
	if err != nil && ctx.Err() != nil {
		t.giveBack(ctx, id)
	}

	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.nudge()
	e := t.todo[id]
	t.busy--
	e.running = false
	e.away = errors.Is(err, errGone)
	switch {
	case e.away:
		e.failures++
		e.soonest = t.o.Now().Add(t.o.Pace)
		e.due = t.o.Now().Add(min(lastAway, firstAway<<min(e.failures-1, 10)))
		if e.again {
			e.away, e.failures, e.due = false, 0, e.soonest
		}
		t.o.Log.ErrorContext(ctx, "a card can't be shown, people are told by direct message", "request", id, "channel", t.o.Channel, "error", err)
	case errors.Is(err, errCopies):
		e.failures, e.due = 0, t.o.Now().Add(t.o.Poll)
	case err != nil:
		e.failures++
		e.due = t.o.Now().Add(backoff(e.failures))
		t.o.Log.WarnContext(ctx, "telling a request will be tried again", "request", id, "failures", e.failures, "error", err)
	default:
		e.failures, e.idle, e.due = 0, !e.again, t.o.Now().Add(t.o.Pace)
	}
}

// stop ends a drawing that takes too long when the process is to end.
func (t *Teller) stop(work context.Context, cancel context.CancelFunc) {
	left := time.NewTimer(t.o.Stop)
	defer left.Stop()
	select {
	case <-work.Done():
	case <-left.C:
		cancel()
	}
}

// giveBack ends the claim of a drawing that was broken off, so that another process need not wait until it ends.
func (t *Teller) giveBack(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	const nothing = 0 // no version has been told that was not told before
	if err := t.o.Outbox.Announced(ctx, id, nothing, t.o.Owner); err != nil {
		t.o.Log.DebugContext(ctx, "giving a claim to tell back", "request", id, "error", err)
	}
}

func backoff(failures int) time.Duration {
	return min(lastDelay, firstDelay<<min(failures-1, 10))
}

// tell claims the request and brings its messages up to date.
func (t *Teller) tell(ctx context.Context, id string) (err error) {
	r, ok, err := t.o.Outbox.ClaimTelling(ctx, id, t.o.Owner, t.o.Lease)
	if errors.Is(err, change.ErrNotFound) || errors.Is(err, change.ErrNewer) || (err == nil && !ok) {
		return nil // forgotten, another version's to tell, or somebody else is at it
	}
	if err != nil {
		return err
	}
	ctx, end := t.o.Span(ctx, r, "tell")
	defer func() { end(err) }()
	t.o.Telling(ctx, r)
	if err := t.draw(ctx, r); err != nil {
		return err
	}
	if mayHaveCopies(r) {
		return errCopies
	}
	if r.State.Final() {
		t.mu.Lock()
		delete(t.shown, id)
		t.mu.Unlock()
	}
	return t.o.Outbox.Announced(ctx, id, r.Version, t.o.Owner)
}
