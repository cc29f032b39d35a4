package link

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
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

// Steps returns what applies r, in order.
func (k *Connector) Steps(r *change.Request) ([]change.Step, error) {
	if r.Proposal.Kind != KindConnect {
		return nil, fmt.Errorf("request %s is a %q, not a connect", r.ID, r.Proposal.Kind)
	}
	c, err := ParseConnect(r.Proposal.Params)
	if err != nil {
		return nil, err
	}
	if c.Identity != nil {
		c.Identity = approvedIdentity(r.Proposal)
	}
	var steps []change.Step
	for _, s := range k.steps(r.ID, c, k.approved(r.Proposal, c)) {
		steps = append(steps, s)
	}
	return steps, nil
}

// plannedStep is a step that says beforehand which calls it will make. It builds them from the same values that it
// sends, so that what was approved is what is applied.
type plannedStep interface {
	change.Step
	calls(s Survey) []change.PlannedCall
}

// entries are whom the two sides shall trust, under the certificate model.
type entries struct{ local, remote TrustEntry }

// approved is what steps take from the approved plan, so that what was approved is what is applied.
type approved struct {
	entries
	ruleset NewRuleset
	role    json.RawMessage
	pasted  bool // a person makes the key
	files   []string
}

func (k *Connector) approved(p change.Proposal, c Connect) approved {
	return approved{
		entries: k.approvedEntries(p, c), ruleset: approvedRuleset(p), role: approvedRole(p), pasted: p.Wants == WantsKey,
		files: approvedAuthorities(p),
	}
}

func (k *Connector) steps(request string, c Connect, plan approved) []plannedStep {
	w := work{catalog: k.catalog, c: c}
	steps := []plannedStep{&checkStep{work: w}}
	if c.byCertificate() {
		steps = append(steps,
			&trustStep{trustChange{work: w, name: StepTrustLocal, of: c.Local, entry: plan.local, patience: k.o.PlanPatience}},
			&trustStep{trustChange{work: w, name: StepTrustRemote, of: c.Remote, entry: plan.remote, patience: k.o.PlanPatience}})
	} else {
		if c.Filter != nil {
			steps = append(steps, addFilter(w, k.o.Env, request, plan.ruleset))
		}
		if c.Identity != nil {
			steps = append(steps, &authoritiesStep{work: w, files: plan.files, own: c.keySpec(k.o.Env, request).Name, pasted: plan.pasted})
		}
		steps = append(steps, k.granting(w, request, plan.pasted))
		if c.Restart {
			steps = append(steps, &restartStep{work: w, patience: k.o.PlanPatience})
		}
	}
	steps = append(steps, &pointStep{work: w, want: c.settings()})
	if c.Role != nil {
		steps = append(steps, writeRole(w, plan.role))
	}
	return append(steps, &verifyStep{work: w, patience: k.o.Patience, keyName: c.keyName(k.o.Env, request)})
}

// granting is the step that gives the local side its key: one that the bot issues, or one that a person hands in.
func (k *Connector) granting(w work, request string, pasted bool) plannedStep {
	grant := grantStep{work: w, key: w.c.keySpec(k.o.Env, request), entry: CredentialsName(w.c.Alias)}
	if pasted {
		return &pasteStep{grantStep: grant, request: request, pasted: k.o.Pasted}
	}
	return &grant
}

// work is what every step of one connect knows.
type work struct {
	catalog *Catalog
	c       Connect
}

// side is one side of the connection, ready to be spoken to.
type side struct {
	System
	d  Deployment
	es Cluster
}

func (w work) local(ctx context.Context) (side, error)  { return w.reach(ctx, w.c.Local) }
func (w work) remote(ctx context.Context) (side, error) { return w.reach(ctx, w.c.Remote) }

// both reaches the two sides at once.
func (w work) both(ctx context.Context) (local, remote side, err error) {
	var errs [2]error
	var wg sync.WaitGroup
	wg.Go(func() { local, errs[0] = w.local(ctx) })
	wg.Go(func() { remote, errs[1] = w.remote(ctx) })
	wg.Wait()
	return local, remote, cmp.Or(errs[0], errs[1])
}

// reach reads the deployment anew: its endpoint and Elasticsearch resource may have changed since the plan.
func (w work) reach(ctx context.Context, ref Ref) (side, error) {
	d, err := w.catalog.Fresh(ctx, ref)
	if err != nil {
		return side{}, attempt("reading deployment "+ref.String(), err)
	}
	sys, _ := w.catalog.System(ref.Platform)
	es, err := sys.Cluster(d)
	if err != nil {
		return side{}, attempt("reaching Elasticsearch of "+d.Name, err)
	}
	return side{System: sys, d: d, es: es}, nil
}

func elasticsearchOf(d Deployment) string { return "Elasticsearch of " + d.Name }

// leftovers gathers what an Undo could not take back, so that it goes on past a failure.
type leftovers struct {
	what, commands []string
	errs           []error
}

func (l *leftovers) add(what, command string, err error) {
	l.what = append(l.what, what)
	l.commands = append(l.commands, command)
	l.errs = append(l.errs, err)
}

func (l *leftovers) of(step string) error {
	if len(l.errs) == 0 {
		return nil
	}
	cause := errors.Join(l.errs...)
	return &change.LeftoverError{
		Leftover: change.Leftover{
			Step: step, What: strings.Join(l.what, "; and "), Command: strings.Join(l.commands, "\n\n"), Cause: cause.Error(),
		},
		Err: cause,
	}
}

// devTools is a call as a person types it into Dev Tools.
func devTools(method, path, body string) string { return method + " " + path + "\n" + body }
