package plan

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// DisconnectPlanner plans and makes the end of connections.
type DisconnectPlanner struct{ planner }

// NewDisconnectPlanner returns a disconnector of the connections that r reads.
func NewDisconnectPlanner(r *inventory.Connections, o steps.PlannerOptions) *DisconnectPlanner {
	return &DisconnectPlanner{newPlanner(r, o)}
}

// Plan implements change.Planner; errors as of Connector.Plan.
func (k *DisconnectPlanner) Plan(ctx context.Context, _ string, params json.RawMessage) (change.Proposal, error) {
	var p link.DisconnectParams
	if err := parse(link.KindDisconnect, params, &p); err != nil {
		return change.Proposal{}, err
	}
	e, err := k.roster.State(ctx, link.Name{Local: p.Local, Alias: p.Alias})
	if err != nil {
		return change.Proposal{}, err
	}
	wrong := e.Problems(false)
	if !p.Until.IsZero() && !p.Until.Equal(e.End()) {
		wrong.Add(link.FieldUntil, "%s no longer ends then", e.Alias)
	}
	if e.Listed && e.Own.Empty() && e.ReadError(link.PartSettings) == nil {
		wrong.Add(link.FieldAlias, "%s is set in elasticsearch.yml of %s, which no API can change", e.Alias, e.PairState.Local.Name)
	}
	if err := wrong.Check(); err != nil {
		return change.Proposal{}, err
	}
	if err := requireReachable(e, e.HasRemote() && e.Managed != nil && e.Managed.KeyName != ""); err != nil {
		return change.Proposal{}, err
	}
	f, leaves := planStateOf(e, e.Params()), k.cleanup(ctx, e)
	f.After = elastic.Settings{}
	used, key := "nothing that the bot can see", cmp.Or(e.KeyLine(), noValidKey)
	if len(e.Users) > 0 {
		used = link.JoinWords(e.Users)
	}
	if !f.keyed() {
		key = "none: it uses certificates"
	}
	fields := append(e.Sides(), change.Field{Label: "Used by", Value: used}, change.Field{Label: "Key", Value: key})
	fields = append(fields, leaves.Fields()...)
	basis, ending, warnings := e.Basis(), endingOf(e, p, *leaves), disconnectWarnings(e, *leaves)
	if ending == nil { // else anyone who uses it has known
		basis = append(basis, change.Field{Label: "Used by", Value: e.UsesBasis()})
	} else if end := slices.IndexFunc(fields, func(f change.Field) bool { return f.Label == link.LabelUntil }); end >= 0 {
		fields[end].Value = link.SayUntil(ending.Until) // it has come
	}
	if ending != nil && ending.Differs != "" {
		warnings = slices.Insert(warnings, 0, "It has reached its end, but the bot does not remove it on its own: "+ending.Differs+".")
	}
	return proposalBuilder{
		Proposal: change.Proposal{
			Traits: link.TraitsOfState(e, "disconnect", f.Connect, k.o.Tags),
			Kind:   link.KindDisconnect, Title: e.Title("Disconnect"),
			Fields: fields, Warnings: warnings, Unsure: leaves.Unsure,
			Basis: basis, Before: e.End(), Ending: ending,
			Records: append([]change.Record{link.Forget(e.Name)}, leaves.Records(e.Managed)...),
			Steps:   k.steps(e, f, *leaves),
		},
		params: p,
	}.proposal(link.Target(p.Local, p.Alias))
}

// endingOf is the end that a connection was approved with; nil where people ask.
func endingOf(e link.ConnectionState, p link.DisconnectParams, l inventory.Cleanup) *change.Ending {
	if p.Until.IsZero() {
		return nil
	}
	return &change.Ending{Until: p.Until, Differs: differs(e, l)}
}

// differs says why what is there is not what was approved; empty: it is.
func differs(e link.ConnectionState, l inventory.Cleanup) string {
	switch drift := e.Drift(); {
	case !e.HasRemote():
		return "the bot can no longer see the remote deployment"
	case drift != "":
		return "it differs from what was approved: " + drift
	case len(e.Keys) > 1:
		return fmt.Sprintf("it has %d valid keys", len(e.Keys))
	case l.Unsure:
		return "not everything that was created for it could be read"
	}
	return ""
}

// cleanup works out what was made for a connection beside its settings and its key, and what of it can go with it.
func (k *DisconnectPlanner) cleanup(ctx context.Context, e link.ConnectionState) *inventory.Cleanup {
	l := &inventory.Cleanup{}
	switch {
	case e.Managed == nil || e.Managed.Adopted: // what an update has added since is recorded all the same
		l.Leave("trust, network filters and roles that people created for it by hand: the bot has no record of them")
	case e.Certified() && e.Managed.Trust == nil:
		l.Unrecorded(e)
	}
	if e.Managed == nil {
		return l
	}
	inventory.FindUnusedRole(ctx, e, l)
	inventory.FindUnusedTrust(ctx, k.roster, []link.ConnectionState{e}, l)
	inventory.FindUnusedFilter(ctx, k.roster, e, l)
	inventory.FindUnusedAuthority(ctx, k.roster, e, l)
	return l
}

func disconnectWarnings(e link.ConnectionState, l inventory.Cleanup) []string {
	var w link.WarningList
	users := slices.Clone(e.Users)
	if l.Role != nil { // it does not outlive the alias
		users = slices.DeleteFunc(users, func(u string) bool { return u == "role "+l.Role.Role })
	}
	if len(users) > 0 {
		w.Add("In use by %s: these will fail. Follower indices can't change their remote cluster.", link.JoinWords(users))
	}
	if unread := e.UsesUnreadSay(); unread != "" {
		w.Add("Could not be checked: %s. Some of it may use this connection.", unread)
	}
	w.Add("Kibana's rules and data views are not checked. The bot can't tell whether anyone still searches through %s. Ask its users first.", e.Alias)
	if e.HasKey && len(e.Keys) == 0 {
		w.Add("The bot doesn't know which key it uses, so it invalidates none on the remote cluster.")
	}
	if l.Filter != nil {
		w.Add("Others who reach %s from %s are blocked, unless another filter allows them.", e.Remote.Name, link.JoinWords(l.Filter.Ruleset.Allowed()))
	}
	if e.HasKey || len(e.Keys) > 0 {
		w.Add("If a step fails before the key is invalidated, everything is restored. After that, connecting again creates a new key.")
	}
	return w
}

// steps: settings first, as the presence of the key decides the model of a connection that is still set. The key comes
// last: until it is gone, all of it can be undone.
func (k *DisconnectPlanner) steps(e link.ConnectionState, f planState, l inventory.Cleanup) []change.PlannedStep {
	v, c := connectionView(e), f.Connect
	switch { // undoing makes no key that reads more than the one before
	case e.KeysUnread != nil:
		c.Access = elastic.Access{}
	case len(e.Keys) == 1 && len(link.Grants(e.Keys[0].Access)) > 0:
		c.Access = e.Keys[0].Access
	}
	again := link.KeySpec(c, k.o.Env, "")
	again.Name = f.OldName // so that it is found where the old one was
	todo := []change.PlannedStep{steps.UpdateSettingsArgs{Local: c.Local, Alias: c.Alias, Before: f.Before, After: f.After}.Planned(v)}
	if f.keyed() {
		todo = append(todo, steps.RemoveKeyArgs{Ends: steps.EndsOf(c), HasKey: f.HasKey, Key: again}.Planned(v))
	}
	todo = append(todo, k.leaving(c, v, l, e.Name)...)
	if f.keyed() {
		todo = append(todo, f.invalidation(v, true))
	}
	return todo
}

// leaving are the steps that take back what was made for a connection: the role first, then what lets the clusters
// reach each other.
func (k *DisconnectPlanner) leaving(c link.ConnectParams, v steps.View, l inventory.Cleanup, n link.Name) []change.PlannedStep {
	var todo []change.PlannedStep
	if l.Role != nil {
		role := steps.RoleArgs{Local: c.Local, Role: l.Role.Role, Alias: l.Role.Alias, Before: l.Role.Before, After: l.Role.After}
		todo = append(todo, role.PlannedRemoval(v))
	}
	todo = append(todo, k.removeTrust(l, []link.Name{n})...)
	if l.Filter != nil {
		filter := steps.RemoveFilterArgs{Remote: c.Remote, ID: l.Filter.ID, Ruleset: l.Filter.Ruleset, Leaving: n}
		todo = append(todo, filter.Planned(v))
	}
	if l.Authority != nil {
		todo = append(todo, steps.RemoveAuthorityArgs{On: c.Remote, Spare: *l.Authority}.Planned(v))
	}
	return todo
}

// removeTrust are the steps that take out of whom deployments trust what nobody needs once connections have ended.
func (k planner) removeTrust(l inventory.Cleanup, leaving []link.Name) []change.PlannedStep {
	var todo []change.PlannedStep
	for _, s := range l.Trust {
		on, _ := k.roster.Catalog().System(s.Of.Platform) // its trust was read there just now
		todo = append(todo, steps.TrustRemoval(s, leaving).Planned(on.Calls()))
	}
	return todo
}
