package executor

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// attempts makes a part of the work on a request, again where that may help.
type attempts struct {
	journal
	stop <-chan struct{} // closed: nothing new begins
}

// errStepTimeout says that an attempt was cut off because the step's time was up.
var errStepTimeout = errors.New("its time is up")

// tryStep is try for a step: line counts the attempts and tells of trouble while there is some. verb names what act does.
func (j *attempts) tryStep(ctx context.Context, step change.Step, line *change.StepRecord, verb string, act func(context.Context) error) (failed, err error) {
	patience := j.o.StepTimeout
	if p, ok := step.(change.StepTimeouter); ok {
		patience = p.StepTimeout()
	}
	return j.try(ctx, patience, func(ctx context.Context) error {
		line.Attempts++
		return j.span(ctx, verb+" "+line.Step, act)
	}, func(attempt int, trouble error, next time.Time) error {
		j.log.InfoContext(ctx, "trying again", "step", line.Step, "attempt", attempt, "error", j.o.Scrub(trouble.Error()))
		if change.IsWaiting(trouble) {
			line.Attempts--
		}
		say := j.explain(trouble)
		if change.IsWaiting(trouble) {
			if say == line.Trouble {
				return nil
			}
			next = time.Time{} // it only looks again, every few moments
		}
		line.Trouble, line.Next = say, next
		return j.record(ctx, *line, say)
	})
}

// try acts until it succeeds, fails for good, or patience runs out; then failed says what act came to. An err
// instead means that the work has to be left as it is.
func (j *attempts) try(ctx context.Context, patience time.Duration, act func(context.Context) error, again func(int, error, time.Time) error) (failed, err error) {
	end := j.o.Now().Add(patience)
	for n := 1; ; n++ {
		if err := j.checkCanStart(ctx); err != nil {
			return nil, err
		}
		cut, failed := j.attempt(ctx, end, act)
		switch {
		case failed == nil && j.refused == nil:
			return nil, nil
		case context.Cause(ctx) != nil:
			return nil, context.Cause(ctx)
		case j.refused != nil:
			return nil, j.refused
		case cut:
			// What it sent may still be carried out.
			return fmt.Errorf("gave up after attempt %d: %w", n, failed), sleep(ctx, j.stop, j.quietIn())
		case !change.IsTemporary(failed):
			return failed, nil
		}
		pause := max(j.o.Backoff(n), change.Pause(failed))
		if !j.o.Now().Add(pause).Before(end) {
			return fmt.Errorf("gave up after attempt %d: %w", n, failed), nil
		}
		if err := again(n, failed, j.o.Now().Add(pause)); err != nil {
			return nil, err
		}
		if err := sleep(ctx, j.stop, pause); err != nil {
			return nil, err
		}
	}
}

// attempt calls act once, at the longest until end; cut says that it was stopped there.
func (j *attempts) attempt(ctx context.Context, end time.Time, act func(context.Context) error) (cut bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(context.Canceled)
	timer := time.AfterFunc(end.Sub(j.o.Now()), func() { cancel(errStepTimeout) })
	defer timer.Stop()
	defer func() { cut = err != nil && errors.Is(context.Cause(ctx), errStepTimeout) }()
	defer j.recovered(&err)
	return false, act(ctx)
}

// recovered turns a panic into an error: a bug in one step must not take down the work on other requests.
func (j *attempts) recovered(err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("panic: %v", v)
		j.o.Log.Error("panic in a step", "request", j.claim.ID, "error", j.o.Scrub(fmt.Sprint(v)), "stack", j.o.Scrub(string(debug.Stack())))
	}
}

// checkCanStart returns nil if something new may begin: nobody stops us, and the claim is surely ours.
func (j *attempts) checkCanStart(ctx context.Context) error {
	select {
	case <-j.stop:
		return errStopped
	default:
	}
	return j.checkLease(ctx)
}

// errPanicked is how a part ended that did not come back.
var errPanicked = errors.New("panic")

// span does a part of the work, for anyone who traces it.
func (j *attempts) span(ctx context.Context, name string, do func(context.Context) error) (err error) {
	ctx, end := j.o.Span(ctx, j.request, name)
	err = errPanicked
	defer func() { end(err) }()
	return do(ctx)
}
