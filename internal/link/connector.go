package link

import (
	"cmp"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// The steps of a connect, as the journal names them.
const (
	StepCheck  = "check"
	StepGrant  = "grant"
	StepPoint  = "point"
	StepVerify = "verify"
)

// ConnectorOptions are what a Connector needs beside the platforms.
type ConnectorOptions struct {
	Env string // which bot this is; part of every key's name
	// Patience is how long verify waits for the connection to come up; 2 minutes. How long nodes take to see a new
	// keystore entry is documented nowhere.
	Patience time.Duration
	// PlanPatience is how long a platform may take to carry out a plan or a restart; 30 minutes.
	PlanPatience time.Duration
	// Tags are the deployment tags that a policy asks for. Others are no traits, so that a change of theirs voids no
	// approval.
	Tags []string
	// Registry tells which connections the bot has made, so that those who share a trust know whose it is; nil: none.
	Registry Registry
	// Pasted holds the keys that people hand in; nil: none can be (see CatalogOptions.Pasting).
	Pasted PastedKeys
}

const (
	defaultPatience     = 2 * time.Minute
	defaultPlanPatience = 30 * time.Minute
)

// Connector plans and makes connections. It implements change.Planner.
type Connector struct {
	catalog *Catalog
	o       ConnectorOptions
}

// NewConnector returns a connector over the platforms of catalog.
func NewConnector(catalog *Catalog, o ConnectorOptions) *Connector {
	o.Patience = cmp.Or(o.Patience, defaultPatience)
	o.PlanPatience = cmp.Or(o.PlanPatience, defaultPlanPatience)
	return &Connector{catalog: catalog, o: o}
}

// steps are what brings c about, in order. request makes names; a person makes the key where pasted is true.
func (k *Connector) steps(request string, c Connect, s Survey, pasted bool) []change.PlannedStep {
	v := s.view()
	steps := []change.PlannedStep{checkArgs{Connect: c, Endpoint: s.Remote.Endpoint}.planned()}
	if c.byCertificate() {
		e := s.entries(c)
		steps = append(steps,
			addTrust(c.Local, s.trust.Local.Trusted.Settings, e.local).planned(v),
			addTrust(c.Remote, s.trust.Remote.Trusted.Settings, e.remote).plannedRemote(v))
	} else {
		if c.Filter != nil {
			steps = append(steps, c.addFilter(k.o.Env, request, s).planned(v))
		}
		grant := issueKeyArgs{ends: c.ends(), Key: c.keySpec(k.o.Env, request)}
		if pasted {
			grant.PastedFor = request
		}
		if c.Identity != nil {
			authorities := authoritiesArgs{Remote: c.Remote, Files: s.authorities(), Own: grant.Key.Name, Pasted: pasted}
			steps = append(steps, authorities.planned(v))
		}
		steps = append(steps, grant.planned(v))
		if c.Restart {
			steps = append(steps, restartArgs{Local: c.Local}.planned(v))
		}
	}
	steps = append(steps, setRemoteArgs{Local: c.Local, Alias: c.Alias, Settings: c.settings()}.planned(v))
	if c.Role != nil {
		steps = append(steps, c.role(s).planned(v))
	}
	return append(steps, c.verifyKey(c.keyName(k.o.Env, request)).planned(v, ""))
}

// entries are whom the two sides shall trust, under the certificate model.
type entries struct{ local, remote TrustEntry }
