package selfmanaged

import (
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/es"
)

// Calls describe what is done to the clusters. What only a platform can do is empty: no plan has it.
func (*Platform) Calls() elastic.Calls {
	return elastic.Calls{ClusterCalls: es.Calls{}, PlatformCalls: calls{}}
}

type calls struct{}

// keystoreTool is the program that edits a node's keystore.
const keystoreTool = "bin/elasticsearch-keystore"

// StoreSecret is the command that is run on each node.
func (calls) StoreSecret(_ elastic.Deployment, name string) change.Call {
	return change.Call{Method: keystoreTool, Path: "add --force " + name}
}

// RemoveSecret is the command that is run on each node.
func (calls) RemoveSecret(_ elastic.Deployment, name string) change.Call {
	return change.Call{Method: keystoreTool, Path: "remove " + name}
}

func (calls) Restart(elastic.Deployment) change.Call                         { return change.Call{} }
func (calls) SetTrust(elastic.Deployment, elastic.TrustSettings) change.Call { return change.Call{} }
func (calls) Rulesets() change.Call                                          { return change.Call{} }
func (calls) CreateRuleset(elastic.NewRuleset) change.Call                   { return change.Call{} }
func (calls) Attach(string, elastic.Deployment) change.Call                  { return change.Call{} }
func (calls) Detach(string, elastic.Deployment) change.Call                  { return change.Call{} }
func (calls) DeleteRuleset(string) change.Call                               { return change.Call{} }
