package plan

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// ExtendPlanner plans other ends of connections.
type ExtendPlanner struct{ planner }

// NewExtendPlanner returns a planner for the connections that r reads.
func NewExtendPlanner(r *inventory.Connections, o steps.PlannerOptions) *ExtendPlanner {
	return &ExtendPlanner{newPlanner(r, o)}
}

// Plan implements change.Planner; errors as of ConnectPlanner.Plan.
func (k *ExtendPlanner) Plan(ctx context.Context, _ string, params json.RawMessage) (change.Proposal, error) {
	var p link.ExtendParams
	if err := parse(link.KindExtend, params, &p); err != nil {
		return change.Proposal{}, err
	}
	e, err := k.roster.State(ctx, link.Name{Local: p.Local, Alias: p.Alias})
	if err != nil {
		return change.Proposal{}, err
	}
	wrong := e.Refusal(link.KindExtend)
	if err := link.CheckUntil(p.Until, k.roster.Catalog().Now()); err != nil {
		wrong.Add(link.FieldUntil, "%s", err)
	} else if e.Managed != nil && p.Until.Equal(e.End()) {
		wrong.Add(link.FieldUntil, "that is already its end: nothing would change")
	}
	if err := wrong.Check(); err != nil {
		return change.Proposal{}, err
	}
	if err := requireReachable(e, false); err != nil {
		return change.Proposal{}, err
	}
	c := e.Params()
	c.Until = p.Until
	m := *e.Managed // but for its end it stays as it was approved
	m.Until, m.Expires = p.Until, e.Managed.KeyExpires()
	traits := link.TraitsOfState(e, "extend", c, k.o.Tags)
	return proposalBuilder{
		Proposal: change.Proposal{
			Traits: traits, Substance: link.Substance(c, e.PairState, m.Settings, traits),
			Kind: link.KindExtend, Title: e.Title("Extend"),
			Fields: extendFields(e, p), Warnings: extendWarnings(e, p), Basis: e.Basis(), Before: e.End(),
			Records: []change.Record{e.Managed.FollowedBy(m.Named(e.PairState)).AsRecord()},
			Steps:   []change.PlannedStep{steps.InspectArgs{Local: p.Local, Alias: p.Alias, Access: m.Access}.Planned(connectionView(e))},
		},
		params: p,
	}.proposal(link.Target(p.Local, p.Alias))
}

func extendFields(e link.ConnectionState, p link.ExtendParams) []change.Field {
	was := e.End()
	managed := *e.Managed
	managed.Until = p.Until
	e.Managed = &managed
	fields := e.Sides()
	add := func(label, value string) {
		if value != "" {
			fields = append(fields, change.Field{Label: label, Value: value})
		}
	}
	if p.Until.IsZero() {
		add(link.LabelUntil, "no end: it stays until someone disconnects it")
	}
	if !was.IsZero() {
		add("Until now", link.SayUntil(was))
	}
	add("May search", link.JoinWords(managed.Access.Search))
	add("May replicate", link.JoinWords(managed.Access.Replication))
	add("Used by", cmp.Or(link.JoinWords(e.Users), "nothing that the bot can see"))
	add("Effect", "No cluster is changed.")
	return fields
}

func extendWarnings(e link.ConnectionState, p link.ExtendParams) []string {
	var w link.WarningList
	if drift := e.Drift(); drift != "" {
		w.Add("It differs from what was approved: %s.", drift)
	}
	expires := e.Managed.KeyExpires()
	for _, k := range e.Keys {
		expires = k.Expires
	}
	if !expires.IsZero() && (p.Until.IsZero() || expires.Before(p.Until)) {
		w.Add("Its key expires on %s, before that end. It must be rotated before then.", expires.UTC().Format("2006-01-02"))
	}
	return w
}
