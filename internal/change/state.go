package change

import "slices"

// State is where a request stands. It is text in code and in Redis; the zero value means nothing and is refused.
type State string

// The states of a request.
const (
	Pending          State = "pending"     // waits for approvals
	Approved         State = "approved"    // waits for a worker
	Applying         State = "applying"    // a worker applies it
	Undoing          State = "undoing"     // a worker takes it back
	WaitingForPerson State = "waiting"     // a person has to do something before the work, or its undoing, goes on: see Wait
	Stuck            State = "stuck"       // something could not be taken back; a person is needed
	Applied          State = "applied"     // done and proven
	RolledBack       State = "rolled_back" // failed, nothing is left behind
	Rejected         State = "rejected"
	Withdrawn        State = "withdrawn"
	Expired          State = "expired"
)

// Event is what happens to a request.
type Event string

// The events.
const (
	Create       Event = "create"
	Approve      Event = "approve" // the approval that makes it enough; earlier ones are recorded without an event
	Reject       Event = "reject"
	Withdraw     Event = "withdraw"
	Expire       Event = "expire"
	Start        Event = "start"
	Succeed      Event = "succeed"
	Fail         Event = "fail"
	Drift        Event = "drift"         // the plan is no longer the one approved: approvals are void
	InputExpired Event = "input_expired" // what was handed in is kept too long by now: nothing has begun, and approvals stand
	Revoke       Event = "revoke"        // an approval is revoked, and the others are not enough
	// Before the first step, a worker finds that the approvals are no longer enough, or that the time has run out.
	Unapprove    Event = "unapprove"
	Late         Event = "late"
	Undone       Event = "undone"
	Await        Event = "await"         // a step can't go on before a person has done something
	Continue     Event = "continue"      // a person says that it is done, or the time for it has run out: the work goes on
	ContinueUndo Event = "continue_undo" // likewise, for its undoing
	UndoFailed   Event = "undo_failed"
	Retry        Event = "retry"
	Resolve      Event = "resolve" // a person says that a stuck request is clean
)

// table is the whole state machine: what is not in it can't happen.
var table = map[State]map[Event]State{
	Pending:          {Approve: Approved, Revoke: Pending, Reject: Rejected, Withdraw: Withdrawn, Expire: Expired},
	Approved:         {Start: Applying, Revoke: Pending, Reject: Rejected, Withdraw: Withdrawn, Expire: Expired},
	Applying:         {Succeed: Applied, UndoFailed: Stuck, Fail: Undoing, Drift: Pending, InputExpired: Pending, Unapprove: Pending, Late: Expired, Await: WaitingForPerson},
	Undoing:          {Undone: RolledBack, UndoFailed: Stuck, Await: WaitingForPerson},
	WaitingForPerson: {Continue: Applying, ContinueUndo: Undoing},
	Stuck:            {Retry: Undoing, Resolve: RolledBack},
}

var final = []State{Applied, RolledBack, Rejected, Withdrawn, Expired}

// Next returns the state after e, and whether e can happen in s at all.
func (s State) Next(e Event) (State, bool) {
	to, ok := table[s][e]
	return to, ok
}

// Final reports whether nothing can happen to the request any more. A stuck request is not final.
func (s State) Final() bool { return slices.Contains(final, s) }

// Valid reports whether s is one of the states.
func (s State) Valid() bool {
	_, moves := table[s]
	return moves || s.Final()
}

// Working reports whether a worker must hold the request.
func (s State) Working() bool { return s == Applying || s == Undoing }

// States returns every state, in the order of a request's life.
func States() []State {
	return append([]State{Pending, Approved, Applying, Undoing, WaitingForPerson, Stuck}, final...)
}
