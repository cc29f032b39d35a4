package cluster

import (
	"maps"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/security"
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

// Connection is an alias's connection.
type Connection struct {
	To        string `json:"to,omitempty"` // the remote cluster's name
	Connected bool   `json:"connected"`
	KeyModel  bool   `json:"key_model"`
	KeyID     string `json:"key_id,omitempty"` // of the loaded credentials
	Trouble   string `json:"trouble,omitempty"`
}

// stateOf is how the cluster stands; the lock is held.
func stateOf(c *Cluster) State {
	s := State{
		Name: c.name, ID: c.id, Host: c.host, Version: c.version.String(), Running: !c.stopped,
		Settings: map[string]map[string]any{"persistent": maps.Clone(c.settings.persistent), "transient": maps.Clone(c.settings.transient)},
		Keystore: c.keystore.names(), Loaded: slices.Sorted(maps.Keys(c.keystore.loaded)), Keys: c.security.KeyStates(),
		Roles: slices.Sorted(maps.Keys(c.security.AllRoles())), RolesHold: c.security.AllRoles(), Trust: slices.Clone(c.trust), Filters: slices.Clone(c.filters), Connected: map[string]Connection{},
		RemoteInfo: map[string]any{},
	}
	for _, alias := range c.connections.remotes() {
		s.RemoteInfo[alias] = c.connections.info(alias)
	}
	for alias, l := range c.connections.links {
		r := c.connections.remote(alias)
		conn := Connection{Connected: l.connected(), KeyModel: r.keyModel}
		if l.remote != nil {
			conn.To = l.remote.name
			if r.keyModel {
				conn.KeyID = security.CredentialID(r.credentials)
			}
		}
		if l.trouble != nil {
			conn.Trouble = l.trouble.deepest()
		}
		s.Connected[alias] = conn
	}
	return s
}
