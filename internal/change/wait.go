package change

import (
	"context"
	"time"
)

// Wait is what a step asks of people in the middle of the work, where the bot can do nothing: such as editing files on nodes.
// The request waits for it without a worker. At the end of its time the work is undone, or is stuck if it was its undoing.
type Wait struct {
	Step    string    `json:"step"`
	Undo    bool      `json:"undo,omitempty"` // it is the undoing that waits
	Ask     string    `json:"ask"`            // which of the step's questions this is
	Say     string    `json:"say"`            // what is to be done, in plain words
	Command string    `json:"command,omitempty"`
	HasKey  bool      `json:"has_key,omitempty"` // a key is shown, once, to the person who does it
	Until   time.Time `json:"until"`
	Taken   *Taken    `json:"taken,omitempty"`
	Answer  Answer    `json:"answer,omitempty"`
}

// Taken says who was shown the key.
type Taken struct {
	By    string    `json:"by"`
	At    time.Time `json:"at"`
	Shown bool      `json:"shown,omitempty"` // Slack has said so; without that, nobody knows
}

// Answer is what became of a Wait.
type Answer string

// The answers.
const (
	AnswerNone  Answer = ""      // nobody has said anything yet
	AnswerDone  Answer = "done"  // a person says that it is done
	AnswerRenew Answer = "renew" // another key is wanted
	AnswerNever Answer = "never" // its time has run out
)

// showing is how long it may take to show a key. After that, one of which nobody knows whether it was shown is of no use.
const showing = 15 * time.Second

// Lost reports whether the key may have been shown or not, and nobody knows.
func (w Wait) Lost(now time.Time) bool {
	return w.Taken != nil && !w.Taken.Shown && now.After(w.Taken.At.Add(showing))
}

// PersonNeededError is returned by a step that can't go on before a person has done something. It is called again once that
// person has said so, see AnswerTo, or once the time has run out; then this error is the reason why the step failed.
type PersonNeededError struct {
	Ask, Say, Command string // as in Wait
	HasKey            bool
	For               time.Duration // how long that may take
}

func (e *PersonNeededError) Error() string { return "waiting for a person: " + e.Say }

// Wait is what is asked now, where was is what was asked last.
func (e *PersonNeededError) Wait(step string, undo bool, was Wait, now time.Time) Wait {
	w := Wait{Step: step, Undo: undo, Ask: e.Ask, Say: e.Say, Command: e.Command, HasKey: e.HasKey, Until: now.Add(e.For)}
	if was.Step != step || was.Undo != undo || was.Ask != e.Ask {
		return w
	}
	w.Until = was.Until // asking again gives no more time
	if was.Answer != AnswerRenew {
		w.Taken = was.Taken
	}
	return w
}

type answerKey struct{}

// WithAnswers returns a context in which a step finds what became of the question that it asked last.
func WithAnswers(ctx context.Context, w Wait) context.Context {
	return context.WithValue(ctx, answerKey{}, w)
}

// AnswerTo returns what people have said to a step's question.
func AnswerTo(ctx context.Context, ask string) Answer {
	w, ok := ctx.Value(answerKey{}).(Wait)
	if !ok || w.Ask != ask {
		return AnswerNone
	}
	return w.Answer
}

// KeyTaken reports whether somebody may have seen the key of the question that a step asked last.
func KeyTaken(ctx context.Context) bool {
	w, ok := ctx.Value(answerKey{}).(Wait)
	return ok && w.Taken != nil
}
