package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// job is one event on its way through the router.
type job struct {
	what    string
	key     string // what a second delivery of the same event has too; empty: none
	home    string // the workspace that it happened in; empty: not known
	org     string // the organization of that workspace; empty: none, or not known
	limit   int    // see delivery
	failure Failure
	run     func(context.Context) (Answer, error) // nil: nobody registered for it

	say          func(sentence string) any // how a sentence is told in the answer; nil: it cannot be
	late         func() any                // the answer when the handler is late; nil: an empty one
	promises     bool                      // late says that something will follow
	notice       bool                      // only its user is told that it was refused
	hasUserInput bool                      // an empty answer would close a modal with what was typed in it
	quiet        bool                      // not worth a message of its own to the user when it fails
	empty        json.RawMessage           // what an empty answer is here; nil: no body at all

	answered atomic.Bool // Slack was answered, by the handler or for it
	told     atomic.Bool // the user was told that it failed
}

// What people read when a handler cannot speak for itself.
const (
	sayLate              = "Still working on it. You will hear from me in a moment."
	sayBusy              = "I am too busy right now. Nothing was changed. Please try again in a moment."
	sayStopping          = "I am restarting. Nothing was changed. Please try again in a moment."
	sayUnknown           = "I don't recognize this; it may be too old. Nothing was changed. Please start again."
	sayUnsure            = "I can't reach Slack to check whether I serve this workspace. Nothing was changed. Please try again in a moment."
	textForeignWorkspace = "I don't serve this workspace."
	sayFailed            = "Something went wrong in the bot. Please check the current state before you try again. Request %s."
)

// serve answers within AckWithin. The answer to a second delivery of the same event is that of the first.
func (r *Router) serve(ctx context.Context, seen *recent, j *job) []byte {
	start := r.o.Now()
	defer func() {
		what := j.what
		if j.run == nil {
			what = "unknown" // its name is whatever was sent
		}
		r.o.Acked(what, r.o.Now().Sub(start))
	}()
	gone := ctx.Err() != nil // a source that stops: what still arrives is refused, not begun
	j.failure.What, j.failure.RequestID = j.what, r.o.NewID()
	ctx = context.WithValue(context.WithoutCancel(ctx), requestIDKey{}, j.failure.RequestID)
	ours, err := serves(ctx, r, j.home, j.org, j.failure.User.Team)
	switch {
	case err != nil:
		r.o.Log.ErrorContext(ctx, "not known whose it is", "request_id", j.failure.RequestID, "what", j.what, "error", err)
		return r.refuse(ctx, j, ErrUnsure, sayUnsure)
	case !ours:
		r.o.Log.WarnContext(ctx, "refused: not a team that is served",
			"request_id", j.failure.RequestID, "what", j.what, "team", j.failure.User.Team)
		return r.sentence(ctx, j, textForeignWorkspace)
	case j.run == nil:
		r.o.Log.InfoContext(ctx, "nobody serves this",
			"request_id", j.failure.RequestID, "what", j.what, "user", j.failure.User.ID)
		return r.sentence(ctx, j, sayUnknown)
	case j.key == "":
		body, _ := r.take(ctx, j, gone)
		return body
	}
	c, first := seen.enter(j.key)
	if !first {
		return r.again(ctx, j, c)
	}
	body, taken := r.take(ctx, j, gone)
	if taken {
		c.finish(body)
	} else {
		seen.forget(c, body)
	}
	return body
}

// again waits for the answer to the first delivery.
func (r *Router) again(ctx context.Context, j *job, c *call) []byte {
	r.o.Log.InfoContext(ctx, "delivered again", "request_id", j.failure.RequestID, "what", j.what)
	timer := time.NewTimer(r.o.AckWithin)
	defer timer.Stop()
	select {
	case <-c.done:
		return c.body
	case <-timer.C:
		return r.lateBody(ctx, j)
	}
}

// take runs the job if there is room for it, and tells whether there was.
func (r *Router) take(ctx context.Context, j *job, gone bool) ([]byte, bool) {
	if gone {
		return r.refuse(ctx, j, ErrStopping, sayStopping), false
	}
	select {
	case r.slots <- struct{}{}:
	default:
		return r.refuse(ctx, j, ErrBusy, sayBusy), false
	}
	ctx, cancel := context.WithCancel(ctx)
	if err := r.begin(j, cancel); err != nil {
		cancel()
		<-r.slots
		if errors.Is(err, ErrStopping) {
			return r.refuse(ctx, j, err, sayStopping), false
		}
		return r.refuse(ctx, j, err, sayBusy), false
	}
	timer := time.NewTimer(r.o.AckWithin)
	defer timer.Stop()
	answer := make(chan []byte, 1)
	ctx, traced := r.o.Trace(ctx, j.what, j.failure.View.carried())
	go func() {
		var err error
		defer func() {
			traced(err)
			cancel()
			<-r.slots
			r.end(j)
		}()
		err = r.work(ctx, j, answer)
	}()
	select {
	case body := <-answer:
		return body, true
	case <-timer.C:
	}
	if !j.answered.CompareAndSwap(false, true) {
		return <-answer, true
	}
	r.o.Log.WarnContext(ctx, "handler is late", "request_id", j.failure.RequestID, "what", j.what)
	return r.lateBody(ctx, j), true
}

// work runs the handler, hands its answer over, and does what is left to do. The error has been told.
func (r *Router) work(ctx context.Context, j *job, answer chan<- []byte) error {
	start := r.o.Now()
	result, err := r.handle(ctx, j)
	body, bodyErr := j.encode(result.Body)
	if err == nil {
		err = bodyErr
	}
	if err != nil {
		body = r.failedBody(ctx, j)
	}
	if j.answered.CompareAndSwap(false, true) {
		answer <- body
	} else if err == nil && result.Then == nil && (len(body) > 0 || j.promises) {
		err = ErrLate // something was promised to follow, or would have been shown
	}
	if err != nil {
		r.fail(ctx, j, err)
	} else {
		r.o.Log.InfoContext(ctx, "handled", "request_id", j.failure.RequestID, "what", j.what,
			"user", j.failure.User.ID, "duration", r.o.Now().Sub(start))
	}
	if result.Then != nil {
		return r.afterwards(ctx, j, result.Then)
	}
	return err
}

// handle runs the handler under its deadline. Should it not come back long after that, the user is told once.
func (r *Router) handle(ctx context.Context, j *job) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, r.o.AckWithin)
	defer cancel()
	finished := make(chan struct{})
	stuck := time.AfterFunc(r.o.WorkWithin, func() {
		select {
		case <-finished:
		default:
			r.fail(context.WithoutCancel(ctx), j, ErrLate)
		}
	})
	defer func() {
		close(finished)
		stuck.Stop()
	}()
	var answer Answer
	err := r.protect(ctx, j, func() (err error) {
		answer, err = j.run(ctx)
		return err
	})
	if err != nil {
		return Answer{}, err
	}
	return answer, nil
}

// afterwards does what a handler left to do, when a worker is free. The error has been told.
func (r *Router) afterwards(ctx context.Context, j *job, then func(context.Context) error) error {
	for _, workers := range []chan struct{}{r.workersOf(j.failure.User.ID), r.workers} { // their own first: who waits takes none of the others'
		select {
		case workers <- struct{}{}:
		case <-ctx.Done():
			r.o.Log.ErrorContext(ctx, "work given up at the stop", "request_id", j.failure.RequestID, "what", j.what)
			return ctx.Err()
		}
		defer func() { <-workers }()
	}
	start := r.o.Now()
	err := r.protect(ctx, j, func() error {
		ctx, cancel := context.WithTimeout(ctx, r.o.WorkWithin)
		defer cancel()
		return then(ctx)
	})
	if err != nil {
		r.fail(ctx, j, err)
		return err
	}
	r.o.Log.InfoContext(ctx, "worked", "request_id", j.failure.RequestID, "what", j.what,
		"duration", r.o.Now().Sub(start))
	return nil
}

// protect turns a panic into an error: one bad handler must not end the process.
func (r *Router) protect(ctx context.Context, j *job, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.o.Log.ErrorContext(ctx, "panic", "request_id", j.failure.RequestID, "what", j.what,
				"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = ErrPanic
		}
	}()
	return f()
}

// fail logs an error and tells the user of it.
func (r *Router) fail(ctx context.Context, j *job, err error) {
	r.o.Log.ErrorContext(ctx, "event failed", "request_id", j.failure.RequestID, "what", j.what,
		"user", j.failure.User.ID, "error", err)
	r.tell(ctx, j, err)
}

func (r *Router) tell(ctx context.Context, j *job, err error) {
	if r.o.OnError == nil || j.quiet || !j.told.CompareAndSwap(false, true) {
		return
	}
	f := j.failure
	f.Err = err
	_ = r.protect(ctx, j, func() error { // a panic is logged; there is nobody left to tell
		ctx, cancel := context.WithTimeout(ctx, r.o.WorkWithin)
		defer cancel()
		r.o.OnError(ctx, f)
		return nil
	})
}

// refuse answers without having begun anything. Where the answer cannot say so, OnError does, as far as there
// is room for that: a flood of refusals must not become a flood of messages.
func (r *Router) refuse(ctx context.Context, j *job, reason error, sentence string) []byte {
	r.o.Log.WarnContext(ctx, "refused", "request_id", j.failure.RequestID, "what", j.what,
		"user", j.failure.User.ID, "reason", reason)
	if j.say != nil {
		return r.sentence(ctx, j, sentence)
	}
	if !errors.Is(reason, ErrStopping) {
		r.notice(ctx, j, reason)
	}
	return nil
}

func (r *Router) notice(ctx context.Context, j *job, reason error) {
	select {
	case r.notices <- struct{}{}:
	default:
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	j.notice = true
	if r.begin(j, cancel) != nil {
		cancel()
		<-r.notices
		return
	}
	go func() {
		defer func() {
			cancel()
			<-r.notices
			r.end(j)
		}()
		r.tell(ctx, j, reason)
	}()
}

func (r *Router) sentence(ctx context.Context, j *job, sentence string) []byte {
	if j.say == nil {
		return nil
	}
	return r.plain(ctx, j, j.say(sentence))
}

// failedBody keeps a modal open when its handler failed, with what was typed in it. Elsewhere OnError tells the
// user; without one the answer does.
func (r *Router) failedBody(ctx context.Context, j *job) []byte {
	if j.hasUserInput || j.quiet || r.o.OnError == nil {
		return r.sentence(ctx, j, fmt.Sprintf(sayFailed, j.failure.RequestID))
	}
	return nil
}

func (r *Router) lateBody(ctx context.Context, j *job) []byte {
	if j.late == nil {
		return nil
	}
	var body any
	_ = r.protect(ctx, j, func() error { // a panic leaves the empty answer
		body = j.late()
		return nil
	})
	return r.plain(ctx, j, body)
}

// plain encodes a body that is ours to get right.
func (r *Router) plain(ctx context.Context, j *job, body any) []byte {
	encoded, err := j.encode(body)
	if err != nil {
		r.o.Log.ErrorContext(ctx, "answer not sent", "request_id", j.failure.RequestID, "what", j.what, "error", err)
		return nil
	}
	return encoded
}

// encode makes the bytes of an answer. An object without fields says nothing, and Slack expects no object then.
func (j *job) encode(body any) ([]byte, error) {
	encoded, err := json.Marshal(body)
	switch {
	case err != nil:
		return nil, fmt.Errorf("encoding the answer: %w", err)
	case bytes.Equal(encoded, []byte("null")), bytes.Equal(encoded, []byte("{}")):
		return j.empty, nil
	case j.limit > 0 && len(encoded) >= j.limit:
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(encoded))
	}
	return encoded, nil
}
