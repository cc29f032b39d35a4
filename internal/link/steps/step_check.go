package steps

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// StepCheck looks at both sides once more and changes nothing.
const StepCheck = "check"

// CheckArgs are the connection that is to be made.
type CheckArgs struct {
	Connect  link.ConnectParams `json:"connect"`
	Endpoint string             `json:"endpoint"` // of the remote deployment, when it was planned
}

// Planned is the step as it stands in a plan.
func (a CheckArgs) Planned() change.PlannedStep {
	return planned(StepCheck, "Check both deployments", a)
}

// checkStep looks whether the world is still one in which the connection can be made. It changes nothing.
type checkStep struct {
	ports
	CheckArgs
	finding string
}

func (k *checkStep) Apply(ctx context.Context, _ change.Evidence, _ change.Note) error {
	s, err := k.catalog.ReadPairFresh(ctx, k.Connect.Local, k.Connect.Remote)
	if invalid, ok := errors.AsType[*change.InvalidError](err); ok {
		return inWords(invalid)
	}
	if err != nil {
		return err
	}
	err = inventory.Judge(ctx, k.catalog, &s, k.Connect)
	if wrong, ok := errors.AsType[*change.InvalidError](err); ok {
		return inWords(wrong)
	}
	if err != nil {
		return err
	}
	k.finding = fmt.Sprintf("%s runs %s and %s runs %s; the alias %s is free", s.Local.Name, s.Local.Version, s.Remote.Name, s.Remote.Version, k.Connect.Alias)
	if s.ReadError(link.PartLocalLicense, link.PartRemoteLicense) == nil {
		k.finding += fmt.Sprintf("; licenses: %s (local) and %s (remote)", s.LocalLicense.Type, s.RemoteLicense.Type)
	}
	return nil
}

// inWords makes the error of a step out of problems of fields.
func inWords(wrong *change.InvalidError) error {
	says := make([]string, len(wrong.Problems))
	for i, p := range wrong.Problems {
		says[i] = link.Capitalize(p.Say) + "."
	}
	return &change.ExplainedError{Say: strings.Join(says, " "), Err: wrong}
}

func (*checkStep) Undo(context.Context, change.Evidence) error { return nil }

func (k *checkStep) Finding() string { return k.finding }
