package bot

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Options is what a Router needs besides its handlers. The zero value works.
type Options struct {
	Workers    int           // how many Answer.Then run at once; default 16
	Queue      int           // how many events more may be in hand before new ones are refused; default 256
	PerUser    int           // how many events of one person may be in hand; default a quarter of all. A quarter of Workers works for them
	AckWithin  time.Duration // when Slack is answered at the latest; default 2.5 s, always under Slack's 3 s
	WorkWithin time.Duration // the deadline of Answer.Then and of OnError; default 30 s
	Teams      []string      // the ids of teams and organizations that are served; empty: Self's own
	Now        func() time.Time
	NewID      func() string // makes request ids
	// Self says who we are, where no Teams are named: then our own workspace is served, or our organization where the
	// app is installed for all of it. Without it any workspace is.
	Self func(ctx context.Context) (Identity, error)
	Log  *slog.Logger

	// OnError tells the user what went wrong where the answer to Slack cannot: handlers' errors, panics,
	// time-outs, presses refused. It runs outside Slack's three seconds, with WorkWithin as its deadline.
	OnError func(ctx context.Context, f Failure)
	// Acked hears of every answer to Slack: "command /remote-cluster", "action approve"; "unknown" for what nobody
	// serves. It must not block.
	Acked func(what string, took time.Duration)
	// Trace hears that work on an event begins, and what it returns, how all of it ended, Then included; the context
	// that it returns is that of the work. carried is what the modal carries that the event comes from (see
	// MessengerOptions.Carry), if any.
	Trace func(ctx context.Context, what, carried string) (context.Context, func(error))
}

// Failure is something that did not work, and where its user can be told.
type Failure struct {
	User        User
	Channel     string
	ResponseURL string
	TriggerID   string
	View        *View  // nil where no view is concerned
	What        string // "command /remote-cluster", "action approve"
	Err         error  // a handler's own, or ErrBusy, ErrStopping, ErrUnsure, ErrLate, ErrPanic, ErrTooLarge
	RequestID   string
}

// Reasons in a Failure that are the router's own.
var (
	ErrBusy     = errors.New("too much in hand")
	ErrStopping = errors.New("stopping")
	ErrUnsure   = errors.New("it is not known whether this workspace is served")
	ErrLate     = errors.New("the handler did not come back")
	ErrPanic    = errors.New("the handler panicked")
	ErrTooLarge = errors.New("the answer is too large for this connection")
)

// Router hands events to their handlers and answers Slack in time. Register everything before the first event.
type Router struct {
	o Options

	commands    map[string]CommandHandler
	actions     map[string]ActionHandler
	submissions map[string]submission
	closings    map[string]ClosedHandler
	suggestions map[string]SuggestionHandler
	shortcuts   map[string]ShortcutHandler
	home        HomeHandler

	seen    *recent       // commands and interactions
	events  *recent       // Slack repeats an event up to about five minutes later
	slots   chan struct{} // one per event in hand, its Then included: nothing that was taken in is dropped later
	workers chan struct{} // one per Then that runs
	notices chan struct{} // one per OnError for an event that was refused

	mu       sync.Mutex
	working  map[string]chan struct{} // one per Then that runs, by user; as long as the user has jobs
	jobs     map[*job]context.CancelFunc
	inHand   map[string]int // jobs by user
	stopping bool
	drained  chan struct{} // closed once stopping and without jobs
}

type submission struct {
	handle SubmissionHandler
	late   func(Submission) Answer
}

const (
	interactionsKept, interactionsMax = time.Minute, 4096
	eventsKept, eventsMax             = 15 * time.Minute, 4096
	noticesAtOnce                     = 8
)

// NewRouter returns a Router without handlers.
func NewRouter(o Options) *Router {
	if o.Workers <= 0 {
		o.Workers = 16
	}
	if o.Queue <= 0 {
		o.Queue = 256
	}
	if o.PerUser <= 0 {
		o.PerUser = max(1, (o.Workers+o.Queue)/4)
	}
	if o.AckWithin <= 0 || o.AckWithin >= slackWaits {
		o.AckWithin = 2500 * time.Millisecond
	}
	if o.WorkWithin <= 0 {
		o.WorkWithin = 30 * time.Second
	}
	if o.NewID == nil {
		o.NewID = func() string { return rand.Text()[:12] }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Acked == nil {
		o.Acked = func(string, time.Duration) {}
	}
	if o.Trace == nil {
		o.Trace = func(ctx context.Context, _, _ string) (context.Context, func(error)) { return ctx, func(error) {} }
	}
	o.Now = clockOr(o.Now)
	return &Router{
		o:           o,
		commands:    make(map[string]CommandHandler),
		actions:     make(map[string]ActionHandler),
		submissions: make(map[string]submission),
		closings:    make(map[string]ClosedHandler),
		suggestions: make(map[string]SuggestionHandler),
		shortcuts:   make(map[string]ShortcutHandler),
		seen:        newRecent(interactionsKept, interactionsMax, o.Now),
		events:      newRecent(eventsKept, eventsMax, o.Now),
		slots:       make(chan struct{}, o.Workers+o.Queue),
		workers:     make(chan struct{}, o.Workers),
		notices:     make(chan struct{}, noticesAtOnce),
		working:     make(map[string]chan struct{}),
		jobs:        make(map[*job]context.CancelFunc),
		inHand:      make(map[string]int),
		drained:     make(chan struct{}),
	}
}

// OnCommand serves a slash command by its name, slash included.
func (r *Router) OnCommand(name string, h CommandHandler) { register(r.commands, "command", name, h) }

// OnAction serves an element by its exact action_id.
func (r *Router) OnAction(id string, h ActionHandler) { register(r.actions, "action", id, h) }

// OnSubmit serves the submission of a modal by its callback_id. late is the answer when the handler did not
// come back in time; only its Body counts. nil closes the modal.
func (r *Router) OnSubmit(callback string, h SubmissionHandler, late func(Submission) Answer) {
	register(r.submissions, "submission", callback, submission{h, late})
}

// OnClosed hears of a modal, by its callback_id, that was closed and asked for notify_on_close.
func (r *Router) OnClosed(callback string, h ClosedHandler) {
	register(r.closings, "closing", callback, h)
}

// OnSuggest serves an external select by its exact action_id.
func (r *Router) OnSuggest(id string, h SuggestionHandler) {
	register(r.suggestions, "suggestion", id, h)
}

// OnShortcut serves a global or message shortcut by its callback_id.
func (r *Router) OnShortcut(id string, h ShortcutHandler) { register(r.shortcuts, "shortcut", id, h) }

// OnHome hears that the app's home was opened.
func (r *Router) OnHome(h HomeHandler) {
	if r.home != nil {
		panic("bot: home registered twice")
	}
	r.home = h
}

// register panics on a second handler of the same name: one of the two would never be called.
func register[H any](handlers map[string]H, kind, name string, h H) {
	if name == "" {
		panic("bot: " + kind + " without a name")
	}
	if _, ok := handlers[name]; ok {
		panic("bot: " + kind + " " + name + " registered twice")
	}
	handlers[name] = h
}

// Stop refuses new events politely and waits for those in hand, their Then included. When ctx ends first, what
// still runs is canceled and ctx's error returned. It may be called more than once.
func (r *Router) Stop(ctx context.Context) error {
	r.mu.Lock()
	if !r.stopping {
		r.stopping = true
		if len(r.jobs) == 0 {
			close(r.drained)
		}
	}
	r.mu.Unlock()
	select {
	case <-r.drained:
		return nil
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, cancel := range r.jobs {
		cancel()
	}
	return ctx.Err()
}

// begin takes a job in hand. ErrStopping; ErrBusy if its user has more than their share in hand, so that one person can't
// take all slots.
func (r *Router) begin(j *job, cancel context.CancelFunc) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	user := j.failure.User.ID
	switch {
	case r.stopping:
		return ErrStopping
	case r.inHand[user] >= r.o.PerUser && !j.notice:
		return ErrBusy
	}
	r.jobs[j] = cancel
	r.inHand[user]++
	return nil
}

func (r *Router) end(j *job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.jobs, j)
	user := j.failure.User.ID
	if r.inHand[user]--; r.inHand[user] == 0 {
		delete(r.inHand, user)
		delete(r.working, user)
	}
	if r.stopping && len(r.jobs) == 0 {
		close(r.drained)
	}
}

// workersOf are the workers that a user may have at once.
func (r *Router) workersOf(user string) chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.working[user] == nil {
		r.working[user] = make(chan struct{}, max(1, r.o.Workers/4))
	}
	return r.working[user]
}
