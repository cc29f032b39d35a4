// Package notify has Slack follow the requests: each has one card, a progress message and a last word, drawn from the
// request whenever it changes.
package notify

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
	// Unannounced returns ids of requests whose last version has not been told, at most limit.
	Unannounced(ctx context.Context, limit int) ([]string, error)
	// ClaimNotification lets one owner at a time tell a request; false: somebody else does, or there is nothing to tell.
	ClaimNotification(ctx context.Context, id, owner string, lease time.Duration) (*change.Request, bool, error)
	// NoteMessage writes down what was posted in a slot; without an ID it is being posted. It refuses an owner whose claim
	// has ended: somebody else may have posted since.
	NoteMessage(ctx context.Context, id, owner, slot string, m change.Message) error
	// Get returns a request, or an error that wraps change.ErrNotFound.
	Get(ctx context.Context, id string) (*change.Request, error)
	// Announced says that the version has been told, and ends the claim. It refuses an owner whose claim has ended.
	Announced(ctx context.Context, id string, version int64, owner string) error
}

// Poster is what the notifier needs of Slack.
type Poster interface {
	Post(ctx context.Context, channel string, msg bot.Message) (bot.Posted, error)
	Update(ctx context.Context, p bot.Posted, msg bot.Message) error
	Delete(ctx context.Context, p bot.Posted) error
	OpenDM(ctx context.Context, user string) (string, error)
	FindPosted(ctx context.Context, channel, thread string, since, until time.Time, match func(bot.Metadata) bool) (bot.Posted, bool, error)
}

// Evaluator says how a pending request stands; a change.Policy is one.
type Evaluator interface {
	Evaluate(ctx context.Context, r *change.Request) (change.Evaluation, error)
}

// NotifierOptions are what a Teller needs. Zero durations and counts mean the defaults named beside them.
type NotifierOptions struct {
	Outbox  Outbox
	Poster  Poster
	Policy  Evaluator
	Notes   FirstNotes // of what is told once, whichever request it comes with; nil: it comes with each
	Channel string     // where cards are posted
	Command string     // the slash command, "/remote-cluster"
	Owner   string     // names this process; no two may share it
	Now     func() time.Time
	Log     *slog.Logger

	Pace    time.Duration // between two drawings of a request: 1.5 s. Slack asks for at most one update a second.
	Poll    time.Duration // between two looks at what lags: 5 s
	Lease   time.Duration // how long a claim holds, and the longest that telling one request may take: 30 s
	Stop    time.Duration // how long a drawing may go on once Run is told to end: 10 s
	Workers int           // requests told at the same time: 4

	// OnRender hears of a request before it is drawn, at least once in every state in which it is told. It does not stay
	// long, and its failures are its own. Nothing by default.
	OnRender func(ctx context.Context, r *change.Request)

	// Span hears that a request is being told, and what it returns, how that ended: for traces. Nothing by default.
	Span func(ctx context.Context, r *change.Request, name string) (context.Context, func(error))
}

func (o NotifierOptions) withDefaults() NotifierOptions {
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
	if o.OnRender == nil {
		o.OnRender = func(context.Context, *change.Request) {}
	}
	if o.Span == nil {
		o.Span = func(ctx context.Context, _ *change.Request, _ string) (context.Context, func(error)) {
			return ctx, func(error) {}
		}
	}
	return o
}

const (
	firstDelay       = time.Second
	lastDelay        = time.Minute
	firstAway        = 10 * time.Second // while the channel can't be written to
	lastAway         = 10 * time.Minute
	unannouncedLimit = 100

	// MaxRemembered bounds what a process remembers of requests. Forgetting one costs a redrawing.
	MaxRemembered = 10_000
)

// Notifier keeps what Slack shows abreast of the requests. It draws from the state alone: the one who tells last, and
// however often, the outcome is the same.
type Notifier struct {
	o            NotifierOptions
	sectionsOnly atomic.Bool // the workspace takes no plan blocks
	woken        chan struct{}

	mu    sync.Mutex
	queue map[string]*workItem
	busy  int
	// shown is what this process last drew, by request and slot, so that a journal line does not redraw a card that
	// stays the same. It holds though others draw too: decisions and journal only grow, so no drawing ever comes back.
	shown *Latest[map[string][32]byte]
}

// workItem is one request that has to be told.
type workItem struct {
	due      time.Time
	running  bool
	again    bool // it changed while it was being told
	idle     bool // it has been told; kept until due, so that the next change keeps the pace
	failures int
	away     bool      // its channel can't be written to: it waits long, unless it changes
	soonest  time.Time // when it may be drawn again at the earliest if it changes while away
}

// NewNotifier returns a notifier; it tells nothing before Run.
func NewNotifier(o NotifierOptions) *Notifier {
	return &Notifier{
		o: o.withDefaults(), woken: make(chan struct{}, 1),
		queue: map[string]*workItem{}, shown: NewLatest[map[string][32]byte](MaxRemembered),
	}
}

// Changed says that a request has moved. It never blocks; any number of changes of a request become one drawing.
func (n *Notifier) Changed(id string) {
	n.mu.Lock()
	n.add(id)
	if e := n.queue[id]; e.away && !e.running {
		e.away, e.failures, e.due = false, 0, e.soonest
	}
	n.mu.Unlock()
	n.wake()
}

func (n *Notifier) add(id string) {
	e, ok := n.queue[id]
	if !ok {
		n.queue[id] = &workItem{due: n.o.Now()}
		return
	}
	e.idle = false
	e.again = e.running
}

func (n *Notifier) wake() {
	select {
	case n.woken <- struct{}{}:
	default:
	}
}

// Run tells until ctx ends; then it waits for what is being told, at most for Stop.
func (n *Notifier) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	poll := time.NewTicker(n.o.Poll)
	defer poll.Stop()
	failing := Recurring{Log: n.o.Log, What: "looking for pending notifications", Now: n.o.Now}
	failing.Report(ctx, n.unannounced(ctx))
	for ctx.Err() == nil {
		next := time.NewTimer(n.start(ctx, &wg))
		select {
		case <-ctx.Done():
		case <-n.woken:
		case <-next.C:
		case <-poll.C:
			failing.Report(ctx, n.unannounced(ctx))
		}
		next.Stop()
	}
	return nil
}

// unannounced is the safety net: what changed while nobody told us, or could not be told then.
func (n *Notifier) unannounced(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, n.o.Poll)
	defer cancel()
	ids, err := n.o.Outbox.Unannounced(ctx, unannouncedLimit)
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, id := range ids {
		if e, ok := n.queue[id]; !ok || !e.running {
			n.add(id)
		}
	}
	return nil
}

// start sets off every errand that is due, as far as there are workers, and returns how long until the next one.
func (n *Notifier) start(ctx context.Context, wg *sync.WaitGroup) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	now, wait := n.o.Now(), n.o.Poll
	for id, e := range n.queue {
		if e.running {
			continue
		}
		if e.idle {
			if !e.due.After(now) {
				delete(n.queue, id)
			}
			continue
		}
		if d := e.due.Sub(now); d > 0 {
			wait = min(wait, d)
			continue
		}
		if n.busy == n.o.Workers {
			continue // the one who ends nudges
		}
		e.running, e.again = true, false
		n.busy++
		wg.Go(func() { n.run(ctx, id) })
	}
	return wait
}

func (n *Notifier) run(ctx context.Context, id string) {
	// A drawing that has begun is finished when the process stops, if that is soon: its claim would block others.
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), n.o.Lease)
	done := context.AfterFunc(ctx, func() { n.stop(work, cancel) })
	err := n.notify(work, id)
	cancel()
	done()
	if err != nil && ctx.Err() != nil {
		n.giveBack(ctx, id)
	}

	n.mu.Lock()
	defer n.mu.Unlock()
	defer n.wake()
	e := n.queue[id]
	n.busy--
	e.running = false
	e.away = errors.Is(err, errChannelUnwritable)
	switch {
	case e.away:
		e.failures++
		e.soonest = n.o.Now().Add(n.o.Pace)
		e.due = n.o.Now().Add(min(lastAway, firstAway<<min(e.failures-1, 10)))
		if e.again {
			e.away, e.failures, e.due = false, 0, e.soonest
		}
		n.o.Log.ErrorContext(ctx, "a card can't be posted; approvers get a direct message instead", "request", id, "channel", n.o.Channel, "error", err)
	case errors.Is(err, errCopies), errors.Is(err, errThreadPending):
		e.failures, e.due = 0, n.o.Now().Add(n.o.Poll)
	case err != nil:
		e.failures++
		e.due = n.o.Now().Add(backoff(e.failures))
		n.o.Log.WarnContext(ctx, "a notification failed and will be retried", "request", id, "failures", e.failures, "error", err)
	default:
		e.failures, e.idle, e.due = 0, !e.again, n.o.Now().Add(n.o.Pace)
	}
}

// stop ends a drawing that takes too long when the process is to end.
func (n *Notifier) stop(work context.Context, cancel context.CancelFunc) {
	left := time.NewTimer(n.o.Stop)
	defer left.Stop()
	select {
	case <-work.Done():
	case <-left.C:
		cancel()
	}
}

// giveBack ends the claim of a drawing that was broken off, so that another process need not wait until it ends.
func (n *Notifier) giveBack(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	const nothing = 0 // no version has been told that was not told before
	if err := n.o.Outbox.Announced(ctx, id, nothing, n.o.Owner); err != nil {
		n.o.Log.DebugContext(ctx, "releasing a notification claim", "request", id, "error", err)
	}
}

func backoff(failures int) time.Duration {
	return min(lastDelay, firstDelay<<min(failures-1, 10))
}

// notify claims the request and brings its messages up to date.
func (n *Notifier) notify(ctx context.Context, id string) (err error) {
	r, ok, err := n.o.Outbox.ClaimNotification(ctx, id, n.o.Owner, n.o.Lease)
	if errors.Is(err, change.ErrNotFound) || errors.Is(err, change.ErrNewer) || (err == nil && !ok) {
		return nil // forgotten, another version's to tell, or somebody else is at it
	}
	if err != nil {
		return err
	}
	ctx, end := n.o.Span(ctx, r, "tell")
	defer func() { end(err) }()
	n.o.OnRender(ctx, r)
	newAdvice(ctx, n.o.Notes, r, n.o.Log)
	if err := n.draw(ctx, r); err != nil {
		return err
	}
	if mayHaveCopies(r) {
		return errCopies
	}
	if r.State.Final() {
		n.mu.Lock()
		n.shown.delete(id)
		n.mu.Unlock()
	}
	return n.o.Outbox.Announced(ctx, id, r.Version, n.o.Owner)
}
