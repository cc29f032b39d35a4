package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// findings are the rules that were broken, each with what was seen.
type findings []string

func (f *findings) add(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

// settled waits until every request has come to its end and has been told, and returns them.
func (s *stage) settled(ctx context.Context, wishes int) ([]*change.Request, error) {
	ctx, cancel := context.WithTimeout(ctx, s.settle)
	defer cancel()
	for {
		all, err := s.store.Recent(ctx, 100)
		if err == nil && len(all) >= wishes && !slices.ContainsFunc(all, moving) {
			return all, nil
		}
		select {
		case <-ctx.Done():
			return all, fmt.Errorf("after %v: %s (%w)", s.settle, states(all), err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func moving(r *change.Request) bool {
	return !r.State.Final() && r.State != change.Stuck || r.Announced < r.Version
}

func states(all []*change.Request) string {
	var out []string
	for _, r := range all {
		out = append(out, fmt.Sprintf("%s %s, version %d, told %d", r.ID, r.State, r.Version, r.Announced))
	}
	return strings.Join(out, "; ")
}

// inspect holds what is there against every rule, from outside.
func (s *stage) inspect(ctx context.Context, asked []wish, all []*change.Request) (findings, []change.AuditLine, error) {
	var f findings
	var elastic platform.State
	if err := s.call(ctx, http.MethodGet, s.world.Elastic.Control+"/state", nil, &elastic); err != nil {
		return f, nil, err
	}
	slack, err := s.slack(ctx)
	if err != nil {
		return f, nil, err
	}
	var calls []fault.Call
	if err := s.call(ctx, http.MethodGet, s.world.Elastic.Control+"/log", nil, &calls); err != nil {
		return f, nil, err
	}
	audit, err := s.audit(ctx, &f)
	if err != nil {
		return f, nil, err
	}
	if len(all) != len(asked) {
		f.add("%d requests came of %d wishes: %s", len(all), len(asked), states(all))
	}
	for _, r := range all {
		s.inspectEnd(&f, r, audit)
		s.inspectThread(&f, r, slack)
	}
	inspectWorld(&f, elastic, all)
	inspectKeys(&f, elastic, all)
	inspectFence(&f, audit, calls)
	s.inspectLogs(&f)
	return f, audit, nil
}

func (s *stage) audit(ctx context.Context, f *findings) ([]change.AuditLine, error) {
	report, err := s.store.VerifyAudit(ctx)
	if err != nil {
		return nil, err
	}
	if report.Bad != nil {
		f.add("the audit is broken at line %d: %s", report.Bad.Position, report.Bad.Why)
	}
	return s.store.Audit(ctx, "", 100000)
}

// inspectEnd: final, or stuck with what is left named; and there is one end.
func (s *stage) inspectEnd(f *findings, r *change.Request, audit []change.AuditLine) {
	switch {
	case r.State == change.Stuck && len(r.Outcome.Leftovers) == 0:
		f.add("%s is stuck and names nothing", r.ID)
	case r.State != change.Stuck && !r.State.Final():
		f.add("%s is still %s", r.ID, r.State)
	}
	ends := 0
	for _, l := range audit {
		if l.Entry.Request == r.ID && l.Entry.To != l.Entry.From && (l.Entry.To.Final() || l.Entry.To == change.Stuck) {
			ends++
		}
	}
	if ends != 1 {
		f.add("%s ended %d times", r.ID, ends)
	}
}

var words = map[change.State]string{
	change.Applied: "Done", change.RolledBack: "Failed, nothing is left behind", change.Withdrawn: "Withdrawn",
	change.Stuck: "Stuck: a person is needed", change.Rejected: "Rejected", change.Expired: "Expired",
}

// inspectThread: one card, which shows the end; one announcement of the end in its thread.
func (s *stage) inspectThread(f *findings, r *change.Request, slack workspace.State) {
	count := map[string]int{}
	for _, m := range slack.Messages {
		if request(m) != r.ID || m.Deleted || m.Ephemeral() {
			continue
		}
		count[slot(m)]++
		if slot(m) == "card" && !strings.Contains(slack.Render(m), words[r.State]) {
			f.add("the card of %s does not say %q:\n%s", r.ID, words[r.State], slack.Render(m))
		}
	}
	want := map[string]int{"card": 1, "final": 1, "stuck": 0}
	switch r.State { //nolint:exhaustive // the others are announced
	case change.Withdrawn:
		want["final"] = 0
	case change.Stuck:
		want["final"], want["stuck"] = 0, 1
	}
	for slot, n := range want {
		if count[slot] != n {
			f.add("%s is %s and has %d messages %q, not %d", r.ID, r.State, count[slot], slot, n)
		}
	}
	if count["progress"] > 1 {
		f.add("%s has %d progress messages", r.ID, count["progress"])
	}
}

// connection is what a request is about, as far as the rules have to know.
type connection struct {
	*change.Request
	link.Connect
}

func connections(all []*change.Request) []connection {
	var out []connection
	for _, r := range all {
		c := connection{Request: r}
		if json.Unmarshal(r.Proposal.Params, &c.Connect) == nil {
			out = append(out, c)
		}
	}
	return out
}

// left reports whether the request names something left behind by that step.
func (c connection) left(step string) bool {
	return c.State == change.Stuck && slices.ContainsFunc(c.Outcome.Leftovers, func(l change.Leftover) bool { return l.Step == step })
}

func isAlias(key, alias string) bool { return strings.HasPrefix(key, "cluster.remote."+alias+".") }

// inspectWorld: each local cluster is wholly connected, or wholly as before.
func inspectWorld(f *findings, elastic platform.State, all []*change.Request) {
	for _, d := range deployments(elastic) {
		settings, keystore := d.Cluster.Settings["persistent"], d.Cluster.Keystore
		known := map[string]bool{}
		for _, c := range connections(all) {
			if c.Local.Deployment != d.ID {
				continue
			}
			known[c.Alias] = true
			set, stored := 0, slices.ContainsFunc(keystore, func(k string) bool { return isAlias(k, c.Alias) })
			for k := range settings {
				if isAlias(k, c.Alias) {
					set++
				}
			}
			conn := d.Cluster.Connected[c.Alias]
			switch {
			case c.State == change.Applied && (set == 0 || !stored || !conn.Connected || conn.KeyID == ""):
				f.add("%s is applied, but %s has %d settings of %s, stored %v, connected %v: %s", c.ID, d.Name, set, c.Alias, stored, conn.Connected, conn.Trouble)
			case c.State != change.Applied && set > 0 && !c.left(link.StepPoint):
				f.add("%s is %s, but %s has %d settings of %s", c.ID, c.State, d.Name, set, c.Alias)
			case c.State != change.Applied && stored && !c.left(link.StepGrant):
				f.add("%s is %s, but the keystore of %s holds %s", c.ID, c.State, d.Name, c.Alias)
			}
		}
		for k := range settings {
			alias, _, _ := strings.Cut(strings.TrimPrefix(k, "cluster.remote."), ".")
			if strings.HasPrefix(k, "cluster.remote.") && !known[alias] {
				f.add("%s has a setting that nobody asked for: %s", d.Name, k)
			}
		}
	}
}

// inspectKeys: the valid keys on each remote are those of its live connections, no more and no less.
func inspectKeys(f *findings, elastic platform.State, all []*change.Request) {
	live := map[string]string{} // key id → who uses it
	for _, d := range deployments(elastic) {
		for alias, c := range d.Cluster.Connected {
			if c.Connected && c.KeyModel {
				live[c.KeyID] = d.Name + " as " + alias
			}
		}
	}
	for _, d := range deployments(elastic) {
		for _, k := range d.Cluster.Keys {
			if !k.Valid || k.Type != "cross_cluster" {
				continue
			}
			if _, used := live[k.ID]; used {
				delete(live, k.ID)
				continue
			}
			if !slices.ContainsFunc(connections(all), func(c connection) bool {
				return strings.Contains(k.Name, c.ID) && c.left(link.StepGrant)
			}) {
				f.add("an orphan key is valid on %s: %s (%s)", d.Name, k.Name, k.ID)
			}
		}
	}
	for id, who := range live {
		f.add("%s is connected by a key that is not valid: %q", who, id)
	}
}

func deployments(elastic platform.State) []platform.DeploymentState {
	var out []platform.DeploymentState
	for _, p := range elastic.Platforms {
		out = append(out, p.Deployments...)
	}
	return out
}

// inspectLogs: nothing panicked, and no secret is in a log.
func (s *stage) inspectLogs(f *findings) {
	for _, r := range s.replicas {
		for _, p := range r.all() {
			text := p.text()
			if i := strings.Index(text, "panic"); i >= 0 {
				f.add("replica %d panicked: %s", r.number, text[i:min(len(text), i+600)])
			}
			for name, secret := range s.world.Env {
				if strings.Contains(text, secret) {
					f.add("replica %d logged %s", r.number, name)
				}
			}
		}
	}
}
