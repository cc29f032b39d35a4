package steps

import (
	"context"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// StepInspect is the name of the step in journals.
const StepInspect = "inspect"

// InspectArgs name the connection, and what its key is said to grant.
type InspectArgs struct {
	Local  elastic.Ref    `json:"local"`
	Alias  string         `json:"alias"`
	Access elastic.Access `json:"access"`
}

// Planned is the step as it stands in a plan.
func (a InspectArgs) Planned(v View) change.PlannedStep {
	return planned(StepInspect, "Check the connection", a, v.onLocal(v.toLocal.Resolve(a.Alias, "*"), v.toLocal.RemoteInfo())...)
}

// inspectStep looks that a connection is there, and how it stands. It changes nothing, and a connection that is down
// may be adopted all the same: then it can be mended.
type inspectStep struct {
	ports
	InspectArgs
	finding string
}

// Finding says how it stands.
func (i *inspectStep) Finding() string { return i.finding }

func (i *inspectStep) Apply(ctx context.Context, _ change.Evidence, _ change.Note) error {
	local, err := i.reach(ctx, i.Local)
	if err != nil {
		return err
	}
	seen, err := inventory.Observe(ctx, local.es, i.Alias, link.ToResolve(local.d, elastic.Access{}), i.catalog.Now)
	if err != nil {
		return err
	}
	if !seen.Listed && !seen.Set {
		return link.UserError(fmt.Sprintf("%s has no remote cluster %s. It may have been removed.", local.d.Name, i.Alias), "%s is not listed", i.Alias)
	}
	want := link.Expectation{Access: i.Access}
	if seen.Info.Credentials == "" {
		want.Model = link.ModelCertificate
	}
	verdict := link.Judge(seen, want)
	i.finding = fmt.Sprintf("connected over %d of %d sockets, model: %s", seen.Info.Sockets, seen.Info.MaxSockets, inventory.Connection{Info: seen.Info}.Model())
	switch {
	case !verdict.Works():
		i.finding = "not verified: " + verdict.Trouble
	case verdict.Proof != "":
		i.finding += ", " + verdict.Proof
	}
	return nil
}

// Undo does nothing: Apply changed nothing.
func (*inspectStep) Undo(context.Context, change.Evidence) error { return nil }
