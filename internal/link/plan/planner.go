package plan

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// planner is what every change of an existing connection is planned with.
type planner struct {
	roster *inventory.Connections
	o      steps.PlannerOptions
}

func newPlanner(r *inventory.Connections, o steps.PlannerOptions) planner {
	o.VerifyTimeout, o.PlanTimeout = cmp.Or(o.VerifyTimeout, steps.DefaultVerifyTimeout), cmp.Or(o.PlanTimeout, steps.DefaultPlanTimeout)
	return planner{roster: r, o: o}
}

// found is what a plan found of a connection, and what it makes of it.
type planState struct {
	Connect link.ConnectParams // as it is to be
	Before  elastic.Settings   // the alias's settings as they are
	After   elastic.Settings   // and as they are to be
	HasKey  bool               // there is an entry in the keystore
	OldKeys []string           // ids of the keys in use until now
	OldName string
}

// keyed reports whether there is a key, as far as that is known; by certificates there is none.
func (f planState) keyed() bool { return f.HasKey || f.OldName != "" }

// renewal is what brings a new key into use: proven, put in place, seen to work.
func (k planner) renewal(request string, f planState, v steps.View, suffix string) []change.PlannedStep {
	rotate := steps.RotateKeyArgs{
		Connect: f.Connect, Probe: steps.ProbeAlias(request, f.Connect.Alias), Key: link.KeySpec(f.Connect, k.o.Env, request),
		HasKey: f.HasKey, Before: f.Before, After: f.point(), ByHand: v.ByHand(),
	}
	return []change.PlannedStep{rotate.Planned(v, suffix), steps.VerifyKey(f.Connect, rotate.Key.Name, f.After).Planned(v, suffix)}
}

// invalidation is what ends the keys in use until now. renewed: undoing the other steps makes a new one.
func (f planState) invalidation(v steps.View, renewed bool) change.PlannedStep {
	return steps.InvalidateOldKeyArgs{Remote: f.Connect.Remote, Name: f.OldName, IDs: f.OldKeys, Renewed: renewed}.Planned(v)
}

// knownOptions are the settings of an alias that a connect sets, or that don't go with them.
var knownOptions = []string{
	"mode", "proxy_address", "server_name", "skip_unavailable", "proxy_socket_connections", "transport.compress",
	"transport.compression_scheme", "transport.ping_schedule", "seeds", "node_connections", link.OptionCertificate, link.OptionSigningKey,
}

// revised are the alias's settings with those of c in place of what they were; options that the bot does not know stay.
func revised(e link.ConnectionState, c link.ConnectParams) elastic.Settings {
	keep := func(all map[string]json.RawMessage) map[string]json.RawMessage {
		kept := maps.Clone(all)
		for _, option := range knownOptions {
			delete(kept, elastic.RemotePrefix+e.Alias+"."+option)
		}
		if len(kept) == 0 {
			return nil
		}
		return kept
	}
	set := c.Settings()
	if !e.Own.Empty() && e.Own.Hidden().Empty() && !link.Unsigned(e) {
		set = set.Shown() // what the local nodes sign with, nobody knows: it stays
	}
	return elastic.Settings{Persistent: keep(e.Own.Persistent), Transient: keep(e.Own.Transient)}.With(set)
}

// point is what to set beside a new key: nil where the settings stay as they are.
func (f planState) point() *elastic.Settings {
	if f.Before.Equal(f.After) {
		return nil
	}
	return &f.After
}

func planStateOf(e link.ConnectionState, c link.ConnectParams) planState {
	f := planState{Connect: c, Before: e.Own, After: revised(e, c), HasKey: e.HasKey}
	for _, k := range e.Keys {
		f.OldKeys = append(f.OldKeys, k.ID)
	}
	if e.Managed != nil {
		f.OldName = e.Managed.KeyName
	}
	return f
}

// proposalBuilder is a proposal before its parameters are written, and its targets and digest are worked out.
type proposalBuilder struct {
	change.Proposal
	params any
}

// proposal finishes a draft of a change of own, a Target, which stands for several where there are any.
func (d proposalBuilder) proposal(own string, several ...string) (change.Proposal, error) {
	raw, err := json.Marshal(d.params)
	if err != nil {
		return change.Proposal{}, fmt.Errorf("writing the parameters of a %s: %w", d.Kind, err)
	}
	p := d.Proposal
	p.Params, p.Target = raw, targets(own, p.Steps, several...)
	p.Digest, err = p.ComputeDigest()
	return p, err
}

// view is what a plan shows of the connection's two sides, as far as the remote one is known.
func connectionView(e link.ConnectionState) steps.View {
	v := steps.PairView(e.PairState)
	v.Remote = e.Remote
	return v
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

// requireReachable fails if the parts without which nothing can be changed could not be read.
func requireReachable(e link.ConnectionState, remote bool) error {
	parts := []link.Part{link.PartLocalCluster, link.PartSettings, link.PartKeystore}
	if remote {
		parts = append(parts, link.PartRemoteCluster)
	}
	if err := e.RequireRead(parts...); err != nil {
		return err
	}
	if e.KeysUnread != nil && remote {
		return link.WrapCall("reading the keys of "+e.Remote.Name, e.KeysUnread)
	}
	return nil
}
