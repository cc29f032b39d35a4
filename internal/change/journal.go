package change

import "time"

// StepState is how far a step got.
type StepState string

// The states of a step.
const (
	StepBegun      StepState = "begun" // Apply was called; without a later word it is in doubt
	StepDone       StepState = "done"
	StepFailed     StepState = "failed" // Apply gave up; it may have left half of its work
	StepUndoing    StepState = "undoing"
	StepUndone     StepState = "undone"
	StepUndoFailed StepState = "undo_failed" // Undo could not take everything back
)

// StepRecord is a step's line in the journal. It is written before and after each act.
type StepRecord struct {
	Step     string    `json:"step"`
	Order    int       `json:"order"` // position among the steps, from 0
	State    StepState `json:"state"`
	Attempts int       `json:"attempts"`
	Evidence Evidence  `json:"evidence,omitempty"`
	Begun    time.Time `json:"begun"`          // of Apply; of Undo once that began
	Ended    time.Time `json:"ended,omitzero"` // likewise

	Applied  time.Duration `json:"applied,omitempty"` // how long Apply took, once Undo began; zero: it did not end
	Next     time.Time     `json:"next,omitzero"`     // when it is tried again, while there is trouble
	Epoch    int64         `json:"epoch,omitempty"`   // of the claim that wrote this
	Resumed  bool          `json:"resumed,omitempty"` // another worker began it
	Finding  string        `json:"finding,omitempty"`
	Trouble  string        `json:"trouble,omitempty"` // the last error in plain words, while it is tried again or at its end
	Leftover *Leftover     `json:"leftover,omitempty"`
}

// Claim is a worker's right to a request until its lease ends. Every claim raises the epoch; writes under an
// older one are refused with ErrFenced.
type Claim struct {
	ID     string
	Epoch  int64
	Worker string
}

// Claimed is a request in a worker's hands.
type Claimed struct {
	Claim   Claim
	Request *Request
	// TakenOver: an earlier claim was not given back.
	TakenOver bool
	// TakeOvers is how often in a row it was taken over: a request whose workers die may be what kills them.
	TakeOvers int
	// InFlight is for how long a call that an earlier worker sent may still be carried out.
	InFlight time.Duration
}

// Transition is one transition, or one decision that moves nothing yet.
type Transition struct {
	ID        string
	Version   int64 // the version that the decision was made on; any other is refused with ErrConflict. A worker's move goes by its claim instead.
	Event     Event // empty: a decision is written down and nothing moves
	From, To  State
	Decisions []Decision     // all of them, the new one last; nil: unchanged
	Proposal  *Proposal      // nil: unchanged; set by Drift
	Outcome   *Outcome       // nil: unchanged
	Deadline  time.Time      // zero: unchanged
	NotBefore time.Time      // zero: unchanged; set by Approve where a change window has to open first
	Wait      *Wait          // nil: unchanged
	Review    *time.Time     // nil: unchanged; by when others have to review the request; zero: they have
	Records   []StoredRecord // what is remembered or forgotten with this move
	Entry     Entry          // for the audit; the store fills From, To, Version, Prev and Hash in
}
