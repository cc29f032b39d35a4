package executor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// apply brings the proposal about, from wherever earlier workers got to. When it returns nil, the request's state
// says how it went.
func (j *job) apply(ctx context.Context) error {
	steps, err := j.registry.steps(j.request.Proposal.Steps, j.recovered)
	if err == nil {
		err = checkKnown(j.request.Journal, steps)
	}
	if err != nil {
		return j.leaveOrFail(ctx, err)
	}
	if len(j.request.Journal) == 0 {
		if err := j.mayStart(ctx); err != nil || j.request.State != change.Applying {
			return err
		}
	}
	for i, s := range steps {
		if err := j.applyStep(ctx, i, s); err != nil || j.request.State != change.Applying {
			return err
		}
	}
	at := j.o.Now()
	return j.advance(ctx, change.Transition{Event: change.Succeed, Outcome: &change.Outcome{Ended: at}, Records: j.request.StoredRecords(at)}, "")
}

// mayStart checks, before the first step, what may have changed since the approval: the time, what was handed in, the
// plan, and who belongs to which group. If the request may not start, it has moved when mayStart returns nil.
func (j *job) mayStart(ctx context.Context) error {
	if j.request.NeedsInput(j.o.Now()) {
		return j.advance(ctx, change.Transition{Event: change.InputExpired}, "the input was provided too long ago")
	}
	if err := j.compare(ctx); err != nil || j.request.State != change.Applying {
		return err
	}
	// After the plan, which may take a while.
	if at := j.o.Now(); !j.request.Deadline.IsZero() && !at.Before(j.request.Deadline) {
		const why = "it was approved, but did not start in time"
		return j.advance(ctx, change.Transition{Event: change.Late, Decisions: j.decided(change.DecisionExpire, why)}, why)
	}
	return j.weigh(ctx)
}

// weigh gives the request back to its approvers if the approvals are no longer enough: somebody has left a group, or the
// rule has changed. While it is not known who belongs to a group, nothing begins.
func (j *job) weigh(ctx context.Context) error {
	if j.o.Weigh == nil {
		return nil
	}
	verdict, err := j.o.Weigh(ctx, j.request)
	why := "the approvals are no longer sufficient: some approvers may no longer approve this"
	if refused, ok := errors.AsType[*change.NotAllowedError](err); ok {
		why = refused.Why
	} else if err != nil || verdict.Enough {
		return err
	}
	return j.advance(ctx, change.Transition{Event: change.Unapprove, Decisions: j.decided(change.Unapproved, why)}, why)
}

// decided is the request's decisions and one by the clock.
func (j *job) decided(verb change.DecisionKind, why string) []change.Decision {
	r := j.request
	return append(slices.Clip(r.Decisions), change.Decision{Kind: verb, At: j.o.Now(), Reason: why, Digest: r.Proposal.Digest})
}

// errUnsure: a read that failed is no change of the world, and voids no approval as long as another try may tell.
var errUnsure = errors.New("the plan's basis can't be read")

// compare computes the plan again, from the world as it is now. If it is no longer the one that was approved, the
// approvals are void and the new plan is asked for.
func (j *job) compare(ctx context.Context) error {
	planner, ok := j.plans[j.request.Proposal.Kind]
	if !ok {
		return j.leaveOrFail(ctx, &change.ExplainedError{
			Say: fmt.Sprintf("this bot doesn't know how to plan %q", j.request.Proposal.Kind),
			Err: fmt.Errorf("unknown kind of change %q", j.request.Proposal.Kind),
		})
	}
	var now change.Proposal
	var same bool
	plan := func(ctx context.Context) (err error) {
		now, err = planner.Plan(ctx, j.request.ID, j.request.Proposal.Params)
		if err != nil {
			return err
		}
		if same, err = j.request.Proposal.SameAs(now); err == nil && now.Unsure && !same {
			return change.Temporary(errUnsure)
		}
		return err
	}
	failed, err := j.try(ctx, j.o.StepTimeout, func(ctx context.Context) error {
		return j.span(ctx, "plan again", plan)
	}, func(int, error, time.Time) error { return nil })
	switch {
	case err != nil:
		return err
	case errors.Is(failed, errUnsure):
		// It stays unread: people have to say whether they want it all the same.
	case failed != nil:
		return j.fail(ctx, "", fmt.Errorf("planning again: %w", failed))
	case same:
		return nil
	}
	return j.drift(ctx, now)
}

func (j *job) drift(ctx context.Context, now change.Proposal) error {
	r, at := j.request, j.o.Now()
	const why = "the plan has changed since it was approved"
	stale := change.Decision{Kind: change.DecisionDrift, At: at, Reason: why, Digest: r.Proposal.Digest}
	return j.advance(ctx, change.Transition{
		Event:     change.Drift,
		Proposal:  &now,
		Decisions: append(slices.Clip(r.Decisions), stale),
		Deadline:  now.Deadline(at.Add(r.Deadline.Sub(r.AskedAt())), at), // people get as long as they had the first time
	}, why)
}

func (j *job) applyStep(ctx context.Context, order int, s step) error {
	line := change.StepRecord{Step: s.plan.Name, Order: order, Begun: j.o.Now()}
	if earlier := j.request.Record(s.plan.Name); earlier != nil {
		line = *earlier
		line.Resumed = line.Resumed || line.State == change.StepBegun && line.Epoch != j.claim.Epoch && j.request.Wait.Step != line.Step
	}
	line.Epoch = j.claim.Epoch
	switch line.State {
	case change.StepDone:
		return nil
	case change.StepFailed, change.StepUndoing, change.StepUndone, change.StepUndoFailed:
		// A worker wrote the failure down and got no further.
		return j.fail(ctx, line.Step, &change.ExplainedError{Say: line.Trouble, Err: errors.New("failed before a take-over")})
	case change.StepBegun, "":
	}
	if err := j.checkCanStart(ctx); err != nil {
		return err
	}
	line.State = change.StepBegun
	if err := j.record(ctx, line, ""); err != nil {
		return err
	}
	failed, err := j.tryStep(j.answered(ctx, line.Step, false), s.Step, &line, "apply", func(ctx context.Context) error {
		return j.applyOnce(ctx, s.Step, &line)
	})
	if err != nil {
		return err
	}
	if waits, err := j.await(ctx, &line, false, failed); waits || err != nil {
		return err
	}
	line.Ended, line.Next = j.o.Now(), time.Time{}
	if failed != nil {
		line.State, line.Trouble = change.StepFailed, j.explain(failed)
		if err := j.record(ctx, line, line.Trouble); err != nil {
			return err
		}
		return j.fail(ctx, line.Step, failed)
	}
	line.State, line.Trouble = change.StepDone, ""
	return j.record(ctx, line, line.Finding)
}

// applyOnce makes one attempt. A note that can't be written ends it: without evidence there must be no effect,
// whatever the step makes of the error.
func (j *job) applyOnce(ctx context.Context, step change.Step, line *change.StepRecord) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(context.Canceled)
	if err := step.Apply(ctx, maps.Clone(line.Evidence), j.note(ctx, cancel, line)); err != nil {
		return err
	}
	if reporter, ok := step.(change.Reporter); ok {
		line.Finding = j.o.Scrub(reporter.Finding())
	}
	return nil
}

// fail ends the applying. step may be empty: nothing that was begun is to blame.
func (j *job) fail(ctx context.Context, step string, cause error) error {
	out := change.Outcome{Failed: step, Why: j.explain(cause), Error: j.o.Scrub(cause.Error())}
	j.log.WarnContext(ctx, "applying failed", "step", step, "error", out.Error)
	return j.advance(ctx, change.Transition{Event: change.Fail, Outcome: &out}, out.Why)
}
