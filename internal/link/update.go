package link

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// KindUpdate asks for other access or settings of a connection.
const KindUpdate change.Kind = "link.update"

// UpdateParams are the parameters of an update: everything as it is to be.
type UpdateParams struct {
	Local           elastic.Ref    `json:"local"`
	Alias           string         `json:"alias"`
	ProxyAddress    string         `json:"proxy_address"`
	ServerName      string         `json:"server_name"`
	Access          elastic.Access `json:"access"`
	SkipUnavailable bool           `json:"skip_unavailable"`
	ProxySockets    int            `json:"proxy_sockets,omitempty"`
	Compress        string         `json:"compress,omitempty"`
	PingSchedule    string         `json:"ping_schedule,omitempty"`

	Filter *FilterOptions `json:"filter,omitempty"` // a network filter to add; nil: none
	Role   *RoleOptions   `json:"role,omitempty"`   // a role to write on the local cluster; nil: none
}

// How the access of a key is changed.
const (
	howStays   = ""
	howInPlace = "in_place"
	howRotates = "rotate"
)

// PrefillUpdate is an update that would change nothing.
func PrefillUpdate(e ConnectionState) UpdateParams {
	c := e.params()
	u := UpdateParams{
		Local: c.Local, Alias: c.Alias, ProxyAddress: c.ProxyAddress, ServerName: c.ServerName, Access: c.Access,
		SkipUnavailable: c.SkipUnavailable, ProxySockets: c.ProxySockets, Compress: c.Compress, PingSchedule: c.PingSchedule,
	}
	for _, k := range e.Keys {
		if len(k.Access.Search)+len(k.Access.Replication) > 0 {
			u.Access = k.Access // what the key really may, which somebody else may have changed
		}
	}
	return u
}

// UpdatePlanner plans and makes updates.
type UpdatePlanner struct{ planner }

// NewUpdatePlanner returns an updater of the connections that r reads.
func NewUpdatePlanner(r *Connections, o PlannerOptions) *UpdatePlanner {
	return &UpdatePlanner{newPlanner(r, o)}
}

// Plan implements change.Planner; errors as of Connector.Plan.
func (k *UpdatePlanner) Plan(ctx context.Context, id string, params json.RawMessage) (change.Proposal, error) {
	var p UpdateParams
	if err := parse(KindUpdate, params, &p); err != nil {
		return change.Proposal{}, err
	}
	e, err := k.roster.State(ctx, Name{Local: p.Local, Alias: p.Alias})
	if err != nil {
		return change.Proposal{}, err
	}
	c := p.connect(e)
	if err := checkUpdatable(ctx, &e, c); err != nil {
		return change.Proposal{}, err
	}
	was := PrefillUpdate(e)
	f, how := planStateOf(e, c), howToChange(e, was.Access, c.Access)
	diff := slices.Concat(updateDiff(p, was, f), c.extrasDiff(e.PairState), e.identityDiff())
	if len(diff) == 0 {
		return change.Proposal{}, &change.InvalidError{Problems: []change.Problem{{Field: FieldAlias, Say: "nothing would change: everything is like this already"}}}
	}
	m := c.managed(e.Managed.KeyName).named(e.PairState)
	m.Settings = f.After.Options(c.Alias)
	c.recordExtras(&m, e.PairState, k.o.Env, id)
	var w warnings
	w.access(c)
	if !was.Access.Equal(c.Access) {
		w.versions(e.PairState, c.Access)
	}
	w.filterWarnings(e.PairState, c)
	w.warnOrphaned("network filter", e.Managed.Ruleset, m.Ruleset)
	w.warnOrphaned("role", e.Managed.Role, m.Role)
	switch how {
	case howRotates:
		m.KeyName = c.keySpec(k.o.Env, id).Name
		w.add("A new key is made and takes the old one's place: the bot does not own that one, does not know it, or it demands another certificate than was approved.")
		var wrong change.InvalidError
		if checkCanIssueKeyNow(e, &wrong); len(wrong.Problems) > 0 {
			return change.Proposal{}, &wrong
		}
	default:
		m.Expires = e.Managed.KeyExpires()
	}
	return proposalBuilder{
		Proposal: change.Proposal{
			Traits: e.traits("update", c, k.o.Tags),
			Kind:   KindUpdate, Title: e.title("Update"),
			Fields: append(e.sides(), diff...), Warnings: w, Basis: append(e.basis(), e.filterBasis()),
			Records: []change.Record{e.Managed.followedBy(m).record()},
			Steps:   k.steps(id, e, f, how, was.Access),
		},
		params: p,
	}.proposal(Target(p.Local, p.Alias))
}

// checkUpdatable says what keeps a connection from being updated to c, and reads the role that c names.
func checkUpdatable(ctx context.Context, e *ConnectionState, c ConnectParams) error {
	wrong := e.whyNot(KindUpdate)
	if err := wrong.Check(); err != nil {
		return err
	}
	if err := requireReachable(*e, true); err != nil {
		return err
	}
	if err := c.Check(); err != nil {
		return err
	}
	e.filterProblems(wrong, c)
	if err := wrong.Check(); err != nil {
		return err
	}
	return readOptional(ctx, &e.PairState, c)
}

func checkCanIssueKeyNow(e ConnectionState, wrong *change.InvalidError) {
	if e.cantIssue != nil {
		wrong.Add(FieldRemote, "the bot can't issue a key on %s: %s", e.Remote.Name, e.cantIssue)
	}
}

func (p UpdateParams) connect(e ConnectionState) ConnectParams {
	c := e.params()
	c.ProxyAddress, c.ServerName, c.Access = strings.TrimSpace(p.ProxyAddress), strings.TrimSpace(p.ServerName), p.Access
	c.SkipUnavailable, c.ProxySockets, c.Compress, c.PingSchedule = p.SkipUnavailable, p.ProxySockets, p.Compress, p.PingSchedule
	c.Filter, c.Role = p.Filter, p.Role
	return c
}

// howToChange says how the key comes to its new access: in place where the bot's user owns it. A key that demands
// another certificate than was approved is not to be trusted: a new one takes its place.
func howToChange(e ConnectionState, was, wanted elastic.Access) string {
	if len(e.identityDiff()) > 0 {
		return howRotates
	}
	if was.Equal(wanted) {
		return howStays
	}
	if len(e.Keys) == 1 {
		remote, err := e.remoteOn.Cluster(e.Remote)
		ring, ok := remote.(elastic.Keyring)
		if err == nil && ok && ring.Caller() != "" && ring.Caller() == e.Keys[0].Owner {
			return howInPlace
		}
	}
	return howRotates
}

// diff are the lines of a card: what was, and what is to be.
func updateDiff(p UpdateParams, was UpdateParams, f found) []change.Field {
	var out []change.Field
	line := func(label string, before, after any) {
		b, a := fmt.Sprint(before), fmt.Sprint(after)
		if b != a {
			out = append(out, change.Field{Label: label, Value: orDefaultWord(b) + " → " + orDefaultWord(a)})
		}
	}
	if !was.Access.Equal(p.Access) {
		line("May search", strings.Join(was.Access.Search, ", "), strings.Join(p.Access.Search, ", "))
		line("May replicate", strings.Join(was.Access.Replication, ", "), strings.Join(p.Access.Replication, ", "))
	}
	line("Proxy address", was.ProxyAddress, p.ProxyAddress)
	line("Server name", was.ServerName, p.ServerName)
	line("skip_unavailable", was.SkipUnavailable, p.SkipUnavailable)
	line("Sockets", was.ProxySockets, p.ProxySockets)
	line("Compression", was.Compress, p.Compress)
	line("Ping schedule", was.PingSchedule, p.PingSchedule)
	for _, option := range []string{optionCertificate, optionSigningKey} {
		line(option, f.Before.Options(p.Alias)[option], f.After.Options(p.Alias)[option])
	}
	return out
}

func orDefaultWord(s string) string {
	if s == "" || s == "0" {
		return "(none)"
	}
	return s
}

// steps let the local side in first: without that nothing that follows could be proven.
func (k *UpdatePlanner) steps(request string, e ConnectionState, f found, how string, was elastic.Access) []change.PlannedStep {
	v, c := connectionView(e), f.Connect
	var todo []change.PlannedStep
	if c.Filter != nil {
		todo = append(todo, addFilter(c, k.o.Env, request, e.PairState).planned(v))
	}
	if c.Role != nil {
		todo = append(todo, roleOf(c, e.PairState).planned(v))
	}
	if how == howRotates {
		return slices.Concat(todo, k.renewal(request, f, v, ""), []change.PlannedStep{f.invalidation(v, false)})
	}
	if how == howInPlace && len(f.OldKeys) == 1 {
		todo = append(todo, updateKeyAccessArgs{Remote: c.Remote, ID: f.OldKeys[0], Before: was, After: c.Access}.planned(v))
	}
	if f.point() != nil {
		todo = append(todo, updateSettingsArgs{Local: c.Local, Alias: c.Alias, Before: f.Before, After: f.After}.planned(v))
	}
	proof := verifyArgsOf(c, f.rebuilding())
	proof.KeyIDs = f.OldKeys
	return append(todo, proof.planned(v, ""))
}
