package change

import "context"

// Custodian is a Policy that says who may hand in what a proposal wants. Under any other, who may approve may.
type Custodian interface {
	// Custody returns nil if by may, else a *NotAllowedError that says why not.
	Custody(ctx context.Context, r *Request, by Actor) error
}

// MayHandIn returns nil if by may hand in what r wants now. Errors: *StateError, *NotAllowedError, and what the policy
// meets.
func (s *Service) MayHandIn(ctx context.Context, r *Request, by Actor) error {
	if r.State != Pending && r.State != Approved {
		return &StateError{Event: Approve, Now: r}
	}
	if r.Proposal.Wants == "" {
		return &NotAllowedError{Why: "nothing has to be handed in for this"}
	}
	if c, ok := s.o.Policy.(Custodian); ok {
		return c.Custody(ctx, r, by)
	}
	return s.o.Policy.Eligible(ctx, r, by)
}

// HandIn records that what the proposal wants was handed in; the caller has put it where the step finds it. It moves
// the request when nothing else is missing. It may be said again, which starts its time anew. Errors as of Approve.
func (s *Service) HandIn(ctx context.Context, p Press) (*Request, error) {
	return s.decide(ctx, p, "", HandedIn, func(r *Request, m *Move) error {
		if err := s.MayHandIn(ctx, r, p.By); err != nil || r.State == Approved {
			return err
		}
		return s.settle(ctx, r, m)
	})
}
