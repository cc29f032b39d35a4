package steps

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// StepRestart restarts the local deployment, so that its nodes read the keystore.
const StepRestart = "restart"

// What restart notes, each followed by the number of the call.
const (
	evRestartAfter    = "restart_after_"    // the latest plan before the call, noted before it is sent
	evRestartAccepted = "restart_accepted_" // the platform has accepted it
	evRestartRefused  = "restart_refused_"  // it was surely not carried out
	evRestartLook     = "restart_look_"     // looks at it without any plan of it to be seen

	noPlanYet = "none" // stands for the plan of a deployment that has had none
)

// RestartArgs name the deployment to restart.
type RestartArgs struct {
	Local elastic.Ref `json:"local"`
}

// Planned is the step as it stands in a plan.
func (a RestartArgs) Planned(v View) change.PlannedStep {
	return planned(StepRestart, "Restart the local deployment and wait until it is healthy", a,
		on(a.Local.Platform, v.toLocal.Restart(v.local))...)
}

// restartStep restarts the local deployment through its platform and waits until it is healthy again. From 8.14 on
// nodes read a new key by themselves (Elastic's docs), so it is there only where somebody asks for it.
type restartStep struct {
	ports
	RestartArgs
	finding string
}

// StepTimeout is how long a restart may take.
func (r *restartStep) StepTimeout() time.Duration { return r.plans }

func (r *restartStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	local, err := r.on(ctx, r.Local)
	if err != nil {
		return err
	}
	d := local.d
	platform, ok := local.Platform.(elastic.Restarts)
	if !ok {
		return link.UserError("The bot can't restart deployments of "+link.SystemLabel(local.System)+".", "%s can't restart", local.Name)
	}
	last, pending, err := platform.LatestPlan(ctx, d)
	n := restartsOf(had)
	switch before := had[fmt.Sprint(evRestartAfter, n)]; {
	case err != nil:
		return link.WrapCall("reading how "+d.Name+" stands", err)
	case pending:
		return underWay(d)
	case n == 0 || had[fmt.Sprint(evRestartRefused, n)] != "":
		return r.send(ctx, d, platform, last, n+1, note)
	case cmp.Or(last.ID, noPlanYet) != before && (!last.Healthy || last.Trouble != ""):
		return link.UserError(fmt.Sprintf("The restart of %s failed: %s", d.Name, last.Trouble), "restart of %s: %s", d.Ref, last.Trouble)
	case !d.Healthy:
		return underWay(d)
	case cmp.Or(last.ID, noPlanYet) == before:
		return r.unseen(ctx, d, platform, had, n, note)
	}
	r.finding = d.Name + " was restarted and is healthy"
	return nil
}

// restartsOf is how many calls were sent, or about to be, by what was noted.
func restartsOf(had change.Evidence) int {
	n := 0
	for had[fmt.Sprint(evRestartAfter, n+1)] != "" {
		n++
	}
	return n
}

// send restarts the deployment. The platform's answer names no plan by which the call could be found again, so it is
// not sent again while it may have been carried out.
func (r *restartStep) send(ctx context.Context, d elastic.Deployment, platform elastic.Restarts, last elastic.Attempt, n int, note change.Note) error {
	if err := note(ctx, change.Evidence{fmt.Sprint(evRestartAfter, n): cmp.Or(last.ID, noPlanYet)}); err != nil {
		return err
	}
	err := platform.Restart(ctx, d)
	answer := evRestartAccepted
	if err != nil {
		if call, ok := errors.AsType[*elastic.CallError](err); !ok || call.Ambiguous {
			return link.WrapCall("restarting "+d.Name, err)
		}
		answer = evRestartRefused
	}
	if noted := note(ctx, change.Evidence{fmt.Sprint(answer, n): "true"}); noted != nil {
		return noted
	}
	if err != nil {
		return link.WrapCall("restarting "+d.Name, err)
	}
	return underWay(d)
}

// unseen looks a few times more for a plan of the n-th call. A call that was accepted is then taken for done: verify
// tells whether the nodes know the key. One whose fate is unknown, as after a crash, was most likely never sent: one
// more follows, and after that a person has to look.
func (r *restartStep) unseen(ctx context.Context, d elastic.Deployment, platform elastic.Restarts, had change.Evidence, n int, note change.Note) error {
	if more, err := lookAgain(ctx, had, fmt.Sprint(evRestartLook, n, "_"), note); more || err != nil {
		return cmp.Or(err, underWay(d))
	}
	unknown := 0
	for i := 1; i <= n; i++ {
		if had[fmt.Sprint(evRestartAccepted, i)] == "" && had[fmt.Sprint(evRestartRefused, i)] == "" {
			unknown++
		}
	}
	switch {
	case had[fmt.Sprint(evRestartAccepted, n)] != "":
		r.finding = d.Name + " was asked to restart and is healthy; the platform shows no plan for it"
		return nil
	case unknown < 2:
		return r.send(ctx, d, platform, elastic.Attempt{ID: had[fmt.Sprint(evRestartAfter, n)]}, n+1, note)
	}
	return link.UserError(fmt.Sprintf("It is unknown whether %s was restarted: the platform was asked twice, its answers were lost, and it shows no plan "+
		"for it. Check Activity of %s in the console, then submit again.", d.Name, d.Name),
		"restart of %s: neither answered nor to be seen", d.Ref)
}

// Undo does nothing: a restart leaves nothing behind.
func (*restartStep) Undo(context.Context, change.Evidence) error { return nil }

func (r *restartStep) Finding() string { return r.finding }
