package executor

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// undo takes back whatever was begun, last first, and goes on past what it can't take back. A stuck request that
// is tried again keeps what was said of its failure.
func (j *job) undo(ctx context.Context) error {
	steps, cause := j.steps()
	if err := j.foreign(ctx, cmp.Or(cause, j.strange(steps))); err != nil {
		return err
	}
	var left []change.Leftover
	for _, line := range slices.Backward(j.request.Journal) {
		if line.State == change.StepUndone {
			continue
		}
		if err := j.mayBegin(ctx); err != nil {
			return err
		}
		remains, err := j.undoStep(ctx, find(steps, line.Step), line, cause)
		if err != nil {
			return err
		}
		if remains != nil {
			left = append(left, *remains)
		}
	}
	out := j.request.Outcome
	out.Leftovers, out.Ended = left, j.o.Now()
	event := change.Undone
	if len(left) > 0 {
		event = change.GiveUp
	}
	return j.advance(ctx, change.Move{Event: event, Outcome: &out}, "")
}

// undoStep takes one step back and returns what remains of it, if anything. step is nil where this bot does not
// know it, for the cause given.
func (j *job) undoStep(ctx context.Context, step change.Step, line change.StepRecord, cause error) (*change.Leftover, error) {
	if step == nil {
		if cause == nil {
			cause = unknownStep(line.Step)
		}
		return j.leave(ctx, line, line.Step, cause)
	}
	line.State, line.Attempts, line.Trouble, line.Leftover, line.Ended = change.StepUndoing, 0, "", nil, time.Time{}
	if err := j.record(ctx, line, ""); err != nil {
		return nil, err
	}
	failed, err := j.tryStep(ctx, step, &line, "undo", func(ctx context.Context) error {
		return step.Undo(ctx, maps.Clone(line.Evidence))
	})
	if err != nil {
		return nil, err
	}
	if failed != nil {
		return j.leave(ctx, line, step.Title(), failed)
	}
	line.State, line.Trouble, line.Ended = change.StepUndone, "", j.o.Now()
	return nil, j.record(ctx, line, "")
}

// leave writes down that a step could not be taken back, and what a person would have to do.
func (j *job) leave(ctx context.Context, line change.StepRecord, title string, cause error) (*change.Leftover, error) {
	left := leftover(line.Step, title, cause)
	left.What, left.Command, left.Cause = j.o.Scrub(left.What), j.o.Scrub(left.Command), j.o.Scrub(left.Cause)
	line.State, line.Trouble, line.Leftover, line.Ended = change.StepLeft, j.explain(cause), &left, j.o.Now()
	j.log.ErrorContext(ctx, "step left behind", "step", line.Step, "error", j.o.Scrub(cause.Error()))
	return &left, j.record(ctx, line, left.What)
}
