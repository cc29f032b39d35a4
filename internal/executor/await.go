package executor

import (
	"context"
	"errors"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// answered is the context of a step that may have asked a person for something: it finds there what became of it.
func (j *journal) answered(ctx context.Context, step string, undo bool) context.Context {
	if w := j.request.Wait; w.Step == step && w.Undo == undo {
		return change.WithAnswers(ctx, w)
	}
	return ctx
}

// await gives the claim back where a step failed because a person has to do something first, unless the time for that has
// run out. The step's line stays as it is: it is called again afterwards.
func (j *journal) await(ctx context.Context, line *change.StepRecord, undo bool, failed error) (waits bool, err error) {
	needed, ok := errors.AsType[*change.PersonNeededError](failed)
	if !ok {
		return false, nil
	}
	w := needed.Wait(line.Step, undo, j.request.Wait, j.o.Now())
	same := j.request.Wait.Step == w.Step && j.request.Wait.Undo == undo
	if same && j.request.Wait.Answer == change.AnswerNever || !j.o.Now().Before(w.Until) {
		return false, nil
	}
	line.Attempts--
	line.Trouble, line.Next, line.Ended = "", time.Time{}, time.Time{}
	if err := j.record(ctx, *line, w.Say); err != nil {
		return false, err
	}
	return true, j.advance(ctx, change.Transition{Event: change.Await, Wait: &w}, w.Say)
}
