package link

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// checkStep looks whether the world is still one in which the connection can be made. It changes nothing.
type checkStep struct {
	work
	finding string
}

func (*checkStep) Name() string  { return StepCheck }
func (*checkStep) Title() string { return "Check both deployments" }

func (*checkStep) calls(Survey) []change.PlannedCall { return nil } // it only reads

func (k *checkStep) Apply(ctx context.Context, _ change.Evidence, _ change.Note) error {
	s, err := k.catalog.FreshSurvey(ctx, k.c.Local, k.c.Remote)
	if invalid, ok := errors.AsType[*change.InvalidError](err); ok {
		return inWords(invalid)
	}
	if err != nil {
		return err
	}
	err = k.catalog.judge(ctx, &s, k.c)
	if wrong, ok := errors.AsType[*change.InvalidError](err); ok {
		return inWords(wrong)
	}
	if err != nil {
		return err
	}
	k.finding = fmt.Sprintf("%s at %s, %s at %s, %s is free", s.Local.Name, s.Local.Version, s.Remote.Name, s.Remote.Version, k.c.Alias)
	if s.Why(PartLocalLicense, PartRemoteLicense) == nil {
		k.finding += fmt.Sprintf("; licences: %s, %s", s.LocalLicense.Type, s.RemoteLicense.Type)
	}
	return nil
}

// inWords makes the error of a step out of problems of fields.
func inWords(wrong *change.InvalidError) error {
	says := make([]string, len(wrong.Problems))
	for i, p := range wrong.Problems {
		says[i] = upper(p.Say) + "."
	}
	return &change.ExplainedError{Say: strings.Join(says, " "), Err: wrong}
}

func (*checkStep) Undo(context.Context, change.Evidence) error { return nil }

func (k *checkStep) Finding() string { return k.finding }
