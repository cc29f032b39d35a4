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

// undo takes back whatever was begun, last first, and goes on past what it can't take back. A stuck request that
// is tried again keeps what was said of its failure.
func (j *job) undo(ctx context.Context) error {
	steps, _ := j.registry.steps(j.request.Proposal.Steps, j.recovered) // what was not begun needs no undoing
	if err := j.newerVersion(ctx, checkKnown(j.request.Journal, steps)); err != nil {
		return err
	}
	var left []change.Leftover
	for _, line := range slices.Backward(j.request.Journal) {
		if line.State == change.StepUndone {
			continue
		}
		if err := j.checkCanStart(ctx); err != nil {
			return err
		}
		remains, err := j.undoStep(ctx, find(steps, line.Step), line)
		if err != nil || j.request.State != change.Undoing {
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
		event = change.UndoFailed
	}
	return j.advance(ctx, change.Transition{Event: event, Outcome: &out}, "")
}

// undoStep undoes one step and returns what remains of it, if anything.
func (j *job) undoStep(ctx context.Context, s step, line change.StepRecord) (*change.Leftover, error) {
	if s.cause != nil {
		return j.leave(ctx, line, s.plan.Title, s.cause)
	}
	if line.State != change.StepUndoing && line.State != change.StepUndoFailed {
		if !line.Ended.IsZero() {
			line.Applied = line.Ended.Sub(line.Begun)
		}
		line.Begun = j.o.Now()
	}
	line.Epoch = j.claim.Epoch
	line.State, line.Attempts, line.Trouble, line.Leftover, line.Ended = change.StepUndoing, 0, "", nil, time.Time{}
	if err := j.record(ctx, line, ""); err != nil {
		return nil, err
	}
	failed, err := j.tryStep(j.answered(ctx, line.Step, true), s.Step, &line, "undo", func(ctx context.Context) error {
		return s.Undo(ctx, maps.Clone(line.Evidence))
	})
	if err != nil {
		return nil, err
	}
	if waits, err := j.await(ctx, &line, true, failed); waits || err != nil {
		return nil, err
	}
	if failed != nil {
		return j.leave(ctx, line, s.plan.Title, failed)
	}
	line.State, line.Trouble, line.Ended = change.StepUndone, "", j.o.Now()
	line.Next = time.Time{}
	return nil, j.record(ctx, line, "")
}

// leave writes down that a step could not be taken back, and what a person would have to do.
func (j *job) leave(ctx context.Context, line change.StepRecord, title string, cause error) (*change.Leftover, error) {
	left := leftover(line.Step, title, cause)
	left.What, left.Command, left.Cause = j.o.Scrub(left.What), j.o.Scrub(left.Command), j.o.Scrub(left.Cause)
	line.State, line.Trouble, line.Leftover, line.Ended = change.StepUndoFailed, j.explain(cause), &left, j.o.Now()
	line.Next = time.Time{}
	j.log.ErrorContext(ctx, "step left behind", "step", line.Step, "error", j.o.Scrub(cause.Error()))
	return &left, j.record(ctx, line, left.What)
}

// leftover names what a failed Undo left behind, by its own words if it has some.
func leftover(step, title string, cause error) change.Leftover {
	left := change.Leftover{What: fmt.Sprintf("whatever %q did", title)}
	if e, ok := errors.AsType[*change.LeftoverError](cause); ok {
		left = e.Leftover
		cause = e.Err
	}
	left.Step = step
	if left.Cause == "" && cause != nil {
		left.Cause = cause.Error()
	}
	return left
}
