package platform

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
)

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

	plans
	kibana   bool
	version  int // of the document: x-cloud-resource-version
	created  time.Time
	modified time.Time
	trust    trustSettings   // as it is shown
	carried  trustSettings   // as plans have brought it to the cluster, or are about to
	mute     bool            // its settings don't show the accounts that it trusts
	asFile   map[string]bool // of keystore entries
}

// ID is the deployment's id.
func (d *Deployment) ID() string { return d.id }

// Name is the deployment's name.
func (d *Deployment) Name() string {
	d.p.mu.Lock()
	defer d.p.mu.Unlock()
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

// changed counts a new version of the deployment's document.
func (d *Deployment) changed() {
	d.version++
	d.modified = d.p.opt.Now()
}

// cloudID is the name and, encoded, the domain with the ids of Elasticsearch and Kibana.
func (d *Deployment) cloudID() string {
	return d.name + ":" + base64.StdEncoding.EncodeToString([]byte(d.domain()+"$"+d.cluster.ID()+"$"+d.kibanaID()))
}

// references are the deployment's resources in short.
func (d *Deployment) references() []any {
	out := []any{map[string]any{
		"ref_id": refMain, "id": d.cluster.ID(), "kind": "elasticsearch", "region": d.region, "cloud_id": d.cloudID(),
	}}
	if d.kibana {
		out = append(out, map[string]any{
			"ref_id": "main-kibana", "elasticsearch_cluster_ref_id": refMain, "id": d.kibanaID(), "kind": "kibana", "region": d.region,
		})
	}
	return out
}

func (d *Deployment) kibanaID() string { return d.id[16:] + d.id[:16] }

func (d *Deployment) domain() string {
	_, domain, _ := strings.Cut(d.cluster.Host(), ".")
	return domain
}

// rulesetIDs are the ids of the network filters that apply.
func (d *Deployment) rulesetIDs() []string {
	out := []string{}
	for _, r := range d.p.rulesets {
		if slices.Contains(r.deployments, d.id) {
			out = append(out, r.ID)
		}
	}
	return out
}

// status is the word for how the cluster stands.
func (d *Deployment) status() (word string, healthy bool) {
	running, healthy := d.cluster.Running()
	pending := d.pending()
	switch {
	case pending != nil && pending.action == "restart":
		return "restarting", false
	case pending != nil:
		return "reconfiguring", healthy
	case !running:
		return "stopped", false
	}
	return "started", healthy
}

// DeploymentState is a deployment with its cluster.
type DeploymentState struct {
	ID         string        `json:"id"`
	Name       string        `json:"name"`
	ServiceURL string        `json:"service_url"`
	Pending    bool          `json:"pending"` // a plan is being applied
	Plan       any           `json:"plan"`    // the one in force
	Trust      any           `json:"trust"`   // settings.trust, as the platform shows it
	Cluster    cluster.State `json:"cluster"`
}

// State returns how the deployment stands now.
func (d *Deployment) State() DeploymentState {
	d.p.mu.Lock()
	s := DeploymentState{
		ID: d.id, Name: d.name, ServiceURL: d.serviceURL, Pending: d.pending() != nil, Plan: d.current().plan, Trust: d.trust.document(),
	}
	d.p.mu.Unlock()
	s.Cluster = d.cluster.State()
	return s
}

// HasKibana tells whether the deployment still has its Kibana: prune_orphans takes it away.
func (d *Deployment) HasKibana() bool {
	d.p.mu.Lock()
	defer d.p.mu.Unlock()
	return d.kibana
}

// FailPlans makes plans and restarts of the deployment fail: after skip good ones, as many as times say. What a failed
// one was to bring does not reach the cluster. No times make the platform well again.
func (d *Deployment) FailPlans(skip, times int, trouble string) {
	d.p.mu.Lock()
	defer d.p.mu.Unlock()
	d.faults = planFaults{skip: skip, times: times, trouble: trouble}
}
