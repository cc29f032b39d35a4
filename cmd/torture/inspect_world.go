package main

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
)

// connection is an alias of a local cluster, with what was asked for about it, the oldest first.
type connection struct {
	local elastic.Ref
	alias string
	asked []*change.Request
}

func connections(all []*change.Request) []*connection {
	var out []*connection
	for _, r := range slices.Backward(all) { // they come newest first
		var about struct {
			Local elastic.Ref `json:"local"`
			Alias string      `json:"alias"`
		}
		if json.Unmarshal(r.Proposal.Params, &about) != nil {
			continue
		}
		i := slices.IndexFunc(out, func(c *connection) bool { return c.local == about.Local && c.alias == about.Alias })
		if i < 0 {
			i, out = len(out), append(out, &connection{local: about.Local, alias: about.Alias})
		}
		out[i].asked = append(out[i].asked, r)
	}
	return out
}

// wanted reports whether the connection has to be there: what was applied counts, and nothing else does.
func (c *connection) wanted() bool {
	there := false
	for _, r := range c.asked {
		if r.State == change.Applied {
			there = r.Proposal.Kind != link.KindDisconnect
		}
	}
	return there
}

// left reports whether a stuck request names something left behind by one of these steps.
func (c *connection) left(steps ...string) bool {
	return slices.ContainsFunc(c.asked, func(r *change.Request) bool {
		return r.State == change.Stuck && slices.ContainsFunc(r.Outcome.Leftovers, func(l change.Leftover) bool { return slices.Contains(steps, l.Step) })
	})
}

func (c *connection) String() string {
	var out []string
	for _, r := range c.asked {
		out = append(out, string(r.Proposal.Kind)+" "+r.ID+" "+string(r.State))
	}
	return c.alias + " (" + strings.Join(out, ", ") + ")"
}

func isAlias(key, alias string) bool { return strings.HasPrefix(key, "cluster.remote."+alias+".") }

// inspectWorld: each local cluster is wholly connected, or wholly as before.
func inspectWorld(f *findings, elastic platform.State, all []*change.Request) {
	for _, d := range deployments(elastic) {
		settings, keystore := d.Cluster.Settings["persistent"], d.Cluster.Keystore
		known := map[string]bool{}
		for _, c := range connections(all) {
			if c.local.Deployment != d.ID {
				continue
			}
			known[c.alias] = true
			set, stored := 0, slices.ContainsFunc(keystore, func(k string) bool { return isAlias(k, c.alias) })
			for k := range settings {
				if isAlias(k, c.alias) {
					set++
				}
			}
			settingsLeft := c.left(steps.StepSetRemote, steps.StepUpdateSettings, steps.StepRotateKey)
			keyLeft := c.left(steps.StepIssueKey, steps.StepRemoveKey, steps.StepRotateKey)
			conn := d.Cluster.Connected[c.alias]
			switch {
			case c.wanted() && !settingsLeft && !keyLeft && (set == 0 || !stored || !conn.Connected || conn.KeyID == ""):
				f.add("%s should be there, but %s has %d settings of it, stored %v, connected %v: %s", c, d.Name, set, stored, conn.Connected, conn.Trouble)
			case !c.wanted() && set > 0 && !settingsLeft:
				f.add("%s should not be there, but %s has %d settings of it", c, d.Name, set)
			case !c.wanted() && stored && !keyLeft:
				f.add("%s should not be there, but the keystore of %s holds a key", c, d.Name)
			}
		}
		for k := range settings {
			alias, _, _ := strings.Cut(strings.TrimPrefix(k, "cluster.remote."), ".")
			if strings.HasPrefix(k, "cluster.remote.") && !known[alias] {
				f.add("%s has a setting that nobody asked for: %s", d.Name, k)
			}
		}
		for _, k := range keystore {
			alias, _, _ := strings.Cut(strings.TrimPrefix(k, "cluster.remote."), ".")
			if !known[alias] {
				f.add("the keystore of %s has an entry that nobody asked for: %s", d.Name, k)
			}
		}
	}
}

// inspectKeys: the valid keys on each remote are those of its live connections, no more and no less, and a request that
// was withdrawn never had one.
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
			for _, r := range all {
				if r.State == change.Withdrawn && strings.Contains(k.Name, r.ID) {
					f.add("%s was withdrawn, and yet a key was made for it: %s", r.ID, k.Name)
				}
			}
			if !k.Valid || k.Type != "cross_cluster" {
				continue
			}
			if _, used := live[k.ID]; used {
				delete(live, k.ID)
				continue
			}
			if !slices.ContainsFunc(connections(all), func(c *connection) bool {
				return c.owns(k.Name) && c.left(steps.StepIssueKey, steps.StepRemoveKey, steps.StepRotateKey)
			}) {
				f.add("an orphan key is valid on %s: %s (%s)", d.Name, k.Name, k.ID)
			}
		}
	}
	for id, who := range live {
		f.add("%s is connected by a key that is not valid: %q", who, id)
	}
}

// owns reports whether a key of that name was made for the connection.
func (c *connection) owns(key string) bool {
	return slices.ContainsFunc(c.asked, func(r *change.Request) bool { return strings.Contains(key, r.ID) })
}

// inspectDecisions: anyone who pressed is counted once for a plan, however often the press arrived.
func inspectDecisions(f *findings, audit []change.AuditLine) {
	said := map[string]int{}
	for _, l := range audit {
		if e := l.Entry; e.What == string(change.DecisionApprove) {
			said[e.Request+" by "+e.By.User+" of the plan "+e.Digest]++
		}
	}
	for who, n := range said {
		if n > 1 {
			f.add("an approval counted %d times: %s", n, who)
		}
	}
}

func deployments(elastic platform.State) []platform.DeploymentState {
	var out []platform.DeploymentState
	for _, p := range elastic.Platforms {
		out = append(out, p.Deployments...)
	}
	return out
}
