package link

import (
	"context"
	"encoding/json"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// KindRotate asks for a new key in place of a connection's old one.
const KindRotate change.Kind = "link.rotate"

// RotateParams are the parameters of a rotation.
type RotateParams struct {
	Local      elastic.Ref `json:"local"`
	Alias      string      `json:"alias"`
	ExpiryDays int         `json:"expiry_days"` // of the new key; 0: never
}

// RotatePlanner plans and makes rotations.
type RotatePlanner struct{ planner }

// NewRotatePlanner returns a rotator of the connections that r reads.
func NewRotatePlanner(r *Connections, o PlannerOptions) *RotatePlanner {
	return &RotatePlanner{newPlanner(r, o)}
}

// Plan implements change.Planner; errors as of Connector.Plan.
func (k *RotatePlanner) Plan(ctx context.Context, id string, params json.RawMessage) (change.Proposal, error) {
	var p RotateParams
	if err := parse(KindRotate, params, &p); err != nil {
		return change.Proposal{}, err
	}
	e, err := k.roster.State(ctx, Name{Local: p.Local, Alias: p.Alias})
	if err != nil {
		return change.Proposal{}, err
	}
	wrong := e.whyNot(KindRotate)
	checkExpiry(wrong, p.ExpiryDays)
	if !e.Own.Empty() && e.unsigned() {
		wrong.Add(FieldAlias, "%s no longer signs its requests to %s, so no key can be proven: update %s first, which sets that again",
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
	c := e.params()
	c.ExpiryDays = p.ExpiryDays
	if e.Own.Empty() {
		c = e.Managed.asConnect(c) // the settings are gone: as they were approved
	}
	f, v := planStateOf(e, c), connectionView(e)
	if !e.Own.Empty() {
		f.After = e.Own // a rotation leaves them as they are
	}
	name := c.keySpec(k.o.Env, id).Name
	fields := e.sides()
	for _, line := range []change.Field{
		{Label: "Old key", Value: orNone(e.keyLine())},
		{Label: "New key", Value: name},
		{Label: "New key expires", Value: expiry(p.ExpiryDays)},
		{Label: "May search", Value: list(c.Access.Search)},
		{Label: "May replicate", Value: list(c.Access.Replication)},
		{Label: labelIdentity, Value: c.identity()},
	} {
		if line.Value != "" {
			fields = append(fields, line)
		}
	}
	return proposalBuilder{
		Proposal: change.Proposal{
			Traits: e.traits("rotate", c, k.o.Tags),
			Kind:   KindRotate, Title: e.title("Rotate the key of"),
			Fields: fields, Warnings: rotateWarnings(e, p.ExpiryDays), Basis: e.basis(),
			Records: []change.Record{e.Managed.followedBy(c.managed(name).named(e.PairState)).record()},
			Steps:   append(k.renewal(id, f, v, ""), f.invalidation(v, false)),
		},
		params: p,
	}.proposal(Target(p.Local, p.Alias))
}

func checkExpiry(wrong *change.InvalidError, days int) {
	if days < 0 || days > MaxExpiryDays {
		wrong.Add(FieldExpiry, "the key expires after 1 to %d days; 0 is never", MaxExpiryDays)
	}
}

func checkCanIssueKey(e ConnectionState, wrong *change.InvalidError) {
	problemsOf(wrong, FieldRemote, e.Remote, e.ReadError(PartRemoteCluster), ModelKey)
	if e.cantIssue != nil {
		wrong.Add(FieldRemote, "the bot can't issue a key on %s: %s", e.Remote.Name, e.cantIssue)
	}
	if len(e.Managed.Access.Search) == 0 && len(e.Managed.Access.Replication) == 0 {
		wrong.Add(FieldSearch, "what the key of %s may read is not known: update its access instead, which makes a new key", e.Alias)
	}
}

func (e ConnectionState) keyLine() string {
	if len(e.Keys) == 0 {
		return ""
	}
	k := e.Keys[0]
	s := k.Name + " (" + k.ID + ")"
	if !k.Expires.IsZero() {
		s += ", expires on " + k.Expires.UTC().Format("2006-01-02")
	}
	return s
}

func rotateWarnings(e ConnectionState, days int) []string {
	var w warnings
	if len(e.Keys) == 0 {
		w.add("Which key is in use now is not known, or it is not valid any more: no old key will be invalidated.")
	}
	if days == 0 {
		w.add("The key never expires.")
	}
	w.health(e.PairState.Local)
	w.health(e.Remote)
	return w
}

func orNone(s string) string {
	if s == "" {
		return "not known, or not valid any more"
	}
	return s
}

// asConnect fills the settings that were approved into c.
func (m ManagedConnection) asConnect(c ConnectParams) ConnectParams {
	c.ProxyAddress, c.ServerName = m.Settings["proxy_address"], m.Settings["server_name"]
	c.SkipUnavailable = m.Settings["skip_unavailable"] != "false"
	c.Compress, c.PingSchedule = m.Settings["transport.compress"], m.Settings["transport.ping_schedule"]
	c.Identity = identityOf(m.Identity, m.Settings)
	return c
}
