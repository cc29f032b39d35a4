package change

import (
	"slices"
	"time"
)

// Schema is the version of what is stored. A bot that meets a higher one refuses to touch it.
const Schema = 2

// Request is a proposal with its life so far.
type Request struct {
	ID             string
	State          State
	Version        int64 // goes up with every move and every journal line
	Epoch          int64 // goes up with every claim
	ApprovalsSince int64 // the version since which the approvals in force are asked for: an older card is stale
	Announced      int64 // the version last shown in Slack; only goes up

	Proposal         Proposal
	Previous         *Proposal // the plan that drift made void
	Requester        Actor
	Reason           string
	Rule             string            // the rule of the policy that admitted it
	Parent           string            // the request that this one follows: edited and requested again
	Child            string            // the latest request that follows this one
	StandingApproval *StandingApproval // an approval from before that it is to run under; nil: people approve it
	Decisions        []Decision
	Journal          []StepRecord // in the order of the steps
	Outcome          Outcome
	Wait             Wait               // what a person was asked to do last; zero: nothing
	Messages         map[string]Message // by slot: what was posted where
	Trace            string             // what asked for it, to anyone who traces calls across processes; opaque here, often empty

	Created  time.Time
	Deadline time.Time // when it expires if no worker has begun
	// NotBefore is when the work may begin, once approved: a change window opens then. Zero: at once.
	NotBefore time.Time
}

// Actor is who did something, and from where. All three are opaque here.
type Actor struct {
	User    string `json:"user"`
	Team    string `json:"team,omitempty"`    // the Slack workspace
	Channel string `json:"channel,omitempty"` // where it was done
	Bot     bool   `json:"bot,omitempty"`     // the bot did it by itself, for User
}

// DecisionKind says what a decision was.
type DecisionKind string

// The verbs.
const (
	DecisionApprove        DecisionKind = "approve"
	DecisionRevoke         DecisionKind = "revoke"
	DecisionReject         DecisionKind = "reject"
	DecisionRequestChanges DecisionKind = "request_changes" // it ends as rejected, with what has to change
	DecisionWithdraw       DecisionKind = "withdraw"
	DecisionExpire         DecisionKind = "expire"
	DecisionRetry          DecisionKind = "retry"
	DecisionResolve        DecisionKind = "resolve"
	DecisionDrift          DecisionKind = "drift"
	Unapproved             DecisionKind = "unapprove"       // by a worker, before the first step: the approvals are no longer enough
	DecisionRemind         DecisionKind = "remind"          // those who are still missing, by the clock
	DecisionInputSubmitted DecisionKind = "input_submitted" // what the proposal needs: the thing itself stands elsewhere
	DecisionInputRequested DecisionKind = "input_requested" // those who may hand it in were asked for it, by the clock
	DecisionStands         DecisionKind = "stands"          // by the clock: it is approved under its standing approval
	DecisionStandsNot      DecisionKind = "stands_not"      // likewise: it is not, so people are asked
	DecisionBreakGlass     DecisionKind = "break_glass"     // somebody approved alone, see BreakGlass
	DecisionReviewRight    DecisionKind = "review_right"    // somebody else has looked at that, and it was right
	DecisionReviewWrong    DecisionKind = "review_wrong"    // or not
	DecisionReviewOverdue  DecisionKind = "review_overdue"  // by the clock: nobody has, in time
	// While a person is waited for: see Wait.
	DecisionKeyTaken  DecisionKind = "key_taken"  // it is about to be shown; who it was may have seen it
	DecisionKeyShown  DecisionKind = "key_shown"  // it was
	DecisionRenew     DecisionKind = "renew"      // another key is wanted in its place
	DecisionHandDone  DecisionKind = "hand_done"  // what a person was asked to do is done
	DecisionWaitEnded DecisionKind = "wait_ended" // by the clock: nobody has said so in time
)

// Decision is what a person (or the clock) said about a request.
type Decision struct {
	Kind   DecisionKind `json:"kind"`
	By     Actor        `json:"by"`
	At     time.Time    `json:"at"`
	Reason string       `json:"reason,omitempty"`
	Digest string       `json:"digest"`       // the plan that it was said about
	To     []string     `json:"to,omitempty"` // users: who was reminded, or asked to hand something in
	// Policy names the rules by which the decision was enough; empty: it was not, or an older version wrote it down.
	Policy string `json:"policy,omitempty"`
	// Due is by when others have to review it; zero: they need not.
	Due time.Time `json:"due,omitzero"`
	// Version is the one that the request had with it: a card that shows an earlier one is from before it. 0 in
	// decisions that an older version of the bot wrote down.
	Version int64 `json:"version,omitempty"`
}

// Message is something that was posted. A message without an ID is being posted: its answer may have been lost.
type Message struct {
	Channel string    `json:"channel"`
	ID      string    `json:"id,omitempty"`
	At      time.Time `json:"at,omitzero"` // while it has no ID: when posting it began
	// Doubt is when an earlier post of it began whose answer was lost, and which may yet be carried out; zero: there is none.
	Doubt time.Time `json:"doubt,omitzero"`
}

// Outcome is how the work ended.
type Outcome struct {
	Failed    string     `json:"failed,omitempty"` // the step that failed
	Why       string     `json:"why,omitempty"`    // in plain words
	Error     string     `json:"error,omitempty"`  // the technical cause, scrubbed
	Leftovers []Leftover `json:"leftovers,omitempty"`
	Ended     time.Time  `json:"ended,omitzero"`
}

// Approvals returns the approvals in force: of the present plan, not taken back, one a person.
func (r *Request) Approvals() []Decision {
	var in []Decision
	for _, d := range r.Decisions {
		if d.Digest != r.Proposal.Digest {
			continue
		}
		switch d.Kind { //nolint:exhaustive // the other verbs end a request or void its plan
		case DecisionApprove:
			if !approvedBy(in, d.By.User) {
				in = append(in, d)
			}
		case DecisionRevoke:
			in = slices.DeleteFunc(in, func(a Decision) bool { return a.By.User == d.By.User })
		case DecisionDrift:
			in = nil
		}
	}
	return in
}

// InputSubmitted returns when and by whom what the proposal needs was handed in for the present plan, or nil.
func (r *Request) InputSubmitted() *Decision {
	for i := len(r.Decisions) - 1; i >= 0; i-- {
		switch d := &r.Decisions[i]; d.Kind { //nolint:exhaustive // the others have nothing to do with it
		case DecisionInputSubmitted:
			if d.Digest == r.Proposal.Digest {
				return d
			}
			return nil
		case DecisionDrift:
			return nil
		}
	}
	return nil
}

// InputTTL is how long what was handed in is kept. It counts for a little less, so that work that has begun finds it.
const (
	InputTTL    = time.Hour
	inputMargin = 10 * time.Minute
)

// NeedsInput reports whether what the proposal needs has not been handed in, or is too old by now.
func (r *Request) NeedsInput(now time.Time) bool {
	if r.Proposal.RequiredInput == "" {
		return false
	}
	d := r.InputSubmitted()
	return d == nil || !now.Before(d.At.Add(InputTTL-inputMargin))
}

// AskedAt is when the approvals for the present plan were first asked for.
func (r *Request) AskedAt() time.Time {
	if d := r.Last(DecisionDrift); d != nil {
		return d.At
	}
	return r.Created
}

// ApprovedBy reports whether user's approval is in force.
func (r *Request) ApprovedBy(user string) bool { return approvedBy(r.Approvals(), user) }

func approvedBy(in []Decision, user string) bool {
	return slices.ContainsFunc(in, func(d Decision) bool { return d.By.User == user })
}

// Last returns the latest decision with that verb, or nil.
func (r *Request) Last(v DecisionKind) *Decision {
	for i := len(r.Decisions) - 1; i >= 0; i-- {
		if r.Decisions[i].Kind == v {
			return &r.Decisions[i]
		}
	}
	return nil
}

// Record returns the journal line of a step, or nil.
func (r *Request) Record(step string) *StepRecord {
	for i := range r.Journal {
		if r.Journal[i].Step == step {
			return &r.Journal[i]
		}
	}
	return nil
}
