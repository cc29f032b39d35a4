package platform

import (
	"fmt"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/pki"
)

// AddDeployment starts a deployment with its cluster.
func (p *Platform) AddDeployment(s DeploymentSpec) (*Deployment, error) {
	if s.Region == "" {
		s.Region = eceRegion
		if p.kind == KindCloud {
			s.Region = "aws-eu-west-1"
		}
	}
	if s.ID == "" {
		s.ID = p.hexID(16)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	ca, err := p.authority(s.Region)
	if err != nil {
		return nil, err
	}
	id := p.hexID(16)
	host, private := id+".ece.example", ""
	if p.kind == KindCloud {
		host, private = id+"."+cloudDomain(s.Region), id+".vpce."+s.Region+".example"
	}
	if p.kind == KindSelfManaged {
		host = s.Name + ".dc.example"
	}
	nodes := p.nodes(s.Name)
	if nodes != nil {
		s.Version = nodes.Version()
	}
	simulated, err := p.net.Add(cluster.Spec{
		Name: s.Name, ID: id, Host: host, Private: private, Version: s.Version, License: s.License, Egress: p.egress, Realm: p.realm(), Scope: p.scope, CA: ca.PEM, ProxyCA: p.proxies.privateCA(),
		Authorities: p.authorityFiles(ca), ReadsWhenTold: p.kind == KindSelfManaged,
		Users: s.Users, Roles: s.Roles, Indices: s.Indices,
	})
	if err != nil {
		return nil, fmt.Errorf("deployment %s: %w", s.Name, err)
	}
	var es Elasticsearch = simulated
	if nodes != nil {
		place, err := p.placement(s, simulated, ca)
		if err != nil {
			return nil, err
		}
		if es, err = nodes.Join(simulated, place); err != nil {
			return nil, fmt.Errorf("deployment %s: %w", s.Name, err)
		}
	}
	now := p.opt.Now()
	d := &Deployment{
		p: p, id: s.ID, name: s.Name, region: s.Region, tags: s.Tags, cluster: es, kibana: true, version: 1,
		created: now, modified: now, asFile: map[string]bool{}, trust: ownTrust(p.scope), plans: plans{host: p.host},
	}
	if d.proxied = s.Elasticsearch; d.proxied == nil {
		d.proxied = es.Internal()
	}
	d.carried = d.trust
	d.attempts = []attempt{{id: p.hexID(16), action: "deployments.create", plan: firstPlan(p.kind, es.Version()), begun: now, ends: now}}
	url, err := p.listenLocked(s.Addr, p.tls, p.wrap.Wrap("Elasticsearch of "+s.Name, es.Handler()))
	if err != nil {
		return nil, err
	}
	d.serviceURL = url
	p.deployments = append(p.deployments, d)
	for _, one := range p.deployments { // a new region brings authorities that all deployments of the platform trust
		one.cluster.SetTrustIn(0, p.transportTrust(one.carried))
	}
	for _, r := range p.rulesets {
		if r.Default && r.Region == d.region {
			r.deployments = append(r.deployments, d.id)
		}
	}
	p.applyFilters()
	return d, nil
}

// authorityFiles are the authorities that nodes have as files: on Elastic Cloud that of their region (Elastic's docs:
// ec-remote-cluster-strong-identity). Whether ECE has one is documented nowhere, so it has none here.
func (p *Platform) authorityFiles(ca *authority) map[string]string {
	if p.kind != KindCloud {
		return nil
	}
	return map[string]string{"internal_tls_ca.crt": ca.PEM}
}

// cloudDomain is the domain of endpoints in a region of Elastic Cloud: aws-eu-west-1 → eu-west-1.aws.found.io.
func cloudDomain(region string) string {
	for _, provider := range []string{"aws", "gcp", "azure"} {
		if len(region) > len(provider)+1 && region[:len(provider)+1] == provider+"-" {
			return region[len(provider)+1:] + "." + provider + ".found.io"
		}
	}
	return region + ".found.io"
}

// placement is what real nodes of a new deployment get.
func (p *Platform) placement(s DeploymentSpec, c *cluster.Cluster, ca *authority) (Placement, error) {
	out := Placement{Deployment: s, Authorities: p.authorityFiles(ca), KeystoreDelay: p.opt.KeystoreDelay, ReadsWhenTold: p.kind == KindSelfManaged}
	public, err := p.publicAuthority()
	if err != nil {
		return out, err
	}
	servers := public
	out.ServerCAs = []string{public.PEM}
	if private := p.proxies.privateCA(); private != "" {
		servers = p.proxies.ca.Authority
		out.ServerCAs = append(out.ServerCAs, private)
	}
	named := func(host string) []string {
		if host == c.Host() && c.Private() != "" {
			return []string{host, c.Private()}
		}
		return []string{host}
	}
	out.SignServer = func(host string) (pki.Pair, error) {
		return servers.Issue(pki.Subject{CommonName: "proxy", DNS: named(host)})
	}
	out.SignNode = func(ends time.Time) (pki.Pair, error) {
		now, err := p.authority(s.Region)
		if err != nil {
			return pki.Pair{}, err
		}
		name := c.NodeName()
		return now.Issue(pki.Subject{CommonName: name, Node: name, DNS: named(c.Host()), NotAfter: ends})
	}
	return out, nil
}

// firstPlan is the plan that a deployment starts with. It holds fields that only some clients know, as real ones do:
// a client that drops them on the way changes the deployment.
func firstPlan(kind string, version cluster.Version) map[string]any {
	size := map[string]any{"resource": "memory", "value": number(4096)}
	plan := map[string]any{
		"cluster_topology": []any{map[string]any{
			"id": "hot_content", "zone_count": number(2), "size": size, "instance_configuration_id": instanceConfiguration(kind),
			"node_roles":    []any{"master", "ingest", "transform", "data_hot", "remote_cluster_client", "data_content"},
			"elasticsearch": map[string]any{"node_attributes": map[string]any{"data": "hot"}},
		}},
		"elasticsearch": map[string]any{
			"version":            version.String(),
			"user_settings_yaml": "xpack.security.audit.enabled: true",
		},
		"deployment_template": map[string]any{"id": "default"},
		"autoscaling_enabled": false,
	}
	return plan
}

func instanceConfiguration(kind string) string {
	if kind == KindECE {
		return "data.default"
	}
	return "aws.es.datahot.c6gd"
}
