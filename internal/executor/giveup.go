package executor

import (
	"context"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

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
