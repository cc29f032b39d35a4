package executor

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Registry builds steps, by the action of a planned one (see change.PlannedStep), from its arguments alone. It calls
// nobody. Arguments that can't be read are an error.
type Registry map[string]func(args json.RawMessage) (change.Step, error)

// step is a planned step as it is carried out.
type step struct {
	change.Step // nil where it can't be built
	plan        change.PlannedStep
	cause       error // why it can't be built
}

// steps are the stored steps of a request, in order. None is worked out anew, whatever version planned them. The error
// names every step that can't be built: then nothing is begun. A panic is an error by what recovered makes of it.
func (r Registry) steps(planned []change.PlannedStep, recovered func(*error)) ([]step, error) {
	var all []step
	var errs []error
	seen := map[string]bool{}
	for _, p := range planned {
		s := r.build(p, recovered)
		if s.cause == nil && seen[p.Name] {
			s.Step, s.cause = nil, fmt.Errorf("two steps of the plan are called %q", p.Name)
		}
		seen[p.Name] = true
		all, errs = append(all, s), append(errs, s.cause)
	}
	return all, errors.Join(errs...)
}

// build makes a step of its arguments.
func (r Registry) build(p change.PlannedStep, recovered func(*error)) (s step) {
	s.plan = p
	defer recovered(&s.cause)
	fromArgs, known := r[p.Action()]
	if !known {
		s.cause = unknownStep(p.Name)
		return s
	}
	built, err := fromArgs(p.Args)
	if err != nil {
		s.cause = &change.ExplainedError{
			Say: fmt.Sprintf("what was approved of the step %q can't be read", p.Name),
			Err: fmt.Errorf("arguments of step %q: %w", p.Name, err),
		}
		return s
	}
	s.Step = built
	return s
}

func unknownStep(name string) error {
	return &change.ExplainedError{
		Say: fmt.Sprintf("this bot doesn't know the step %q", name),
		Err: fmt.Errorf("unknown step %q", name),
	}
}

// find returns the step of that name. One that the plan does not have can't be built.
func find(steps []step, name string) step {
	if i := slices.IndexFunc(steps, func(s step) bool { return s.plan.Name == name }); i >= 0 {
		return steps[i]
	}
	return step{plan: change.PlannedStep{Name: name, Title: name}, cause: unknownStep(name)}
}

// checkKnown returns an error if a step that was begun can't be built: carrying on would leave what it did out of
// account.
func checkKnown(journal []change.StepRecord, steps []step) error {
	for _, line := range journal {
		if s := find(steps, line.Step); line.State != change.StepUndone && s.cause != nil {
			return s.cause
		}
	}
	return nil
}
