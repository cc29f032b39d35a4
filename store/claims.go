package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

const (
	candidates  = 16              // of each kind that a worker looks at, in case others are quicker
	claimRounds = 4               // how often it looks
	lockedFor   = 2 * time.Second // until a request is looked at again whose targets another one had locked
	moveRounds  = 8               // how often a worker's write may meet another of the same claim
)

// What the audit calls a claim on work that was begun already.
const (
	whatClaim    = "claim"     // after it had been given back
	whatTakeOver = "take_over" // after its lease had ended
)

// claims are the rights of workers to carry out requests.
type claims struct{ *requests }

// TakeOver is Claim for what was begun alone.
func (s claims) TakeOver(ctx context.Context, worker string, lease time.Duration) (change.Claimed, error) {
	return s.claimNext(ctx, worker, lease, 0)
}

// BeginCall notes that call n is about to be sent, and may be carried out for as long as lasts.
func (s claims) BeginCall(ctx context.Context, c change.Claim, n int64, lasts time.Duration) error {
	_, err := s.evalReplicated(ctx, "noting a call of request "+c.ID, callBeginScript,
		[]string{s.keys.req(c.ID), s.keys.leases()}, c.ID, change.Schema, c.Epoch, c.Worker, n, lasts.Milliseconds())
	return orFenced(err)
}

// EndCalls notes that no call up to n is under way any more.
func (s claims) EndCalls(ctx context.Context, c change.Claim, n int64) error {
	_, err := s.eval(ctx, "noting the end of calls of request "+c.ID, callsEndScript,
		[]string{s.keys.req(c.ID), s.keys.leases()}, c.ID, change.Schema, c.Epoch, c.Worker, n)
	return orFenced(err)
}

// Claim gives the worker the next request: first one whose lease has ended, then the oldest approved one, which
// it moves to applying. It raises the epoch and starts a lease by Redis's own clock. An approved request whose
// deadline has passed is left to expire, and one of a newer version of the bot is left alone. change.ErrNoWork if
// there is none.
func (s claims) Claim(ctx context.Context, worker string, lease time.Duration) (change.Claimed, error) {
	return s.claimNext(ctx, worker, lease, candidates)
}

func (s claims) claimNext(ctx context.Context, worker string, lease time.Duration, ready int) (change.Claimed, error) {
	for range claimRounds {
		at, ids, err := s.peek(ctx, ready)
		if err != nil {
			return change.Claimed{}, err
		}
		raced := false
		for _, id := range ids {
			claimed, err := s.claim(ctx, id, worker, lease, at)
			switch {
			case err == nil:
				return claimed, nil
			case errors.Is(err, change.ErrConflict):
				raced = true
			case errors.Is(err, change.ErrNoWork), passedOver(err):
				// not for us: look at the next
			default:
				return change.Claimed{}, err
			}
		}
		if !raced {
			break
		}
	}
	return change.Claimed{}, change.ErrNoWork
}

// peek returns Redis's time and the ids of what a worker could take, best first; of what is ready at most so many.
func (s claims) peek(ctx context.Context, ready int) (time.Time, []string, error) {
	got, err := workFindScript.Run(ctx, s.rdb, []string{s.keys.leases(), s.keys.ready()}, candidates, ready).StringSlice()
	if err != nil {
		return time.Time{}, nil, fault("looking for work", err)
	}
	if len(got) == 0 {
		return time.Time{}, nil, errors.New("looking for work: the script gave no answer")
	}
	ms, err := strconv.ParseInt(got[0], 10, 64)
	if err != nil {
		return time.Time{}, nil, fmt.Errorf("looking for work: the time: %w", err)
	}
	return fromMillis(ms), got[1:], nil
}

// claim takes one request as it is seen now; change.ErrConflict if somebody else was quicker, change.ErrNoWork
// if its deadline has passed.
func (s claims) claim(ctx context.Context, id, worker string, lease time.Duration, at time.Time) (change.Claimed, error) {
	doing := "claiming request " + id
	got, err := s.load(ctx, id)
	if err != nil {
		return change.Claimed{}, err
	}
	r, released := got[0].request, got[0].released
	if got[0].err != nil {
		return change.Claimed{}, got[0].err
	}
	from, what := r.State, string(change.Start)
	switch {
	case from == change.Approved:
		r.State = change.Applying
	case !from.Working():
		return change.Claimed{}, change.ErrConflict
	case released:
		what = whatClaim
	default:
		what = whatTakeOver
	}
	flag, taken := 0, 0
	if released {
		flag = 1
	}
	if what == whatTakeOver {
		taken = 1
	}
	a, err := s.run(ctx, transition{
		doing: doing, script: requestClaimScript, id: id, version: r.Version,
		entry: change.Entry{
			At: at, What: what, From: from, To: r.State, Worker: worker,
			Target: r.Proposal.Subject(), Digest: r.Proposal.Digest, Rule: r.Rule,
		},
		keys: append([]string{
			s.keys.pending(), s.keys.ready(), s.keys.leases(), s.keys.waiting(), s.keys.stuck(), s.keys.aside(),
		}, s.keys.locks(r.Proposal.Locked())...),
		args: []any{string(from), string(r.State), r.Epoch, flag, worker, lease.Milliseconds(), lockedFor.Milliseconds(), taken},
	})
	switch {
	case err != nil:
		return change.Claimed{}, err
	case a.word == "overdue", a.word == "early", a.word == "locked":
		return change.Claimed{}, change.ErrNoWork
	case a.word != "ok":
		return change.Claimed{}, a.unexpected(doing)
	}
	r.Version++
	r.Epoch++
	takeOvers, err := strconv.Atoi(a.value)
	if err != nil {
		return change.Claimed{}, fmt.Errorf("%s: how often it was taken over: %w", doing, err)
	}
	inFlight, err := strconv.Atoi(a.more)
	if err != nil {
		return change.Claimed{}, fmt.Errorf("%s: how long a call lasts: %w", doing, err)
	}
	return change.Claimed{
		Claim:     change.Claim{ID: id, Epoch: r.Epoch, Worker: worker},
		Request:   r,
		TakenOver: what == whatTakeOver, TakeOvers: takeOvers,
		InFlight: time.Duration(inFlight) * time.Millisecond,
	}, nil
}

// Extend starts the lease anew; change.ErrFenced if it has ended or somebody else has the request.
func (s claims) Extend(ctx context.Context, c change.Claim, lease time.Duration) error {
	_, err := s.eval(ctx, "extending the claim on request "+c.ID, leaseExtendScript,
		[]string{s.keys.req(c.ID), s.keys.leases()}, c.ID, change.Schema, c.Epoch, c.Worker, lease.Milliseconds())
	return orFenced(err)
}

// Release gives the request back at once, for the next worker, who then knows that nothing is under way.
func (s claims) Release(ctx context.Context, c change.Claim) error {
	_, err := s.eval(ctx, "releasing request "+c.ID, requestReleaseScript,
		[]string{s.keys.call(s.nonce()), s.keys.req(c.ID), s.keys.leases(), s.keys.wake()}, c.ID, change.Schema, c.Epoch, c.Worker)
	return orFenced(err)
}

// Record writes a step's line into the journal.
func (s claims) Record(ctx context.Context, c change.Claim, line change.StepRecord, entry change.Entry) error {
	doing := "writing the journal of request " + c.ID
	done := 0
	if line.State == change.StepDone {
		done = 1
	}
	var f fields
	f.json(line.Step, line)
	if f.err != nil {
		return fmt.Errorf("%s: %w", doing, f.err)
	}
	return s.underClaim(ctx, c, func(seen glance) error {
		entry.From, entry.To, entry.Target, entry.Worker = seen.state, seen.state, seen.target, c.Worker
		a, err := s.run(ctx, transition{
			doing: doing, script: journalRecordScript, id: c.ID, version: seen.version, entry: entry,
			keys: []string{s.keys.steps(c.ID), s.keys.leases()},
			args: append(append([]any{c.Epoch, c.Worker}, f.pairs...), done),
		})
		if err == nil && a.word != "ok" {
			err = a.unexpected(doing)
		}
		return err
	})
}

// Advance makes a worker's move; change.ErrConflict if it does not follow from the state as it is. A move to a
// state in which no worker is needed ends the claim.
func (s claims) Advance(ctx context.Context, c change.Claim, m change.Transition) error {
	m.ID = c.ID
	return s.underClaim(ctx, c, func(seen glance) error { return s.move(ctx, m, seen, &c) })
}

// underClaim runs write on the request as it is, again if its version has gone up meanwhile: a worker's writes go
// by its claim, and the version is only what the script needs to number the audit entry.
func (s claims) underClaim(ctx context.Context, c change.Claim, write func(glance) error) error {
	var last error
	for range moveRounds {
		seen, err := s.glance(ctx, c.ID)
		if err != nil {
			return orFenced(err)
		}
		last = write(seen)
		if !errors.Is(last, change.ErrConflict) {
			break
		}
		now, err := s.glance(ctx, c.ID)
		if err == nil && now.version == seen.version {
			break // the conflict is another one, and stays
		}
	}
	return orFenced(last)
}

// orFenced: a claim on a request that is not there gives no right either.
func orFenced(err error) error {
	if errors.Is(err, change.ErrNotFound) {
		return fmt.Errorf("%w: %w", change.ErrFenced, err)
	}
	return err
}
