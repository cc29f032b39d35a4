package link

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// KindDisconnect asks for the end of a connection.
const KindDisconnect change.Kind = "link.disconnect"

// DisconnectParams are the parameters of a disconnect.
type DisconnectParams struct {
	Local elastic.Ref `json:"local"`
	Alias string      `json:"alias"`
}

// DisconnectPlanner plans and makes the end of connections.
type DisconnectPlanner struct{ planner }

// NewDisconnectPlanner returns a disconnector of the connections that r reads.
func NewDisconnectPlanner(r *Connections, o PlannerOptions) *DisconnectPlanner {
	return &DisconnectPlanner{newPlanner(r, o)}
}

// Plan implements change.Planner; errors as of Connector.Plan.
func (k *DisconnectPlanner) Plan(ctx context.Context, _ string, params json.RawMessage) (change.Proposal, error) {
	var p DisconnectParams
	if err := parse(KindDisconnect, params, &p); err != nil {
		return change.Proposal{}, err
	}
	e, err := k.roster.State(ctx, Name(p))
	if err != nil {
		return change.Proposal{}, err
	}
	wrong := e.problems(false)
	if e.Listed && e.Own.Empty() {
		wrong.Add(FieldAlias, "%s is set in elasticsearch.yml of %s, which no API changes", e.Alias, e.PairState.Local.Name)
	}
	if err := wrong.Check(); err != nil {
		return change.Proposal{}, err
	}
	if err := requireReachable(e, e.HasRemote() && e.Managed != nil && e.Managed.KeyName != ""); err != nil {
		return change.Proposal{}, err
	}
	f, leaves := planStateOf(e, e.params()), k.cleanup(ctx, e)
	f.After = elastic.Settings{}
	used, key := "nothing that the bot can see", orNone(e.keyLine())
	if len(e.Users) > 0 {
		used = list(e.Users)
	}
	if !f.keyed() {
		key = "none: it uses certificates"
	}
	fields := append(e.sides(), change.Field{Label: "Used by", Value: used}, change.Field{Label: "Key", Value: key})
	fields = append(fields, leaves.fields()...)
	return proposalBuilder{
		Proposal: change.Proposal{
			Traits: e.traits("disconnect", f.Connect, k.o.Tags),
			Kind:   KindDisconnect, Title: e.title("Disconnect"),
			Fields: fields, Warnings: disconnectWarnings(e, *leaves), Unsure: leaves.unsure,
			Basis:   append(e.basis(), change.Field{Label: "Used by", Value: strings.Join(e.Users, ", ")}),
			Records: []change.Record{forget(e.Name)},
			Steps:   k.steps(e, f, *leaves),
		},
		params: p,
	}.proposal(Target(p.Local, p.Alias))
}

// cleanup works out what was made for a connection beside its settings and its key, and what of it can go with it.
func (k *DisconnectPlanner) cleanup(ctx context.Context, e ConnectionState) *cleanup {
	l := &cleanup{}
	switch {
	case e.Managed == nil || e.Managed.Adopted: // what an update has added since is recorded all the same
		l.keep("trust, network filters and roles that people made for it: the connection was made by hand, and nothing is recorded of them")
	case e.certified() && e.Managed.Trust == nil:
		l.unrecorded(e)
	}
	if e.Managed == nil {
		return l
	}
	findUnusedRole(ctx, e, l)
	k.roster.unusedTrust(ctx, []ConnectionState{e}, l)
	k.roster.unusedFilter(ctx, e, l)
	findUnusedAuthority(ctx, e, l)
	return l
}

func disconnectWarnings(e ConnectionState, l cleanup) []string {
	var w warnings
	users := slices.Clone(e.Users)
	if l.Role != nil { // it does not outlive the alias
		users = slices.DeleteFunc(users, func(u string) bool { return u == "role "+l.Role.Role })
	}
	if len(users) > 0 {
		w.add("In use by %s: these will fail. Follower indices can't change their remote cluster.", list(users))
	}
	if e.UsersUnread != nil {
		w.add("What uses this connection could not be read, or not wholly: %s.", sentence(e.UsersUnread))
	}
	w.add("Searches through %s are not recorded anywhere that the bot can read: whether there are some, only people know.", e.Alias)
	if e.HasKey && len(e.Keys) == 0 {
		w.add("Which key it uses is not known: none will be invalidated on the remote cluster.")
	}
	if l.Filter != nil {
		w.add("Whoever else comes to %s from %s is let in no longer, unless another filter does.", e.Remote.Name, list(l.Filter.Ruleset.Sources))
	}
	if e.HasKey || len(e.Keys) > 0 {
		w.add("If a step fails, everything is put back, as long as the key is not gone; from then on, connecting again makes a new key.")
	}
	return w
}

// steps: settings first, as the presence of the key decides the model of a connection that is still set. The key comes
// last: until it is gone, all of it can be undone.
func (k *DisconnectPlanner) steps(e ConnectionState, f found, l cleanup) []change.PlannedStep {
	v, c := connectionView(e), f.Connect
	again := c.keySpec(k.o.Env, "")
	again.Name = f.OldName // so that it is found where the old one was
	todo := []change.PlannedStep{updateSettingsArgs{Local: c.Local, Alias: c.Alias, Before: f.Before, After: f.After}.planned(v)}
	if f.keyed() {
		todo = append(todo, removeKeyArgs{ends: endsOf(c), HasKey: f.HasKey, Key: again}.planned(v))
	}
	todo = append(todo, k.leaving(c, v, l, e.Name)...)
	if f.keyed() {
		todo = append(todo, f.invalidation(v, true))
	}
	return todo
}

// leaving are the steps that take back what was made for a connection: the role first, then what lets the clusters
// reach each other.
func (k *DisconnectPlanner) leaving(c ConnectParams, v view, l cleanup, n Name) []change.PlannedStep {
	var todo []change.PlannedStep
	if l.Role != nil {
		role := roleArgs{Local: c.Local, Role: l.Role.Role, Alias: l.Role.Alias, Before: l.Role.Before, After: l.Role.After}
		todo = append(todo, role.plannedRemoval(v))
	}
	todo = append(todo, k.removeTrust(l, []Name{n})...)
	if l.Filter != nil {
		filter := removeFilterArgs{Remote: c.Remote, ID: l.Filter.ID, Ruleset: l.Filter.Ruleset, Leaving: n}
		todo = append(todo, filter.planned(v))
	}
	if l.Authority != nil {
		todo = append(todo, removeAuthorityArgs{On: c.Remote, Spare: *l.Authority}.planned(v))
	}
	return todo
}

// removeTrust are the steps that take out of whom deployments trust what nobody needs once connections have ended.
func (k planner) removeTrust(l cleanup, leaving []Name) []change.PlannedStep {
	var todo []change.PlannedStep
	for _, s := range l.Trust {
		on, _ := k.roster.Catalog().System(s.Of.Platform) // its trust was read there just now
		todo = append(todo, trustRemoval(s, leaving).planned(on.calls()))
	}
	return todo
}
