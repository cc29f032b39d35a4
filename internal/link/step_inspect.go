package link

import (
	"context"
	"fmt"

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
	r, err := local.es.Resolve(ctx, i.c.Alias, []string{"*"})
	if err != nil {
		return attempt("resolving through "+i.c.Alias+" on "+local.d.Name, err)
	}
	all, err := local.es.RemoteInfo(ctx)
	if err != nil {
		return attempt("reading the remote connections of "+local.d.Name, err)
	}
	info, ok := all[i.c.Alias]
	if !ok {
		return refuse(fmt.Sprintf("%s knows no remote cluster %s (any more).", local.d.Name, i.c.Alias), "%s is not listed", i.c.Alias)
	}
	state := "connected"
	if !info.Connected {
		state = "not connected"
	}
	i.finding = fmt.Sprintf("%s over %d of %d sockets, model: %s", state, info.Sockets, info.MaxSockets, Connection{Info: info}.Model())
	if r.Version != "" {
		i.finding += ", the remote cluster is at " + r.Version
	}
	return nil
}

// Undo does nothing: Apply changed nothing.
func (*inspectStep) Undo(context.Context, change.Evidence) error { return nil }
