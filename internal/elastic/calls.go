package elastic

import (
	"encoding/json"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Calls tell how writes look on the wire, without sending anything: people approve them, and make them by hand where the
// bot can't. Anyone who sends a call describes it, from the same code. The System of each call is left empty.
type Calls struct {
	ClusterCalls
	PlatformCalls
}

// ClusterCalls are those to Elasticsearch.
type ClusterCalls interface {
	PutSettings(s Settings) change.Call
	Resolve(alias, pattern string) change.Call
	RemoteInfo() change.Call
	ReloadSecureSettings() change.Call
	IssueKey(spec KeySpec) change.Call
	Key(id string) change.Call
	UpdateKeyAccess(id string, a Access) change.Call
	// InvalidateKeys goes by ids; without any, by name.
	InvalidateKeys(name string, ids []string) change.Call
	PutRole(name string, role json.RawMessage) change.Call
	DeleteRole(name string) change.Call
	PauseTask(kind TaskKind, name string) change.Call
	ResumeTask(kind TaskKind, name string) change.Call
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
