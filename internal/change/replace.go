package change

import (
	"context"
	"fmt"
)

// replace makes way for a request that takes the place of an earlier one: it withdraws that one if it still waits, and
// nothing else is in the way of the new one. Should that not be stored after all, submitting it again finds the way free.
func replace(ctx context.Context, s *Service, a ProposeInput, with *Request) error {
	old, err := s.requests.Get(ctx, a.Parent)
	if err != nil {
		return fmt.Errorf("the request to be replaced: %w", err)
	}
	if old.Requester.User != a.By.User {
		return &NotAllowedError{Why: "only the requester can edit this request and submit it again"}
	}
	if old.State.Final() {
		return nil
	}
	if err := s.requests.CanCreate(ctx, with); err != nil {
		return err
	}
	_, err = s.Withdraw(ctx, DecisionInput{ID: a.Parent, By: a.By, Reason: "edited and requested again"})
	return err
}
