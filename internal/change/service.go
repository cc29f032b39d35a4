package change

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Requests is what the service needs of a store. Each method is atomic and writes its audit entry with it.
type Requests interface {
	// Create stores r and takes its target. A submission seen before returns the id that it made then.
	// Errors: *LockedError, *QuotaError, ErrUnavailable, ErrFull.
	Create(ctx context.Context, r *Request, submission string, entry Entry) (id string, err error)
	// CanCreate returns the error that Create of r would, if r's parent had ended before.
	CanCreate(ctx context.Context, r *Request) error
	// Submitted returns the id that a submission made, once that is as safe as after Create; empty if it made none.
	Submitted(ctx context.Context, submission string) (id string, err error)
	// Get returns the request with its journal; ErrNotFound, ErrNewer, ErrUnavailable.
	Get(ctx context.Context, id string) (*Request, error)
	// Transition makes one transition on the version it was decided on; ErrConflict if that has passed.
	Transition(ctx context.Context, m Transition) error
	// WaitDurable returns nil once all that was written before is as safe as what a move wrote that returned nil. A move that
	// failed with ErrUnavailable may be written, and be seen, and yet be lost: who relies on having seen it asks first.
	WaitDurable(ctx context.Context) error
	// Due returns ids of requests whose deadline is not after now, oldest first.
	Due(ctx context.Context, now time.Time, limit int) ([]string, error)
	// ReviewsDue returns ids of requests that should have been reviewed by now, oldest first.
	ReviewsDue(ctx context.Context, now time.Time, limit int) ([]string, error)
	// Overdue returns ids of waiting requests whose time to wait is not after now, oldest first.
	Overdue(ctx context.Context, now time.Time, limit int) ([]string, error)
}

// Planner works a change out against the world as it is.
type Planner interface {
	// Plan computes the proposal for parameters. It changes nothing. An *InvalidError names the fields at fault.
	Plan(ctx context.Context, id string, params json.RawMessage) (Proposal, error)
}

// Service is what people can do with requests.
type Service struct {
	*decisions
	emergencies
	helping
	inputs
}

// NewService returns a service over requests.
func NewService(requests Requests, o Options) *Service {
	if o.Changed == nil {
		o.Changed = func(string) {}
	}
	d := &decisions{requests: requests, o: o}
	return &Service{d, emergencies{d}, helping{d}, inputs{d}}
}

// ProposeInput is what somebody asks for.
type ProposeInput struct {
	Kind       Kind
	Params     json.RawMessage
	Reason     string
	By         Actor
	Parent     string // the request that this one takes the place of: one of By's own, withdrawn if it still waits
	Submission string // the form; what it asks for, submitted from it twice, makes one request

	// Of what the bot asks for by itself, see Request:
	StandingApproval *StandingApproval
	Messages         map[string]Message
}

// submission names what was submitted: the form, and what was filled in. A form that was edited after its answer was
// lost is another submission, or what was edited would be dropped in silence.
func (a ProposeInput) submission() (string, error) {
	if a.Submission == "" {
		return "", nil
	}
	params, err := Canonical(a.Params)
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
// *NotAllowedError, *LockedError, *QuotaError, and what the planner or the store meet.
func (s *Service) Propose(ctx context.Context, a ProposeInput) (*Request, error) {
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
	terms, err := s.o.Policy.Authorize(ctx, p, a.By)
	if err != nil {
		return nil, err
	}
	now := s.o.Now()
	r := &Request{
		ID: id, State: Pending, Version: 1, ApprovalsSince: 1,
		Proposal: p, Requester: a.By, Reason: a.Reason, Rule: terms.Rule, Parent: a.Parent,
		Created: now, Deadline: p.Deadline(now.Add(terms.Wait), now), StandingApproval: a.StandingApproval, Messages: a.Messages,
	}
	if a.Parent != "" {
		if err := replace(ctx, s, a, r); err != nil {
			return nil, s.ownOrNot(ctx, err, a.By)
		}
	}
	made, err := s.requests.Create(ctx, r, submission, Entry{
		At: now, Request: id, What: string(Create), By: a.By, Target: p.Subject(),
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
	var held *LockedError
	if !errors.As(err, &held) {
		return err
	}
	if r, gone := s.requests.Get(ctx, held.RequestID); gone == nil && r.Requester.User == by.User {
		return &LockedError{Target: held.Target, RequestID: held.RequestID, OwnRequest: true}
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
