package platform

import (
	"errors"
	"fmt"
	"slices"
)

// HideAccounts leaves the accounts out of the trust that a deployment shows. They are there all the same, and an update
// replaces them.
func (d *Deployment) HideAccounts() {
	d.p.mu.Lock()
	defer d.p.mu.Unlock()
	d.mute = true
}

// TrustProxies makes the deployment trust the authority of other proxies, as Add trusted environment does in the console.
func (d *Deployment) TrustProxies(name, ca string) error {
	d.p.mu.Lock()
	defer d.p.mu.Unlock()
	e := direct{UID: d.p.hexID(8), Name: name, Type: "proxy", Certificates: []certificate{{PEM: ca}}}
	if why := e.check(); why != "" {
		return errors.New(why)
	}
	d.trust.Direct = append(slices.Clone(d.trust.Direct), e)
	d.changed()
	d.carry(d.begin("deployments.update", d.current().plan))
	return nil
}

// RenameTrusted lets the trust entries that name a cluster name another one instead, or removes them if that is empty, as
// a person does in the console.
func (d *Deployment) RenameTrusted(id, instead string) error {
	d.p.mu.Lock()
	defer d.p.mu.Unlock()
	entries, found := []direct{}, false
	for _, e := range d.trust.Direct {
		if slices.Contains(e.Allow, id) {
			found = true
			if instead == "" {
				continue
			}
			e.Allow = []string{instead}
		}
		entries = append(entries, e)
	}
	if !found {
		return fmt.Errorf("no trust of %s names the cluster %s", d.name, id)
	}
	d.trust.Direct = entries
	d.changed()
	d.carry(d.begin("deployments.update", d.current().plan))
	return nil
}

// carry makes a plan bring the trust to the cluster, unless it is going to fail. Whether the platform sets settings
// back when their plan has failed is documented nowhere. Here they stay: it asks more of a client.
func (d *Deployment) carry(good bool) {
	if good {
		d.carried = d.trust
		d.cluster.SetTrustIn(d.p.opt.PlanTime, d.p.transportTrust(d.carried))
	}
}
