package change

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// DecisionInput is a button pressed by a person on a card that showed a version of a request.
type DecisionInput struct {
	ID          string
	CardVersion int64 // the version on the card; 0 where the person saw no card (a typed command)
	By          Actor
	Reason      string
}

// decisions are what people and the clock decide about requests; the other parts of a Service decide by it, too.
type decisions struct {
	requests Requests
	o        Options
}

// Approve records an approval, and moves the request when that makes it enough. Errors: *NotAllowedError,
// *StaleError, *StateError, ErrNotFound, ErrUnavailable.
func (s *decisions) Approve(ctx context.Context, p DecisionInput) (*Request, error) {
	return s.decide(ctx, p, Approve, DecisionApprove, func(r *Request, m *Transition) error {
		if err := s.o.Policy.Eligible(ctx, r, p.By); err != nil {
			return err
		}
		if r.ApprovedBy(p.By.User) {
			if err := s.requests.WaitDurable(ctx); err != nil {
				return err
			}
			return &NotAllowedError{Why: "you have already approved this; it needs others"}
		}
		return s.settle(ctx, r, m)
	})
}

// settle lets a decision on a pending request move it if nothing is missing any more.
func (s *decisions) settle(ctx context.Context, r *Request, m *Transition) error {
	with := *r
	with.Decisions = m.Decisions
	verdict, err := s.o.Policy.Evaluate(ctx, &with)
	if err != nil {
		return fmt.Errorf("weighing approvals: %w", err)
	}
	if verdict.Rule != "" {
		m.Entry.Rule = verdict.Rule
	}
	waits := needsInputFor(&with, verdict, s.o.Now())
	if !verdict.Enough || waits {
		m.Event, m.To = "", r.State
		if verdict.Enough && verdict.NotAfter.After(r.Deadline) {
			m.Deadline = r.Proposal.Deadline(verdict.NotAfter, s.o.Now()) // what is missing can be handed in only when the window is about to open
		}
		return nil
	}
	m.Event, m.To = Approve, Approved
	m.Decisions[len(m.Decisions)-1].Policy = verdict.Policy
	m.begins(r.Proposal, verdict, s.o.Now())
	return nil
}

// Revoke revokes an approval, as long as the work has not begun. An approved request waits again if the others are not
// enough.
func (s *decisions) Revoke(ctx context.Context, p DecisionInput) (*Request, error) {
	return s.decide(ctx, p, Revoke, DecisionRevoke, func(r *Request, m *Transition) error {
		if alreadyDecided(r, DecisionRevoke, p) {
			return errAlreadyDecided
		}
		broken := r.BrokenGlass()
		if !r.ApprovedBy(p.By.User) && (broken == nil || broken.By.User != p.By.User) {
			return &NotAllowedError{Why: "you have no approval to withdraw"}
		}
		if r.State == Approved {
			with := *r
			with.Decisions = m.Decisions
			if verdict, err := s.o.Policy.Evaluate(ctx, &with); err != nil || !verdict.Enough {
				return err
			}
		}
		m.Event, m.To = "", r.State
		return nil
	})
}

// Reject ends a request, as long as the work has not begun. Anyone who may approve may reject.
func (s *decisions) Reject(ctx context.Context, p DecisionInput) (*Request, error) {
	return s.decide(ctx, p, Reject, DecisionReject, func(r *Request, _ *Transition) error {
		return s.o.Policy.Eligible(ctx, r, p.By)
	})
}

// RequestChanges gives a request back to who asked, with what has to change: it ends, and is asked for anew.
func (s *decisions) RequestChanges(ctx context.Context, p DecisionInput) (*Request, error) {
	return s.decide(ctx, p, Reject, DecisionRequestChanges, func(r *Request, _ *Transition) error {
		return s.o.Policy.Eligible(ctx, r, p.By)
	})
}

// Withdraw lets the requester take the request back before a worker has begun.
func (s *decisions) Withdraw(ctx context.Context, p DecisionInput) (*Request, error) {
	return s.decide(ctx, p, Withdraw, DecisionWithdraw, onlyRequester(p.By, "only the requester can withdraw it"))
}

// Retry tries again to take back what a stuck request left. The requester and anyone who may approve can ask for it.
func (s *decisions) Retry(ctx context.Context, p DecisionInput) (*Request, error) {
	may := s.requesterOrApprover(ctx, p.By)
	return s.decide(ctx, p, Retry, DecisionRetry, func(r *Request, m *Transition) error {
		m.Wait = &Wait{} // what was not done in time is asked for again
		return may(r, m)
	})
}

// Resolve says that a stuck request is clean, with a reason. It frees what the request holds, so it takes somebody who may
// approve, and not who asked alone.
func (s *decisions) Resolve(ctx context.Context, p DecisionInput) (*Request, error) {
	return s.decide(ctx, p, Resolve, DecisionResolve, func(r *Request, _ *Transition) error {
		return s.o.Policy.Eligible(ctx, r, p.By)
	})
}

// ExpireDue ends the requests whose time has run out, at most limit of them, and returns how many it ended.
func (s *decisions) ExpireDue(ctx context.Context, limit int) (int, error) {
	ids, err := s.requests.Due(ctx, s.o.Now(), limit)
	if err != nil {
		return 0, err
	}
	n := 0
	var errs []error
	for _, id := range ids {
		_, err := s.decide(ctx, DecisionInput{ID: id}, Expire, DecisionExpire, func(r *Request, m *Transition) error {
			if s.o.Now().Before(r.Deadline) {
				return ErrConflict // somebody gave it more time
			}
			m.Entry.Detail = whyExpired(r, s.o.Now())
			m.Decisions[len(m.Decisions)-1].Reason = m.Entry.Detail
			return nil
		})
		var state *StateError
		switch {
		case err == nil:
			n++
		case errors.As(err, &state), errors.Is(err, ErrConflict), errors.Is(err, ErrNotFound):
			// somebody was first: nothing to do
		default:
			errs = append(errs, err)
		}
	}
	return n, errors.Join(errs...)
}

// whyExpired says what r waited for when its time ran out, now.
func whyExpired(r *Request, now time.Time) string {
	switch {
	case r.State == Approved:
		return "it was approved, but did not start in time"
	case r.NeedsInput(now):
		return "approvals or " + r.Proposal.RequiredInput + " did not come in time"
	}
	return "not enough approvals came in time"
}

func onlyRequester(by Actor, why string) func(*Request, *Transition) error {
	return func(r *Request, _ *Transition) error {
		if by.User != r.Requester.User {
			return &NotAllowedError{Why: why}
		}
		return nil
	}
}

func (s *decisions) requesterOrApprover(ctx context.Context, by Actor) func(*Request, *Transition) error {
	return func(r *Request, _ *Transition) error {
		if by.User == r.Requester.User {
			return nil
		}
		return s.o.Policy.Eligible(ctx, r, by)
	}
}

const moveAttempts = 8

// errAlreadyDecided says that the same person has decided the same before.
var errAlreadyDecided = errors.New("said before")

// confirmDurable answers who has said before what r holds: perhaps because the first time nobody could say whether it is kept.
func (s *decisions) confirmDurable(ctx context.Context, r *Request) (*Request, error) {
	if err := s.requests.WaitDurable(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// decide reads the request, asks guard, and makes the move on the version it read. When somebody else moved the
// request in between, it starts over, so that every decision is made on the request as it is.
func (s *decisions) decide(ctx context.Context, p DecisionInput, e Event, v DecisionKind, guard func(*Request, *Transition) error) (*Request, error) {
	for range moveAttempts {
		r, err := s.requests.Get(ctx, p.ID)
		if err != nil {
			return nil, err
		}
		to, ok := r.State.Next(e)
		if e == "" { // guard knows the states in which it may be said
			to, ok = r.State, !r.State.Final() || v.reviews()
		}
		if !ok && alreadyDecided(r, v, p) {
			return s.confirmDurable(ctx, r)
		}
		if !ok {
			return r, &StateError{Event: e, Now: r}
		}
		if p.CardVersion != 0 && (p.CardVersion < r.ApprovalsSince || p.CardVersion > r.Version) || superseded(r, v, p) {
			return r, &StaleError{Now: r}
		}
		now := s.o.Now()
		d := Decision{Kind: v, By: p.By, At: now, Reason: p.Reason, Digest: r.Proposal.Digest, Version: r.Version + 1}
		m := Transition{
			ID: r.ID, Version: r.Version, Event: e, From: r.State, To: to,
			Decisions: append(slices.Clip(r.Decisions), d),
			Entry: Entry{
				At: now, Request: r.ID, What: string(v), By: p.By, Target: r.Proposal.Subject(),
				Digest: r.Proposal.Digest, Rule: r.Rule, Detail: p.Reason,
			},
		}
		switch err := guard(r, &m); {
		case errors.Is(err, errAlreadyDecided):
			return s.confirmDurable(ctx, r)
		case err != nil:
			return r, err
		}
		err = s.requests.Transition(ctx, m)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return nil, err
		}
		s.o.Changed(r.ID)
		return s.requests.Get(ctx, r.ID)
	}
	return nil, fmt.Errorf("request %s: %w %d times over", p.ID, ErrConflict, moveAttempts)
}

// alreadyDecided reports whether p is heard already. Anyone who gets no answer presses again, and must not be told that somebody
// was first: it was themselves. An approval that was taken back is not said any more.
func alreadyDecided(r *Request, v DecisionKind, p DecisionInput) bool {
	if p.By.User == "" {
		return false // the clock presses no buttons
	}
	if v == DecisionApprove {
		return r.ApprovedBy(p.By.User)
	}
	for _, d := range slices.Backward(r.Decisions) {
		if d.By.User == p.By.User {
			return d.Kind == v && d.Digest == r.Proposal.Digest
		}
	}
	return false
}

// superseded reports whether p was pressed on a card from before something else that the same person has decided since:
// it was late on its way, or is delivered again, and is not what they want now.
func superseded(r *Request, v DecisionKind, p DecisionInput) bool {
	if p.CardVersion == 0 || p.By.User == "" || v == DecisionInputSubmitted { // handing a thing in is no opinion, and nothing that they said undoes it
		return false
	}
	for _, d := range slices.Backward(r.Decisions) {
		if d.By.User != p.By.User || d.Kind == DecisionInputSubmitted || d.Kind == DecisionKeyTaken || d.Kind == DecisionKeyShown {
			continue
		}
		// The same again is a press repeated because its answer was lost, but for a retry, which has had its effect.
		return p.CardVersion < d.Version && (d.Kind != v || v == DecisionRetry)
	}
	return false
}

// Options are what a Service needs beside its store.
type Options struct {
	Policy   Policy
	Planners map[Kind]Planner
	Now      func() time.Time
	NewID    func() string
	Changed  func(id string) // called after every move, so that cards follow at once; may be nil
}
