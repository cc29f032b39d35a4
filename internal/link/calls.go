package link

import (
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// newRulesetID stands for the id of a ruleset that is yet to be made.
const newRulesetID = "{id of the new ruleset}"

// view is what a plan shows its steps with: the two deployments as they were read, and how calls to them look.
type view struct {
	local, remote     elastic.Deployment
	toLocal, toRemote elastic.Calls
}

func pairView(s PairState) view {
	return view{local: s.Local, remote: s.Remote, toLocal: s.localOn.calls(), toRemote: s.remoteOn.calls()}
}

// calls tell how calls to the platform look; none for the zero System.
func (s System) calls() elastic.Calls {
	if s.Platform == nil {
		return elastic.Calls{}
	}
	return s.Calls()
}

// onLocal are calls to Elasticsearch of the local side.
func (v view) onLocal(calls ...change.Call) []change.Call {
	return on(elasticsearchOf(v.local), calls...)
}

// onRemote are calls to Elasticsearch of the remote side.
func (v view) onRemote(calls ...change.Call) []change.Call {
	return on(elasticsearchOf(v.remote), calls...)
}

func on(system string, calls ...change.Call) []change.Call {
	for i := range calls {
		calls[i].System = system
	}
	return calls
}

func elasticsearchOf(d elastic.Deployment) string { return "Elasticsearch of " + d.Name }

// devTools are calls as a person types them into Dev Tools.
func devTools(calls ...change.Call) string {
	var lines []string
	for _, c := range calls {
		lines = append(lines, c.Method+" "+c.Path)
		if c.Body != "" {
			lines = append(lines, c.Body)
		}
	}
	return strings.Join(lines, "\n")
}
