package executor

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// errStopped says that the work was left as it is because the executor stops.
var errStopped = errors.New("the executor stops")

// job is one claimed request in a worker's hands.
type job struct {
	*Executor
	claim     change.Claim
	takeOvers int             // in a row, this one too
	request   *change.Request // as it stands after our own writes
	lease     *lease
	stop      <-chan struct{} // closed: nothing new begins
	log       *slog.Logger

	refused error // why a note of the present attempt could not be written
}

// work works on a claimed request until it needs no worker any more, the claim is lost, or stop ends. An error
// means that the request should not be claimed again at once.
func (e *Executor) work(stop context.Context, c Claimed, asked time.Time) error {
	held, lease := e.acquire(context.WithoutCancel(stop), c.Claim, asked)
	defer lease.close()
	held = change.WithRequestID(held, c.Claim.ID)
	ctx, cancel := withDrain(held, stop, e.o.Drain)
	defer cancel()
	j := &job{
		Executor: e, claim: c.Claim, takeOvers: c.TakeOvers, request: c.Request, lease: lease, stop: stop.Done(),
		log: e.o.Log.With("request", c.Claim.ID, "kind", string(c.Request.Proposal.Kind), "worker", c.Claim.Worker),
	}
	j.log.InfoContext(ctx, "request claimed", "state", string(c.Request.State), "epoch", c.Claim.Epoch, "taken_over", c.TakenOver)
	err := j.span(ctx, "work", func(ctx context.Context) error { return j.run(ctx, asked.Add(c.InFlight)) })
	e.o.Changed(c.Claim.ID) // also where an answer was lost and we don't know what was written
	switch {
	case err == nil:
		return nil
	case errors.Is(err, change.ErrFenced), !lease.live():
		j.log.WarnContext(ctx, "claim lost", "error", e.o.Scrub(err.Error()))
		return nil
	case errors.Is(err, errStopped):
		j.release(held)
		return nil
	case errors.Is(err, errNewerVersion):
		return nil
	}
	j.log.ErrorContext(ctx, "work left as it is", "error", e.o.Scrub(err.Error()))
	j.release(held)
	return err
}

// errPanicked is how a part ended that did not come back.
var errPanicked = errors.New("panic")

// span does a part of the work, for whoever traces it.
func (j *job) span(ctx context.Context, name string, do func(context.Context) error) (err error) {
	ctx, end := j.o.Span(ctx, j.request, name)
	err = errPanicked
	defer func() { end(err) }()
	return do(ctx)
}

// withDrain returns a context that ends some time after stop does.
func withDrain(ctx, stop context.Context, drain time.Duration) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	forget := context.AfterFunc(stop, func() {
		_ = sleep(ctx, nil, drain) // whichever ends it, nothing is left to do
		cancel(errStopped)
	})
	return ctx, func() {
		forget()
		cancel(context.Canceled)
	}
}

// run works on the request. Until quiet, a call that an earlier worker sent may still be carried out.
func (j *job) run(ctx context.Context, quiet time.Time) error {
	if j.takeOvers >= maxTakeOvers {
		return j.giveUp(ctx)
	}
	if rest := quiet.Sub(j.o.Now()); rest > 0 {
		j.log.InfoContext(ctx, "waiting out a call that an earlier worker sent", "wait", rest.String())
		if err := sleep(ctx, j.stop, rest); err != nil {
			return err
		}
	}
	if j.request.State == change.Applying {
		if err := j.apply(ctx); err != nil {
			return err
		}
	}
	if j.request.State == change.Undoing {
		return j.undo(ctx)
	}
	return nil
}

// checkCanStart returns nil if something new may begin: nobody stops us, and the claim is surely ours.
func (j *job) checkCanStart(ctx context.Context) error {
	select {
	case <-j.stop:
		return errStopped
	default:
	}
	return j.checkLease(ctx)
}

// checkLease returns nil if the claim is surely ours.
func (j *job) checkLease(ctx context.Context) error {
	if !j.lease.live() {
		return change.ErrFenced
	}
	return context.Cause(ctx)
}

func (j *job) release(ctx context.Context) {
	j.lease.rest()
	j.lease.endCalls(ctx)
	err := j.queue.Release(ctx, j.claim)
	j.connectivity.report(ctx, err)
	if err != nil {
		j.log.WarnContext(ctx, "could not give the claim back", "error", j.o.Scrub(err.Error()))
		return
	}
	j.log.InfoContext(ctx, "claim given back")
}
