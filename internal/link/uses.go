package link

import (
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// UnreadUse is a kind of what may use a connection that could not be looked at.
type UnreadUse struct {
	What string // in words, such as "transforms"
	Err  error
}

// taskWords are the kinds of tasks, one and several.
var taskWords = map[elastic.TaskKind][2]string{
	elastic.TaskAutoFollow: {"auto-follow pattern", "auto-follow patterns"},
	elastic.TaskFollower:   {"follower index", "follower indices"},
	elastic.TaskTransform:  {"transform", "transforms"},
	elastic.TaskDatafeed:   {"datafeed", "machine learning datafeeds"},
	elastic.TaskWatch:      {"watch", "watches"},
	elastic.TaskKey:        {"API key", "API keys with remote_indices"},
}

// TaskKinds are the kinds of tasks, in the order in which they are told and paused.
var TaskKinds = []elastic.TaskKind{
	elastic.TaskAutoFollow, elastic.TaskFollower, elastic.TaskTransform, elastic.TaskDatafeed, elastic.TaskWatch, elastic.TaskKey,
}

// TaskWord is a task in words: "transform daily".
func TaskWord(kind elastic.TaskKind, name string) string { return taskWords[kind][0] + " " + name }

// TasksWord is a kind of tasks in words.
func TasksWord(kind elastic.TaskKind) string { return taskWords[kind][1] }

// UsesUnreadSay names what may use the connection and could not be looked at, and the reason of the last; empty: all could be.
func (e ConnectionState) UsesUnreadSay() string {
	var why string
	var what []string
	for _, u := range e.UsesUnread {
		what = append(what, u.What)
		why = Sentence(u.Err)
	}
	if len(what) == 0 {
		return ""
	}
	return JoinWords(what) + " (" + why + ")"
}

// Pausable are the tasks that run through the connection and can be paused meanwhile.
func (e ConnectionState) Pausable() []elastic.Task {
	return slices.DeleteFunc(slices.Clone(e.Tasks), func(t elastic.Task) bool { return !t.Kind.CanPause() || !t.Running })
}

// ByOwnKey are the tasks that run by an API key of their own, in words: it has the privileges that its author had when it was
// made.
func (e ConnectionState) ByOwnKey() []string {
	var all []string
	for _, t := range e.Tasks {
		if t.OwnKey {
			all = append(all, TaskWord(t.Kind, t.Name))
		}
	}
	return all
}

// UsesBasis is what goes through the connection, as a plan rests on it.
func (e ConnectionState) UsesBasis() string {
	all := slices.Clone(e.Users)
	for _, t := range e.Pausable() {
		all = append(all, TaskWord(t.Kind, t.Name)+" runs")
	}
	return strings.Join(all, ", ")
}

// Pages of Kibana that list what the bot does not look at, below Kibana's own address.
const (
	KibanaRules     = "/app/management/insightsAndAlerting/triggersActions/rules"
	KibanaDataViews = "/app/management/kibana/dataViews"
)
