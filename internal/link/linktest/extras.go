package linktest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

var (
	_ elastic.Filters    = (*Platform)(nil)
	_ elastic.FilterUses = (*Platform)(nil)
	_ elastic.Roles      = elasticsearch{}
)

// CreateRuleset makes a filter that applies to nothing yet.
func (p *Platform) CreateRuleset(ctx context.Context, r elastic.NewRuleset) (string, error) {
	id := ""
	err := p.w.Do(ctx, p.name, "CreateRuleset", func() error {
		id = fmt.Sprintf("ruleset-%d", p.made)
		p.made++
		p.rulesets = append(p.rulesets, elastic.Ruleset{ID: id, Name: r.Name, Type: r.Type, Region: r.Region, Description: r.Description, Sources: r.Sources, Clusters: r.Clusters})
		return nil
	})
	return answer(id, err)
}

// RulesetsNamed finds rulesets made by CreateRuleset.
func (p *Platform) RulesetsNamed(ctx context.Context, name string) ([]string, error) {
	var ids []string
	err := p.w.Do(ctx, p.name, "RulesetsNamed", func() error {
		for _, r := range p.rulesets {
			if r.Name == name {
				ids = append(ids, r.ID)
			}
		}
		return nil
	})
	return answer(ids, err)
}

// Ruleset reads one made by CreateRuleset.
func (p *Platform) Ruleset(ctx context.Context, id string) (found elastic.Ruleset, err error) {
	err = p.w.Do(ctx, p.name, "Ruleset", func() error {
		i := slices.IndexFunc(p.rulesets, func(r elastic.Ruleset) bool { return r.ID == id })
		if i < 0 {
			return p.notFound("Ruleset", "traffic_filter.not_found")
		}
		found = p.rulesets[i]
		return nil
	})
	return answer(found, err)
}

// Attach makes a ruleset apply to a deployment.
func (p *Platform) Attach(ctx context.Context, ruleset string, of elastic.Deployment) error {
	return p.at(ctx, of.Deployment, "Attach", func(d *Deployment) error {
		i := slices.IndexFunc(p.rulesets, func(r elastic.Ruleset) bool { return r.ID == ruleset })
		if i < 0 {
			return p.notFound("Attach", "traffic_filter.not_found")
		}
		if !slices.ContainsFunc(d.rulesets, func(r elastic.Ruleset) bool { return r.ID == ruleset }) {
			d.rulesets = append(slices.Clone(d.rulesets), p.rulesets[i])
		}
		return nil
	})
}

// Detach takes a ruleset off a deployment.
func (p *Platform) Detach(ctx context.Context, ruleset string, of elastic.Deployment) error {
	return p.at(ctx, of.Deployment, "Detach", func(d *Deployment) error {
		d.rulesets = slices.DeleteFunc(slices.Clone(d.rulesets), func(r elastic.Ruleset) bool { return r.ID == ruleset })
		return nil
	})
}

// Associated tells which deployments a ruleset applies to.
func (p *Platform) Associated(ctx context.Context, ruleset string) ([]string, error) {
	ids := []string{}
	err := p.w.Do(ctx, p.name, "Associated", func() error {
		for _, id := range slices.Sorted(maps.Keys(p.deployments)) {
			if slices.ContainsFunc(p.deployments[id].rulesets, func(r elastic.Ruleset) bool { return r.ID == ruleset }) {
				ids = append(ids, id)
			}
		}
		return nil
	})
	return answer(ids, err)
}

// DeleteRuleset deletes a ruleset, unless it applies to a deployment.
func (p *Platform) DeleteRuleset(ctx context.Context, ruleset string) error {
	return p.w.Do(ctx, p.name, "DeleteRuleset", func() error {
		for _, d := range p.deployments {
			if slices.ContainsFunc(d.rulesets, func(r elastic.Ruleset) bool { return r.ID == ruleset }) {
				return &elastic.CallError{System: p.name, Call: "DeleteRuleset", Status: 500, Code: "traffic_filter.request_execution_failed", Reason: "it applies"}
			}
		}
		p.rulesets = slices.DeleteFunc(p.rulesets, func(r elastic.Ruleset) bool { return r.ID == ruleset })
		return nil
	})
}

// SetProxyCertificate changes what the platform's proxies show.
func (p *Platform) SetProxyCertificate(c elastic.ProxyCertificate) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.proxies = c
}

// ProxyCertificate tells what the platform's proxies show. It is told, not enforced.
func (p *Platform) ProxyCertificate(ctx context.Context, _ elastic.Deployment) (elastic.ProxyCertificate, error) {
	c := elastic.ProxyCertificate{CA: authority(p.name + " proxies")}
	err := p.w.Do(ctx, p.name, "ProxyCertificate", func() error {
		if p.proxies.CA != "" {
			c = p.proxies
		}
		return nil
	})
	return answer(c, err)
}

// SetOutgoing says where connections of the platform's clusters come from, as other platforms see them behind NAT. From
// then on a network filter shuts them out that covers none of these addresses.
func (p *Platform) SetOutgoing(addresses ...string) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.outgoing = addresses
}

// Attached returns the names of the rulesets that apply to the deployment.
func (d *Deployment) Attached() []string {
	names := []string{}
	d.locked(func() {
		for _, r := range d.rulesets {
			names = append(names, r.Name)
		}
	})
	return names
}

// Made returns how many rulesets there are that CreateRuleset made.
func (p *Platform) Made() int {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	return len(p.rulesets)
}

// SetRole writes a role behind the bot's back; an empty one deletes it.
func (d *Deployment) SetRole(name, role string) {
	d.locked(func() {
		d.roles = maps.Clone(d.roles)
		if d.roles == nil {
			d.roles = map[string]json.RawMessage{}
		}
		d.roles[name] = json.RawMessage(role)
		if role == "" {
			delete(d.roles, name)
		}
	})
}

// RoleNow returns a role as the cluster has it; empty if there is none.
func (d *Deployment) RoleNow(name string) string {
	var role json.RawMessage
	d.locked(func() { role = d.roles[name] })
	return string(role)
}

// Role returns a role with the empty lists that Elasticsearch adds.
func (e elasticsearch) Role(ctx context.Context, name string) (json.RawMessage, error) {
	var role json.RawMessage
	err := e.do(ctx, "Role", func() error {
		stored, ok := e.d.roles[name]
		if !ok {
			return nil
		}
		shown := map[string]any{"cluster": []any{}, "indices": []any{}, "applications": []any{}, "run_as": []any{}, "metadata": map[string]any{}}
		if err := json.Unmarshal(stored, &shown); err != nil {
			return err
		}
		shown["transient_metadata"] = map[string]any{"enabled": true}
		var err error
		role, err = json.Marshal(shown)
		return err
	})
	return answer(role, err)
}

// PutRole replaces a role.
func (e elasticsearch) PutRole(ctx context.Context, name string, role json.RawMessage) error {
	return e.do(ctx, "PutRole", func() error {
		var fields map[string]any
		if err := json.Unmarshal(role, &fields); err != nil || fields["transient_metadata"] != nil {
			return e.refuse("PUT /_security/role", "unexpected field")
		}
		e.d.roles = maps.Clone(e.d.roles)
		if e.d.roles == nil {
			e.d.roles = map[string]json.RawMessage{}
		}
		e.d.roles[name] = slices.Clone(role)
		return nil
	})
}

// DeleteRole deletes a role.
func (e elasticsearch) DeleteRole(ctx context.Context, name string) error {
	return e.do(ctx, "DeleteRole", func() error {
		e.d.roles = maps.Clone(e.d.roles)
		delete(e.d.roles, name)
		return nil
	})
}
