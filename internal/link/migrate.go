package link

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// KindMigrate asks to take connections from certificates to API keys under the same aliases.
const KindMigrate change.Kind = "link.migrate"

// EveryAlias stands in the target of a change that concerns several aliases of a deployment.
const EveryAlias = "*"

// MigrateParams are the parameters of a migration. Several aliases go together: one that can't be moved takes the others
// back, so that a deployment is never left half on one model and half on the other.
type MigrateParams struct {
	Local      elastic.Ref    `json:"local"`
	Aliases    []string       `json:"aliases"`
	Access     elastic.Access `json:"access"` // of each key
	ExpiryDays int            `json:"expiry_days"`
}

// MigratePlanner plans and makes migrations.
type MigratePlanner struct{ planner }

// NewMigratePlanner returns a migrator of the connections that r reads.
func NewMigratePlanner(r *Connections, o PlannerOptions) *MigratePlanner {
	return &MigratePlanner{newPlanner(r, o)}
}

// Migratable returns the aliases of a local deployment that use certificates and lead to a deployment that the bot can
// see, sorted.
func (r *Connections) Migratable(ctx context.Context, local elastic.Ref) []string {
	var aliases []string
	for _, c := range r.List(ctx, local.String()).Connections {
		if c.Local.Ref == local && !c.Gone && !c.Unread && c.Model() == ByCertificate && c.Remote != nil {
			aliases = append(aliases, c.Alias)
		}
	}
	slices.Sort(aliases)
	return aliases
}

// Plan implements change.Planner; errors as of Connector.Plan.
func (k *MigratePlanner) Plan(ctx context.Context, id string, params json.RawMessage) (change.Proposal, error) {
	var p MigrateParams
	if err := parse(KindMigrate, params, &p); err != nil {
		return change.Proposal{}, err
	}
	slices.Sort(p.Aliases)
	p.Aliases = slices.Compact(p.Aliases)
	var wrong change.InvalidError
	if len(p.Aliases) == 0 {
		wrong.Add(FieldAlias, "no alias of this deployment uses certificates")
	}
	checkExpiry(&wrong, p.ExpiryDays)
	ConnectParams{Access: p.Access}.checkAccess(&wrong)
	if err := wrong.Check(); err != nil {
		return change.Proposal{}, err
	}
	d := proposalBuilder{Proposal: change.Proposal{Kind: KindMigrate}, params: p}
	var moving []moved
	for _, alias := range p.Aliases {
		e, err := k.roster.State(ctx, Name{Local: p.Local, Alias: alias})
		if err != nil {
			return change.Proposal{}, err
		}
		m, err := k.move(p, e)
		if err != nil {
			return change.Proposal{}, err
		}
		k.show(&d.Proposal, p, m)
		moving = append(moving, m)
	}
	d.Fields = append(d.Fields,
		change.Field{Label: "Keys may search", Value: orNothing(list(p.Access.Search))},
		change.Field{Label: "Keys may replicate", Value: orNothing(list(p.Access.Replication))},
		change.Field{Label: "Keys expire", Value: expiry(p.ExpiryDays)})
	leaves := k.trustOf(ctx, moving)
	d.Fields, d.Unsure = append(d.Fields, leaves.fields()...), leaves.unsure
	for _, m := range moving {
		d.Records = append(d.Records, k.remembered(id, m, *leaves).record())
	}
	d.Warnings = append(d.Warnings,
		"The key model knows no roles of the remote cluster: local roles need remote_indices for each alias, or their users lose access.",
		"In the moment of the change a search through the alias may fail; the key is proven beside it before.")
	d.Warnings = append(d.Warnings, p.accessWarnings()...)
	d.Title = fmt.Sprintf("Migrate %s of %s from certificates to API keys", strings.Join(p.Aliases, ", "), moving[0].PairState.Local.Name)
	if len(d.Parts) == 1 {
		d.Traits, d.Parts = d.Parts[0].Traits, nil
	}
	d.Steps = k.steps(id, moving, *leaves)
	return d.proposal(p.target())
}

// accessWarnings are those of a connect for each of the keys.
func (p MigrateParams) accessWarnings() []string {
	var w warnings
	if everything(p.Access.Search) {
		w.add("Each key may search every index of its remote cluster (*).")
	}
	if everything(p.Access.Replication) {
		w.add("Each key may replicate every index of its remote cluster (*).")
	}
	if p.ExpiryDays == 0 {
		w.add("The keys never expire.")
	}
	return w
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// moved is a connection with what the migration makes of it.
type moved struct {
	ConnectionState
	found found
}

// trustOf works out what of the trust that the connections rest on can go once they use keys.
func (k *MigratePlanner) trustOf(ctx context.Context, moving []moved) *cleanup {
	l := &cleanup{}
	var ends []ConnectionState
	for _, m := range moving {
		if m.Managed == nil || m.Managed.Trust == nil {
			l.unrecorded(m.ConnectionState)
		}
		ends = append(ends, m.ConnectionState)
	}
	k.roster.unusedTrust(ctx, ends, l)
	return l
}

// remembered is a connection as it is remembered afterwards. Trust that stays is still known as what was made for it.
func (k *MigratePlanner) remembered(id string, e moved, l cleanup) ManagedConnection {
	m := e.found.Connect.managed(e.found.Connect.keySpec(k.o.Env, id).Name).named(e.PairState)
	m.Settings = e.found.After.Options(e.Alias)
	if e.Managed == nil {
		return m
	}
	m = e.Managed.followedBy(m)
	if m.Trust != nil {
		left := TrustMade{Local: l.remaining(e.PairState.Local.Ref, m.Trust.Local), Remote: l.remaining(e.Remote.Ref, m.Trust.Remote)}
		if m.Trust = &left; left.Local.empty() && left.Remote.empty() {
			m.Trust = nil
		}
	}
	return m
}

// target: several aliases hold the deployment's migration as a whole; each is looked at again before it is changed.
func (p MigrateParams) target() string {
	if len(p.Aliases) == 1 {
		return Target(p.Local, p.Aliases[0])
	}
	return Target(p.Local, EveryAlias)
}

// move works out what becomes of one alias.
func (k *MigratePlanner) move(p MigrateParams, e ConnectionState) (moved, error) {
	wrong := e.whyNot(KindMigrate)
	if len(wrong.Problems) == 0 {
		problemsOf(wrong, FieldLocal, e.PairState.Local, e.ReadError(PartLocalCluster), ModelKey)
		problemsOf(wrong, FieldRemote, e.Remote, e.ReadError(PartRemoteCluster), ModelKey)
		checkCanIssueKeyNow(e, wrong)
	}
	if err := wrong.Check(); err != nil {
		return moved{}, err
	}
	if err := requireReachable(e, true); err != nil {
		return moved{}, err
	}
	c := e.params()
	c.ProxyAddress, c.ServerName, c.Access, c.ExpiryDays = e.Remote.TakesKeysAt(), e.Remote.Endpoint, p.Access, p.ExpiryDays
	return moved{ConnectionState: e, found: planStateOf(e, c)}, nil
}

// show puts one alias on the card.
func (k *MigratePlanner) show(d *change.Proposal, p MigrateParams, e moved) {
	if len(d.Fields) == 0 {
		d.Fields = append(d.Fields, e.sides()[0])
	}
	d.Parts = append(d.Parts, change.Part{Name: e.Alias, Traits: e.traits("migrate", e.found.Connect, k.o.Tags)})
	line := fmt.Sprintf("%s: %s → %s", describe(e.Remote), e.found.Before.Options(e.Alias)["proxy_address"], e.found.Connect.ProxyAddress)
	d.Fields = append(d.Fields, change.Field{Label: e.Alias, Value: line})
	for _, b := range append(e.basis(), e.filterBasis()) { // the other port is behind the same filters
		b.Label = e.Alias + ": " + b.Label
		d.Basis = append(d.Basis, b)
	}
	for _, u := range e.Users {
		if strings.HasPrefix(u, "follower") && len(p.Access.Replication) == 0 {
			d.Warnings = append(d.Warnings, fmt.Sprintf("%s is used by %s, and the key grants no replication: following would stop.", e.Alias, u))
		}
	}
}

// steps move one alias after the other: proven beside it, changed over, seen to work. The old trust goes once all of
// them work without it; what is taken back begins with it.
func (k *MigratePlanner) steps(request string, moving []moved, l cleanup) []change.PlannedStep {
	var todo []change.PlannedStep
	var names []Name
	for _, m := range moving {
		suffix := ""
		if len(moving) > 1 {
			suffix = ":" + m.Alias
		}
		todo = append(todo, k.renewal(request, m.found, connectionView(m.ConnectionState), suffix)...)
		names = append(names, m.Name)
	}
	return append(todo, k.removeTrust(l, names)...)
}
