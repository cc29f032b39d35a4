package executor

import (
	"context"
	"errors"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// mayStart checks, before the first step, what may have changed since the approval: the time, what was handed in, the
// plan, and who belongs to which group. If the request may not start, it has moved when mayStart returns nil.
func (j *job) mayStart(ctx context.Context) error {
	if j.request.NeedsInput(j.o.Now()) {
		return j.advance(ctx, change.Transition{Event: change.InputExpired}, "what was handed in is kept too long to begin with")
	}
	if err := j.compare(ctx); err != nil || j.request.State != change.Applying {
		return err
	}
	// After the plan, which may take a while.
	if at := j.o.Now(); !j.request.Deadline.IsZero() && !at.Before(j.request.Deadline) {
		const why = "it was approved, but the work had not begun in time"
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
	why := "the approvals are no longer enough: who gave them may not approve this any more"
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
