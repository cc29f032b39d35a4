package plan

import (
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// Kinds are the kinds of change, each with what plans it: to add one, add a line.
func Kinds(catalog *inventory.Catalog, connections *inventory.Connections, o steps.PlannerOptions) map[change.Kind]change.Planner {
	return map[change.Kind]change.Planner{
		link.KindConnect:    NewConnectPlanner(catalog, o),
		link.KindRotate:     NewRotatePlanner(connections, o),
		link.KindUpdate:     NewUpdatePlanner(connections, o),
		link.KindDisconnect: NewDisconnectPlanner(connections, o),
		link.KindExtend:     NewExtendPlanner(connections, o),
		link.KindAdopt:      NewAdoptPlanner(connections, o),
		link.KindMigrate:    NewMigratePlanner(connections, o),
	}
}

// KindNames are the kinds as people and policies call them, sorted.
func KindNames() []string {
	var names []string
	for kind := range Kinds(nil, nil, steps.PlannerOptions{}) {
		names = append(names, strings.TrimPrefix(string(kind), "link."))
	}
	slices.Sort(names)
	return names
}
