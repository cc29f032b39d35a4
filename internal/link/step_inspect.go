package link

import (
	"context"
	"fmt"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// StepInspect is the name of the step in journals.
const StepInspect = "inspect"

// inspectStep looks that a connection is there, and how it stands. It changes nothing, and a connection that is down
// may be adopted all the same: then it can be mended.
type inspectStep struct {
	work
	finding string
}

func (*inspectStep) Name() string      { return StepInspect }
func (*inspectStep) Title() string     { return "Look at the connection" }
func (i *inspectStep) Finding() string { return i.finding }

func (i *inspectStep) calls(s Survey) []change.PlannedCall {
	return []change.PlannedCall{
		{Step: StepInspect, System: elasticsearchOf(s.Local), Method: "GET", Path: "/_resolve/cluster/" + i.c.Alias + ":*"},
		{Step: StepInspect, System: elasticsearchOf(s.Local), Method: "GET", Path: "/_remote/info"},
	}
}

func (i *inspectStep) Apply(ctx context.Context, _ change.Evidence, _ change.Note) error {
	local, err := i.local(ctx)
	if err != nil {
		return err
	}
	seen, err := observe(ctx, local.es, i.c.Alias, asked(local.d, Access{}), time.Now)
	if err != nil {
		return err
	}
	if !seen.Listed {
		return refuse(fmt.Sprintf("%s knows no remote cluster %s (any more).", local.d.Name, i.c.Alias), "%s is not listed", i.c.Alias)
	}
	want := Expectation{Access: i.c.Access}
	if seen.Info.Credentials == "" {
		want.Model = ModelCertificate
	}
	verdict := Judge(seen, want)
	i.finding = fmt.Sprintf("connected over %d of %d sockets, model: %s", seen.Info.Sockets, seen.Info.MaxSockets, Connection{Info: seen.Info}.Model())
	switch {
	case !verdict.Works():
		i.finding = "not proven to work: " + verdict.Trouble
	case verdict.Proof != "":
		i.finding += ", " + verdict.Proof
	}
	return nil
}

// Undo does nothing: Apply changed nothing.
func (*inspectStep) Undo(context.Context, change.Evidence) error { return nil }
