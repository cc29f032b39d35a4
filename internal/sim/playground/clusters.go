package playground

import (
	"fmt"
	"net"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
)

// deployment is what the page shows of a deployment and its cluster. It holds no secret: of the keystore the names,
// of a key what _security/api_key tells.
type deployment struct {
	Name     string `json:"name"`
	Platform string `json:"platform"`
	Kind     string `json:"kind"`  // of its platform
	Local    bool   `json:"local"` // not on Elastic Cloud: connections start here
	Version  string `json:"version"`
	Host     string `json:"host"`
	Running  bool   `json:"running"`
	Pending  bool   `json:"pending"` // the platform is applying a plan

	Settings map[string]string     `json:"settings"` // those that were set, flat
	Keystore []secretName          `json:"keystore"`
	Keys     []cluster.KeyState    `json:"keys"`
	Trust    []string              `json:"trust"`
	Filters  []string              `json:"filters"`
	Remotes  map[string]any        `json:"remotes"` // what _remote/info answers
	Links    map[string]connection `json:"links"`
}

// connection is an alias's connection. KeyEnded: its key is no longer valid, though the socket may still be open.
type connection struct {
	cluster.Connection
	KeyEnded bool `json:"key_ended,omitempty"`
}

// secretName is an entry of the keystore, by name alone.
type secretName struct {
	Name   string `json:"name"`
	Loaded *bool  `json:"loaded"` // the nodes have it; before, it is only stored; null: not known
}

// clusters are those of one platform; of all, if it is empty.
func clusters(s platform.State, only string) []deployment {
	out := []deployment{}
	ended := map[string]bool{} // keys, by id
	at := map[string]string{}  // names, by host
	for _, p := range s.Platforms {
		for _, d := range p.Deployments {
			at[d.Cluster.Host] = d.Name
			for _, k := range d.Cluster.Keys {
				ended[k.ID] = !k.Valid
			}
		}
	}
	for _, p := range s.Platforms {
		if only != "" && p.Name != only {
			continue
		}
		for _, d := range p.Deployments {
			out = append(out, ofDeployment(p, d, ended, at))
		}
	}
	return out
}

func ofDeployment(p platform.SystemState, d platform.DeploymentState, ended map[string]bool, at map[string]string) deployment {
	c := d.Cluster
	out := deployment{
		Name: d.Name, Platform: p.Name, Kind: p.Kind, Local: p.Kind != platform.KindCloud, Version: c.Version, Host: c.Host, Running: c.Running, Pending: d.Pending,
		Settings: map[string]string{}, Keystore: []secretName{}, Keys: c.Keys, Trust: []string{}, Filters: []string{},
		Remotes: c.RemoteInfo, Links: map[string]connection{},
	}
	for alias, l := range c.Connected {
		if l.To == "" { // real nodes do not tell, but where they connect to
			l.To = at[hostOf(c.RemoteInfo[alias])]
		}
		out.Links[alias] = connection{l, ended[l.KeyID]}
	}
	for kind, settings := range c.Settings {
		for name, value := range settings {
			if kind != "persistent" {
				name += " (" + kind + ")"
			}
			out.Settings[name] = setting(value)
		}
	}
	out.Keystore = keystore(c)
	for _, t := range c.Trust {
		if t.Scope == "" && len(t.Certificates) == 0 {
			continue
		}
		if t.Proxies {
			out.Trust = append(out.Trust, fmt.Sprintf("proxies of others (%d CA certificates)", len(t.Certificates)))
			continue
		}
		whom := "clusters " + strings.Join(t.Clusters, ", ")
		if t.All {
			whom = "all clusters"
		}
		out.Trust = append(out.Trust, fmt.Sprintf("%s of %s (%d CA certificate%s)", whom, t.Scope, len(t.Certificates), plural(len(t.Certificates))))
	}
	for _, f := range c.Filters {
		out.Filters = append(out.Filters, strings.TrimSpace(f.Type+" "+strings.Join(f.Allowed(), ", ")))
	}
	return out
}

// keystore are the names that are stored or loaded. A name that the nodes still have though it was taken away is not
// stored any more. Real nodes (no list at all) do not tell what they have loaded.
func keystore(c cluster.State) []secretName {
	out := []secretName{}
	loaded := map[string]bool{}
	for _, name := range c.Loaded {
		loaded[name] = true
	}
	for _, name := range c.Keystore {
		one := secretName{Name: name}
		if c.Loaded != nil {
			one.Loaded = new(loaded[name])
		}
		out = append(out, one)
		delete(loaded, name)
	}
	for _, name := range c.Loaded {
		if loaded[name] {
			out = append(out, secretName{name + " (being taken away)", new(true)})
		}
	}
	return out
}

// hostOf is the host of the address in an answer of _remote/info; empty where it has none.
func hostOf(info any) string {
	fields, _ := info.(map[string]any)
	address, _ := fields["proxy_address"].(string)
	host, _, _ := net.SplitHostPort(address) // what is no address has no host
	return host
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

func setting(v any) string {
	if list, ok := v.([]string); ok {
		return strings.Join(list, ", ")
	}
	return fmt.Sprint(v)
}
