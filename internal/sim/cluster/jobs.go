package cluster

// Follower is a follower index, or an auto-follow pattern. Nothing is replicated: it is only told.
type Follower struct {
	Name    string
	Alias   string // of the remote cluster
	Leader  string // index, or pattern of indices
	Pattern bool
	Paused  bool
}

// The kinds of Task.
const (
	TaskTransform = "transform"
	TaskDatafeed  = "datafeed"
	TaskWatch     = "watch"
)

// Task is a transform, a datafeed of machine learning or a watch. None does anything: it is told, started and stopped.
type Task struct {
	Kind, Name string
	Sources    []string // index patterns that it searches
	Stopped    bool
	OwnKey     bool // its authorization is an API key
}
