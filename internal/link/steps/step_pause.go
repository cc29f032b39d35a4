package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// The steps that pause what goes through connections while they are changed over, and let it go on afterwards.
const (
	StepPauseTasks  = "pause_tasks"
	StepResumeTasks = "resume_tasks"
)

const evTurned = "turned" // the tasks that are paused or resumed, as JSON, noted before the first is

// TaskRef names a task.
type TaskRef struct {
	Kind elastic.TaskKind `json:"kind"`
	Name string           `json:"name"`
}

// String is a task in words.
func (t TaskRef) String() string { return link.TaskWord(t.Kind, t.Name) }

// PauseTasksArgs name tasks of a local cluster.
type PauseTasksArgs struct {
	Local elastic.Ref `json:"local"`
	Tasks []TaskRef   `json:"tasks"`
}

// String is what they are, in words.
func (a PauseTasksArgs) String() string {
	var all []string
	for _, t := range a.Tasks {
		all = append(all, t.String())
	}
	return link.JoinWords(all)
}

// Planned is the step that pauses them, as it stands in a plan.
func (a PauseTasksArgs) Planned(v View) change.PlannedStep {
	return planned(StepPauseTasks, "Pause "+a.String(), a, v.onLocal(a.calls(v.toLocal, false)...)...)
}

// PlannedResume is the step that lets them go on, as it stands in a plan.
func (a PauseTasksArgs) PlannedResume(v View) change.PlannedStep {
	return planned(StepResumeTasks, "Resume "+a.String(), a, v.onLocal(a.calls(v.toLocal, true)...)...)
}

// calls are made in the order in which the tasks stand, and the other way round where they are resumed.
func (a PauseTasksArgs) calls(c elastic.Calls, resume bool) []change.Call {
	var all []change.Call
	for _, t := range inOrder(a.Tasks, resume) {
		if resume {
			all = append(all, c.ResumeTask(t.Kind, t.Name))
		} else {
			all = append(all, c.PauseTask(t.Kind, t.Name))
		}
	}
	return all
}

func inOrder(tasks []TaskRef, resume bool) []TaskRef {
	tasks = slices.Clone(tasks)
	if resume {
		slices.Reverse(tasks)
	}
	return tasks
}

// pauseTasksStep pauses tasks, or resumes them. What somebody else has paused, resumed or deleted meanwhile is left as it is.
type pauseTasksStep struct {
	ports
	PauseTasksArgs
	resume  bool
	finding string
}

func (a *pauseTasksStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	local, tasks, running, err := a.look(ctx)
	if err != nil {
		return err
	}
	turn, err := turnedOf(had)
	if err != nil {
		return err
	}
	if had[evTurned] == "" {
		turn = a.others(running, a.resume)
		if err := note(ctx, change.Evidence{evTurned: string(elastic.RawJSON(turn))}); err != nil {
			return err
		}
	}
	if len(turn) < len(a.Tasks) {
		a.finding = fmt.Sprintf("%d of %d were already in that state, or no longer exist", len(a.Tasks)-len(turn), len(a.Tasks))
	}
	return a.turn(ctx, local, tasks, running, turn, a.resume)
}

// others are the tasks that are not yet as they should be. One that is gone is left out.
func (a *pauseTasksStep) others(running map[TaskRef]bool, wanted bool) []TaskRef {
	return slices.DeleteFunc(slices.Clone(a.Tasks), func(t TaskRef) bool {
		now, there := running[t]
		return !there || now == wanted
	})
}

// turn pauses or resumes those of them that are not so yet, and looks whether they are.
func (a *pauseTasksStep) turn(ctx context.Context, local side, tasks elastic.Tasks, running map[TaskRef]bool, turn []TaskRef, wanted bool) error {
	turned := false
	for _, t := range inOrder(turn, wanted) {
		if now, there := running[t]; !there || now == wanted {
			continue
		}
		call, doing := tasks.Pause, "pausing "
		if wanted {
			call, doing = tasks.Resume, "resuming "
		}
		if err := call(ctx, t.Kind, t.Name); err != nil {
			return link.WrapCall(doing+t.String()+" on "+local.d.Name, err)
		}
		turned = true
	}
	if !turned {
		return nil
	}
	now, err := a.running(ctx, local, tasks)
	if err != nil {
		return err
	}
	for _, t := range turn {
		if is, there := now[t]; there && is != wanted {
			return change.Temporary(fmt.Errorf("%s on %s is not in the expected state yet", t, local.d.Name))
		}
	}
	return nil
}

// Undo brings those that it has turned back to what they were.
func (a *pauseTasksStep) Undo(ctx context.Context, had change.Evidence) error {
	turn, err := turnedOf(had)
	if err == nil && len(turn) == 0 {
		return nil
	}
	var local side
	var tasks elastic.Tasks
	var running map[TaskRef]bool
	if err == nil {
		local, tasks, running, err = a.look(ctx)
	}
	if err == nil {
		err = a.turn(ctx, local, tasks, running, turn, !a.resume)
	}
	if err == nil {
		return nil
	}
	left := PauseTasksArgs{Local: a.Local, Tasks: turn}
	word := "paused"
	if a.resume {
		word = "running"
	}
	command := a.byHand(a.Local.Platform, func(c elastic.Calls) []change.Call { return left.calls(c, !a.resume) })
	return leftBehind(left.String()+" of "+a.Local.String()+", still "+word+" (Dev Tools there)", command, err)
}

func (a *pauseTasksStep) Finding() string { return a.finding }

func turnedOf(had change.Evidence) ([]TaskRef, error) {
	if had[evTurned] == "" {
		return nil, nil
	}
	var turn []TaskRef
	err := json.NewDecoder(strings.NewReader(had[evTurned])).Decode(&turn)
	return turn, err
}

var errNoTasks = errors.New("the bot can't read this cluster's tasks")

func (a *pauseTasksStep) look(ctx context.Context) (local side, tasks elastic.Tasks, running map[TaskRef]bool, err error) {
	if local, err = a.reach(ctx, a.Local); err != nil {
		return local, nil, nil, err
	}
	tasks, ok := local.es.(elastic.Tasks)
	if !ok {
		return local, nil, nil, errNoTasks
	}
	running, err = a.running(ctx, local, tasks)
	return local, tasks, running, err
}

// running are the tasks of the kinds that are named, and whether each runs.
func (a *pauseTasksStep) running(ctx context.Context, local side, tasks elastic.Tasks) (map[TaskRef]bool, error) {
	all := map[TaskRef]bool{}
	for _, kind := range link.TaskKinds {
		if !slices.ContainsFunc(a.Tasks, func(t TaskRef) bool { return t.Kind == kind }) {
			continue
		}
		found, err := tasks.Tasks(ctx, kind)
		if err != nil {
			return nil, link.WrapCall("reading the "+link.TasksWord(kind)+" of "+local.d.Name, err)
		}
		for _, t := range found {
			all[TaskRef{Kind: kind, Name: t.Name}] = t.Running
		}
	}
	return all, nil
}
