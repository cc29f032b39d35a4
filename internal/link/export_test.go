package link

import (
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// PlannedOf are the steps of a connect by key as it is asked for, without a look at the world.
func (k *ConnectPlanner) PlannedOf(request string, c ConnectParams, pasted bool) []change.PlannedStep {
	s := PairState{Local: elastic.Deployment{Ref: c.Local}, Remote: elastic.Deployment{Ref: c.Remote}}
	s.localOn, _ = k.catalog.System(c.Local.Platform)
	s.remoteOn, _ = k.catalog.System(c.Remote.Platform)
	return k.steps(request, c, s, pasted)
}
