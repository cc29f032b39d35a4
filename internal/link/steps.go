package link

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Steps returns what builds each step of this package from its arguments, by the step's name: to add one, add a line.
func Steps(roster *Connections, o PlannerOptions) map[string]func(args json.RawMessage) (change.Step, error) {
	p := portsOf(roster, o)
	return map[string]func(json.RawMessage) (change.Step, error){
		StepCheck:        builder(func(a checkArgs) change.Step { return &checkStep{ports: p, checkArgs: a} }),
		StepInspect:      builder(func(a inspectArgs) change.Step { return &inspectStep{ports: p, inspectArgs: a} }),
		StepAddFilter:    builder(func(a addFilterArgs) change.Step { return newAddFilterStep(p, a) }),
		StepAddAuthority: builder(func(a addAuthorityArgs) change.Step { return &addAuthorityStep{ports: p, addAuthorityArgs: a} }),
		StepIssueKey:     builder(func(a issueKeyArgs) change.Step { return newIssueKeyStep(p, a) }),
		StepRestart:      builder(func(a restartArgs) change.Step { return &restartStep{ports: p, restartArgs: a} }),
		StepSetRemote:    builder(func(a setRemoteArgs) change.Step { return &setRemoteStep{ports: p, setRemoteArgs: a} }),
		StepWriteRole:    builder(func(a roleArgs) change.Step { return &writeRoleStep{newRoleChange(p, a)} }),
		StepVerify:       builder(func(a verifyArgs) change.Step { return newVerifyStep(p, a) }),
		StepTrustLocal:   builder(func(a trustArgs) change.Step { return newTrustStep(p, a) }),
		StepTrustRemote:  builder(func(a trustArgs) change.Step { return newTrustStep(p, a) }),
		StepRotateKey:    builder(func(a rotateKeyArgs) change.Step { return &rotateKeyStep{ports: p, rotateKeyArgs: a} }),
		StepInvalidateOldKey: builder(func(a invalidateOldKeyArgs) change.Step {
			return &invalidateOldKeyStep{ports: p, invalidateOldKeyArgs: a}
		}),
		StepUpdateKeyAccess: builder(func(a updateKeyAccessArgs) change.Step { return &updateKeyAccessStep{ports: p, updateKeyAccessArgs: a} }),
		StepUpdateSettings:  builder(func(a updateSettingsArgs) change.Step { return &updateSettingsStep{ports: p, updateSettingsArgs: a} }),
		StepRemoveKey:       builder(func(a removeKeyArgs) change.Step { return &removeKeyStep{ports: p, removeKeyArgs: a} }),
		StepRemoveRole:      builder(func(a roleArgs) change.Step { return &removeRoleStep{newRoleChange(p, a)} }),
		StepRemoveTrust:     builder(func(a removeTrustArgs) change.Step { return newRemoveTrustStep(p, a) }),
		StepRemoveFilter:    builder(func(a removeFilterArgs) change.Step { return newRemoveFilterStep(p, a) }),
		StepRemoveAuthority: builder(func(a removeAuthorityArgs) change.Step { return &removeAuthorityStep{ports: p, removeAuthorityArgs: a} }),
	}
}

// builder reads arguments, and builds a step from them.
func builder[A any](build func(A) change.Step) func(json.RawMessage) (change.Step, error) {
	return func(raw json.RawMessage) (change.Step, error) {
		args, err := readArgs[A](raw)
		if err != nil {
			return nil, err
		}
		return build(args), nil
	}
}

// readArgs reads the arguments of a step. They have to come out as they went in: what this version does not know, or
// what is missing, was meant to do something, so it is an error and never a zero value.
func readArgs[A any](raw json.RawMessage) (A, error) {
	var args, none A
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&args); err != nil {
		return none, err
	}
	again, err := json.Marshal(args)
	if err != nil {
		return none, err
	}
	if same, err := sameJSON(raw, again); err != nil || !same {
		return none, cmp.Or(err, errors.New("a field is missing, or is not as this version writes it"))
	}
	return args, nil
}

func sameJSON(a, b json.RawMessage) (bool, error) {
	first, err := change.Canonical(a)
	if err != nil {
		return false, err
	}
	second, err := change.Canonical(b)
	return bytes.Equal(first, second), err
}

// planned is a step as a plan has it.
func planned(name, title string, args any, calls ...change.Call) change.PlannedStep {
	return change.PlannedStep{Name: name, Args: elastic.RawJSON(args), Title: title, Calls: calls}
}

// argsOf are the arguments of a planned step; false if p has no such step, or its arguments can't be read.
func argsOf[A any](p change.Proposal, name string) (args A, ok bool) {
	step := p.Step(name)
	if step == nil {
		return args, false
	}
	args, err := readArgs[A](step.Args)
	return args, err == nil
}

// ends are the two sides of a connection, and what it is called on the local one.
type ends struct {
	Local  elastic.Ref `json:"local"`
	Remote elastic.Ref `json:"remote"`
	Alias  string      `json:"alias"`
}

func endsOf(c ConnectParams) ends { return ends{Local: c.Local, Remote: c.Remote, Alias: c.Alias} }

// ports are what steps reach the world by. What they do there, their arguments say alone.
type ports struct {
	catalog  *Catalog
	roster   *Connections
	pasted   PastedKeys
	verifies time.Duration // how long a connection may take to come up
	plans    time.Duration // how long a platform may take for a plan
}

func portsOf(r *Connections, o PlannerOptions) ports {
	p := ports{roster: r, pasted: o.Pasted, verifies: cmp.Or(o.VerifyTimeout, defaultVerifyTimeout), plans: cmp.Or(o.PlanTimeout, defaultPlanTimeout)}
	if r != nil {
		p.catalog = r.Catalog()
	}
	return p
}

// side is one side of the connection, ready to be spoken to.
type side struct {
	System
	d  elastic.Deployment
	es elastic.Cluster
}

// both reaches the two sides at once.
func (p ports) both(ctx context.Context, e ends) (local, remote side, err error) {
	var errs [2]error
	var wg sync.WaitGroup
	wg.Go(func() { local, errs[0] = p.reach(ctx, e.Local) })
	wg.Go(func() { remote, errs[1] = p.reach(ctx, e.Remote) })
	wg.Wait()
	return local, remote, cmp.Or(errs[0], errs[1])
}

// reach reads the deployment anew: its endpoint and Elasticsearch resource may have changed since the plan.
func (p ports) reach(ctx context.Context, ref elastic.Ref) (side, error) {
	s, err := p.on(ctx, ref)
	if err != nil {
		return side{}, err
	}
	if s.es, err = s.Cluster(s.d); err != nil {
		return side{}, wrapCall("reaching Elasticsearch of "+s.d.Name, err)
	}
	return s, nil
}

// on reads the deployment anew and needs no credentials of Elasticsearch: keystore, trust and filters belong to the
// platform.
func (p ports) on(ctx context.Context, ref elastic.Ref) (side, error) {
	d, err := p.catalog.Fresh(ctx, ref)
	if err != nil {
		return side{d: d}, wrapCall("reading deployment "+ref.String(), err)
	}
	sys, _ := p.catalog.System(ref.Platform)
	return side{System: sys, d: d}, nil
}

// byHand are calls that a person makes to clean up; empty where the platform is no longer configured.
func (p ports) byHand(platform string, describe func(elastic.Calls) []change.Call) string {
	sys, ok := p.catalog.System(platform)
	if !ok {
		return ""
	}
	return devTools(describe(sys.calls())...)
}

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

func (l *leftovers) err() error {
	if len(l.errs) == 0 {
		return nil
	}
	cause := errors.Join(l.errs...)
	return &change.LeftoverError{
		Leftover: change.Leftover{
			What: strings.Join(l.what, "; and "), Command: strings.Join(l.commands, "\n\n"), Cause: cause.Error(),
		},
		Err: cause,
	}
}

func leftBehind(what, command string, err error) error {
	var l leftovers
	l.add(what, command, err)
	return l.err()
}
