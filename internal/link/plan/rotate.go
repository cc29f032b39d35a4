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

// noValidKey stands for a key of which the remote cluster tells nothing.
const noValidKey = "unknown, or no longer valid"

// RotatePlanner plans and makes rotations.
type RotatePlanner struct{ planner }

// NewRotatePlanner returns a rotator of the connections that r reads.
func NewRotatePlanner(r *inventory.Connections, o steps.PlannerOptions) *RotatePlanner {
	return &RotatePlanner{newPlanner(r, o)}
}

// Plan implements change.Planner; errors as of Connector.Plan.
func (k *RotatePlanner) Plan(ctx context.Context, id string, params json.RawMessage) (change.Proposal, error) {
	var p link.RotateParams
	if err := parse(link.KindRotate, params, &p); err != nil {
		return change.Proposal{}, err
	}
	e, err := k.roster.State(ctx, link.Name{Local: p.Local, Alias: p.Alias})
	if err != nil {
		return change.Proposal{}, err
	}
	wrong := e.Refusal(link.KindRotate)
	checkExpiry(wrong, p.ExpiryDays)
	if !e.Own.Empty() && link.Unsigned(e) {
		wrong.Add(link.FieldAlias, "%s no longer signs its requests to %s, so a new key can't be tested. Update %s first, which restores that",
			e.PairState.Local.Name, e.Alias, e.Alias)
	}
	if len(wrong.Problems) == 0 {
		checkCanIssueKey(e, wrong)
	}
	if err := wrong.Check(); err != nil {
		return change.Proposal{}, err
	}
	if err := requireReachable(e, true); err != nil {
		return change.Proposal{}, err
	}
	if err := link.RequireKeys(e); err != nil {
		return change.Proposal{}, err
	}
	c := e.Params()
	c.ExpiryDays = p.ExpiryDays
	c.Access = link.KeepLimits(e, c.Access, wrong, link.FieldAlias)
	if err := wrong.Check(); err != nil {
		return change.Proposal{}, err
	}
	if e.Own.Empty() {
		c = e.Managed.AsConnect(c) // the settings are gone: as they were approved
	}
	f, v := planStateOf(e, c), connectionView(e)
	if !e.Own.Empty() {
		f.After = e.Own // a rotation leaves them as they are
	}
	name := link.KeySpec(c, k.o.Env, id).Name
	fields := e.Sides()
	for _, line := range []change.Field{
		{Label: "Old key", Value: cmp.Or(e.KeyLine(), noValidKey)},
		{Label: "New key", Value: name},
		{Label: "New key expires", Value: link.Expiry(p.ExpiryDays)},
		{Label: "May search", Value: link.JoinWords(c.Access.Search)},
		{Label: "May replicate", Value: link.JoinWords(c.Access.Replication)},
		{Label: link.LabelLimits, Value: link.Limits(c.Access)},
		{Label: link.LabelIdentity, Value: c.IdentityPattern()},
	} {
		if line.Value != "" {
			fields = append(fields, line)
		}
	}
	fields = append(fields, e.KeystoreFields()...)
	traits := link.TraitsOfState(e, "rotate", c, k.o.Tags)
	substance := ""
	if !e.Own.Empty() && e.HasKey && len(e.Keys) == 1 { // else more than a key is made
		substance = link.Substance(c, e.PairState, f.After.Options(e.Alias), traits)
	}
	record := e.Managed.FollowedBy(c.Managed(name).Named(e.PairState)).AsRecord()
	record.Approved = e.Managed.ApprovedAt()
	return proposalBuilder{
		Proposal: change.Proposal{
			Traits: traits, Substance: substance,
			Kind: link.KindRotate, Title: e.Title("Rotate the key of"),
			Fields: fields, Warnings: rotateWarnings(e, c), Basis: e.Basis(), Before: e.End(),
			Records: []change.Record{record},
			Steps:   append(k.renewal(id, f, v, ""), f.invalidation(v, false)),
		},
		params: p,
	}.proposal(link.Target(p.Local, p.Alias))
}

func checkExpiry(wrong *change.InvalidError, days int) {
	if days < 0 || days > link.MaxExpiryDays {
		wrong.Add(link.FieldExpiry, "the key expires after 1 to %d days; 0 is never", link.MaxExpiryDays)
	}
}

func checkCanIssueKey(e link.ConnectionState, wrong *change.InvalidError) {
	link.ProblemsOf(wrong, link.FieldRemote, e.Remote, e.ReadError(link.PartRemoteCluster), link.ModelKey)
	e.HandProblems(wrong)
	if e.CantIssue != nil {
		wrong.Add(link.FieldRemote, "the bot can't create a key on %s: %s", e.Remote.Name, e.CantIssue)
	}
	if len(e.Managed.Access.Search) == 0 && len(e.Managed.Access.Replication) == 0 {
		wrong.Add(link.FieldSearch, "the bot doesn't know what the key of %s may read: update its access instead, which creates a new key", e.Alias)
	}
}

func rotateWarnings(e link.ConnectionState, c link.ConnectParams) []string {
	var w link.WarningList
	if len(e.Keys) == 0 {
		w.Add("The key in use is unknown or no longer valid, so no old key will be invalidated.")
	}
	link.WarnUnknownLimits(&w, e)
	link.WarnElsewhere(&w, e.PairState, c)
	if c.ExpiryDays == 0 {
		w.Add("The key never expires.")
	}
	w.Health(e.PairState.Local)
	w.Health(e.Remote)
	return w
}
