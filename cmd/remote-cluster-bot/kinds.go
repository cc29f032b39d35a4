package main

import (
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// connectionKinds are the kinds of change: to add one, add a line.
func connectionKinds(catalog *link.Catalog, roster *link.Roster, o link.ConnectorOptions) map[change.Kind]executor.Kind {
	return map[change.Kind]executor.Kind{
		link.KindConnect:    link.NewConnector(catalog, o),
		link.KindRotate:     link.NewRotator(roster, o),
		link.KindUpdate:     link.NewUpdater(roster, o),
		link.KindDisconnect: link.NewDisconnector(roster, o),
		link.KindAdopt:      link.NewAdopter(roster, o),
		link.KindMigrate:    link.NewMigrator(roster, o),
	}
}

func planners(kinds map[change.Kind]executor.Kind) map[change.Kind]change.Planner {
	all := map[change.Kind]change.Planner{}
	for kind, k := range kinds {
		all[kind] = k
	}
	return all
}
