package elastic

import (
	"context"
	"path"
	"strings"
)

// TaskKind is a kind of what runs on a cluster by itself, or on somebody's behalf.
type TaskKind string

// The kinds, in the order in which they are paused.
const (
	TaskAutoFollow TaskKind = "auto_follow"
	TaskFollower   TaskKind = "follower"
	TaskTransform  TaskKind = "transform"
	TaskDatafeed   TaskKind = "datafeed"
	TaskWatch      TaskKind = "watch"
	TaskKey        TaskKind = "api_key" // an API key with remote_indices
)

// Task is something on a cluster that may go through its remote connections.
type Task struct {
	Kind    TaskKind
	Name    string
	Sources []string // index patterns that it reads, those of remote clusters with an alias before them
	Aliases []string // aliases, or patterns of them, that it names by themselves
	Running bool
	OwnKey  bool // it runs by an API key that was made of its author's privileges
}

// Tasks is a Cluster that tells what runs on it, and can pause that.
type Tasks interface {
	// Tasks returns all of a kind that name a remote cluster. It fails where not all of them can be told.
	Tasks(ctx context.Context, kind TaskKind) ([]Task, error)
	// Pause stops one of a kind that can be paused; one that is gone is no error.
	Pause(ctx context.Context, kind TaskKind, name string) error
	// Resume undoes Pause.
	Resume(ctx context.Context, kind TaskKind, name string) error
}

// CanPause reports whether tasks of the kind can be paused.
func (k TaskKind) CanPause() bool { return k != TaskWatch && k != TaskKey }

// Through reports whether the task goes through an alias, named by itself or by a pattern.
func (t Task) Through(alias string) bool {
	for _, a := range t.Aliases {
		if namesAlias(a, alias) {
			return true
		}
	}
	for _, source := range t.Sources {
		for one := range strings.SplitSeq(source, ",") {
			if cluster, _, remote := strings.Cut(strings.TrimSpace(one), ":"); remote && namesAlias(cluster, alias) {
				return true
			}
		}
	}
	return false
}

// Remote reports whether the task names any remote cluster.
func (t Task) Remote() bool {
	return len(t.Aliases) > 0 || strings.Contains(strings.Join(t.Sources, ","), ":")
}

func namesAlias(pattern, alias string) bool {
	ok, err := path.Match(pattern, alias)
	return pattern == alias || err == nil && ok
}
