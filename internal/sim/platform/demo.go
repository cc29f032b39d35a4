package platform

import (
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
)

// The users that every cluster of the demo has beside elastic.
const (
	DemoLinkUser = "remote-cluster-bot" // may manage security and settings
	DemoWeakUser = "reader"             // may read, and not manage security
	demoLinkRole = "remote_cluster_bot"
)

// DemoAddrs are fixed addresses for the listeners of the demo; empty ones take any free loopback port.
type DemoAddrs struct {
	ECE   string `json:"ece"`
	Cloud string `json:"cloud"`
	// Clusters are Elasticsearch's listeners by deployment name.
	Clusters map[string]string `json:"clusters"`
}

// DemoOptions shape the demo's world.
type DemoOptions struct {
	Addrs DemoAddrs
	TLS   bool // the ECE with a private CA
	// The keys and passwords, for configurations that are written down; made up where empty.
	ECEKey, CloudKey, Password string
}

// AddDemo puts the demo into a world: an ECE "ece-prod" and an organization "elastic-cloud", with deployments.
func (w *World) AddDemo(opt DemoOptions) error {
	ece, err := w.AddECE(Spec{
		Name: "ece-prod", Addr: opt.Addrs.ECE, TLS: opt.TLS, Key: opt.ECEKey, Egress: []netip.Addr{netip.MustParseAddr("203.0.113.10")},
	})
	if err != nil {
		return err
	}
	cloud, err := w.AddCloud(Spec{Name: "elastic-cloud", Addr: opt.Addrs.Cloud, Key: opt.CloudKey})
	if err != nil {
		return err
	}
	for _, d := range []struct {
		on                    *Platform
		name, version, region string
		indices               []string
	}{
		{ece, "logs-prod", "8.17.4", "", []string{"logs-app-2026.11.22", "logs-app-2026.11.23"}},
		{ece, "search-old", "8.12.2", "", []string{"products"}},
		{ece, "security-siem", "9.0.3", "", []string{"alerts-2026.11"}},
		{cloud, "metrics-eu", "8.18.1", "aws-eu-west-1", []string{"metrics-2026.10", "metrics-2026.11", "billing-2026"}},
		{cloud, "archive-us", "9.1.2", "aws-us-east-1", []string{"logs-app-2025.12", "logs-web-2025.12"}},
	} {
		spec := DemoDeployment(d.name, d.version, d.region, opt.Password, d.indices...)
		spec.Addr = opt.Addrs.Clusters[d.name]
		if _, err := d.on.AddDeployment(spec); err != nil {
			return err
		}
	}
	return nil
}

// DemoDeployment is a deployment like those of the demo: with its users, and three documents in each index.
func DemoDeployment(name, version, region, password string, indices ...string) DeploymentSpec {
	return DeploymentSpec{
		Name: name, Version: version, Region: region, Tags: map[string]string{"env": "demo"},
		Users: demoUsers(password), Roles: demoRoles(), Indices: demoIndices(indices),
	}
}

func demoUsers(password string) []cluster.User {
	if password == "" {
		password = "demo"
	}
	return []cluster.User{
		{Name: "elastic", Password: password, Roles: []string{"superuser"}},
		{Name: DemoLinkUser, Password: password, Roles: []string{demoLinkRole}},
		{Name: DemoWeakUser, Password: password, Roles: []string{"viewer"}},
	}
}

func demoRoles() map[string]cluster.Role {
	everything := cluster.IndicesPrivileges{Names: []string{"*"}, Privileges: []string{"read", "read_cross_cluster", "view_index_metadata"}}
	return map[string]cluster.Role{demoLinkRole: {
		Cluster: []string{"manage_security", "manage", "monitor"}, Indices: []cluster.IndicesPrivileges{everything},
		RemoteIndices: []cluster.RemoteIndices{{IndicesPrivileges: everything, Clusters: []string{"*"}}},
	}}
}

func demoIndices(names []string) map[string][]json.RawMessage {
	out := map[string][]json.RawMessage{}
	for _, name := range names {
		for i := range 3 {
			out[name] = append(out[name], json.RawMessage(fmt.Sprintf(
				`{"@timestamp":"2026-11-23T10:0%d:00Z","message":"document %d of %s","host":"web-%02d"}`, i, i+1, name, i+1)))
		}
	}
	return out
}

// Befriend makes two deployments trust each other's certificates, as somebody has done in both consoles before.
func Befriend(a, b *Deployment) error {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	for _, one := range [][2]*Deployment{{a, b}, {b, a}} {
		d, other := one[0], one[1]
		ca, err := other.p.authority(other.region)
		if err != nil {
			return err
		}
		d.trust.Direct = append(d.trust.Direct, direct{
			UID: d.p.hexID(8), Name: other.name, Type: "generic", All: true, Scope: other.p.scope, Certificates: []certificate{{ca.PEM}},
		})
		d.changed()
		d.cluster.SetTrustIn(0, d.p.transportTrust(d.trust))
	}
	return nil
}
