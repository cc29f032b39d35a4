package executor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// job is one claimed request in a worker's hands.
type job struct {
	attempts
	plans     map[change.Kind]change.Planner
	registry  Registry
	takeOvers int // in a row, this one too
}

// work works on a claimed request until it needs no worker any more, the claim is lost, or stop ends. An error
// means that the request should not be claimed again at once.
func (e *Executor) work(stop context.Context, c Claimed, asked time.Time) error {
	held, lease := acquire(context.WithoutCancel(stop), &e.o, e.queue, e.connectivity, c.Claim, asked)
	defer lease.close()
	held = change.WithRequestID(held, c.Claim.ID)
	ctx, cancel := withDrain(held, stop, e.o.Drain)
	defer cancel()
	j := &job{attempts: attempts{journal: journal{
		lease: lease, request: c.Request,
		log: e.o.Log.With("request", c.Claim.ID, "kind", string(c.Request.Proposal.Kind), "worker", c.Claim.Worker),
	}, stop: stop.Done()}, plans: e.plans, registry: e.steps, takeOvers: c.TakeOvers}
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

func (j *job) release(ctx context.Context) {
	j.rest()
	j.endCalls(ctx)
	err := j.queue.Release(ctx, j.claim)
	j.connectivity.report(ctx, err)
	if err != nil {
		j.log.WarnContext(ctx, "could not give the claim back", "error", j.o.Scrub(err.Error()))
		return
	}
	j.log.InfoContext(ctx, "claim given back")
}

// maxTakeOvers is how often in a row a request is taken over from a worker that died. It may be what kills them, and the
// next one would take the other requests of its process down with it.
const maxTakeOvers = 5

// giveUp leaves the request to people: they have it cleaned up once more, or say that it is clean.
func (j *job) giveUp(ctx context.Context) error {
	out := j.request.Outcome
	out.Why = fmt.Sprintf("its worker died %d times in a row", j.takeOvers)
	out.Leftovers = nil
	for _, line := range j.request.Journal {
		if line.State != change.StepUndone {
			out.Leftovers = append(out.Leftovers, change.Leftover{
				Step: line.Step, What: fmt.Sprintf("whatever the step %q did", line.Step), Cause: out.Why,
			})
		}
	}
	j.log.ErrorContext(ctx, "given up", "take_overs", j.takeOvers)
	return j.advance(ctx, change.Transition{Event: change.UndoFailed, Outcome: &out}, out.Why)
}

// newerVersionFor is how long what this bot does not understand is left to other replicas: while versions are being
// replaced one of them may know it, and after that nobody would ever end it.
const newerVersionFor = 30 * time.Minute

// errNewerVersion says that the work was left to a replica that understands it.
var errNewerVersion = errors.New("made by a newer version")

// newerVersion returns errNewerVersion if cause, which says why this bot can't tell what to do, may be no trouble to another
// replica. The claim is then left to the end of its lease: given back at once, it would be ours again at once, and
// anyone who takes it over still knows what is in doubt.
func (j *job) newerVersion(ctx context.Context, cause error) error {
	if cause == nil || j.o.Now().Sub(touched(j.request)) >= newerVersionFor {
		return nil
	}
	j.log.WarnContext(ctx, "made by a newer version: left to another replica", "error", j.o.Scrub(cause.Error()))
	return errNewerVersion
}

// leaveOrFail leaves work that this bot can't do to another replica, and fails it once none has come.
func (j *job) leaveOrFail(ctx context.Context, cause error) error {
	if err := j.newerVersion(ctx, cause); err != nil {
		return err
	}
	return j.fail(ctx, "", cause)
}

// touched is when a person or a step last did something about r, or when its work was to begin if that is later.
func touched(r *change.Request) time.Time {
	last := r.Created
	later := func(at time.Time) {
		if at.After(last) {
			last = at
		}
	}
	later(r.NotBefore)
	for _, d := range r.Decisions {
		later(d.At)
	}
	for _, line := range r.Journal {
		later(line.Begun)
		later(line.Ended)
	}
	return last
}
