package steps

import (
	"encoding/json"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// Steps returns what builds each step of this package from its arguments, by the step's name: to add one, add a line.
func Steps(roster *inventory.Connections, o PlannerOptions) map[string]func(args json.RawMessage) (change.Step, error) {
	p := portsOf(roster, o)
	return map[string]func(json.RawMessage) (change.Step, error){
		StepCheck:        builder(func(a CheckArgs) change.Step { return &checkStep{ports: p, CheckArgs: a} }),
		StepInspect:      builder(func(a InspectArgs) change.Step { return &inspectStep{ports: p, InspectArgs: a} }),
		StepAddFilter:    builder(func(a AddFilterArgs) change.Step { return newAddFilterStep(p, a) }),
		StepAddAuthority: builder(func(a AddAuthorityArgs) change.Step { return &addAuthorityStep{ports: p, AddAuthorityArgs: a} }),
		StepIssueKey:     builder(func(a IssueKeyArgs) change.Step { return newIssueKeyStep(p, a) }),
		StepRestart:      builder(func(a RestartArgs) change.Step { return &restartStep{ports: p, RestartArgs: a} }),
		StepSetRemote:    builder(func(a SetRemoteArgs) change.Step { return &setRemoteStep{ports: p, SetRemoteArgs: a} }),
		StepWriteRole:    builder(func(a RoleArgs) change.Step { return &writeRoleStep{newRoleChange(p, a)} }),
		StepVerify:       builder(func(a VerifyArgs) change.Step { return newVerifyStep(p, a) }),
		StepTrustLocal:   builder(func(a TrustArgs) change.Step { return newTrustStep(p, a) }),
		StepTrustRemote:  builder(func(a TrustArgs) change.Step { return newTrustStep(p, a) }),
		StepRotateKey:    builder(func(a RotateKeyArgs) change.Step { return newRotateKeyStep(p, a) }),
		StepInvalidateOldKey: builder(func(a InvalidateOldKeyArgs) change.Step {
			return &invalidateOldKeyStep{ports: p, InvalidateOldKeyArgs: a}
		}),
		StepUpdateKeyAccess: builder(func(a UpdateKeyAccessArgs) change.Step { return &updateKeyAccessStep{ports: p, UpdateKeyAccessArgs: a} }),
		StepUpdateSettings:  builder(func(a UpdateSettingsArgs) change.Step { return &updateSettingsStep{ports: p, UpdateSettingsArgs: a} }),
		StepRemoveKey:       builder(func(a RemoveKeyArgs) change.Step { return &removeKeyStep{ports: p, RemoveKeyArgs: a} }),
		StepRemoveRole:      builder(func(a RoleArgs) change.Step { return &removeRoleStep{newRoleChange(p, a)} }),
		StepRemoveTrust:     builder(func(a RemoveTrustArgs) change.Step { return newRemoveTrustStep(p, a) }),
		StepRemoveFilter:    builder(func(a RemoveFilterArgs) change.Step { return newRemoveFilterStep(p, a) }),
		StepPauseTasks:      builder(func(a PauseTasksArgs) change.Step { return &pauseTasksStep{ports: p, PauseTasksArgs: a} }),
		StepResumeTasks:     builder(func(a PauseTasksArgs) change.Step { return &pauseTasksStep{ports: p, PauseTasksArgs: a, resume: true} }),
		StepRemoveAuthority: builder(func(a RemoveAuthorityArgs) change.Step { return &removeAuthorityStep{ports: p, RemoveAuthorityArgs: a} }),
	}
}

// builder reads arguments, and builds a step from them.
func builder[A any](build func(A) change.Step) func(json.RawMessage) (change.Step, error) {
	return func(raw json.RawMessage) (change.Step, error) {
		args, err := ReadArgs[A](raw)
		if err != nil {
			return nil, err
		}
		return build(args), nil
	}
}
