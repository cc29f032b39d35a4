// Package steps is what writes: each step is built from its arguments alone and able to undo itself. What adds a thing and what
// removes it share a file.
package steps

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
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
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
	Registry inventory.Registry
	// Pasted holds the keys that people hand in or are shown; nil: none can be (see CatalogOptions.Pasting).
	Pasted link.PastedKeys
	// ByHandWithin is how long people may take to edit a keystore; an hour.
	ByHandWithin time.Duration
}

// How long a connection may take to come up, a platform for a plan, and people for a keystore, unless the options say otherwise.
const (
	DefaultVerifyTimeout = 2 * time.Minute
	DefaultPlanTimeout   = 30 * time.Minute
	DefaultByHand        = time.Hour
)

// ReadArgs reads the arguments of a step. They have to come out as they went in: what this version does not know, or
// what is missing, was meant to do something, so it is an error and never a zero value.
func ReadArgs[A any](raw json.RawMessage) (A, error) {
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

// ArgsOf are the arguments of a planned step; false if p has no such step, or its arguments can't be read.
func ArgsOf[A any](p change.Proposal, name string) (args A, ok bool) {
	step := p.Step(name)
	if step == nil {
		return args, false
	}
	args, err := ReadArgs[A](step.Args)
	return args, err == nil
}

// Ends are the two sides of a connection, and what it is called on the local one.
type Ends struct {
	Local  elastic.Ref `json:"local"`
	Remote elastic.Ref `json:"remote"`
	Alias  string      `json:"alias"`
}

// EndsOf names the two sides and the alias of a connect.
func EndsOf(c link.ConnectParams) Ends { return Ends{Local: c.Local, Remote: c.Remote, Alias: c.Alias} }

// ports are what steps reach the world by. What they do there, their arguments say alone.
type ports struct {
	catalog  *inventory.Catalog
	roster   *inventory.Connections
	pasted   link.PastedKeys
	verifies time.Duration // how long a connection may take to come up
	plans    time.Duration // how long a platform may take for a plan

	byHandWithin time.Duration // how long people may take to edit a keystore
}

func portsOf(r *inventory.Connections, o PlannerOptions) ports {
	p := ports{roster: r, pasted: o.Pasted, byHandWithin: cmp.Or(o.ByHandWithin, DefaultByHand), verifies: cmp.Or(o.VerifyTimeout, DefaultVerifyTimeout), plans: cmp.Or(o.PlanTimeout, DefaultPlanTimeout)}
	if r != nil {
		p.catalog = r.Catalog()
	}
	return p
}

// side is one side of the connection, ready to be spoken to.
type side struct {
	link.System
	d  elastic.Deployment
	es elastic.Cluster
}

// both reaches the two sides at once.
func (p ports) both(ctx context.Context, e Ends) (local, remote side, err error) {
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
		return side{}, link.WrapCall("reaching Elasticsearch of "+s.d.Name, err)
	}
	return s, nil
}

// on reads the deployment anew and needs no credentials of Elasticsearch: keystore, trust and filters belong to the
// platform.
func (p ports) on(ctx context.Context, ref elastic.Ref) (side, error) {
	d, err := p.catalog.Fresh(ctx, ref)
	if err != nil {
		return side{d: d}, link.WrapCall("reading deployment "+ref.String(), err)
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
	return devTools(describe(sys.Calls())...)
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
