package link

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// KindDisconnect asks for the end of a connection.
const KindDisconnect change.Kind = "link.disconnect"

// Disconnect are the parameters of a disconnect.
type Disconnect struct {
	Local Ref    `json:"local"`
	Alias string `json:"alias"`
	Found *found `json:"found,omitempty"`
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
	p.Found.After = Settings{}
	used := "nothing that the bot can see"
	if len(e.Users) > 0 {
		used = list(e.Users)
	}
	fields := append(e.sides(), change.Field{Label: "Used by", Value: used}, change.Field{Label: "Key", Value: orNone(e.keyLine())})
	return draft{
		Proposal: change.Proposal{
			Traits: Traits(e.Survey, "disconnect", p.Found.Connect.Access, k.o.Tags),
			Kind:   KindDisconnect, Target: Target(p.Local, p.Alias), Title: e.title("Disconnect"),
			Fields: fields, Warnings: e.disconnectWarnings(),
			Basis: append(e.basis(), change.Field{Label: "Used by", Value: strings.Join(e.Users, ", ")}),
			Memos: []change.Memo{forget(e.Name)},
		},
		params: p, steps: k.steps(p), survey: e.Survey,
	}.proposal()
}

func (e Existing) disconnectWarnings() []string {
	var w warnings
	if len(e.Users) > 0 {
		w.add("In use by %s: these will fail. Follower indices can't change their remote cluster.", list(e.Users))
	}
	if e.UsersUnread != nil {
		w.add("What uses this connection could not be read, or not wholly: %s.", sentence(e.UsersUnread))
	}
	w.add("Searches through %s: are not recorded anywhere that the bot can read: whether there are some, only people know.", e.Alias)
	if e.HasKey && len(e.Keys) == 0 {
		w.add("Which key it uses is not known: none will be invalidated on the remote cluster.")
	}
	w.add("It can be undone until the key is gone; from then on, connecting again makes a new key.")
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

// steps: settings first, as the presence of the key decides the model of a connection that is still set.
func (k *Disconnector) steps(p Disconnect) []plannedStep {
	w := k.work(p.Found.Connect)
	again := p.Found.Connect.keySpec(k.o.Env, "")
	again.Name = p.Found.OldName // so that it is found where the old one was
	return []plannedStep{
		&adjustStep{work: w, before: p.Found.Before, after: p.Found.After},
		&emptyStep{work: w, hadEntry: p.Found.HasKey, key: again},
		&retireStep{work: w, name: p.Found.OldName, ids: p.Found.OldKeys, renewed: true},
	}
}
