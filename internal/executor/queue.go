// Package executor applies approved changes: it claims a request, keeps the lease, runs the steps, writes the
// journal, retries, and takes back what failed. It knows neither what a step changes nor where the queue is kept.
package executor

import (
	"context"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Queue hands out requests to work on. Every method but Wait is atomic; every write under a claim whose lease
// has ended, or that somebody else has taken over or been given, is refused with change.ErrFenced, and changes nothing. executortest.RunQueue
// holds an implementation against all of this.
type Queue interface {
	// Claim takes the next request: first one whose lease has ended, then the oldest approved one (which it moves
	// to applying). It raises the epoch and starts a lease by the queue's own clock. change.ErrNoWork if there is
	// none.
	Claim(ctx context.Context, worker string, lease time.Duration) (Claimed, error)
	// TakeOver takes the next request whose lease has ended, or that was given back; change.ErrNoWork if there is none.
	TakeOver(ctx context.Context, worker string, lease time.Duration) (Claimed, error)
	// BeginCall notes that call n under this claim is about to be sent, and may be carried out for as long as lasts. Anyone who
	// claims the request meanwhile is told how much of that is left.
	BeginCall(ctx context.Context, c change.Claim, n int64, lasts time.Duration) error
	// EndCalls notes that none of the calls up to n is under way any more. It changes nothing if a later one has begun.
	EndCalls(ctx context.Context, c change.Claim, n int64) error
	// Extend starts the lease anew.
	Extend(ctx context.Context, c change.Claim, lease time.Duration) error
	// Record writes a step's line into the journal.
	Record(ctx context.Context, c change.Claim, line change.StepRecord, entry change.Entry) error
	// Advance makes a worker's move; change.ErrConflict if it does not follow from the state as it is. A move to a
	// state in which no worker is needed ends the claim.
	Advance(ctx context.Context, c change.Claim, m change.Transition) error
	// Release gives the request back at once, for the next worker.
	Release(ctx context.Context, c change.Claim) error
}

// Waker lets a worker sleep until there may be work.
type Waker interface {
	// Wait returns when there may be work: something became ready, a lease ended, or at the latest after limit.
	Wait(ctx context.Context, limit time.Duration) error
}

// Claimed is a request in a worker's hands. It lives in change so that a store can hand it out without knowing us.
type Claimed = change.Claimed
