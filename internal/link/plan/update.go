package plan

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// How the access of a key is changed.
const (
	howStays   = ""
	howInPlace = "in_place"
	howRotates = "rotate"
)

// UpdatePlanner plans and makes updates.
type UpdatePlanner struct{ planner }

// NewUpdatePlanner returns an updater of the connections that r reads.
func NewUpdatePlanner(r *inventory.Connections, o steps.PlannerOptions) *UpdatePlanner {
	return &UpdatePlanner{newPlanner(r, o)}
}

// Plan implements change.Planner; errors as of Connector.Plan.
func (k *UpdatePlanner) Plan(ctx context.Context, id string, params json.RawMessage) (change.Proposal, error) {
	var p link.UpdateParams
	if err := parse(link.KindUpdate, params, &p); err != nil {
		return change.Proposal{}, err
	}
	e, err := k.roster.State(ctx, link.Name{Local: p.Local, Alias: p.Alias})
	if err != nil {
		return change.Proposal{}, err
	}
	c := p.Connect(e)
	if err := k.checkUpdatable(ctx, &e, &c); err != nil {
		return change.Proposal{}, err
	}
	p.Access = c.Access
	was := link.PrefillUpdate(e)
	f := planStateOf(e, c)
	diff := slices.Concat(updateDiff(p, was, f), link.ExtrasDiff(c, e.PairState), link.IdentityDiff(e))
	if e.Forgotten {
		diff = append(diff, change.Field{Label: "Connection", Value: "lost by the local nodes → rebuilt"})
	}
	renews := len(diff) == 0 && e.LacksEnrich()
	if renews {
		diff = append(diff, change.Field{Label: "ES|QL's ENRICH", Value: "refused for the age of the key → possible"})
	}
	if len(diff) == 0 {
		return change.Proposal{}, &change.InvalidError{Problems: []change.Problem{{Field: link.FieldAlias, Say: "nothing would change: these are already the settings"}}}
	}
	how := howToChange(e, was.Access, c.Access, renews)
	m := c.Managed(e.Managed.KeyName).Named(e.PairState)
	m.Settings = f.After.Options(c.Alias)
	link.RecordExtras(c, &m, e.PairState, k.o.Env, id)
	m.Elsewhere = p.Elsewhere && link.AddressKind(e.PairState, c) == link.AddressOther
	var w link.WarningList
	w.Access(c)
	link.WarnElsewhere(&w, e.PairState, c)
	fields := append(e.Sides(), k.lines(diff, c)...)
	if !was.Access.Equal(c.Access) {
		w.Versions(e.PairState, c.Access)
		fields = append(fields, change.Field{Label: "Used by", Value: cmp.Or(link.JoinWords(e.Users), "nothing that the bot can see")})
		accessLost(&w, e, was.Access, c.Access)
	}
	link.WarnNewFilter(&w, e.PairState, c)
	link.WarnOrphaned(&w, "network filter", e.Managed.Ruleset, m.Ruleset)
	link.WarnOrphaned(&w, "role", e.Managed.Role, m.Role)
	switch how {
	case howRotates:
		fields = append(fields, e.KeystoreFields()...)
		m.KeyName = link.KeySpec(c, k.o.Env, id).Name
		link.WarnUnknownLimits(&w, e)
		w.Add("A new key replaces the old one: the bot does not own that key or doesn't know it, or it requires another certificate than approved.")
		var wrong change.InvalidError
		if checkCanIssueKeyNow(e, &wrong); len(wrong.Problems) > 0 {
			return change.Proposal{}, &wrong
		}
	default:
		m.Expires = e.Managed.KeyExpires()
	}
	traits := link.TraitsOfState(e, "update", c, k.o.Tags)
	return proposalBuilder{
		Proposal: change.Proposal{
			Traits: traits, Substance: link.Substance(c, e.PairState, m.Settings, traits),
			Kind: link.KindUpdate, Title: e.Title("Update"),
			Fields: fields, Warnings: w, Basis: append(e.Basis(), e.FilterBasis()), Before: e.End(),
			Advice:  link.RoleAdvice(e.PairState, c),
			Records: []change.Record{e.Managed.FollowedBy(m).AsRecord()},
			Steps:   k.steps(id, e, f, how, was.Access),
		},
		params: p,
	}.proposal(link.Target(p.Local, p.Alias))
}

// accessLost warns of what goes through a connection whose key comes to read less.
func accessLost(w *link.WarningList, e link.ConnectionState, was, wanted elastic.Access) {
	lost := link.LacksPatterns(wanted, was)
	if len(lost) > 0 && len(e.Users) > 0 {
		w.Add("In use by %s: whatever reads %s there will find nothing.", link.JoinWords(e.Users), link.JoinWords(lost))
	}
	if unread := e.UsesUnreadSay(); len(lost) > 0 && unread != "" {
		w.Add("Could not be checked: %s. Some of it may use this connection.", unread)
	}
}

// checkUpdatable says what keeps a connection from being updated to c, puts c under the limits of its key, and reads the
// role that c names.
func (k *UpdatePlanner) checkUpdatable(ctx context.Context, e *link.ConnectionState, c *link.ConnectParams) error {
	wrong := e.Refusal(link.KindUpdate)
	if err := wrong.Check(); err != nil {
		return err
	}
	if err := requireReachable(*e, true); err != nil {
		return err
	}
	if err := c.Check(); err != nil {
		return err
	}
	if err := link.RequireKeys(*e); err != nil {
		return err
	}
	c.Access = link.KeepLimits(*e, c.Access, wrong, link.FieldSearch)
	e.FilterProblems(wrong, *c)
	if err := wrong.Check(); err != nil {
		return err
	}
	if err := inventory.JudgeAddress(ctx, k.roster.Catalog(), e.PairState, *c); err != nil {
		return err
	}
	return inventory.ReadOptional(ctx, &e.PairState, *c)
}

func checkCanIssueKeyNow(e link.ConnectionState, wrong *change.InvalidError) {
	e.HandProblems(wrong)
	if e.CantIssue != nil {
		wrong.Add(link.FieldRemote, "the bot can't create a key on %s: %s", e.Remote.Name, e.CantIssue)
	}
}

// howToChange says how the key comes to its new access: in place where the bot's user owns it. A key that demands
// another certificate than was approved is not to be trusted: a new one takes its place. renews: its access is written
// anew though it stays the same.
func howToChange(e link.ConnectionState, was, wanted elastic.Access, renews bool) string {
	if len(link.IdentityDiff(e)) > 0 {
		return howRotates
	}
	if was.Equal(wanted) && !renews {
		return howStays
	}
	if len(e.Keys) == 1 {
		remote, err := e.RemoteOn.Cluster(e.Remote)
		ring, ok := remote.(elastic.Keyring)
		if err == nil && ok && ring.Caller() != "" && ring.Caller() == e.Keys[0].Owner {
			return howInPlace
		}
	}
	return howRotates
}

// diff are the lines of a card: what was, and what is to be.
func updateDiff(p link.UpdateParams, was link.UpdateParams, f planState) []change.Field {
	var out []change.Field
	line := func(label string, before, after any) {
		b, a := fmt.Sprint(before), fmt.Sprint(after)
		if b != a {
			out = append(out, change.Field{Label: label, Value: link.OrDefault(b) + " → " + link.OrDefault(a)})
		}
	}
	if !was.Access.Equal(p.Access) {
		line("May search", strings.Join(was.Access.Search, ", "), strings.Join(p.Access.Search, ", "))
		line("May replicate", strings.Join(was.Access.Replication, ", "), strings.Join(p.Access.Replication, ", "))
	}
	line(link.LabelLimits, link.Limits(was.Access), link.Limits(p.Access))
	line("Proxy address", was.ProxyAddress, p.ProxyAddress)
	line("Server name", was.ServerName, p.ServerName)
	line("skip_unavailable", was.SkipUnavailable, p.SkipUnavailable)
	line("Sockets", was.ProxySockets, p.ProxySockets)
	line("Compression", was.Compress, p.Compress)
	line("Compression scheme", was.Scheme, p.Scheme)
	line("Ping schedule", was.PingSchedule, p.PingSchedule)
	for _, option := range []string{link.OptionCertificate, link.OptionSigningKey} {
		line(option, f.Before.Options(p.Alias)[option], f.After.Options(p.Alias)[option])
	}
	return out
}

// lines are what changes, and the limits that stay.
func (*UpdatePlanner) lines(diff []change.Field, c link.ConnectParams) []change.Field {
	limits := link.Limits(c.Access)
	if limits == "" || slices.ContainsFunc(diff, func(f change.Field) bool { return f.Label == link.LabelLimits }) {
		return diff
	}
	return append(diff, change.Field{Label: link.LabelLimits, Value: limits})
}

// steps let the local side in first: without that nothing that follows could be proven.
func (k *UpdatePlanner) steps(request string, e link.ConnectionState, f planState, how string, was elastic.Access) []change.PlannedStep {
	v, c := connectionView(e), f.Connect
	var todo []change.PlannedStep
	if c.Filter != nil {
		todo = append(todo, steps.AddFilter(c, k.o.Env, request, e.PairState).Planned(v))
	}
	if link.OwnsRole(c, e.PairState) {
		todo = append(todo, steps.RoleOf(c, e.PairState).Planned(v))
	}
	if how == howRotates {
		return slices.Concat(todo, k.renewal(request, f, v, ""), []change.PlannedStep{f.invalidation(v, false)})
	}
	if how == howInPlace && len(f.OldKeys) == 1 {
		todo = append(todo, steps.UpdateKeyAccessArgs{Remote: c.Remote, ID: f.OldKeys[0], Before: was, After: c.Access}.Planned(v))
	}
	if f.point() != nil {
		todo = append(todo, steps.UpdateSettingsArgs{Local: c.Local, Alias: c.Alias, Before: f.Before, After: f.After}.Planned(v))
	}
	proof := steps.VerifyArgsOf(c, f.After)
	proof.KeyIDs = f.OldKeys
	return append(todo, proof.Planned(v, ""))
}
