package metrics

import (
	"context"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor"
)

// Requests counts what people and the clock do to requests.
func (m *Metrics) Requests(next change.Requests) change.Requests { return &requests{next, m} }

type requests struct {
	change.Requests
	m *Metrics
}

func (r *requests) Create(ctx context.Context, q *change.Request, submission string, entry change.Entry) (string, error) {
	id, err := r.Requests.Create(ctx, q, submission, entry)
	if err == nil && id == q.ID {
		r.m.moves.WithLabelValues(string(change.Pending)).Inc()
	}
	return id, err
}

func (r *requests) Transition(ctx context.Context, move change.Transition) error {
	err := r.Requests.Transition(ctx, move)
	if err == nil {
		r.m.moved(move)
	}
	return err
}

// moved counts a transition; a decision that moves nothing is none.
func (m *Metrics) moved(move change.Transition) {
	if move.Event != "" {
		m.moves.WithLabelValues(string(move.To)).Inc()
	}
}

// Queue counts what workers do.
func (m *Metrics) Queue(next executor.Queue) executor.Queue { return &queue{next, m} }

type queue struct {
	executor.Queue
	m *Metrics
}

func (q *queue) Claim(ctx context.Context, worker string, lease time.Duration) (executor.Claimed, error) {
	c, err := q.Queue.Claim(ctx, worker, lease)
	if err == nil {
		q.claimed(c)
	}
	return c, err
}

func (q *queue) TakeOver(ctx context.Context, worker string, lease time.Duration) (executor.Claimed, error) {
	c, err := q.Queue.TakeOver(ctx, worker, lease)
	if err == nil {
		q.claimed(c)
	}
	return c, err
}

func (q *queue) claimed(c executor.Claimed) {
	switch {
	case c.TakenOver:
		q.m.takeOvers.Inc()
	case len(c.Request.Journal) == 0 && c.Request.State == change.Applying:
		q.m.moves.WithLabelValues(string(change.Applying)).Inc() // the claim itself is that move
		if last := c.Request.Last(change.DecisionApprove); last != nil {
			q.m.approval.Observe(last.At.Sub(c.Request.Created).Seconds())
			q.m.start.Observe(q.m.now().Sub(last.At).Seconds())
		}
	}
}

func (q *queue) Record(ctx context.Context, c change.Claim, line change.StepRecord, entry change.Entry) error {
	err := q.Queue.Record(ctx, c, line, entry)
	if err != nil {
		return err
	}
	switch line.State {
	case change.StepBegun, change.StepUndoing:
	case change.StepDone, change.StepFailed, change.StepUndone, change.StepUndoFailed:
		if !line.Ended.IsZero() {
			q.m.steps.WithLabelValues(line.Step, string(line.State)).Observe(line.Ended.Sub(line.Begun).Seconds())
		}
		if line.Attempts > 1 {
			q.m.retries.WithLabelValues(line.Step).Add(float64(line.Attempts - 1))
		}
	}
	return nil
}

func (q *queue) Advance(ctx context.Context, c change.Claim, move change.Transition) error {
	err := q.Queue.Advance(ctx, c, move)
	if err == nil {
		q.m.moved(move)
	}
	return err
}
