package link

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// keeper is what every change of an existing connection is planned with.
type keeper struct {
	roster *Roster
	o      ConnectorOptions
}

func newKeeper(r *Roster, o ConnectorOptions) keeper {
	o.Patience, o.PlanPatience = cmp.Or(o.Patience, defaultPatience), cmp.Or(o.PlanPatience, defaultPlanPatience)
	return keeper{roster: r, o: o}
}

func (k keeper) work(c Connect) work { return work{catalog: k.roster.catalog, c: c} }

// found is what a plan found and its steps go by. It travels in the parameters of the proposal, so that what was
// approved is what is applied; planning again computes it anew.
type found struct {
	Connect Connect  `json:"connect"`            // the connection as it is to be
	Before  Settings `json:"before"`             // the alias's settings as they are
	After   Settings `json:"after"`              // and as they are to be
	HasKey  bool     `json:"has_key"`            // there is an entry in the keystore
	OldKeys []string `json:"old_keys,omitempty"` // ids of the keys in use until now
	OldName string   `json:"old_name,omitempty"`
	Remote  string   `json:"remote,omitempty"` // the remote deployment's name
}

// keyed reports whether there is a key, as far as that is known; by certificates there is none.
func (f found) keyed() bool { return f.HasKey || f.OldName != "" }

// knownOptions are the settings of an alias that a connect sets, or that don't go with them.
var knownOptions = []string{
	"mode", "proxy_address", "server_name", "skip_unavailable", "proxy_socket_connections", "transport.compress",
	"transport.ping_schedule", "seeds", "node_connections", optionCertificate, optionSigningKey,
}

// revised are the alias's settings with those of c in place of what they were; options that the bot does not know stay.
func (e Existing) revised(c Connect) Settings {
	keep := func(all map[string]json.RawMessage) map[string]json.RawMessage {
		kept := maps.Clone(all)
		for _, option := range knownOptions {
			delete(kept, remotePrefix+e.Alias+"."+option)
		}
		if len(kept) == 0 {
			return nil
		}
		return kept
	}
	return Settings{Persistent: keep(e.Own.Persistent), Transient: keep(e.Own.Transient)}.with(c.settings())
}

// point is what to set beside a new key: nil where the settings stay as they are.
func (f found) point() *Settings {
	if f.Before.same(f.After) {
		return nil
	}
	return &f.After
}

func (e Existing) found(c Connect) *found {
	f := &found{Connect: c, Before: e.Own, After: e.revised(c), HasKey: e.HasKey, Remote: e.Remote.Name}
	for _, k := range e.Keys {
		f.OldKeys = append(f.OldKeys, k.ID)
	}
	if e.Managed != nil {
		f.OldName = e.Managed.KeyName
	}
	return f
}

// draft is a proposal before its calls and digest are worked out.
type draft struct {
	change.Proposal
	params any
	steps  []plannedStep
	survey Survey
}

func (d draft) proposal() (change.Proposal, error) {
	raw, err := json.Marshal(d.params)
	if err != nil {
		return change.Proposal{}, fmt.Errorf("writing the parameters of a %s: %w", d.Kind, err)
	}
	p := d.Proposal
	p.Params = raw
	for _, step := range d.steps {
		p.Steps = append(p.Steps, change.PlannedStep{Name: step.Name(), Title: step.Title()})
		p.Plan = append(p.Plan, step.calls(d.survey)...)
	}
	p.Digest, err = p.ComputeDigest()
	return p, err
}

func asSteps(planned []plannedStep) []change.Step {
	steps := make([]change.Step, len(planned))
	for i, s := range planned {
		steps[i] = s
	}
	return steps
}

// parse reads parameters; an unknown field is an error: it was meant to do something.
func parse(kind change.Kind, params json.RawMessage, into any) error {
	dec := json.NewDecoder(bytes.NewReader(params))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("parameters of a %s: %w", kind, err)
	}
	return nil
}

// stepsOf reads the parameters of r, which its plan has completed.
func stepsOf(r *change.Request, kind change.Kind, into any) error {
	if r.Proposal.Kind != kind {
		return fmt.Errorf("request %s is a %q, not a %q", r.ID, r.Proposal.Kind, kind)
	}
	return parse(kind, r.Proposal.Params, into)
}

var errUnplanned = errors.New("the parameters lack what the plan found")

// reached fails if the parts without which nothing can be changed could not be read.
func (e Existing) reached(remote bool) error {
	parts := []Part{PartLocalCluster, PartSettings, PartKeystore}
	if remote {
		parts = append(parts, PartRemoteCluster)
	}
	if err := e.known(parts...); err != nil {
		return err
	}
	if e.KeysUnread != nil && remote {
		return attempt("reading the keys of "+e.Remote.Name, e.KeysUnread)
	}
	return nil
}
