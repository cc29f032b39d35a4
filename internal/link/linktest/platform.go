package linktest

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/cloudapi"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/es"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// Platform is a link.Platform in memory.
type Platform struct {
	w           *World
	name, kind  string
	deployments map[string]*Deployment
	egress      []string
	outgoing    []string          // where its clusters' connections come from, as others see them; none: filters are not looked at
	suggested   []string          // what Environment tells beside the id
	signers     []string          // what Authorities returns; none: those of the region
	rulesets    []elastic.Ruleset // made by CreateRuleset
	made        int
	byHand      bool                     // people edit the keystores
	nodesTell   bool                     // what they have read, as from 9.5 on
	proxies     elastic.ProxyCertificate // of ECE; none: private, from an authority of the platform's own
}

var (
	_ elastic.Platform      = (*Platform)(nil)
	_ elastic.HandKeystores = (*Platform)(nil)
)

// Calls describe calls as the real clients send them.
func (*Platform) Calls() elastic.Calls {
	return elastic.Calls{ClusterCalls: es.Calls{}, PlatformCalls: cloudapi.Calls{}}
}

// SetEgress changes the addresses that the platform's hosts call themselves.
func (p *Platform) SetEgress(addresses ...string) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.egress = addresses
}

// Remove deletes a deployment.
func (p *Platform) Remove(id string) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	delete(p.deployments, id)
}

// Search finds deployments by a part of their name or id, without their addresses, as a platform's search does.
func (p *Platform) Search(ctx context.Context, text string, limit int) ([]elastic.Deployment, error) {
	var found []elastic.Deployment
	err := p.w.Do(ctx, p.name, "Search", func() error {
		text = strings.ToLower(text)
		for _, d := range p.deployments {
			if strings.Contains(strings.ToLower(d.about.Name), text) || strings.Contains(d.about.Deployment, text) {
				short := d.about
				short.Endpoint, short.ServiceURL, short.TransportPort = "", "", 0
				found = append(found, short)
			}
		}
		slices.SortFunc(found, func(a, b elastic.Deployment) int {
			return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Deployment, b.Deployment))
		})
		if limit > 0 && len(found) > limit {
			found = found[:limit]
		}
		return nil
	})
	return answer(found, err)
}

// Deployment returns one deployment.
func (p *Platform) Deployment(ctx context.Context, id string) (elastic.Deployment, error) {
	var about elastic.Deployment
	err := p.at(ctx, id, "Deployment", func(d *Deployment) error {
		about = d.about
		return nil
	})
	return answer(about, err)
}

// SecretNames lists the keystore.
func (p *Platform) SecretNames(ctx context.Context, of elastic.Deployment) ([]string, error) {
	var names []string
	err := p.at(ctx, of.Deployment, "SecretNames", func(d *Deployment) error {
		names = slices.Sorted(maps.Keys(d.keystore))
		return p.sameResource(d, of)
	})
	return answer(names, err)
}

// EditByHand leaves the keystores to people.
func (p *Platform) EditByHand(nodesTell bool) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.byHand, p.nodesTell = true, nodesTell
}

// ByHand reports whether people edit the keystores.
func (p *Platform) ByHand(elastic.Deployment) bool {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	return p.byHand
}

// ReadSecrets makes the one node read its keystore.
func (p *Platform) ReadSecrets(ctx context.Context, of elastic.Deployment) ([]elastic.NodeSecrets, error) {
	var nodes []elastic.NodeSecrets
	err := p.at(ctx, of.Deployment, "ReadSecrets", func(d *Deployment) error {
		d.loaded = maps.Clone(d.keystore)
		node := elastic.NodeSecrets{Node: "node-1", Told: p.nodesTell}
		if node.Told {
			node.Names = slices.Sorted(maps.Keys(d.keystore))
		}
		nodes = append(nodes, node)
		return nil
	})
	return answer(nodes, err)
}

// CopySecret is a line of a shell.
func (*Platform) CopySecret(from, to string) change.Call {
	return change.Call{Method: "copy", Path: from + " " + to}
}

var errByHand = errors.New("people edit this keystore")

// StoreSecret writes one entry; the others stay.
func (p *Platform) StoreSecret(ctx context.Context, of elastic.Deployment, name string, value secret.Secret) error {
	return p.at(ctx, of.Deployment, "StoreSecret", func(d *Deployment) error {
		if err := p.sameResource(d, of); err != nil {
			return err
		}
		if p.byHand {
			return errByHand
		}
		if value.Empty() {
			return &elastic.CallError{System: p.name, Call: "StoreSecret", Status: 400, Code: "empty", Reason: "a secret has a value"}
		}
		d.store(name, value)
		return nil
	})
}

// RemoveSecret removes one entry.
func (p *Platform) RemoveSecret(ctx context.Context, of elastic.Deployment, name string) error {
	return p.at(ctx, of.Deployment, "RemoveSecret", func(d *Deployment) error {
		if err := p.sameResource(d, of); err != nil {
			return err
		}
		if p.byHand {
			return errByHand
		}
		delete(d.keystore, name)
		if !d.slowNodes {
			d.loaded = maps.Clone(d.keystore)
		}
		return nil
	})
}

// Rulesets returns the filters that apply to a deployment.
func (p *Platform) Rulesets(ctx context.Context, of elastic.Deployment) ([]elastic.Ruleset, error) {
	var all []elastic.Ruleset
	err := p.at(ctx, of.Deployment, "Rulesets", func(d *Deployment) error {
		all = slices.Clone(d.rulesets)
		return nil
	})
	return answer(all, err)
}

// Egress returns the addresses of SetEgress.
func (p *Platform) Egress(ctx context.Context) ([]string, error) {
	var all []string
	err := p.w.Do(ctx, p.name, "Egress", func() error {
		all = slices.Clone(p.egress)
		return nil
	})
	return answer(all, err)
}

// Cluster returns Elasticsearch of a deployment.
func (p *Platform) Cluster(of elastic.Deployment) (elastic.Cluster, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	d, ok := p.deployments[of.Deployment]
	if !ok || d.unreadable {
		return nil, elastic.ErrNoCredentials
	}
	return elasticsearch{d}, nil
}

// at makes a call about one deployment.
func (p *Platform) at(ctx context.Context, id, call string, act func(*Deployment) error) error {
	return p.w.Do(ctx, p.name+"/"+id, call, func() error {
		d, ok := p.deployments[id]
		if !ok {
			return p.notFound(call, "deployments.deployment_not_found")
		}
		return act(d)
	})
}

func (p *Platform) sameResource(d *Deployment, of elastic.Deployment) error {
	if d.about.RefID != of.RefID {
		return p.notFound("keystore of "+of.RefID, "deployments.deployment_resource_not_found")
	}
	return nil
}

func (p *Platform) notFound(call, code string) error {
	return &elastic.CallError{System: p.name, Call: call, Status: 404, Code: code, Reason: "not found"}
}

// answer keeps a failed call from answering anything beside its error.
func answer[V any](v V, err error) (V, error) {
	if err != nil {
		var none V
		return none, err
	}
	return v, nil
}
