package cluster

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/security"
)

// credentialsKey matches the keystore's name of a remote cluster's key, with the alias.
var credentialsKey = regexp.MustCompile(`^cluster\.remote\.([\w-]+)\.credentials$`)

// PatchKeystore writes what the platform stores for the cluster: a value sets, nil removes. The nodes get it after
// Options.KeystoreDelay; a cluster before 8.14 only when it is restarted.
func (c *Cluster) PatchKeystore(change map[string]*string) {
	defer c.net.enter()()
	for name, v := range change {
		if v == nil {
			delete(c.stored, name)
		} else {
			c.stored[name] = *v
		}
	}
	if c.told || !c.version.Has(rest.LoadsByItself) {
		return
	}
	// What the nodes get is what was stored by then, as a later change may overtake an earlier one.
	c.net.after(c.net.opt.KeystoreDelay, c.load)
}

func (c *Cluster) load() { c.loaded = maps.Clone(c.stored) }

// SecretNames returns the names in the stored keystore, sorted.
func (c *Cluster) SecretNames() []string {
	defer c.net.enter()()
	return slices.Sorted(maps.Keys(c.stored))
}

// StoredKey is the id of the key that is stored for an alias; empty if there is none.
func (c *Cluster) StoredKey(alias string) string {
	defer c.net.enter()()
	return security.CredentialID(c.stored["cluster.remote."+alias+".credentials"])
}

// credentials returns the key that the nodes have loaded for an alias.
func (c *Cluster) credentials(alias string) (string, bool) {
	v, ok := c.loaded["cluster.remote."+alias+".credentials"]
	return v, ok
}

func reloadSecureSettings(q *request) (any, *rest.Error) {
	in, err := q.Object("nodes_reload_secure_settings", "secure_settings_password")
	if err != nil {
		return nil, err
	}
	if p, _ := in["secure_settings_password"].(string); p != "" {
		return nil, rest.IllegalArgument("the keystore of this cluster has no password")
	}
	c := q.c
	node := map[string]any{"name": "instance-0000000000"}
	if c.reloadFail != "" {
		node["reload_exception"] = map[string]any{"type": "illegal_state_exception", "reason": c.reloadFail}
	} else {
		c.reload()
		if c.version.Has(rest.NamesSecrets) {
			node["secure_setting_names"] = append(slices.Sorted(maps.Keys(c.loaded)), "keystore.seed")
			node["keystore_path"] = "/app/config/elasticsearch.keystore"
			node["keystore_digest"] = fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, c.loaded)))
			node["keystore_last_modified_time"] = stamp(c.net.opt.Now())
		}
	}
	nodes := map[string]any{c.nodeID(): node}
	if names, told := node["secure_setting_names"].([]string); told && c.behind != "" {
		other := maps.Clone(node)
		other["name"] = "instance-0000000001"
		other["secure_setting_names"] = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == c.behind })
		nodes[c.nodeID()[1:]+"2"] = other
	}
	return map[string]any{
		"_nodes":       map[string]any{"total": len(nodes), "successful": len(nodes), "failed": 0},
		"cluster_name": c.id,
		"nodes":        nodes,
	}, nil
}

// SetBehind lets a second node appear whose keystore is the same but for that entry; none if it is empty.
func (c *Cluster) SetBehind(entry string) {
	defer c.net.enter()()
	c.behind = entry
}

// reload reads the stored keystore; before 8.13 the nodes do not take remote clusters' keys from it.
func (c *Cluster) reload() {
	before := c.loaded
	c.load()
	if c.version.Has(rest.ReloadsRemote) {
		return
	}
	for name := range c.loaded {
		if credentialsKey.MatchString(name) {
			delete(c.loaded, name)
		}
	}
	for name, v := range before {
		if credentialsKey.MatchString(name) {
			c.loaded[name] = v
		}
	}
}

func (c *Cluster) nodeID() string { return c.uuid[:len(c.uuid)-1] + "n" }
