package executor

import (
	"context"
	"errors"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// newerVersionFor is how long what this bot does not understand is left to other replicas: while versions are being
// replaced one of them may know it, and after that nobody would ever end it.
const newerVersionFor = 30 * time.Minute

// errNewerVersion says that the work was left to a replica that understands it.
var errNewerVersion = errors.New("made by a newer version")

// newerVersion returns errNewerVersion if cause, which says why this bot can't tell what to do, may be no trouble to another
// replica. The claim is then left to the end of its lease: given back at once, it would be ours again at once, and
// whoever takes it over still knows what is in doubt.
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
