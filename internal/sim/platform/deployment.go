package platform

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
)

// refMain is the reference of the Elasticsearch resource of every deployment here.
const refMain = "main-elasticsearch"

// DeploymentSpec says what a new deployment is. Name and Version are required.
type DeploymentSpec struct {
	Name    string
	Version string
	Region  string // default: ece-region, or aws-eu-west-1
	Addr    string // of Elasticsearch's listener; a free loopback port if empty
	ID      string
	Tags    map[string]string
	License cluster.License
	Users   []cluster.User
	Roles   map[string]cluster.Role
	Indices map[string][]json.RawMessage
	// Elasticsearch answers what goes through the platform's proxy in place of the simulated cluster, if it is not nil:
	// a real one, for comparing the two.
	Elasticsearch http.Handler
}

// Deployment is a simulated deployment with its Elasticsearch cluster.
type Deployment struct {
	p          *Platform
	id         string
	name       string
	alias      string
	region     string
	tags       map[string]string
	serviceURL string
	cluster    Elasticsearch
	proxied    http.Handler // where the platform's proxy leads

	kibana   bool
	version  int // of the document: x-cloud-resource-version
	created  time.Time
	modified time.Time
	attempts []attempt // plans and restarts, oldest first; the first is the deployment's creation
	faults   planFaults
	trust    trustSettings   // as it is shown
	carried  trustSettings   // as plans have brought it to the cluster, or are about to
	mute     bool            // its settings don't show the accounts that it trusts
	asFile   map[string]bool // of keystore entries
}

// AddDeployment starts a deployment with its cluster.
func (p *Platform) AddDeployment(s DeploymentSpec) (*Deployment, error) {
	if s.Region == "" {
		s.Region = eceRegion
		if p.kind == KindCloud {
			s.Region = "aws-eu-west-1"
		}
	}
	if s.ID == "" {
		s.ID = p.w.hexID(16)
	}
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	ca, err := p.authority(s.Region)
	if err != nil {
		return nil, err
	}
	id := p.w.hexID(16)
	host, private := id+".ece.example", ""
	if p.kind == KindCloud {
		host, private = id+"."+cloudDomain(s.Region), id+".vpce."+s.Region+".example"
	}
	if p.kind == KindSelfManaged {
		host = s.Name + ".dc.example"
	}
	nodes := p.w.nodes(s.Name)
	if nodes != nil {
		s.Version = nodes.Version()
	}
	simulated, err := p.w.net.Add(cluster.Spec{
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
	now := p.w.opt.Now()
	d := &Deployment{
		p: p, id: s.ID, name: s.Name, region: s.Region, tags: s.Tags, cluster: es, kibana: true, version: 1,
		created: now, modified: now, asFile: map[string]bool{},
	}
	if d.proxied = s.Elasticsearch; d.proxied == nil {
		d.proxied = es.Internal()
	}
	d.trust = trustSettings{Accounts: []account{{ID: p.scope, All: true}}, External: []external{}, Direct: []direct{}}
	d.carried = d.trust
	d.attempts = []attempt{{id: p.w.hexID(16), action: "deployments.create", plan: d.firstPlan(), begun: now, ends: now}}
	url, err := p.w.listenLocked(s.Addr, p.tls, p.w.wrap.Wrap("Elasticsearch of "+s.Name, es.Handler()))
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

// ID is the deployment's id.
func (d *Deployment) ID() string { return d.id }

// Name is the deployment's name.
func (d *Deployment) Name() string {
	d.p.w.mu.Lock()
	defer d.p.w.mu.Unlock()
	return d.name
}

// Platform is where it runs.
func (d *Deployment) Platform() *Platform { return d.p }

// RefID is the reference of its Elasticsearch resource.
func (d *Deployment) RefID() string { return refMain }

// Region is where it runs.
func (d *Deployment) Region() string { return d.region }

// Endpoint is the host name under which other clusters reach it.
func (d *Deployment) Endpoint() string { return d.cluster.Host() }

// ServiceURL is where its Elasticsearch answers over HTTP.
func (d *Deployment) ServiceURL() string { return d.serviceURL }

// Cluster is its Elasticsearch.
func (d *Deployment) Cluster() Elasticsearch { return d.cluster }

// deployment finds the deployment that the path names.
func (c *call) deployment() (*Deployment, *apiError) {
	id := c.vars["deployment_id"]
	i := slices.IndexFunc(c.p.deployments, func(d *Deployment) bool { return d.id == id })
	if i < 0 {
		return nil, refuse(http.StatusNotFound, "deployments.deployment_not_found", "Could not find deployment with id ["+id+"]")
	}
	return c.p.deployments[i], nil
}

// resource finds the deployment whose Elasticsearch resource the path names; _main is the only one.
func (c *call) resource() (*Deployment, *apiError) {
	d, bad := c.deployment()
	if bad != nil {
		return nil, bad
	}
	if ref := c.vars["ref_id"]; ref != refMain && ref != "_main" {
		return nil, refuse(http.StatusNotFound, "deployments.deployment_resource_not_found", "Could not find resource ["+ref+"] of deployment ["+d.id+"]")
	}
	return d, nil
}

// changed counts a new version of the deployment's document.
func (d *Deployment) changed() {
	d.version++
	d.modified = d.p.w.opt.Now()
}

// versionHeaders tells the document's version.
func (c *call) versionHeaders(d *Deployment) {
	c.header.Set("X-Cloud-Resource-Version", fmt.Sprint(d.version))
	c.header.Set("X-Cloud-Resource-Created", stamp(d.created))
	c.header.Set("X-Cloud-Resource-Last-Modified", stamp(d.modified))
}

// cloudID is the name and, encoded, the domain with the ids of Elasticsearch and Kibana.
func (d *Deployment) cloudID() string {
	return d.name + ":" + base64.StdEncoding.EncodeToString([]byte(d.domain()+"$"+d.cluster.ID()+"$"+d.kibanaID()))
}
