package main

import (
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// connectionKinds are the kinds of change: to add one, add a line.
func connectionKinds(catalog *link.Catalog, roster *link.Connections, o link.PlannerOptions) map[change.Kind]change.Planner {
	return map[change.Kind]change.Planner{
		link.KindConnect:    link.NewConnectPlanner(catalog, o),
		link.KindRotate:     link.NewRotatePlanner(roster, o),
		link.KindUpdate:     link.NewUpdatePlanner(roster, o),
		link.KindDisconnect: link.NewDisconnectPlanner(roster, o),
		link.KindAdopt:      link.NewAdoptPlanner(roster, o),
		link.KindMigrate:    link.NewMigratePlanner(roster, o),
	}
}

// kindName is a kind as people and policies call it.
func kindName(kind change.Kind) string { return strings.TrimPrefix(string(kind), "link.") }

// kindNames are all of them, sorted.
func kindNames() []string {
	var names []string
	for kind := range connectionKinds(nil, nil, link.PlannerOptions{}) {
		names = append(names, kindName(kind))
	}
	slices.Sort(names)
	return names
}
