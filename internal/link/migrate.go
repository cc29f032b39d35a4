package link

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// KindMigrate asks to take connections from certificates to API keys under the same aliases.
const KindMigrate change.Kind = "link.migrate"

// EveryAlias stands in the target of a change that concerns several aliases of a deployment.
const EveryAlias = "*"

// Migrate are the parameters of a migration. Several aliases go together: one that can't be moved takes the others
// back, so that a deployment is never left half on one model and half on the other.
type Migrate struct {
	Local      Ref      `json:"local"`
	Aliases    []string `json:"aliases"`
	Access     Access   `json:"access"` // of each key
	ExpiryDays int      `json:"expiry_days"`
	Found      []*found `json:"found,omitempty"` // in the order of the aliases
	// Leaves is the trust that was added for them and that nothing else uses: it goes once all of them are proven.
	Leaves *leavings `json:"leaves,omitempty"`
}

// Migrator plans and makes migrations.
type Migrator struct{ keeper }

// NewMigrator returns a migrator of the connections that r reads.
func NewMigrator(r *Roster, o ConnectorOptions) *Migrator { return &Migrator{newKeeper(r, o)} }

// Migratable returns the aliases of a local deployment that use certificates and lead to a deployment that the bot can
// see, sorted.
func (r *Roster) Migratable(ctx context.Context, local Ref) []string {
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
func (k *Migrator) Plan(ctx context.Context, id string, params json.RawMessage) (change.Proposal, error) {
	var p Migrate
	if err := parse(KindMigrate, params, &p); err != nil {
		return change.Proposal{}, err
	}
	slices.Sort(p.Aliases)
	p.Aliases, p.Found, p.Leaves = slices.Compact(p.Aliases), nil, &leavings{}
	var wrong change.InvalidError
	if len(p.Aliases) == 0 {
		wrong.Add(FieldAlias, "no alias of this deployment uses certificates")
	}
	checkExpiry(&wrong, p.ExpiryDays)
	Connect{Access: p.Access}.checkAccess(&wrong)
	if err := wrong.Check(); err != nil {
		return change.Proposal{}, err
	}
	d := draft{Proposal: change.Proposal{Kind: KindMigrate, Target: p.target()}}
	var moving []Existing
	for _, alias := range p.Aliases {
		e, err := k.roster.Existing(ctx, Name{p.Local, alias})
		if err != nil {
			return change.Proposal{}, err
		}
		if err := k.add(&d, &p, e); err != nil {
			return change.Proposal{}, err
		}
		moving = append(moving, e)
	}
	k.trustOf(ctx, moving, p.Leaves)
	d.Fields, d.Unsure = append(d.Fields, p.Leaves.fields()...), p.Leaves.unsure
	for i, e := range moving {
		d.Memos = append(d.Memos, k.moved(id, e, *p.Found[i], *p.Leaves).memo())
	}
	d.Warnings = append(d.Warnings,
		"The key model knows no roles of the remote cluster: local roles need remote_indices for each alias, or their users lose access.",
		"In the moment of the change a search through the alias may fail; the key is proven beside it before.")
	d.Warnings = append(d.Warnings, p.accessWarnings()...)
	d.Title = fmt.Sprintf("Migrate %s of %s from certificates to API keys", strings.Join(p.Aliases, ", "), d.survey.Local.Name)
	if d.params = p; len(d.Parts) == 1 {
		d.Traits, d.Parts = d.Parts[0].Traits, nil
	}
	return d.withCalls(k.steps(id, p))
}

// accessWarnings are those of a connect for each of the keys.
func (p Migrate) accessWarnings() []string {
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

// trustOf works out what of the trust that the connections rest on can go once they use keys.
func (k *Migrator) trustOf(ctx context.Context, moving []Existing, l *leavings) {
	for _, e := range moving {
		if e.Managed == nil || e.Managed.Trust == nil {
			l.unrecorded(e)
		}
	}
	k.roster.spareTrust(ctx, moving, l)
}

// moved is a connection as it is remembered afterwards. Trust that stays is still known as what was made for it.
func (k *Migrator) moved(id string, e Existing, f found, l leavings) Managed {
	m := f.Connect.managed(f.Connect.keySpec(k.o.Env, id).Name).named(e.Survey)
	m.Settings = f.After.options(e.Alias)
	if e.Managed == nil {
		return m
	}
	m = e.Managed.followedBy(m)
	if m.Trust != nil {
		left := TrustMade{Local: l.remaining(e.Survey.Local.Ref, m.Trust.Local), Remote: l.remaining(e.Remote.Ref, m.Trust.Remote)}
		if m.Trust = &left; left.Local.empty() && left.Remote.empty() {
			m.Trust = nil
		}
	}
	return m
}

// target: several aliases hold the deployment's migration as a whole; each is looked at again before it is changed.
func (p Migrate) target() string {
	if len(p.Aliases) == 1 {
		return Target(p.Local, p.Aliases[0])
	}
	return Target(p.Local, EveryAlias)
}

// add puts one alias into the plan.
func (k *Migrator) add(d *draft, p *Migrate, e Existing) error {
	wrong := e.unfit(KindMigrate)
	if len(wrong.Problems) == 0 {
		problemsOf(wrong, FieldLocal, e.Survey.Local, e.Why(PartLocalCluster), ModelKey)
		problemsOf(wrong, FieldRemote, e.Remote, e.Why(PartRemoteCluster), ModelKey)
		e.mayIssueNow(wrong)
	}
	if err := wrong.Check(); err != nil {
		return err
	}
	if err := e.reached(true); err != nil {
		return err
	}
	c := e.connect()
	c.ProxyAddress, c.ServerName, c.Access, c.ExpiryDays = Address(e.Remote.Endpoint), e.Remote.Endpoint, p.Access, p.ExpiryDays
	f := e.found(c)
	p.Found = append(p.Found, f)
	if len(d.Fields) == 0 {
		d.Fields = append(d.Fields, e.sides()[0])
		d.survey = e.Survey
	}
	d.Parts = append(d.Parts, change.Part{Name: e.Alias, Traits: e.traits("migrate", c, k.o.Tags)})
	line := fmt.Sprintf("%s: %s → %s", describe(e.Remote), f.Before.options(e.Alias)["proxy_address"], c.ProxyAddress)
	d.Fields = append(d.Fields, change.Field{Label: e.Alias, Value: line})
	if len(p.Found) == len(p.Aliases) {
		d.Fields = append(d.Fields,
			change.Field{Label: "Keys may search", Value: orNothing(list(p.Access.Search))},
			change.Field{Label: "Keys may replicate", Value: orNothing(list(p.Access.Replication))},
			change.Field{Label: "Keys expire", Value: expiry(p.ExpiryDays)})
	}
	for _, b := range append(e.basis(), e.filterBasis()) { // the other port is behind the same filters
		b.Label = e.Alias + ": " + b.Label
		d.Basis = append(d.Basis, b)
	}
	for _, u := range e.Users {
		if strings.HasPrefix(u, "follower") && len(p.Access.Replication) == 0 {
			d.Warnings = append(d.Warnings, fmt.Sprintf("%s is used by %s, and the key grants no replication: following would stop.", e.Alias, u))
		}
	}
	return nil
}

// withCalls finishes a draft whose steps concern several remote deployments.
func (d draft) withCalls(steps []planned) (change.Proposal, error) {
	for _, s := range steps {
		d.Steps = append(d.Steps, change.PlannedStep{Name: s.Name(), Title: s.Title()})
		d.Plan = append(d.Plan, s.calls(Survey{Local: d.survey.Local, Remote: s.remote})...)
	}
	return d.proposal()
}

// planned is a step with the remote deployment that it concerns.
type planned struct {
	plannedStep
	remote Deployment
}

// Steps returns what applies r.
func (k *Migrator) Steps(r *change.Request) ([]change.Step, error) {
	var p Migrate
	if err := stepsOf(r, KindMigrate, &p); err != nil {
		return nil, err
	}
	if len(p.Found) == 0 || len(p.Found) != len(p.Aliases) {
		return nil, errUnplanned
	}
	var steps []change.Step
	for _, s := range k.steps(r.ID, p) {
		steps = append(steps, s.plannedStep)
	}
	return steps, nil
}

// steps move one alias after the other: proven beside it, changed over, seen to work. The old trust goes once all of
// them work without it; what is taken back begins with it.
func (k *Migrator) steps(request string, p Migrate) []planned {
	var steps []planned
	for _, f := range p.Found {
		suffix := ""
		if len(p.Found) > 1 {
			suffix = ":" + f.Connect.Alias
		}
		w := k.work(f.Connect)
		remote := Deployment{Ref: f.Connect.Remote, Name: f.Remote}
		steps = append(steps,
			planned{&exchangeStep{
				work: w, suffix: suffix, key: f.Connect.keySpec(k.o.Env, request), hadEntry: f.HasKey, point: f.point(),
				before: f.Before, patience: k.o.Patience,
			}, remote},
			planned{&verifyStep{work: w, suffix: suffix, patience: k.o.Patience, keyName: f.Connect.keySpec(k.o.Env, request).Name}, remote})
	}
	if p.Leaves == nil {
		return steps
	}
	var moving []Name
	for _, alias := range p.Aliases {
		moving = append(moving, Name{p.Local, alias})
	}
	for _, s := range p.Leaves.Trust {
		steps = append(steps, planned{plannedStep: k.untrusting(k.work(Connect{Local: p.Local}), s, moving)})
	}
	return steps
}
