package change

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Requests is what the service needs of a store. Each method is atomic and writes its audit entry with it.
type Requests interface {
	// Create stores r and takes its target. A submission seen before returns the id that it made then.
	// Errors: *HeldError, ErrUnavailable, ErrFull.
	Create(ctx context.Context, r *Request, submission string, entry Entry) (id string, err error)
	// Submitted returns the id that a submission made; empty if it made none.
	Submitted(ctx context.Context, submission string) (id string, err error)
	// Get returns the request with its journal; ErrNotFound, ErrNewer, ErrUnavailable.
	Get(ctx context.Context, id string) (*Request, error)
	// Move makes one transition on the version it was decided on; ErrConflict if that has passed.
	Move(ctx context.Context, m Move) error
	// Due returns ids of requests whose deadline is not after now, oldest first.
	Due(ctx context.Context, now time.Time, limit int) ([]string, error)
}

// Planner works a change out against the world as it is.
type Planner interface {
	// Plan computes the proposal for parameters. It changes nothing. An *InvalidError names the fields at fault.
	Plan(ctx context.Context, id string, params json.RawMessage) (Proposal, error)
}

// Options are what a Service needs beside its store.
type Options struct {
	Policy   Policy
	Planners map[Kind]Planner
	Now      func() time.Time
	NewID    func() string
	Changed  func(id string) // called after every move, so that cards follow at once; may be nil
}

// Service is what people can do with requests.
type Service struct {
	requests Requests
	o        Options
}

// NewService returns a service over requests.
func NewService(requests Requests, o Options) *Service {
	if o.Changed == nil {
		o.Changed = func(string) {}
	}
	return &Service{requests: requests, o: o}
}

// Ask is what somebody asks for.
type Ask struct {
	Kind       Kind
	Params     json.RawMessage
	Reason     string
	By         Actor
	Parent     string // the request that this one takes the place of: one of By's own, withdrawn if it still waits
	Submission string // the form; what it asks for, submitted from it twice, makes one request
}

// submission names what was submitted: the form, and what was filled in. A form that was edited after its answer was
// lost is another submission, or what was edited would be dropped in silence.
func (a Ask) submission() (string, error) {
	if a.Submission == "" {
		return "", nil
	}
	params, err := canonical(a.Params)
	if err != nil {
		return "", fmt.Errorf("canonical parameters: %w", err)
	}
	filled, err := json.Marshal([]any{a.Kind, params, a.Reason, a.Parent})
	if err != nil {
		return "", fmt.Errorf("canonical submission: %w", err)
	}
	return fmt.Sprintf("%s %x", a.Submission, sha256.Sum256(filled)), nil
}

// Propose plans the change, checks that it may be asked for, and stores it. Errors: *InvalidError,
// *NotAllowedError, *HeldError, and what the planner or the store meet.
func (s *Service) Propose(ctx context.Context, a Ask) (*Request, error) {
	planner, ok := s.o.Planners[a.Kind]
	if !ok {
		return nil, fmt.Errorf("no planner for %q", a.Kind)
	}
	submission, err := a.submission()
	if err != nil {
		return nil, err
	}
	// First, because what it made may have changed the world since: planned anew, it would be in its own way.
	if made, err := s.submitted(ctx, submission); made != nil || err != nil {
		return made, err
	}
	id := s.o.NewID()
	p, err := planner.Plan(ctx, id, a.Params)
	if err != nil {
		return nil, err
	}
	terms, err := s.o.Policy.Admit(ctx, p, a.By)
	if err != nil {
		return nil, err
	}
	if a.Parent != "" {
		if err := s.replace(ctx, a); err != nil {
			return nil, err
		}
	}
	now := s.o.Now()
	r := &Request{
		ID: id, State: Pending, Version: 1, Asked: 1,
		Proposal: p, Requester: a.By, Reason: a.Reason, Rule: terms.Rule, Parent: a.Parent,
		Created: now, Deadline: now.Add(terms.Wait),
	}
	made, err := s.requests.Create(ctx, r, submission, Entry{
		At: now, Request: id, What: string(Create), By: a.By, Target: p.Target,
		Digest: p.Digest, Rule: terms.Rule, Parent: a.Parent, Detail: a.Reason,
	})
	if err != nil {
		return nil, s.ownOrNot(ctx, err, a.By)
	}
	s.o.Changed(made)
	if a.Parent != "" {
		s.o.Changed(a.Parent)
	}
	if made != id {
		return s.requests.Get(ctx, made)
	}
	return r, nil
}

// ownOrNot marks a target that is held by a request of by's own: as a rule the same form, submitted before.
func (s *Service) ownOrNot(ctx context.Context, err error, by Actor) error {
	var held *HeldError
	if !errors.As(err, &held) {
		return err
	}
	if r, gone := s.requests.Get(ctx, held.By); gone == nil && r.Requester.User == by.User {
		return &HeldError{Target: held.Target, By: held.By, Own: true}
	}
	return err
}

// submitted returns the request that the submission made before, nil if it made none: somebody submits again when
// the answer was lost.
func (s *Service) submitted(ctx context.Context, submission string) (*Request, error) {
	if submission == "" {
		return nil, nil
	}
	id, err := s.requests.Submitted(ctx, submission)
	if err != nil || id == "" {
		return nil, err
	}
	return s.requests.Get(ctx, id)
}

// Get returns a request.
func (s *Service) Get(ctx context.Context, id string) (*Request, error) {
	return s.requests.Get(ctx, id)
}

// Press is a button pressed by a person on a card that showed a version of a request.
type Press struct {
	ID     string
	Seen   int64 // the version on the card; 0 where the person saw no card (a typed command)
	By     Actor
	Reason string
}

// Approve records an approval, and moves the request when that makes it enough. Errors: *NotAllowedError,
// *StaleError, *StateError, ErrNotFound, ErrUnavailable.
func (s *Service) Approve(ctx context.Context, p Press) (*Request, error) {
	return s.decide(ctx, p, Approve, SaidYes, func(r *Request, m *Move) error {
		if err := s.o.Policy.Eligible(ctx, r, p.By); err != nil {
			return err
		}
		if r.ApprovedBy(p.By.User) {
			return &NotAllowedError{Why: "you have approved this already; it waits for others"}
		}
		return s.settle(ctx, r, m)
	})
}

// settle lets a decision on a pending request move it if nothing is missing any more.
func (s *Service) settle(ctx context.Context, r *Request, m *Move) error {
	with := *r
	with.Decisions = m.Decisions
	verdict, err := s.o.Policy.Weigh(ctx, &with)
	if err != nil {
		return fmt.Errorf("weighing approvals: %w", err)
	}
	if verdict.Rule != "" {
		m.Entry.Rule = verdict.Rule
	}
	waits := with.awaitsFor(verdict, s.o.Now())
	if !verdict.Enough || waits {
		m.Event, m.To = "", r.State
		if verdict.Enough && verdict.NotAfter.After(r.Deadline) {
			m.Deadline = verdict.NotAfter // what is missing can be handed in only when the window is about to open
		}
		return nil
	}
	m.Event, m.To = Approve, Approved
	m.NotBefore = verdict.NotBefore
	if !verdict.NotAfter.IsZero() {
		m.Deadline = verdict.NotAfter // a change that nobody began within its window is not begun after it
	}
	return nil
}

// TakeBack takes an approval back, as long as the last one is not in.
func (s *Service) TakeBack(ctx context.Context, p Press) (*Request, error) {
	return s.decide(ctx, p, Approve, TookBack, func(r *Request, m *Move) error {
		if r.said(TookBack, p) {
			return errSaid
		}
		if !r.ApprovedBy(p.By.User) {
			return &NotAllowedError{Why: "there is no approval of yours to take back"}
		}
		m.Event, m.To = "", r.State
		return nil
	})
}

// Reject ends a request. Whoever may approve may reject.
func (s *Service) Reject(ctx context.Context, p Press) (*Request, error) {
	return s.decide(ctx, p, Reject, SaidNo, func(r *Request, _ *Move) error {
		return s.o.Policy.Eligible(ctx, r, p.By)
	})
}

// Withdraw lets the requester take the request back before a worker has begun.
func (s *Service) Withdraw(ctx context.Context, p Press) (*Request, error) {
	return s.decide(ctx, p, Withdraw, Withdrew, onlyRequester(p.By, "only who asked can withdraw it"))
}

// Retry tries again to take back what a stuck request left. The requester and whoever may approve can ask for it.
func (s *Service) Retry(ctx context.Context, p Press) (*Request, error) {
	return s.decide(ctx, p, Retry, AskRetry, s.concerned(ctx, p.By))
}

// Resolve says that a stuck request is clean, with a reason.
func (s *Service) Resolve(ctx context.Context, p Press) (*Request, error) {
	return s.decide(ctx, p, Resolve, SaidClean, s.concerned(ctx, p.By))
}

// ExpireDue ends the requests whose time has run out, at most limit of them, and returns how many it ended.
func (s *Service) ExpireDue(ctx context.Context, limit int) (int, error) {
	ids, err := s.requests.Due(ctx, s.o.Now(), limit)
	if err != nil {
		return 0, err
	}
	n := 0
	var errs []error
	for _, id := range ids {
		_, err := s.decide(ctx, Press{ID: id}, Expire, RanOut, func(r *Request, m *Move) error {
			if s.o.Now().Before(r.Deadline) {
				return ErrConflict // somebody gave it more time
			}
			m.Entry.Detail = r.whyRanOut()
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

// whyRanOut says what r waited for when its time ran out.
func (r *Request) whyRanOut() string {
	switch {
	case r.State == Approved:
		return "it was approved, but the work had not begun in time"
	case r.Proposal.Wants != "" && r.Handed() == nil:
		return "approvals or " + r.Proposal.Wants + " did not come in time"
	}
	return "not enough approvals came in time"
}

func onlyRequester(by Actor, why string) func(*Request, *Move) error {
	return func(r *Request, _ *Move) error {
		if by.User != r.Requester.User {
			return &NotAllowedError{Why: why}
		}
		return nil
	}
}

func (s *Service) concerned(ctx context.Context, by Actor) func(*Request, *Move) error {
	return func(r *Request, _ *Move) error {
		if by.User == r.Requester.User {
			return nil
		}
		return s.o.Policy.Eligible(ctx, r, by)
	}
}

const moveAttempts = 8

// errSaid says that the same person has decided the same before.
var errSaid = errors.New("said before")

// decide reads the request, asks guard, and makes the move on the version it read. When somebody else moved the
// request in between, it starts over, so that every decision is made on the request as it is.
func (s *Service) decide(ctx context.Context, p Press, e Event, v Verb, guard func(*Request, *Move) error) (*Request, error) {
	for range moveAttempts {
		r, err := s.requests.Get(ctx, p.ID)
		if err != nil {
			return nil, err
		}
		to, ok := r.State.Next(e)
		if e == "" { // guard knows the states in which it may be said
			to, ok = r.State, !r.State.Final()
		}
		if !ok && r.said(v, p) {
			return r, nil
		}
		if !ok {
			return r, &StateError{Event: e, Now: r}
		}
		if p.Seen != 0 && (p.Seen < r.Asked || p.Seen > r.Version) || r.outrun(v, p) {
			return r, &StaleError{Now: r}
		}
		now := s.o.Now()
		d := Decision{Verb: v, By: p.By, At: now, Reason: p.Reason, Digest: r.Proposal.Digest, Version: r.Version + 1}
		m := Move{
			ID: r.ID, Version: r.Version, Event: e, From: r.State, To: to,
			Decisions: append(slices.Clip(r.Decisions), d),
			Entry: Entry{
				At: now, Request: r.ID, What: string(v), By: p.By, Target: r.Proposal.Target,
				Digest: r.Proposal.Digest, Rule: r.Rule, Detail: p.Reason,
			},
		}
		switch err := guard(r, &m); {
		case errors.Is(err, errSaid):
			return r, nil
		case err != nil:
			return r, err
		}
		err = s.requests.Move(ctx, m)
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
