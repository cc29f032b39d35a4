package forms

import (
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// Change is a change of an existing connection, as people ask for it: a connection, a few fields, a reason.
type Change struct {
	Verb, Args, Does     string // as of a subcommand
	title, submit, intro string
	Others               bool // the form may be for other connections of the deployment, where it is not for this one
	// Typed takes what fills the form out of what was typed, and returns the rest; nil: nothing does.
	Typed func(args []string, now time.Time) (rest []string, fill string)
	// Form are the fields for one connection, filled in, below what the connection is. others are the connections of its
	// deployment that could be changed in the same way; none: there is nothing to ask for.
	Form func(e link.ConnectionState, others []string, m Metadata) []slack.Block
	// Ask reads them.
	Ask func(n link.Name, m Metadata, f Answers) (kind change.Kind, params any, wrong *change.InvalidError)
}
