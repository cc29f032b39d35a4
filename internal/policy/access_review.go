package policy

import (
	"context"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// AccessReview is what the rule says that covers a connection: the one that would decide about making it as it is.
type AccessReview struct {
	Rule  string
	Every time.Duration // 0: nobody is asked
}

// accessReviews is who says whether connections are still needed, and how often.
type accessReviews struct{ *inForce }

// AccessReviewOf returns what the rule says that covers a connection with the traits of its connect. since is when it was last
// changed: rules may be for connections that last so long. A *change.NotAllowedError: no rule covers it.
func (p accessReviews) AccessReviewOf(traits map[string][]string, since time.Time) (AccessReview, error) {
	rule, err := p.find(change.Proposal{Traits: traits}, since)
	if err != nil {
		return AccessReview{}, err
	}
	return AccessReview{Rule: rule.Name, Every: rule.AccessReview}, nil
}

// ReviewsAccess reports whether any rule has people asked.
func (p accessReviews) ReviewsAccess() bool {
	for _, r := range p.rules.Load().Rules {
		if r.AccessReview > 0 {
			return true
		}
	}
	return false
}

// MayKeep returns nil if user may approve under the rule that covers a connection, else a *change.NotAllowedError, or an error
// that says why that is not known. Anyone who may approve may keep, also what they asked for themselves: nothing new is allowed.
func (p accessReviews) MayKeep(ctx context.Context, traits map[string][]string, since time.Time, user string) error {
	rule, err := p.find(change.Proposal{Traits: traits}, since)
	if err != nil {
		return err
	}
	in, err := p.inAny(ctx, rule, rule.groups(), user)
	if err == nil && !in {
		err = refuse("only its owner, or an approver under rule %s, may keep this connection", rule.Name)
	}
	return err
}

// Keepers are those who may approve under the rule that covers a connection.
func (p accessReviews) Keepers(ctx context.Context, traits map[string][]string, since time.Time) ([]string, error) {
	rule, err := p.find(change.Proposal{Traits: traits}, since)
	if err != nil {
		return nil, err
	}
	return p.membersOfAny(ctx, rule, rule.groups())
}
