package link

import (
	"context"
	"fmt"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// StepRestart restarts the local deployment, so that its nodes read the keystore.
const StepRestart = "restart"

// FieldRestart is the field of Connect.Restart.
const FieldRestart = "restart"

// Restarts is a Platform that can restart a deployment's Elasticsearch.
type Restarts interface {
	Restart(ctx context.Context, d Deployment) error
	// LatestPlan returns the latest plan or restart that has ended, and whether another one is under way.
	LatestPlan(ctx context.Context, d Deployment) (last Attempt, pending bool, err error)
}

// What restart notes.
const (
	evRestartAfter = "restart_after" // the latest plan before the restart
)

// restartStep restarts the local deployment through its platform and waits until it is healthy again. From 8.14 on
// nodes read a new key by themselves (Elastic's docs), so it is there only where somebody asks for it.
type restartStep struct {
	work
	patience time.Duration
	finding  string
}

func (*restartStep) Name() string { return StepRestart }
func (*restartStep) Title() string {
	return "Restart the local deployment and wait until it is healthy"
}

// Patience is how long a restart may take.
func (r *restartStep) Patience() time.Duration { return r.patience }

func restartPath(d Deployment) string {
	return "/api/v1/deployments/" + d.Deployment + "/elasticsearch/" + d.RefID + "/_restart"
}

func (r *restartStep) calls(s Survey) []change.PlannedCall {
	return []change.PlannedCall{{Step: StepRestart, System: r.c.Local.Platform, Method: "POST", Path: restartPath(s.Local)}}
}

func (r *restartStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	d, err := r.catalog.Fresh(ctx, r.c.Local)
	if err != nil {
		return attempt("reading deployment "+r.c.Local.String(), err)
	}
	sys, _ := r.catalog.System(r.c.Local.Platform)
	platform, ok := sys.Platform.(Restarts)
	if !ok {
		return refuse("The bot can't restart deployments of "+label(sys)+".", "%s can't restart", sys.Name)
	}
	last, pending, err := platform.LatestPlan(ctx, d)
	switch before, begun := had[evRestartAfter]; {
	case err != nil:
		return attempt("reading how "+d.Name+" stands", err)
	case pending:
		return underWay(d)
	case begun && last.ID != before && (!last.Healthy || last.Trouble != ""):
		return refuse(fmt.Sprintf("The restart of %s failed: %s", d.Name, last.Trouble), "restart of %s: %s", d.Ref, last.Trouble)
	case begun && last.ID != before && !d.Healthy:
		return underWay(d)
	case begun && last.ID != before:
		r.finding = d.Name + " was restarted and is healthy"
		return nil
	}
	if err := note(ctx, change.Evidence{evRestartAfter: last.ID}); err != nil {
		return err
	}
	if err := platform.Restart(ctx, d); err != nil {
		return attempt("restarting "+d.Name, err)
	}
	return underWay(d)
}

// Undo does nothing: a restart leaves nothing behind.
func (*restartStep) Undo(context.Context, change.Evidence) error { return nil }

func (r *restartStep) Finding() string { return r.finding }

// restartProblems say what stands against a restart.
func (s Survey) restartProblems(wrong *change.InvalidError, c Connect) {
	if !c.Restart {
		return
	}
	if _, ok := s.localOn.Platform.(Restarts); !ok {
		wrong.Add(FieldRestart, "the bot can't restart deployments of %s", label(s.localOn))
	}
	if c.byCertificate() {
		wrong.Add(FieldRestart, "there is no key that a restart would load")
	}
}

func (w *warnings) restart(s Survey, c Connect) {
	if c.Restart {
		w.add("%s WILL BE RESTARTED, so that its nodes read the key. From 8.14 on they do that by themselves.", s.Local.Name)
	}
}
