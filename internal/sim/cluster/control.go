package cluster

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/security"
)

// State returns how the cluster stands now.
func (c *Cluster) State() State {
	defer c.enter()()
	return stateOf(c)
}

// Password returns a user's password, or an empty text.
func (c *Cluster) Password(user string) string {
	defer c.enter()()
	return c.security.Password(user)
}

// SetUser adds a user, or gives one of that name another password and other roles.
func (c *Cluster) SetUser(u User) {
	defer c.enter()()
	c.security.SetUser(u)
}

// PatchKeystore writes what the platform stores for the cluster: a value sets, nil removes. The nodes get it after
// Options.KeystoreDelay; a cluster before 8.14 only when it is restarted.
func (c *Cluster) PatchKeystore(change map[string]*string) {
	defer c.enter()()
	if c.keystore.patch(change) { // the nodes get what is stored by then, as a later change may overtake an earlier one
		c.after(c.net.opt.KeystoreDelay, c.keystore.load)
	}
}

// SecretNames returns the names in the stored keystore, sorted.
func (c *Cluster) SecretNames() []string {
	defer c.enter()()
	return c.keystore.names()
}

// StoredKey is the id of the key that is stored for an alias; empty if there is none.
func (c *Cluster) StoredKey(alias string) string {
	defer c.enter()()
	return c.keystore.storedKey(alias)
}

// SetLicense changes the license.
func (c *Cluster) SetLicense(l License) {
	defer c.enter()()
	c.license = l
}

// SetReloadFailure makes the nodes fail to read their keystore again, with this text; empty makes them well.
func (c *Cluster) SetReloadFailure(text string) {
	defer c.enter()()
	c.keystore.failure = text
}

// SetKeyServer opens or closes the port for API keys, as remote_cluster_server.enabled and a restart do.
func (c *Cluster) SetKeyServer(open bool) {
	defer c.enter()()
	c.keyless = !open
}

// SetCertificateName makes the ports for remote clusters present a certificate for another host, as after a mistake
// in renewing it; empty makes it right again. Connections that stand are closed, as by a proxy that starts anew.
func (c *Cluster) SetCertificateName(host string) {
	defer c.enter()()
	c.presents = host
}

// ExpireKeys makes every cross-cluster API key that is still good expire that long from now, and returns how many those were.
func (c *Cluster) ExpireKeys(in time.Duration) int {
	defer c.enter()()
	return c.security.ExpireIn(in)
}

// AgeKeys makes every cross-cluster API key one whose access was last written before 8.15, and returns how many those are.
func (c *Cluster) AgeKeys() int {
	defer c.enter()()
	return c.security.AgeKeys()
}

// SetFilters replaces the network filters that apply to the cluster. None means open to everybody.
func (c *Cluster) SetFilters(f []Filter) {
	defer c.enter()()
	c.filters = slices.Clone(f)
}

// SetTrustIn replaces whom the cluster's transport port trusts, after d.
func (c *Cluster) SetTrustIn(d time.Duration, t []Trust) {
	defer c.enter()()
	t = slices.Clone(t)
	c.after(d, func() { c.trust = t })
}

// PutDocument adds a document to an index, and the index if it is new.
func (c *Cluster) PutDocument(index string, doc json.RawMessage) {
	defer c.enter()()
	c.indices[index] = append(c.indices[index], doc)
}

// AddTrust lets the cluster's transport port talk to more nodes, beside those that it trusts already.
func (c *Cluster) AddTrust(t Trust) {
	defer c.enter()()
	c.trust = append(c.trust, t)
}

// AsTrust is what another cluster needs to trust all nodes of this one's environment.
func (c *Cluster) AsTrust() Trust {
	defer c.enter()()
	return Trust{Scope: c.certificates.scope, Certificates: []string{c.certificates.ca}, All: true}
}

// SetCA makes the cluster's nodes show certificates of another authority. All their connections are opened anew.
func (c *Cluster) SetCA(pem string) {
	defer c.enter()()
	c.certificates.renew(pem)
	clear(c.connections.links)
	for _, other := range c.net.clusters {
		maps.DeleteFunc(other.connections.links, func(_ string, l *link) bool { return l.remote == c })
	}
}

// SetLapsed makes the cluster's nodes show certificates that have ended, or good ones again. Connections that stand go on.
func (c *Cluster) SetLapsed(lapsed bool) {
	defer c.enter()()
	c.certificates.lapsed = lapsed
}

// PutAuthority puts a file with a certificate authority on the cluster's nodes, as a bundle does.
func (c *Cluster) PutAuthority(file, pem string) {
	defer c.enter()()
	c.certificates.files[file] = pem
}

// SetBehind lets a second node appear whose keystore is the same but for that entry; none if it is empty.
func (c *Cluster) SetBehind(entry string) {
	defer c.enter()()
	c.keystore.behind = entry
}

// Retain makes the nodes hold an entry that their keystore does not have, as they do between its removal and a reload.
func (c *Cluster) Retain(entry, value string) error {
	defer c.enter()()
	delete(c.keystore.stored, entry)
	c.keystore.loaded[entry] = value
	return nil
}

// Declare writes a setting into elasticsearch.yml, as an operator does in the user settings of a platform.
func (c *Cluster) Declare(key string, value any) {
	defer c.enter()()
	c.settings.declared[key] = value
}

// LoseNextConnection makes the next new alias meet nodes that read a key for it at that moment: as seen on 8.19.4 and
// 9.5.3, they close the connection by the settings from before, in which there is no such alias, and know it no more until
// one of its settings changes: on 8.x one of those by which connections are made, so not skip_unavailable.
func (c *Cluster) LoseNextConnection() {
	defer c.enter()()
	c.connections.loses = true
}

// ForgetAlias makes the nodes forget an alias that is set, likewise.
func (c *Cluster) ForgetAlias(alias string) error {
	defer c.enter()()
	return c.connections.forget(alias)
}

// SetFollowers replaces the follower indices and auto-follow patterns of the cluster.
func (c *Cluster) SetFollowers(f ...Follower) {
	defer c.enter()()
	c.followers = slices.Clone(f)
}

// SetTasks replaces the transforms, datafeeds and watches of the cluster.
func (c *Cluster) SetTasks(t ...Task) {
	defer c.enter()()
	c.tasks = slices.Clone(t)
}

// Runs reports whether a task, a follower index or an auto-follow pattern of that name is there, and runs.
func (c *Cluster) Runs(name string) (there, runs bool) {
	defer c.enter()()
	for _, t := range c.tasks {
		if t.Name == name {
			return true, !t.Stopped
		}
	}
	for _, f := range c.followers {
		if f.Name == name {
			return true, !f.Paused
		}
	}
	return false, false
}

// Handler returns the cluster's HTTP API as its own users reach it: credentials and IP filters apply.
func (c *Cluster) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !opens(c) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			writeJSON(w, map[string]any{"ok": false, "message": "Forbidden"})
			return
		}
		serve(c, w, r)
	})
}

// Internal returns the HTTP API as the platform itself reaches it through its proxy: no credentials, no filters, and
// an identity that is a superuser and no API key.
func (c *Cluster) Internal() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serve(c, w, r.WithContext(security.AsPlatform(r.Context())))
	})
}
