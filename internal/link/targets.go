package link

import (
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

const targetPrefix = "connection/"

// Target is what a connection's changes hold, so that no two change it at once: the alias on the local cluster.
func Target(local elastic.Ref, alias string) string {
	return targetPrefix + local.String() + "/" + alias
}

// targets are that of a change's own connections, and whatever its steps write that others write too.
func targets(own string, steps []change.PlannedStep) []string {
	var shared []string
	for _, s := range steps {
		if t := sharedTarget(s); t != "" {
			shared = append(shared, t)
		}
	}
	slices.Sort(shared)
	return append([]string{own}, slices.Compact(shared)...)
}

// sharedTarget is what a step writes beside its own connection; empty where that is nothing.
func sharedTarget(s change.PlannedStep) string {
	switch s.Action() {
	case StepWriteRole, StepRemoveRole:
		if a, err := readArgs[roleArgs](s.Args); err == nil {
			return "role/" + a.Local.String() + "/" + a.Role
		}
	case StepAddAuthority:
		if a, err := readArgs[addAuthorityArgs](s.Args); err == nil && a.Files != nil {
			return "signing/" + a.Remote.String()
		}
	case StepRemoveAuthority:
		if a, err := readArgs[removeAuthorityArgs](s.Args); err == nil {
			return "signing/" + a.On.String()
		}
	case StepTrustLocal, StepTrustRemote:
		if a, err := readArgs[trustArgs](s.Args); err == nil {
			return "trust/" + a.Of.String()
		}
	case StepRemoveTrust:
		if a, err := readArgs[removeTrustArgs](s.Args); err == nil {
			return "trust/" + a.Spare.Of.String()
		}
	}
	return ""
}
