package link

import (
	"encoding/json"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Calls tell how writes look on the wire, without sending anything: people approve them, and make them by hand where the
// bot can't. Whoever sends a call describes it, from the same code. The System of each call is left empty.
type Calls struct {
	ClusterCalls
	PlatformCalls
}

// ClusterCalls are those to Elasticsearch.
type ClusterCalls interface {
	PutSettings(s Settings) change.Call
	Resolve(alias, pattern string) change.Call
	RemoteInfo() change.Call
	IssueKey(spec KeySpec) change.Call
	Key(id string) change.Call
	UpdateKeyAccess(id string, a Access) change.Call
	// InvalidateKeys goes by ids; without any, by name.
	InvalidateKeys(name string, ids []string) change.Call
	PutRole(name string, role json.RawMessage) change.Call
	DeleteRole(name string) change.Call
}

// PlatformCalls are those to a platform. Of a deployment they take its id and the RefID of its Elasticsearch resource;
// where that is not known, the platforms take AnyResource.
type PlatformCalls interface {
	StoreSecret(d Deployment, name string) change.Call
	RemoveSecret(d Deployment, name string) change.Call
	Restart(d Deployment) change.Call
	SetTrust(d Deployment, to TrustSettings) change.Call
	Rulesets() change.Call
	CreateRuleset(r NewRuleset) change.Call
	Attach(ruleset string, d Deployment) change.Call
	Detach(ruleset string, d Deployment) change.Call
	DeleteRuleset(ruleset string) change.Call
}

// AnyResource is the API's word for a deployment's only Elasticsearch resource.
const AnyResource = "_main"

// newRulesetID stands for the id of a ruleset that is yet to be made.
const newRulesetID = "{id of the new ruleset}"

// view is what a plan shows its steps with: the two deployments as they were read, and how calls to them look.
type view struct {
	local, remote     Deployment
	toLocal, toRemote Calls
}

func (s PairState) view() view {
	return view{local: s.Local, remote: s.Remote, toLocal: s.localOn.calls(), toRemote: s.remoteOn.calls()}
}

// calls tell how calls to the platform look; none for the zero System.
func (s System) calls() Calls {
	if s.Platform == nil {
		return Calls{}
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

func elasticsearchOf(d Deployment) string { return "Elasticsearch of " + d.Name }

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
