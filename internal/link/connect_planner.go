package link

import (
	"cmp"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// The steps of a connect, as the journal names them.
const (
	StepCheck     = "check"
	StepIssueKey  = "issue_key"
	StepSetRemote = "set_remote"
	StepVerify    = "verify"
)

// PlannerOptions are what a Connector needs beside the platforms.
type PlannerOptions struct {
	Env string // which bot this is; part of every key's name
	// VerifyTimeout is how long verify waits for the connection to come up; 2 minutes. How long nodes take to see a new
	// keystore entry is documented nowhere.
	VerifyTimeout time.Duration
	// PlanTimeout is how long a platform may take to carry out a plan or a restart; 30 minutes.
	PlanTimeout time.Duration
	// Tags are the deployment tags that a policy asks for. Others are no traits, so that a change of theirs voids no
	// approval.
	Tags []string
	// Registry tells which connections the bot has made, so that those who share a trust know whose it is; nil: none.
	Registry Registry
	// Pasted holds the keys that people hand in; nil: none can be (see CatalogOptions.Pasting).
	Pasted PastedKeys
}

const (
	defaultVerifyTimeout = 2 * time.Minute
	defaultPlanTimeout   = 30 * time.Minute
)

// ConnectPlanner plans and makes connections. It implements change.Planner.
type ConnectPlanner struct {
	catalog *Catalog
	o       PlannerOptions
}

// NewConnectPlanner returns a connector over the platforms of catalog.
func NewConnectPlanner(catalog *Catalog, o PlannerOptions) *ConnectPlanner {
	o.VerifyTimeout = cmp.Or(o.VerifyTimeout, defaultVerifyTimeout)
	o.PlanTimeout = cmp.Or(o.PlanTimeout, defaultPlanTimeout)
	return &ConnectPlanner{catalog: catalog, o: o}
}

// steps are what brings c about, in order. request makes names; a person makes the key where pasted is true.
func (k *ConnectPlanner) steps(request string, c ConnectParams, s PairState, pasted bool) []change.PlannedStep {
	v := pairView(s)
	todo := []change.PlannedStep{checkArgs{Connect: c, Endpoint: s.Remote.Endpoint}.planned()}
	if c.byCertificate() {
		e := s.entries(c)
		todo = append(todo,
			addTrust(c.Local, s.trust.Local.Trusted.Settings, e.local).planned(v),
			addTrust(c.Remote, s.trust.Remote.Trusted.Settings, e.remote).plannedRemote(v))
	} else {
		if c.Filter != nil {
			todo = append(todo, addFilter(c, k.o.Env, request, s).planned(v))
		}
		grant := issueKeyArgs{ends: endsOf(c), Key: c.keySpec(k.o.Env, request)}
		if pasted {
			grant.PastedFor = request
		}
		if c.Identity != nil {
			authorities := addAuthorityArgs{Remote: c.Remote, Files: s.authorities(), Own: grant.Key.Name, Pasted: pasted}
			todo = append(todo, authorities.planned(v))
		}
		todo = append(todo, grant.planned(v))
		if c.Restart {
			todo = append(todo, restartArgs{Local: c.Local}.planned(v))
		}
	}
	todo = append(todo, setRemoteArgs{Local: c.Local, Alias: c.Alias, Settings: c.settings()}.planned(v))
	if c.Role != nil {
		todo = append(todo, roleOf(c, s).planned(v))
	}
	return append(todo, verifyKey(c, c.keyName(k.o.Env, request), rebuilding{Settings: c.settings()}).planned(v, ""))
}

// entries are whom the two sides shall trust, under the certificate model.
type entries struct{ local, remote elastic.TrustEntry }
