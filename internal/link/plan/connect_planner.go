package plan

import (
	"cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// ConnectPlanner plans and makes connections. It implements change.Planner.
type ConnectPlanner struct {
	catalog *inventory.Catalog
	o       steps.PlannerOptions
}

// NewConnectPlanner returns a connector over the platforms of catalog.
func NewConnectPlanner(catalog *inventory.Catalog, o steps.PlannerOptions) *ConnectPlanner {
	o.VerifyTimeout = cmp.Or(o.VerifyTimeout, steps.DefaultVerifyTimeout)
	o.PlanTimeout = cmp.Or(o.PlanTimeout, steps.DefaultPlanTimeout)
	return &ConnectPlanner{catalog: catalog, o: o}
}

// steps are what brings c about, in order. request makes names; a person makes the key where pasted is true.
func (k *ConnectPlanner) steps(request string, c link.ConnectParams, s link.PairState, pasted bool) []change.PlannedStep {
	v := steps.PairView(s)
	todo := []change.PlannedStep{steps.CheckArgs{Connect: c, Endpoint: s.Remote.Endpoint}.Planned()}
	if c.ByCertificate() {
		e := link.Entries(s, c)
		todo = append(todo,
			steps.AddTrust(c.Local, s.Trust.Local.Trusted.Settings, e.Local).Planned(v),
			steps.AddTrust(c.Remote, s.Trust.Remote.Trusted.Settings, e.Remote).PlannedRemote(v))
	} else {
		if c.Filter != nil {
			todo = append(todo, steps.AddFilter(c, k.o.Env, request, s).Planned(v))
		}
		grant := steps.IssueKeyArgs{Ends: steps.EndsOf(c), Key: link.KeySpec(c, k.o.Env, request), ByHand: s.KeystoreByHand()}
		if pasted {
			grant.PastedFor = request
		}
		if c.Identity != nil {
			authorities := authorityArgs(*s.Signing, c.Remote, pasted)
			todo = append(todo, authorities.Planned(v))
		}
		todo = append(todo, grant.Planned(v))
		if c.Restart {
			todo = append(todo, steps.RestartArgs{Local: c.Local}.Planned(v))
		}
	}
	todo = append(todo, steps.SetRemoteArgs{Local: c.Local, Alias: c.Alias, Settings: c.Settings(), Keyed: c.Model != link.ModelCertificate}.Planned(v))
	if link.OwnsRole(c, s) {
		todo = append(todo, steps.RoleOf(c, s).Planned(v))
	}
	return append(todo, steps.VerifyKey(c, c.KeyName(k.o.Env, request), c.Settings()).Planned(v, ""))
}
