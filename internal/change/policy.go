package change

import (
	"context"
	"slices"
	"time"
)

// Policy says who may ask, who may approve, and when it is enough.
type Policy interface {
	// Authorize returns the terms under which by may ask for p; a *NotAllowedError if by may not.
	Authorize(ctx context.Context, p Proposal, by Actor) (Terms, error)
	// Eligible returns nil if by may approve r, else a *NotAllowedError that says why not.
	Eligible(ctx context.Context, r *Request, by Actor) error
	// Evaluate says how r stands with the approvals in force.
	Evaluate(ctx context.Context, r *Request) (Evaluation, error)
}

// Terms are what a rule of the policy demands of a request.
type Terms struct {
	Rule string        // the rule's name
	Wait time.Duration // how long the request waits before it expires
}

// Evaluation is how a request stands.
type Evaluation struct {
	Enough  bool
	Missing []Need
	Needed  int             // approvals that the rule asks for in all
	Rule    string          // the rule that it was judged by; it may have changed since the request was admitted
	Policy  string          // names the rules as they are: other rules have another name
	Remind  []time.Duration // after how long, counted from Request.AskedAt, those who are missing are reminded
	Confirm bool            // an approval takes a second press
	Direct  bool            // those who could approve are asked by direct message too
	Alone   bool            // somebody may approve it alone, see BreakGlass
	// Approved now, the work may begin from NotBefore until NotAfter; zero: at any time.
	NotBefore, NotAfter time.Time
	Helpers             []string // who may do what a waiting request waits for
	Submitters          []string // who may hand in what the proposal needs, if it needs something and it is known
}

// Who returns everybody who could give a missing approval, each once.
func (e Evaluation) Who() []string {
	var all []string
	for _, n := range e.Missing {
		for _, u := range n.Who {
			if !slices.Contains(all, u) {
				all = append(all, u)
			}
		}
	}
	return all
}

// Need is an approval that is still missing.
type Need struct {
	Who   []string // users who could give it
	Group string   // their name for people
	Count int
}

// Approvers is the simplest policy: anybody may ask, a number of the approvers other than the requester must agree.
type Approvers struct {
	Name  string
	Users []string
	Count int
	Wait  time.Duration
}

// Authorize lets anybody ask, as long as somebody else can approve.
func (a Approvers) Authorize(_ context.Context, _ Proposal, by Actor) (Terms, error) {
	others := 0
	for _, u := range a.Users {
		if u != by.User {
			others++
		}
	}
	if others < a.count() {
		return Terms{}, &NotAllowedError{Why: "there are not enough approvers other than you, so nobody could approve this"}
	}
	return Terms{Rule: a.Name, Wait: a.Wait}, nil
}

// Eligible lets the approvers approve, but nobody their own request.
func (a Approvers) Eligible(_ context.Context, r *Request, by Actor) error {
	if by.User == r.Requester.User {
		return &NotAllowedError{Why: "you requested this, so someone else has to approve it"}
	}
	if !slices.Contains(a.Users, by.User) {
		return &NotAllowedError{Why: "you are not one of the approvers of this change"}
	}
	return nil
}

// Evaluate counts the approvals of people who are approvers now.
func (a Approvers) Evaluate(ctx context.Context, r *Request) (Evaluation, error) {
	have := 0
	var left []string
	for _, d := range r.Approvals() {
		if a.Eligible(ctx, r, d.By) == nil {
			have++
		}
	}
	for _, u := range a.Users {
		if u != r.Requester.User && !r.ApprovedBy(u) {
			left = append(left, u)
		}
	}
	if have >= a.count() {
		return Evaluation{Enough: true, Needed: a.count()}, nil
	}
	return Evaluation{Needed: a.count(), Missing: []Need{{Who: left, Group: "approvers", Count: a.count() - have}}}, nil
}

func (a Approvers) count() int { return max(1, a.Count) }
