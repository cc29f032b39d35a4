package plan

import (
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// targets are that of a change's own connections, and whatever its steps write that others write too: several connections
// are held together, and each of them besides.
func targets(own string, steps []change.PlannedStep, several ...string) []string {
	shared := slices.Clone(several)
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
	case steps.StepRotateKey:
		if a, err := steps.ReadArgs[steps.RotateKeyArgs](s.Args); err == nil {
			return link.Target(a.Connect.Local, a.Probe)
		}
	case steps.StepPauseTasks, steps.StepResumeTasks: // one may run through two aliases, and would be resumed too early
		if a, err := steps.ReadArgs[steps.PauseTasksArgs](s.Args); err == nil {
			return "tasks/" + a.Local.String()
		}
	case steps.StepWriteRole, steps.StepRemoveRole:
		if a, err := steps.ReadArgs[steps.RoleArgs](s.Args); err == nil {
			return "role/" + a.Local.String() + "/" + a.Role
		}
	case steps.StepAddAuthority:
		if a, err := steps.ReadArgs[steps.AddAuthorityArgs](s.Args); err == nil && !a.Pasted {
			return link.AuthoritiesKey(a.Remote)
		}
	case steps.StepRemoveAuthority:
		if a, err := steps.ReadArgs[steps.RemoveAuthorityArgs](s.Args); err == nil {
			return link.AuthoritiesKey(a.On)
		}
	case steps.StepTrustLocal, steps.StepTrustRemote:
		if a, err := steps.ReadArgs[steps.TrustArgs](s.Args); err == nil {
			return "trust/" + a.Of.String()
		}
	case steps.StepRemoveTrust:
		if a, err := steps.ReadArgs[steps.RemoveTrustArgs](s.Args); err == nil {
			return "trust/" + a.Spare.Of.String()
		}
	}
	return ""
}
