package link

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// KindDisconnect asks for the end of a connection.
const KindDisconnect change.Kind = "link.disconnect"

// Disconnect are the parameters of a disconnect.
type Disconnect struct {
	Local  Ref       `json:"local"`
	Alias  string    `json:"alias"`
	Found  *found    `json:"found,omitempty"`
	Leaves *leavings `json:"leaves,omitempty"` // what else goes
}

// Disconnector plans and makes the end of connections.
type Disconnector struct{ keeper }

// NewDisconnector returns a disconnector of the connections that r reads.
func NewDisconnector(r *Roster, o ConnectorOptions) *Disconnector {
	return &Disconnector{newKeeper(r, o)}
}

// Plan implements change.Planner; errors as of Connector.Plan.
func (k *Disconnector) Plan(ctx context.Context, _ string, params json.RawMessage) (change.Proposal, error) {
	var p Disconnect
	if err := parse(KindDisconnect, params, &p); err != nil {
		return change.Proposal{}, err
	}
	e, err := k.roster.Existing(ctx, Name{p.Local, p.Alias})
	if err != nil {
		return change.Proposal{}, err
	}
	wrong := e.problems(false)
	if e.Listed && e.Own.Empty() {
		wrong.Add(FieldAlias, "%s is set in elasticsearch.yml of %s, which no API changes", e.Alias, e.Survey.Local.Name)
	}
	if err := wrong.Check(); err != nil {
		return change.Proposal{}, err
	}
	if err := e.reached(e.HasRemote() && e.Managed != nil && e.Managed.KeyName != ""); err != nil {
		return change.Proposal{}, err
	}
	p.Found = e.found(e.connect())
	p.Found.After, p.Leaves = Settings{}, k.leavings(ctx, e)
	used, key := "nothing that the bot can see", orNone(e.keyLine())
	if len(e.Users) > 0 {
		used = list(e.Users)
	}
	if !p.Found.keyed() {
		key = "none: it uses certificates"
	}
	fields := append(e.sides(), change.Field{Label: "Used by", Value: used}, change.Field{Label: "Key", Value: key})
	fields = append(fields, p.Leaves.fields()...)
	return draft{
		Proposal: change.Proposal{
			Traits: e.traits("disconnect", p.Found.Connect, k.o.Tags),
			Kind:   KindDisconnect, Target: Target(p.Local, p.Alias), Title: e.title("Disconnect"),
			Fields: fields, Warnings: e.disconnectWarnings(*p.Leaves), Unsure: p.Leaves.unsure,
			Basis: append(e.basis(), change.Field{Label: "Used by", Value: strings.Join(e.Users, ", ")}),
			Memos: []change.Memo{forget(e.Name)},
		},
		params: p, steps: k.steps(p), survey: e.Survey,
	}.proposal()
}

// leavings works out what was made for a connection beside its settings and its key, and what of it can go with it.
func (k *Disconnector) leavings(ctx context.Context, e Existing) *leavings {
	l := &leavings{}
	switch {
	case e.Managed == nil || e.Managed.Adopted: // what an update has added since is recorded all the same
		l.stay("trust, network filters and roles that people made for it: the connection was made by hand, and nothing is recorded of them")
	case e.certified() && e.Managed.Trust == nil:
		l.unrecorded(e)
	}
	if e.Managed == nil {
		return l
	}
	e.spareRole(ctx, l)
	k.roster.spareTrust(ctx, []Existing{e}, l)
	k.roster.spareFilter(ctx, e, l)
	e.spareAuthority(ctx, l)
	return l
}

func (e Existing) disconnectWarnings(l leavings) []string {
	var w warnings
	users := slices.Clone(e.Users)
	if l.Role != nil { // it does not outlive the alias
		users = slices.DeleteFunc(users, func(u string) bool { return u == "role "+l.Role.Role })
	}
	if len(users) > 0 {
		w.add("In use by %s: these will fail. Follower indices can't change their remote cluster.", list(users))
	}
	if e.UsersUnread != nil {
		w.add("What uses this connection could not be read, or not wholly: %s.", sentence(e.UsersUnread))
	}
	w.add("Searches through %s are not recorded anywhere that the bot can read: whether there are some, only people know.", e.Alias)
	if e.HasKey && len(e.Keys) == 0 {
		w.add("Which key it uses is not known: none will be invalidated on the remote cluster.")
	}
	if l.Filter != nil {
		w.add("Whoever else comes to %s from %s is let in no longer, unless another filter does.", e.Remote.Name, list(l.Filter.Ruleset.Sources))
	}
	if e.HasKey || len(e.Keys) > 0 {
		w.add("If a step fails, everything is put back, as long as the key is not gone; from then on, connecting again makes a new key.")
	}
	return w
}

// Steps returns what applies r.
func (k *Disconnector) Steps(r *change.Request) ([]change.Step, error) {
	var p Disconnect
	if err := stepsOf(r, KindDisconnect, &p); err != nil {
		return nil, err
	}
	if p.Found == nil {
		return nil, errUnplanned
	}
	return asSteps(k.steps(p)), nil
}

// steps: settings first, as the presence of the key decides the model of a connection that is still set. The key comes
// last: until it is gone, all of it can be undone.
func (k *Disconnector) steps(p Disconnect) []plannedStep {
	w := k.work(p.Found.Connect)
	again := p.Found.Connect.keySpec(k.o.Env, "")
	again.Name = p.Found.OldName // so that it is found where the old one was
	steps := []plannedStep{&adjustStep{work: w, before: p.Found.Before, after: p.Found.After}}
	if p.Found.keyed() {
		steps = append(steps, &emptyStep{work: w, hadEntry: p.Found.HasKey, key: again})
	}
	if p.Leaves != nil {
		steps = append(steps, k.leaving(w, *p.Leaves, Name{p.Local, p.Alias})...)
	}
	if p.Found.keyed() {
		steps = append(steps, &retireStep{work: w, name: p.Found.OldName, ids: p.Found.OldKeys, renewed: true})
	}
	return steps
}

// leaving are the steps that take back what was made for a connection: the role first, then what lets the clusters
// reach each other.
func (k *Disconnector) leaving(w work, l leavings, n Name) []plannedStep {
	var steps []plannedStep
	if l.Role != nil {
		steps = append(steps, unroling(w, *l.Role))
	}
	for _, s := range l.Trust {
		steps = append(steps, k.untrusting(w, s, []Name{n}))
	}
	if l.Filter != nil {
		steps = append(steps, k.unfiltering(w, *l.Filter, n))
	}
	if l.Authority != nil {
		steps = append(steps, &disbelieveStep{work: w, spare: *l.Authority})
	}
	return steps
}
