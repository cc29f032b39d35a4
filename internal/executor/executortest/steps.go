package executortest

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor"
)

// Func is a step made of functions. Those that are nil do nothing and succeed.
type Func struct {
	StepName string
	OnApply  func(ctx context.Context, had change.Evidence, note change.Note) error
	OnUndo   func(ctx context.Context, had change.Evidence) error
	Found    string        // what it reports once it is done
	Lasting  time.Duration // its patience; 0: an hour; negative: it has none of its own
}

var (
	_ change.Step          = Func{}
	_ change.StepTimeouter = Func{}
	_ change.Reporter      = Func{}
	_ change.Planner       = Kind{}
)

// Finding implements change.Reporter.
func (f Func) Finding() string { return f.Found }

// StepTimeout implements change.Patient.
func (f Func) StepTimeout() time.Duration {
	if f.Lasting == 0 {
		return time.Hour
	}
	return f.Lasting
}

// Apply implements change.Step.
func (f Func) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	if f.OnApply == nil {
		return nil
	}
	return f.OnApply(ctx, had, note)
}

// Undo implements change.Step.
func (f Func) Undo(ctx context.Context, had change.Evidence) error {
	if f.OnUndo == nil {
		return nil
	}
	return f.OnUndo(ctx, had)
}

// Caller is a process that calls the world.
type Caller struct {
	World *World
	Name  string
}

func (c Caller) read(ctx context.Context, name string) (Things, error) {
	var answer Things
	err := c.World.call(ctx, Call{Caller: c.Name, Verb: "read", Name: name}, func(t *Things) { answer = t.clone() })
	if err != nil {
		return Things{}, err // the answer may still come, and is not looked at
	}
	return answer, nil
}

func (c Caller) write(ctx context.Context, verb, name string, effect func(*Things)) error {
	return c.World.call(ctx, Call{Caller: c.Name, Verb: verb, Name: name}, effect)
}

// Set returns a step that gives a setting a value. Each attempt notes what it finds, as a simple step does; that
// the first finding counts is up to the executor.
func (c Caller) Set(name, value string) Func {
	return Func{
		StepName: "set-" + name,
		OnApply: func(ctx context.Context, _ change.Evidence, note change.Note) error {
			found, err := c.read(ctx, name)
			if err != nil {
				return err
			}
			was, there := found.Settings[name]
			if err := note(ctx, evidence(there, was)); err != nil {
				return err
			}
			if was == value {
				return nil
			}
			return c.write(ctx, "set", name, func(t *Things) { t.Settings[name] = value })
		},
		OnUndo: func(ctx context.Context, had change.Evidence) error {
			if had == nil {
				return nil // it never came to act
			}
			found, err := c.read(ctx, name)
			if err != nil {
				return err
			}
			is, there := found.Settings[name]
			switch {
			case had["there"] == "yes" && is != had["was"]:
				return c.write(ctx, "set", name, func(t *Things) { t.Settings[name] = had["was"] })
			case had["there"] == "no" && there:
				return c.write(ctx, "unset", name, func(t *Things) { delete(t.Settings, name) })
			}
			return nil
		},
	}
}

// Create returns a step that creates an object, unless there is one of that name.
func (c Caller) Create(name string) Func {
	return Func{
		StepName: "create-" + name,
		OnApply: func(ctx context.Context, _ change.Evidence, note change.Note) error {
			found, err := c.read(ctx, name)
			if err != nil {
				return err
			}
			there := found.Objects[name] > 0
			if err := note(ctx, evidence(there, "")); err != nil {
				return err
			}
			if there {
				return nil
			}
			return c.write(ctx, "create", name, func(t *Things) { t.Objects[name]++ })
		},
		OnUndo: func(ctx context.Context, had change.Evidence) error {
			if had == nil || had["there"] == "yes" {
				return nil
			}
			found, err := c.read(ctx, name)
			if err != nil || found.Objects[name] == 0 {
				return err
			}
			return c.write(ctx, "delete", name, func(t *Things) { delete(t.Objects, name) })
		},
	}
}

// How long a step made by ByHand waits for a person.
const handTime = 10 * time.Minute

// ByHand returns a step for which a person creates an object, and deletes it to undo that. The step only looks.
func (c Caller) ByHand(name string) Func {
	return Func{
		StepName: "hand-" + name,
		OnApply: func(ctx context.Context, _ change.Evidence, note change.Note) error {
			found, err := c.read(ctx, name)
			if err != nil {
				return err
			}
			if err := note(ctx, change.Evidence{"asked": "yes"}); err != nil {
				return err
			}
			if found.Objects[name] == 0 || change.AnswerTo(ctx, "create") != change.AnswerDone {
				return &change.PersonNeededError{Ask: "create", Say: "Create " + name, For: handTime}
			}
			return nil
		},
		OnUndo: func(ctx context.Context, had change.Evidence) error {
			if had == nil {
				return nil
			}
			found, err := c.read(ctx, name)
			if err != nil || found.Objects[name] == 0 {
				return err
			}
			return &change.PersonNeededError{Ask: "delete", Say: "Delete " + name, For: handTime}
		},
	}
}

func evidence(there bool, was string) change.Evidence {
	if there {
		return change.Evidence{"there": "yes", "was": was}
	}
	return change.Evidence{"there": "no"}
}

// Kind is a kind of change with the steps that a bot knows. Without OnPlan the plan is the one that was approved, as
// Approved makes it.
type Kind struct {
	OnPlan func(ctx context.Context, id string, params json.RawMessage) (change.Proposal, error)
	Each   []Func
	Err    error // what reading the arguments of a step comes to
}

// Plan implements change.Planner.
func (k Kind) Plan(ctx context.Context, id string, params json.RawMessage) (change.Proposal, error) {
	if k.OnPlan == nil {
		return Approved(id).Proposal, nil
	}
	return k.OnPlan(ctx, id, params)
}

// Registry builds the steps by their names, whatever their arguments.
func (k Kind) Registry() executor.Registry {
	all := executor.Registry{}
	for _, f := range k.Each {
		all[f.StepName] = func(args json.RawMessage) (change.Step, error) {
			if !json.Valid(args) {
				return nil, errors.New("these are no arguments")
			}
			if f.Lasting < 0 {
				return struct{ change.Step }{f}, k.Err
			}
			return f, k.Err
		}
	}
	return all
}
