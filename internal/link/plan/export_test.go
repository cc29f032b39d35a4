package plan

import (
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// PlannedOf are the steps of a connect by key as it is asked for, without a look at the world.
func (k *ConnectPlanner) PlannedOf(request string, c link.ConnectParams, pasted bool) []change.PlannedStep {
	s := link.PairState{Local: elastic.Deployment{Ref: c.Local}, Remote: elastic.Deployment{Ref: c.Remote}}
	s.LocalOn, _ = k.catalog.System(c.Local.Platform)
	s.RemoteOn, _ = k.catalog.System(c.Remote.Platform)
	return k.steps(request, c, s, pasted)
}
