package steps

import (
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// newRulesetID stands for the id of a ruleset that is yet to be made.
const newRulesetID = "{id of the new ruleset}"

// View is what a plan shows its steps with: the two deployments as they were read, and how calls to them look.
type View struct {
	local, Remote     elastic.Deployment
	toLocal, toRemote elastic.Calls
	byHand            bool
}

// ByHand reports whether people edit the keystores of the local side.
func (v View) ByHand() bool { return v.byHand }

// PairView is what steps of two deployments are shown with.
func PairView(s link.PairState) View {
	return View{local: s.Local, Remote: s.Remote, toLocal: s.LocalOn.Calls(), toRemote: s.RemoteOn.Calls(), byHand: s.KeystoreByHand()}
}

// onLocal are calls to Elasticsearch of the local side.
func (v View) onLocal(calls ...change.Call) []change.Call {
	return on(elasticsearchOf(v.local), calls...)
}

// onRemote are calls to Elasticsearch of the remote side.
func (v View) onRemote(calls ...change.Call) []change.Call {
	return on(elasticsearchOf(v.Remote), calls...)
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
