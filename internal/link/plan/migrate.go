package plan

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// MigratePlanner plans and makes migrations.
type MigratePlanner struct{ planner }

// NewMigratePlanner returns a migrator of the connections that r reads.
func NewMigratePlanner(r *inventory.Connections, o steps.PlannerOptions) *MigratePlanner {
	return &MigratePlanner{newPlanner(r, o)}
}

// Plan implements change.Planner; errors as of Connector.Plan.
func (k *MigratePlanner) Plan(ctx context.Context, id string, params json.RawMessage) (change.Proposal, error) {
	var p link.MigrateParams
	if err := parse(link.KindMigrate, params, &p); err != nil {
		return change.Proposal{}, err
	}
	slices.Sort(p.Aliases)
	p.Aliases = slices.Compact(p.Aliases)
	var wrong change.InvalidError
	if len(p.Aliases) == 0 {
		wrong.Add(link.FieldAlias, "no alias of this deployment uses certificates")
	}
	if n := len(p.Aliases); n > link.MaxMigrated {
		wrong.Add(link.FieldAliases, "%d aliases are too many for one request: choose at most %d", n, link.MaxMigrated)
	}
	checkExpiry(&wrong, p.ExpiryDays)
	link.ConnectParams{Access: p.Access}.CheckAccess(&wrong)
	if err := wrong.Check(); err != nil {
		return change.Proposal{}, err
	}
	d := proposalBuilder{Proposal: change.Proposal{Kind: link.KindMigrate}, params: p}
	var moving []moved
	states, err := k.states(ctx, p)
	if err != nil {
		return change.Proposal{}, err
	}
	for _, e := range states {
		m, err := k.move(p, e)
		if err != nil {
			return change.Proposal{}, err
		}
		k.show(&d.Proposal, p, m)
		moving = append(moving, m)
		if end := m.End(); d.Before.IsZero() || !end.IsZero() && end.Before(d.Before) {
			d.Before = end
		}
	}
	d.Fields = append(d.Fields,
		change.Field{Label: "Keys may search", Value: cmp.Or(link.JoinWords(p.Access.Search), "nothing")},
		change.Field{Label: "Keys may replicate", Value: cmp.Or(link.JoinWords(p.Access.Replication), "nothing")},
		change.Field{Label: "Keys expire", Value: link.Expiry(p.ExpiryDays)})
	d.Fields = append(d.Fields, moving[0].KeystoreFields()...) // all are of one local deployment
	paused := k.paused(p, moving)
	d.Fields = append(d.Fields, usesFields(moving, paused)...)
	leaves := k.trustOf(ctx, moving)
	d.Fields, d.Unsure = append(d.Fields, leaves.Fields()...), leaves.Unsure
	for _, m := range moving {
		d.Records = append(d.Records, k.remembered(id, m, *leaves).AsRecord())
	}
	d.Warnings = append(d.Warnings,
		"With API keys, roles on the remote cluster no longer apply. Local roles need remote_indices for each alias, or their users lose access.",
		"Searches through the alias may fail for a few seconds during the switch. The key is tested before that.")
	d.Warnings = append(d.Warnings, p.AccessWarnings()...)
	d.Warnings = append(d.Warnings, usesWarnings(moving, paused)...)
	which := strings.Join(p.Aliases, ", ")
	if n := len(p.Aliases); n > 3 { // a title is cut where it is long
		which = fmt.Sprintf("%d aliases", n)
	}
	d.Title = fmt.Sprintf("Migrate %s of %s from certificates to API keys", which, moving[0].PairState.Local.Name)
	if len(d.Parts) == 1 {
		d.Traits, d.Parts = d.Parts[0].Traits, nil
	}
	d.Steps = k.steps(id, moving, paused, *leaves)
	return d.proposal(p.Target(), p.Each()...)
}

// states reads how the connections stand, a few at a time: people wait for the form.
func (k *MigratePlanner) states(ctx context.Context, p link.MigrateParams) ([]link.ConnectionState, error) {
	const atOnce = 4
	all := make([]link.ConnectionState, len(p.Aliases))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i, alias := range p.Aliases {
		g.Go(func() (err error) {
			all[i], err = k.roster.State(ctx, link.Name{Local: p.Local, Alias: alias})
			return err
		})
	}
	return all, g.Wait()
}

// moved is a connection with what the migration makes of it.
type moved struct {
	link.ConnectionState
	found planState
}

// trustOf works out what of the trust that the connections rest on can go once they use keys.
func (k *MigratePlanner) trustOf(ctx context.Context, moving []moved) *inventory.Cleanup {
	l := &inventory.Cleanup{}
	var ends []link.ConnectionState
	for _, m := range moving {
		if m.Managed == nil || m.Managed.Trust == nil {
			l.Unrecorded(m.ConnectionState)
		}
		ends = append(ends, m.ConnectionState)
	}
	inventory.FindUnusedTrust(ctx, k.roster, ends, l)
	return l
}

// remembered is a connection as it is remembered afterwards. Trust that stays is still known as what was made for it.
func (k *MigratePlanner) remembered(id string, e moved, l inventory.Cleanup) link.ManagedConnection {
	m := e.found.Connect.Managed(link.KeySpec(e.found.Connect, k.o.Env, id).Name).Named(e.PairState)
	m.Settings = e.found.After.Options(e.Alias)
	if e.Managed == nil {
		return m
	}
	m = e.Managed.FollowedBy(m)
	if m.Trust != nil {
		left := link.TrustMade{Local: l.Remaining(e.PairState.Local.Ref, m.Trust.Local), Remote: l.Remaining(e.Remote.Ref, m.Trust.Remote)}
		if m.Trust = &left; left.Local.Empty() && left.Remote.Empty() {
			m.Trust = nil
		}
	}
	return m
}

// move works out what becomes of one alias.
func (k *MigratePlanner) move(p link.MigrateParams, e link.ConnectionState) (moved, error) {
	wrong := e.Refusal(link.KindMigrate)
	if len(wrong.Problems) == 0 {
		link.ProblemsOf(wrong, link.FieldLocal, e.PairState.Local, e.ReadError(link.PartLocalCluster), link.ModelKey)
		link.ProblemsOf(wrong, link.FieldRemote, e.Remote, e.ReadError(link.PartRemoteCluster), link.ModelKey)
		checkCanIssueKeyNow(e, wrong)
	}
	if err := wrong.Check(); err != nil {
		return moved{}, err
	}
	if err := requireReachable(e, true); err != nil {
		return moved{}, err
	}
	if err := link.RequireKeys(e); err != nil {
		return moved{}, err
	}
	c := e.Params()
	c.ProxyAddress, c.ServerName = link.RightAddressOf(e.PairState, c)
	link.PrivateProblems(e.PairState, wrong, c)
	c.ExpiryDays = p.ExpiryDays
	c.Access = link.KeepLimits(e, p.Access, wrong, link.FieldSearch)
	if err := wrong.Check(); err != nil {
		return moved{}, err
	}
	return moved{ConnectionState: e, found: planStateOf(e, c)}, nil
}

// show puts one alias on the card.
func (k *MigratePlanner) show(d *change.Proposal, p link.MigrateParams, e moved) {
	if len(d.Fields) == 0 {
		d.Fields = append(d.Fields, e.Sides()[0])
	}
	d.Parts = append(d.Parts, change.Part{Name: e.Alias, Traits: link.TraitsOfState(e.ConnectionState, "migrate", e.found.Connect, k.o.Tags)})
	line := fmt.Sprintf("%s: %s → %s", link.Describe(e.Remote), e.found.Before.Options(e.Alias)["proxy_address"], e.found.Connect.ProxyAddress)
	d.Fields = append(d.Fields, change.Field{Label: e.Alias, Value: line})
	if limits := link.Limits(e.found.Connect.Access); limits != "" {
		d.Fields = append(d.Fields, change.Field{Label: link.LabelLimits + " (" + e.Alias + ")", Value: limits})
	}
	for _, b := range append(e.Basis(), change.Field{Label: "Used by", Value: e.UsesBasis()}, e.FilterBasis()) { // the other port is behind the same filters
		b.Label = e.Alias + ": " + b.Label
		d.Basis = append(d.Basis, b)
	}
	for _, t := range e.Tasks {
		if (t.Kind == elastic.TaskFollower || t.Kind == elastic.TaskAutoFollow) && len(p.Access.Replication) == 0 {
			d.Warnings = append(d.Warnings, fmt.Sprintf("%s is used by %s, but the key grants no replication, so following would stop.", e.Alias, link.TaskWord(t.Kind, t.Name)))
		}
	}
}

// paused are the tasks that are paused meanwhile, where that was asked for: all that run through one of the aliases.
func (*MigratePlanner) paused(p link.MigrateParams, moving []moved) steps.PauseTasksArgs {
	a := steps.PauseTasksArgs{Local: p.Local}
	for _, m := range moving {
		for _, t := range m.Pausable() {
			if ref := (steps.TaskRef{Kind: t.Kind, Name: t.Name}); p.Pause && !slices.Contains(a.Tasks, ref) {
				a.Tasks = append(a.Tasks, ref)
			}
		}
	}
	return a
}

// usesFields say what goes through the aliases, and what of it is paused meanwhile.
func usesFields(moving []moved, paused steps.PauseTasksArgs) []change.Field {
	var fields []change.Field
	for _, m := range moving {
		if len(m.Users) > 0 {
			fields = append(fields, change.Field{Label: "Used by (" + m.Alias + ")", Value: link.JoinWords(m.Users)})
		}
	}
	if len(paused.Tasks) > 0 {
		fields = append(fields, change.Field{Label: "Paused during the migration", Value: paused.String()})
	}
	return fields
}

// usesWarnings say what of what goes through the aliases people have to see to themselves.
func usesWarnings(moving []moved, paused steps.PauseTasksArgs) []string {
	var w link.WarningList
	var own, running []string
	unread := ""
	for _, m := range moving {
		own = append(own, m.ByOwnKey()...)
		unread = cmp.Or(unread, m.UsesUnreadSay())
		for _, t := range m.Pausable() {
			if !slices.Contains(paused.Tasks, steps.TaskRef{Kind: t.Kind, Name: t.Name}) {
				running = append(running, link.TaskWord(t.Kind, t.Name))
			}
		}
	}
	if len(running) > 0 {
		w.Add("%s: not paused, and may fail during the switch.", link.Capitalize(link.JoinWords(unique(running))))
	}
	if len(own) > 0 {
		w.Add("Run with their own API key, which must be renewed afterwards: %s.", link.JoinWords(unique(own)))
	}
	if unread != "" {
		w.Add("Could not be checked: %s. Some of it may use the alias.", unread)
	}
	w.Add("Kibana's rules and data views are not checked. Update the API key of each rule that reads through the alias there.")
	return w
}

func unique(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}

// steps move one alias after the other: proven beside it, changed over, seen to work. The old trust goes once all of
// them work without it; what is taken back begins with it.
func (k *MigratePlanner) steps(request string, moving []moved, paused steps.PauseTasksArgs, l inventory.Cleanup) []change.PlannedStep {
	var todo []change.PlannedStep
	var names []link.Name
	v := connectionView(moving[0].ConnectionState)
	if len(paused.Tasks) > 0 {
		todo = append(todo, paused.Planned(v))
	}
	for _, m := range moving {
		suffix := ""
		if len(moving) > 1 {
			suffix = ":" + m.Alias
		}
		todo = append(todo, k.renewal(request, m.found, connectionView(m.ConnectionState), suffix)...)
		names = append(names, m.Name)
	}
	if len(paused.Tasks) > 0 {
		todo = append(todo, paused.PlannedResume(v))
	}
	return append(todo, k.removeTrust(l, names)...)
}
