package plan

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// FieldKeyName is the field of an adoption that names the key.
const FieldKeyName = "key_name"

// AdoptPlanner plans and makes adoptions.
type AdoptPlanner struct{ planner }

// NewAdoptPlanner returns an adopter of the connections that r reads.
func NewAdoptPlanner(r *inventory.Connections, o steps.PlannerOptions) *AdoptPlanner {
	return &AdoptPlanner{newPlanner(r, o)}
}

// Plan implements change.Planner; errors as of Connector.Plan.
func (k *AdoptPlanner) Plan(ctx context.Context, _ string, params json.RawMessage) (change.Proposal, error) {
	var p link.AdoptParams
	if err := parse(link.KindAdopt, params, &p); err != nil {
		return change.Proposal{}, err
	}
	e, err := k.roster.State(ctx, link.Name{Local: p.Local, Alias: p.Alias})
	if err != nil {
		return change.Proposal{}, err
	}
	wrong := e.Refusal(link.KindAdopt)
	p.Access.Entries = nil // only a key itself tells them
	if e.ByCertificate() {
		p.Access = elastic.Access{} // no key limits what may be read
	}
	link.CheckPatterns(wrong, link.FieldSearch, p.Access.Search)
	link.CheckPatterns(wrong, link.FieldReplication, p.Access.Replication)
	if err := wrong.Check(); err != nil {
		return change.Proposal{}, err
	}
	if err := requireReachable(e, false); err != nil {
		return change.Proposal{}, err
	}
	key, err := k.adoptedKey(ctx, e, &p)
	if err != nil {
		return change.Proposal{}, err
	}
	c := e.Params()
	c.Access = p.Access
	m := c.Managed(p.KeyName).Named(e.PairState)
	m.Adopted, m.Settings = true, e.Own.Options(e.Alias)
	if key != nil {
		m.KeyDays, m.Expires, m.Identity = key.Days(), key.Expires, key.Identity
	}
	fields := e.Sides()
	add := func(label, value string) { fields = append(fields, change.Field{Label: label, Value: value}) }
	add("Settings", e.Own.Brief(e.Alias))
	add("Model", inventory.Connection{Info: e.Info}.Model())
	add("Key", orUnknown(p.KeyName))
	add("Effect", "No cluster is changed. The bot then monitors the connection, and can rotate, update and disconnect it.")
	unset := orUnknown
	if key != nil && len(key.Access.Search)+len(key.Access.Replication) > 0 {
		unset = func(s string) string { return cmp.Or(s, "nothing") } // the key itself tells
	}
	add("May search", unset(link.JoinWords(p.Access.Search)))
	add("May replicate", unset(link.JoinWords(p.Access.Replication)))
	judged, limits := c, link.Limits(p.Access)
	if key == nil && !e.ByCertificate() { // what people say of a key that nobody can look at makes no change narrower
		judged.Access, limits = elastic.Access{}, "unknown: it may be limited to some documents or fields; a new key would not be"
	}
	if limits != "" {
		add(link.LabelLimits, limits)
	}
	var w link.WarningList
	link.WarnElsewhere(&w, e.PairState, c)
	return proposalBuilder{
		Proposal: change.Proposal{
			Traits: link.TraitsOfState(e, "adopt", judged, k.o.Tags),
			Kind:   link.KindAdopt, Title: e.Title("Adopt"), Fields: fields, Warnings: w,
			Basis: e.Basis(), Records: []change.Record{m.AsRecord()},
			Steps: []change.PlannedStep{steps.InspectArgs{Local: p.Local, Alias: p.Alias, Access: p.Access}.Planned(connectionView(e))},
		},
		params: p,
	}.proposal(link.Target(p.Local, p.Alias))
}

// adoptedKey finds the key that was named. What it may read is its own to tell: what people filled in counts only where
// there is no key to ask.
func (k *AdoptPlanner) adoptedKey(ctx context.Context, e link.ConnectionState, p *link.AdoptParams) (*elastic.Key, error) {
	if p.KeyName == "" {
		return nil, nil
	}
	if e.ByCertificate() {
		return nil, wrongKey("%s uses certificates and has no key: leave the name empty", e.Alias)
	}
	remote, err := e.RemoteOn.Cluster(e.Remote)
	if err != nil {
		return nil, link.WrapCall("reaching Elasticsearch of "+e.Remote.Name, err)
	}
	keys, err := remote.ActiveKeys(ctx, p.KeyName)
	if err != nil {
		return nil, link.WrapCall("reading the keys of "+e.Remote.Name, err)
	}
	if len(keys) != 1 {
		return nil, wrongKey("%s has %d valid cross-cluster keys with this name; leave it empty if you are not sure", e.Remote.Name, len(keys))
	}
	if err := k.checkTies(ctx, e, keys[0]); err != nil {
		return nil, err
	}
	if len(keys[0].Access.Search)+len(keys[0].Access.Replication) > 0 {
		p.Access = keys[0].Access
	}
	return &keys[0], nil
}

// checkTies refuses a key of another connection: anyone who took it over could rotate and invalidate it.
func (k *AdoptPlanner) checkTies(ctx context.Context, e link.ConnectionState, key elastic.Key) error {
	mine := e.Name
	if m := key.Metadata; m["managed_by"] == link.KeyManager && (m["local"] != mine.Local.String() || m["alias"] != mine.Alias) {
		return wrongKey("this is the key of %s/%s", m["local"], m["alias"])
	}
	others, err := inventory.ManagedOn(ctx, k.roster.Records.Registry, e.Remote.Ref)
	if err != nil {
		return inventory.ErrUnmanaged(err)
	}
	for name, m := range others {
		if name != mine && m.Remote == e.Remote.Ref && m.KeyName == key.Name {
			return wrongKey("this is the key of %s", name)
		}
	}
	return nil
}

func wrongKey(say string, args ...any) error {
	return &change.InvalidError{Problems: []change.Problem{{Field: FieldKeyName, Say: fmt.Sprintf(say, args...), Named: true}}}
}

func orUnknown(s string) string {
	if s == "" {
		return "not known"
	}
	return s
}
