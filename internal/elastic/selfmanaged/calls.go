package selfmanaged

import (
	"encoding/json"
	"net/http"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// calls describe what is done to the clusters.
type calls struct{ hook *hook }

// asked describes an operation of the hook.
func (c calls) asked(op Operation) change.Call {
	op.Platform = c.hook.platform
	body, _ := json.Marshal(op) //nolint:errchkjson // texts
	return change.Call{Method: http.MethodPost, Path: c.hook.URL, Body: string(body)}
}

// keystoreTool is the program that edits a node's keystore.
const keystoreTool = "bin/elasticsearch-keystore"

// StoreSecret is what the hook is asked for; without one, the command that is run on each node.
func (c calls) StoreSecret(d elastic.Deployment, name string) change.Call {
	if c.hook != nil {
		return c.asked(Operation{Operation: "put", Cluster: d.Deployment, Entry: name, Value: secret.Dots})
	}
	return change.Call{Method: keystoreTool, Path: "add --force " + name}
}

// RemoveSecret is the command that is run on each node: people run it where the hook has failed.
func (calls) RemoveSecret(_ elastic.Deployment, name string) change.Call {
	return change.Call{Method: keystoreTool, Path: "remove " + name}
}

func (calls) Restart(elastic.Deployment) change.Call { return change.Call{} }

func (calls) SetTrust(elastic.Deployment, elastic.TrustSettings) change.Call { return change.Call{} }

func (calls) Rulesets() change.Call { return change.Call{} }

func (calls) CreateRuleset(elastic.NewRuleset) change.Call { return change.Call{} }

func (calls) Attach(string, elastic.Deployment) change.Call { return change.Call{} }

func (calls) Detach(string, elastic.Deployment) change.Call { return change.Call{} }

func (calls) DeleteRuleset(string) change.Call { return change.Call{} }
