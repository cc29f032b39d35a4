package linktest

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

var (
	_ elastic.Keyring = elasticsearch{}
	_ elastic.Uses    = elasticsearch{}
	_ elastic.Tasks   = elasticsearch{}
)

// Caller is the user that owns every key that is issued.
func (elasticsearch) Caller() string { return "bot" }

// UpdateKeyAccess replaces what a key may read; only its owner may, and only while it is valid.
func (e elasticsearch) UpdateKeyAccess(ctx context.Context, id string, a elastic.Access) error {
	return e.do(ctx, "UpdateKeyAccess", func() error {
		for _, k := range e.d.keys {
			if k.ID == id && e.d.active(k) && k.owner == e.Caller() {
				k.access = a
				return nil
			}
		}
		return e.refuse("PUT /_security/cross_cluster/api_key/"+id, "no API key owned by the requesting user found for requested ID")
	})
}

// Tasks returns what SetTasks set.
func (e elasticsearch) Tasks(ctx context.Context, kind elastic.TaskKind) ([]elastic.Task, error) {
	var all []elastic.Task
	err := e.do(ctx, "Tasks "+string(kind), func() error {
		for _, t := range e.d.tasks {
			if t.Kind == kind {
				all = append(all, t)
			}
		}
		return nil
	})
	return answer(all, err)
}

// Pause pauses a task.
func (e elasticsearch) Pause(ctx context.Context, kind elastic.TaskKind, name string) error {
	return e.do(ctx, "Pause", func() error { e.d.turn(kind, name, false); return nil })
}

// Resume lets a task go on.
func (e elasticsearch) Resume(ctx context.Context, kind elastic.TaskKind, name string) error {
	return e.do(ctx, "Resume", func() error { e.d.turn(kind, name, true); return nil })
}

// turn lets a task run, or not. The caller holds the lock.
func (d *Deployment) turn(kind elastic.TaskKind, name string, runs bool) {
	for i := range d.tasks {
		if d.tasks[i].Kind == kind && d.tasks[i].Name == name {
			d.tasks[i].Running = runs
		}
	}
}

// Turn lets a task run, or not, behind the bot's back.
func (d *Deployment) Turn(kind elastic.TaskKind, name string, runs bool) {
	d.locked(func() { d.turn(kind, name, runs) })
}

// Running are the names of the tasks that run.
func (d *Deployment) Running() []string {
	var all []string
	d.locked(func() {
		for _, t := range d.tasks {
			if t.Running {
				all = append(all, t.Name)
			}
		}
	})
	return all
}

// RemoteRoles returns what SetRoles set, and of the roles that were written those with remote_indices.
func (e elasticsearch) RemoteRoles(ctx context.Context) ([]elastic.RemoteRole, error) {
	var all []elastic.RemoteRole
	err := e.do(ctx, "RemoteRoles", func() error { all = e.d.remoteRoles(); return nil })
	return answer(all, err)
}

func (d *Deployment) remoteRoles() []elastic.RemoteRole {
	all := slices.Clone(d.remote)
	for _, name := range slices.Sorted(maps.Keys(d.roles)) {
		var role struct {
			Remote []elastic.RemoteIndices `json:"remote_indices"`
		}
		if json.Unmarshal(d.roles[name], &role) != nil || len(role.Remote) == 0 {
			continue
		}
		one := elastic.RemoteRole{Name: name, Indices: role.Remote}
		for _, r := range role.Remote {
			one.Clusters = append(one.Clusters, r.Clusters...)
		}
		all = append(all, one)
	}
	return all
}

// SetTasks changes what runs on the cluster.
func (d *Deployment) SetTasks(t ...elastic.Task) { d.locked(func() { d.tasks = t }) }

// SetRoles changes the roles that name remote clusters.
func (d *Deployment) SetRoles(r ...elastic.RemoteRole) { d.locked(func() { d.remote = r }) }

// Trusting lets the cluster connect by certificate, at the transport port, where it has no key.
func (d *Deployment) Trusting() { d.locked(func() { d.trusting = true }) }

// SetCertificateName makes the certificate that d presents one for another host; empty: for its own again.
func (d *Deployment) SetCertificateName(host string) { d.locked(func() { d.certified = host }) }

// Idle closes the sockets of all remote connections, as a long time without a search does; the next use opens them.
func (d *Deployment) Idle() { d.locked(func() { d.idle = true }) }

// Unprivileged takes the remote_indices from the bot's user.
func (d *Deployment) Unprivileged() { d.locked(func() { d.powerless = true }) }

// Disown gives every key of d to another user.
func (d *Deployment) Disown() {
	d.locked(func() {
		for _, k := range d.keys {
			k.owner = "somebody"
		}
	})
}

// Access returns what the key of that id may read.
func (d *Deployment) Access(id string) elastic.Access {
	var a elastic.Access
	d.locked(func() {
		for _, k := range d.keys {
			if k.ID == id {
				a = k.access
			}
		}
	})
	return a
}

// Connected reports whether an alias of d leads to a remote cluster that takes it.
func (d *Deployment) Connected(alias string) bool {
	ok := false
	d.locked(func() {
		_, _, why := d.connect(alias)
		ok = why == ""
	})
	return ok
}

// Watch begins to watch a connection.
func (w *World) Watch(local *Deployment, alias string) *Watch {
	w.mu.Lock()
	defer w.mu.Unlock()
	watch := &Watch{local: local, alias: alias}
	w.watched = append(w.watched, watch)
	return watch
}

// InvalidateKey makes one key invalid behind the bot's back.
func (d *Deployment) InvalidateKey(id string) {
	d.locked(func() {
		for _, k := range d.keys {
			if k.ID == id {
				k.invalidated = true
			}
		}
	})
}

// Unput removes a keystore entry behind the bot's back.
func (d *Deployment) Unput(entry string) {
	d.locked(func() {
		delete(d.keystore, entry)
		delete(d.loaded, entry)
	})
}

// Unset removes every setting of an alias behind the bot's back.
func (d *Deployment) Unset(alias string) {
	d.locked(func() {
		for s := range d.settings {
			if s.alias == alias {
				delete(d.settings, s)
			}
		}
	})
}

// Narrow changes what every key of d may search, behind the bot's back.
func (d *Deployment) Narrow(patterns ...string) {
	d.locked(func() {
		for _, k := range d.keys {
			k.access.Search = patterns
		}
	})
}

// EditKeys changes what is known of every key of d, behind the bot's back.
func (d *Deployment) EditKeys(edit func(*elastic.Key)) {
	d.locked(func() {
		for _, k := range d.keys {
			edit(&k.Key)
		}
	})
}

// Limit gives every key of d the access that the JSON says, behind the bot's back.
func (d *Deployment) Limit(access string) error {
	a, err := elastic.ReadAccess(json.RawMessage(access))
	d.locked(func() {
		for _, k := range d.keys {
			k.access = a
		}
	})
	return err
}

// Find returns a deployment of the platform; nil if there is none.
func (p *Platform) Find(id string) *Deployment {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	return p.deployments[id]
}

// Platform returns the platform of that configured name; nil if there is none.
func (w *World) Platform(name string) *Platform {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.platforms {
		if p.name == name {
			return p
		}
	}
	return nil
}
