package main

import (
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// connectionKinds are the kinds of change: to add one, add a line.
func connectionKinds(catalog *inventory.Catalog, roster *inventory.Connections, o steps.PlannerOptions) map[change.Kind]change.Planner {
	return map[change.Kind]change.Planner{
		link.KindConnect:    plan.NewConnectPlanner(catalog, o),
		link.KindRotate:     plan.NewRotatePlanner(roster, o),
		link.KindUpdate:     plan.NewUpdatePlanner(roster, o),
		link.KindDisconnect: plan.NewDisconnectPlanner(roster, o),
		link.KindExtend:     plan.NewExtendPlanner(roster, o),
		link.KindAdopt:      plan.NewAdoptPlanner(roster, o),
		link.KindMigrate:    plan.NewMigratePlanner(roster, o),
	}
}

// kindName is a kind as people and policies call it.
func kindName(kind change.Kind) string { return strings.TrimPrefix(string(kind), "link.") }

// kindNames are all of them, sorted.
func kindNames() []string {
	var names []string
	for kind := range connectionKinds(nil, nil, steps.PlannerOptions{}) {
		names = append(names, kindName(kind))
	}
	slices.Sort(names)
	return names
}
