package executor

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// journal writes what becomes of one claimed request.
type journal struct {
	*lease
	request *change.Request // as it stands after our own writes
	log     *slog.Logger

	refused error // why a note of the present attempt could not be written
}

// checkLease returns nil if the claim is surely ours.
func (j *journal) checkLease(ctx context.Context) error {
	if !j.live() {
		return change.ErrFenced
	}
	return context.Cause(ctx)
}

// record writes a step's line into the journal, and keeps our own copy of the journal the same.
func (j *journal) record(ctx context.Context, line change.StepRecord, detail string) error {
	entry := j.entry("step:" + line.Step + ":" + string(line.State))
	entry.Detail = detail
	err := j.write(ctx, func(ctx context.Context) error {
		return j.queue.Record(ctx, j.claim, line, entry)
	})
	if err != nil {
		return err
	}
	if known := j.request.Record(line.Step); known != nil {
		*known = line
	} else {
		j.request.Journal = append(j.request.Journal, line)
	}
	j.o.Changed(j.claim.ID)
	if line.State != change.StepBegun && line.State != change.StepUndoing {
		j.log.InfoContext(ctx, "step ended", "step", line.Step, "state", string(line.State),
			"attempts", line.Attempts, "duration", line.Ended.Sub(line.Begun).String())
	}
	return nil
}

// advance makes a move. Those that end the claim stop its renewal first: a renewal that is refused because the
// work has just ended would look like a lost claim.
func (j *journal) advance(ctx context.Context, m change.Transition, detail string) error {
	r := j.request
	to, ok := r.State.Next(m.Event)
	if !ok {
		return &change.StateError{Event: m.Event, Now: r}
	}
	m.ID, m.From, m.To = r.ID, r.State, to
	m.Entry = j.entry(string(m.Event))
	m.Entry.From, m.Entry.To, m.Entry.Detail = m.From, m.To, detail
	if !to.Working() {
		j.rest()
	}
	if to == change.WaitingForPerson {
		j.endCalls(ctx)
	}
	err := j.write(ctx, func(ctx context.Context) error {
		return j.queue.Advance(ctx, j.claim, m)
	})
	if err != nil {
		return err
	}
	r.State = to
	if m.Outcome != nil {
		r.Outcome = *m.Outcome
	}
	if m.Wait != nil {
		r.Wait = *m.Wait
	}
	j.o.Changed(r.ID)
	j.log.InfoContext(ctx, "request moved", "event", string(m.Event), "from", string(m.From), "state", string(m.To))
	return nil
}

func (j *journal) entry(what string) change.Entry {
	r := j.request
	return change.Entry{
		At: j.o.Now(), Request: r.ID, What: what, Worker: j.claim.Worker,
		Target: r.Proposal.Subject(), Digest: r.Proposal.Digest, Rule: r.Rule,
	}
}

// write sends one write to the queue. While the queue is away it tries again, at the longest for as long as the
// lease lasts; then whatever we do next would no longer be ours to do.
func (j *journal) write(ctx context.Context, send func(context.Context) error) error {
	end := j.o.Now().Add(j.o.Lease)
	for n := 1; ; n++ {
		if err := j.checkLease(ctx); err != nil {
			return err
		}
		err := send(ctx)
		if err == nil || ctx.Err() == nil {
			j.connectivity.report(ctx, err)
		}
		switch {
		case err == nil:
			return nil
		case errors.Is(err, change.ErrFenced):
			j.lose(change.ErrFenced)
			return err
		case definitive(err), !j.o.Now().Before(end):
			return err
		}
		if err := sleep(ctx, nil, min(j.o.Backoff(n), j.o.Renew)); err != nil {
			return err
		}
	}
}

// note returns what a step calls before it acts. What an earlier attempt noted stays: it saw the world before we
// touched it, a later attempt may see our own half-done work.
func (j *journal) note(attempt context.Context, refuse context.CancelCauseFunc, line *change.StepRecord) change.Note {
	var mu sync.Mutex
	return func(_ context.Context, evidence change.Evidence) error {
		mu.Lock()
		defer mu.Unlock()
		if err := context.Cause(attempt); err != nil {
			return err
		}
		merged := maps.Clone(evidence)
		maps.Copy(merged, line.Evidence)
		if maps.Equal(merged, line.Evidence) {
			return nil
		}
		noted := *line
		noted.Evidence = merged
		keys := strings.Join(slices.Sorted(maps.Keys(evidence)), ", ")
		if err := j.record(attempt, noted, "noted: "+keys); err != nil {
			j.refused = err
			refuse(err)
			return err
		}
		line.Evidence = merged
		return nil
	}
}

func (j *journal) explain(err error) string { return j.o.Scrub(j.o.Explain(err)) }
