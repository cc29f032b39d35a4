package executor

import (
	"context"
	"errors"
	"math"
	"time"
)

// Exponential returns a back-off that doubles from first up to limit and is jittered: each pause lies between half
// of that and the whole. random returns numbers in [0, 1).
func Exponential(first, limit time.Duration, random func() float64) func(attempt int) time.Duration {
	return func(attempt int) time.Duration {
		whole := min(float64(first)*math.Pow(2, float64(max(attempt, 1)-1)), float64(limit))
		return time.Duration(whole/2 + whole/2*random())
	}
}

// errStopped says that the work was left as it is because the executor stops.
var errStopped = errors.New("the executor stops")

// sleep returns nil after d, the cause when ctx ends before, and errStopped when stop closes before; stop may be nil.
func sleep(ctx context.Context, stop <-chan struct{}, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-stop:
		return errStopped
	case <-timer.C:
		return nil
	}
}
