// Package linktest is a world in memory for tests: platforms with deployments, keystores and filters, and
// Elasticsearch clusters that keep settings and keys and connect to each other only when everything fits. Faults can
// be ordered. It knows only the ports of link; nothing but tests may import it.
package linktest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// World is all platforms together. It is safe for concurrent use.
type World struct {
	mu        sync.Mutex
	now       time.Time
	platforms []*Platform
	faults    []*Fault
	calls     []Call
	secrets   []secret.Secret
	issued    int
	crashAt   int // calls until the crash; 0: none is ordered
	crashed   bool
	watched   []*Watch
}

// NewWorld returns an empty world, on the 2nd of January 2026.
func NewWorld() *World {
	return &World{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

// Now is the world's clock: a CatalogOptions.Now.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// Advance lets time pass.
func (w *World) Advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// AddECE adds an Elastic Cloud Enterprise under that configured name.
func (w *World) AddECE(name string) *Platform { return w.add(name, elastic.KindECE) }

// AddECH adds an organization of Elastic Cloud under that configured name.
func (w *World) AddECH(name string) *Platform { return w.add(name, elastic.KindECH) }

// AddSelfManaged adds clusters without a platform under that configured name.
func (w *World) AddSelfManaged(name string) *Platform { return w.add(name, elastic.KindSelfManaged) }

func (w *World) add(name, kind string) *Platform {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := &Platform{w: w, name: name, kind: kind, deployments: map[string]*Deployment{}}
	w.platforms = append(w.platforms, p)
	return p
}

// Systems are the platforms, as a Catalog takes them.
func (w *World) Systems() []link.System {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []link.System
	for _, p := range w.platforms {
		all = append(all, link.System{Name: p.name, Label: p.name, Kind: p.kind, SupportsIdentity: p.kind != elastic.KindECE, Platform: p})
	}
	return all
}

// Secrets returns every secret that the world has given out, for looking for leaks.
func (w *World) Secrets() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, s := range w.secrets {
		all = append(all, s.Reveal())
	}
	return all
}

// at finds the deployment that listens at a host name. The caller holds the lock.
func (w *World) at(host string) *Deployment {
	for _, p := range w.platforms {
		for _, id := range slices.Sorted(maps.Keys(p.deployments)) {
			if d := p.deployments[id]; d.about.Endpoint == host {
				return d
			}
		}
	}
	return nil
}

// Deployment is a deployment with its Elasticsearch cluster, as a test sees and changes it.
type Deployment struct {
	w          *World
	on         *Platform
	about      elastic.Deployment
	runs       string // the version of its nodes
	settings   settings
	keystore   map[string]secret.Secret
	loaded     map[string]secret.Secret // what the nodes have read of the keystore
	slowNodes  bool
	late       *int // reloads until the second node has read its keystore; nil: there is one node, which does not tell
	races      Race
	raced      map[string]Race // by alias
	keys       []*key
	license    elastic.License
	indices    []string
	rulesets   []elastic.Ruleset
	plans      plans
	restarts   int
	roles      map[string]json.RawMessage
	unreadable bool            // no credentials are configured
	keyCaller  bool            // the credentials are an API key
	certified  string          // the host of the certificate that it presents; empty: its own
	idle       bool            // the sockets of its remote connections are closed
	trusting   bool            // certificates are trusted on both sides
	powerless  bool            // the bot's user has no remote_indices
	noResolve  bool            // there is no _resolve/cluster
	breaks     string          // why connections to it fail
	reset      map[string]bool // aliases whose skip_unavailable is true in effect, whatever is set
	tasks      []elastic.Task
	remote     []elastic.RemoteRole // roles that name remote clusters
	signing    signing
}

type key struct {
	elastic.Key
	access      elastic.Access
	owner       string
	encoded     secret.Secret
	invalidated bool
}

// AddDeployment adds a healthy, licensed deployment with an index logs-1.
func (p *Platform) AddDeployment(id, name, version string) *Deployment {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	endpoint := name + "." + p.name + ".example"
	d := &Deployment{
		w: p.w, on: p,
		about: elastic.Deployment{
			Ref: elastic.Ref{Platform: p.name, Deployment: id}, Name: name, RefID: "main-elasticsearch",
			ClusterID: "cluster-" + id, Region: p.kind + "-region", Version: version, Healthy: true, Status: "started",
			Endpoint: endpoint, ServiceURL: "https://" + endpoint, TransportPort: 9400,
		},
		runs:     version,
		settings: settings{},
		keystore: map[string]secret.Secret{},
		loaded:   map[string]secret.Secret{},
		license:  elastic.License{Type: "enterprise", Active: true},
		indices:  []string{"logs-1"},
		signing:  newSigning(p),
	}
	d.plans.trust.Accounts = []json.RawMessage{json.RawMessage(`{"account_id":"` + p.Scope() + `","trust_all":true}`)}
	p.deployments[id] = d
	return d
}

// Ref names the deployment.
func (d *Deployment) Ref() elastic.Ref { return d.about.Ref }

// Edit changes what the platform says of the deployment.
func (d *Deployment) Edit(edit func(*elastic.Deployment)) { d.locked(func() { edit(&d.about) }) }

// SetLicense changes the license.
func (d *Deployment) SetLicense(l elastic.License) { d.locked(func() { d.license = l }) }

// SetIndices changes which indices there are.
func (d *Deployment) SetIndices(names ...string) { d.locked(func() { d.indices = names }) }

// SetRulesets changes the network filters that apply. They are told, not enforced.
func (d *Deployment) SetRulesets(r ...elastic.Ruleset) { d.locked(func() { d.rulesets = r }) }

// WithoutCredentials makes Cluster answer link.ErrNoCredentials.
func (d *Deployment) WithoutCredentials() { d.locked(func() { d.unreadable = true }) }

// CalledByKey makes the bot's credentials an API key, which may not issue keys.
func (d *Deployment) CalledByKey() { d.locked(func() { d.keyCaller = true }) }

// LateNode adds a node that reads nothing in so many reloads. Both nodes tell what they have read.
func (d *Deployment) LateNode(reloads int) { d.locked(func() { d.late = &reloads }) }

// SlowNodes makes the nodes read their keystore only when they are told to.
func (d *Deployment) SlowNodes() { d.locked(func() { d.slowNodes = true }) }

// Settings returns what is set under an alias, by option: "persistent mode" → "proxy".
func (d *Deployment) Settings(alias string) map[string]string {
	found := map[string]string{}
	d.locked(func() {
		for name, value := range d.settings {
			if name.alias == alias {
				found[name.kind+" "+name.option] = value
			}
		}
	})
	return found
}

// Set writes a persistent setting under an alias behind the bot's back, without any check.
func (d *Deployment) Set(alias, option, value string) {
	d.locked(func() { d.settings[setting{"persistent", alias, option}] = value })
}

// Declare writes a setting under an alias into elasticsearch.yml: it is in force, but no settings API shows it.
func (d *Deployment) Declare(alias, option, value string) {
	d.locked(func() { d.settings[setting{"file", alias, option}] = value })
}

// Keystore returns the names of the entries, sorted.
func (d *Deployment) Keystore() []string {
	var names []string
	d.locked(func() { names = slices.Sorted(maps.Keys(d.keystore)) })
	return names
}

// Put writes a keystore entry behind the bot's back.
func (d *Deployment) Put(entry, value string) { d.locked(func() { d.store(entry, secret.New(value)) }) }

// Clear removes a keystore entry behind the bot's back.
func (d *Deployment) Clear(entry string) {
	d.locked(func() {
		delete(d.keystore, entry)
		d.loaded = maps.Clone(d.keystore)
	})
}

// Holds reports whether a keystore entry has that value.
func (d *Deployment) Holds(entry, value string) bool {
	held := false
	d.locked(func() { held = d.keystore[entry].Equal(secret.New(value)) })
	return held
}

// Opens returns the id of the active key on remote that a keystore entry of d holds; empty if none.
func (d *Deployment) Opens(remote *Deployment, entry string) string {
	id := ""
	d.locked(func() {
		for _, k := range remote.keys {
			if remote.active(k) && k.encoded.Equal(d.keystore[entry]) {
				id = k.ID
			}
		}
	})
	return id
}

// ActiveKeys returns the active keys with their names, in the order they were issued.
func (d *Deployment) ActiveKeys() []elastic.Key {
	var active []elastic.Key
	d.locked(func() {
		for _, k := range d.keys {
			if d.active(k) {
				active = append(active, k.Key)
			}
		}
	})
	return active
}

// Invalidate makes every key of d invalid behind the bot's back.
func (d *Deployment) Invalidate() {
	d.locked(func() {
		for _, k := range d.keys {
			k.invalidated = true
		}
	})
}

func (d *Deployment) locked(do func()) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	do()
}

func (d *Deployment) active(k *key) bool {
	return !k.invalidated && (k.Expires.IsZero() || k.Expires.After(d.w.now))
}

func (d *Deployment) store(entry string, value secret.Secret) {
	d.keystore[entry] = value
	if !d.slowNodes {
		d.loaded = maps.Clone(d.keystore)
	}
}

func (d *Deployment) String() string { return fmt.Sprintf("%s (%s)", d.about.Name, d.about.Ref) }

// Deployments returns every deployment of every platform, by id within a platform.
func (w *World) Deployments() []*Deployment {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []*Deployment
	for _, p := range w.platforms {
		for _, id := range slices.Sorted(maps.Keys(p.deployments)) {
			all = append(all, p.deployments[id])
		}
	}
	return all
}
