package cluster

import (
	"maps"
	"slices"
	"time"
)

// State is how a cluster stands, without secrets.
type State struct {
	Name      string                    `json:"name"`
	ID        string                    `json:"id"`
	Host      string                    `json:"host"`
	Version   string                    `json:"version"`
	Running   bool                      `json:"running"`
	Settings  map[string]map[string]any `json:"settings"` // persistent and transient, flat
	Keystore  []string                  `json:"keystore"` // the names stored
	Loaded    []string                  `json:"loaded"`   // the names that the nodes have
	Keys      []KeyState                `json:"keys"`
	Roles     []string                  `json:"roles"`
	RolesHold map[string]Role           `json:"roles_hold"` // what each of them allows
	Trust     []Trust                   `json:"trust"`
	Filters   []Filter                  `json:"filters"`
	Connected map[string]Connection     `json:"connections"` // by alias
	// RemoteInfo is what GET _remote/info answers, by alias.
	RemoteInfo map[string]any `json:"remote_info"`
}

// KeyState is an API key without its secret.
type KeyState struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Type     string         `json:"type"`
	Valid    bool           `json:"valid"`
	Owner    string         `json:"owner"`
	Created  time.Time      `json:"created"`
	Expires  *time.Time     `json:"expires,omitempty"`
	Metadata map[string]any `json:"metadata"`
	Search   []string       `json:"search"` // index patterns
	Replicas []string       `json:"replication"`
	Identity string         `json:"certificate_identity,omitempty"`
}

// Connection is an alias's connection.
type Connection struct {
	To        string `json:"to,omitempty"` // the remote cluster's name
	Connected bool   `json:"connected"`
	KeyModel  bool   `json:"key_model"`
	KeyID     string `json:"key_id,omitempty"` // of the loaded credentials
	Trouble   string `json:"trouble,omitempty"`
}

// State returns how the cluster stands now.
func (c *Cluster) State() State {
	defer c.net.enter()()
	s := State{
		Name: c.name, ID: c.id, Host: c.host, Version: c.version.String(), Running: !c.stopped,
		Settings: map[string]map[string]any{"persistent": maps.Clone(c.persistent), "transient": maps.Clone(c.transient)},
		Keystore: slices.Sorted(maps.Keys(c.stored)), Loaded: slices.Sorted(maps.Keys(c.loaded)), Keys: []KeyState{},
		Roles: slices.Sorted(maps.Keys(c.roles)), RolesHold: maps.Clone(c.roles), Trust: slices.Clone(c.trust), Filters: slices.Clone(c.filters), Connected: map[string]Connection{},
		RemoteInfo: map[string]any{},
	}
	for _, alias := range c.remotes() {
		s.RemoteInfo[alias] = c.info(alias)
	}
	for _, k := range c.keys {
		s.Keys = append(s.Keys, k.state(c.net.opt.Now()))
	}
	for alias, l := range c.links {
		r := c.remote(alias)
		conn := Connection{Connected: l.connected(), KeyModel: r.keyModel}
		if l.remote != nil {
			conn.To = l.remote.name
			if r.keyModel {
				conn.KeyID = credentialID(r.credentials)
			}
		}
		if l.trouble != nil {
			conn.Trouble = l.trouble.deepest()
		}
		s.Connected[alias] = conn
	}
	return s
}

func (k *apiKey) state(now time.Time) KeyState {
	names := func(entries []accessEntry) []string {
		out := []string{}
		for _, e := range entries {
			out = append(out, e.Names...)
		}
		return out
	}
	s := KeyState{
		ID: k.id, Name: k.name, Type: k.kind, Owner: k.user, Created: k.created, Valid: !k.invalidated() && !k.expired(now),
		Metadata: maps.Clone(k.metadata), Search: names(k.access.Search), Replicas: names(k.access.Replication),
	}
	if k.identity != nil {
		s.Identity = *k.identity
	}
	if !k.expires.IsZero() {
		t := k.expires
		s.Expires = &t
	}
	return s
}
