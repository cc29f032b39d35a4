package link

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// KindAdopt asks to take a connection that was made by hand under management. It changes no cluster.
const KindAdopt change.Kind = "link.adopt"

// FieldKeyName is the field of an adoption that names the key.
const FieldKeyName = "key_name"

// AdoptParams are the parameters of an adoption. The key's name and access can't be read from the local side.
type AdoptParams struct {
	Local   elastic.Ref    `json:"local"`
	Alias   string         `json:"alias"`
	Access  elastic.Access `json:"access"`
	KeyName string         `json:"key_name,omitempty"`
}

// AdoptPlanner plans and makes adoptions.
type AdoptPlanner struct{ planner }

// NewAdoptPlanner returns an adopter of the connections that r reads.
func NewAdoptPlanner(r *Connections, o PlannerOptions) *AdoptPlanner {
	return &AdoptPlanner{newPlanner(r, o)}
}

// Plan implements change.Planner; errors as of Connector.Plan.
func (k *AdoptPlanner) Plan(ctx context.Context, _ string, params json.RawMessage) (change.Proposal, error) {
	var p AdoptParams
	if err := parse(KindAdopt, params, &p); err != nil {
		return change.Proposal{}, err
	}
	e, err := k.roster.State(ctx, Name{Local: p.Local, Alias: p.Alias})
	if err != nil {
		return change.Proposal{}, err
	}
	wrong := e.whyNot(KindAdopt)
	checkPatterns(wrong, FieldSearch, p.Access.Search)
	checkPatterns(wrong, FieldReplication, p.Access.Replication)
	if err := wrong.Check(); err != nil {
		return change.Proposal{}, err
	}
	key, err := adoptedKey(ctx, e, &p)
	if err != nil {
		return change.Proposal{}, err
	}
	c := e.params()
	c.Access = p.Access
	m := c.managed(p.KeyName).named(e.PairState)
	m.Adopted, m.Settings = true, e.Own.Options(e.Alias)
	if key != nil {
		m.KeyDays, m.Expires, m.Identity = key.Days(), key.Expires, key.Identity
	}
	fields := e.sides()
	add := func(label, value string) { fields = append(fields, change.Field{Label: label, Value: value}) }
	add("Settings", e.Own.Brief(e.Alias))
	add("Model", Connection{Info: e.Info}.Model())
	add("Key", orUnknown(p.KeyName))
	unset := orUnknown
	if key != nil && len(key.Access.Search)+len(key.Access.Replication) > 0 {
		unset = orNothing // the key itself tells
	}
	add("May search", unset(list(p.Access.Search)))
	add("May replicate", unset(list(p.Access.Replication)))
	return proposalBuilder{
		Proposal: change.Proposal{
			Traits: e.traits("adopt", c, k.o.Tags),
			Kind:   KindAdopt, Title: e.title("Adopt"), Fields: fields,
			Warnings: []string{"No cluster is changed: from then on the bot watches the connection, and can rotate, update and end it."},
			Basis:    e.basis(), Records: []change.Record{m.record()},
			Steps: []change.PlannedStep{inspectArgs{Local: p.Local, Alias: p.Alias, Access: p.Access}.planned(connectionView(e))},
		},
		params: p,
	}.proposal(Target(p.Local, p.Alias))
}

// adoptedKey finds the key that was named, and what it may read where that was left out.
func adoptedKey(ctx context.Context, e ConnectionState, p *AdoptParams) (*elastic.Key, error) {
	if p.KeyName == "" {
		return nil, nil
	}
	remote, err := e.remoteOn.Cluster(e.Remote)
	if err != nil {
		return nil, wrapCall("reaching Elasticsearch of "+e.Remote.Name, err)
	}
	keys, err := remote.ActiveKeys(ctx, p.KeyName)
	if err != nil {
		return nil, wrapCall("reading the keys of "+e.Remote.Name, err)
	}
	if len(keys) != 1 {
		say := fmt.Sprintf("%s has %d valid cross-cluster keys of this name; leave it out if you are not sure", e.Remote.Name, len(keys))
		return nil, &change.InvalidError{Problems: []change.Problem{{Field: FieldKeyName, Say: say, Named: true}}}
	}
	if len(p.Access.Search)+len(p.Access.Replication) == 0 {
		p.Access = keys[0].Access
	}
	return &keys[0], nil
}

func orUnknown(s string) string {
	if s == "" {
		return "not known"
	}
	return s
}
