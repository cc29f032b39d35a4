package cluster

import (
	"maps"
	"regexp"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/security"
)

// credentialsKey matches the keystore's name of a remote cluster's key, with the alias.
var credentialsKey = regexp.MustCompile(`^cluster\.remote\.([\w-]+)\.credentials$`)

// keystore is what the platform stores for a cluster, and what its nodes have loaded of it.
type keystore struct {
	version        rest.Version
	stored, loaded map[string]string
	told           bool   // the nodes read their keystore only when they are told to
	failure        string // why they can't read it again; empty: they can
	behind         string // an entry that a second node lacks; empty: there is no second node
}

func (k *keystore) load() { k.loaded = maps.Clone(k.stored) }

// patch changes what is stored: a value sets, nil removes. It tells whether the nodes will load that by themselves.
func (k *keystore) patch(change map[string]*string) (loads bool) {
	for name, v := range change {
		if v == nil {
			delete(k.stored, name)
		} else {
			k.stored[name] = *v
		}
	}
	return !k.told && k.version.Has(rest.LoadsByItself)
}

func (k *keystore) names() []string { return slices.Sorted(maps.Keys(k.stored)) }

// storedKey is the id of the key that is stored for an alias; empty if there is none.
func (k *keystore) storedKey(alias string) string {
	return security.CredentialID(k.stored["cluster.remote."+alias+".credentials"])
}

// credentials returns the key that the nodes have loaded for an alias.
func (k *keystore) credentials(alias string) (string, bool) {
	v, ok := k.loaded["cluster.remote."+alias+".credentials"]
	return v, ok
}

// reload reads the stored keystore; before 8.13 the nodes do not take remote clusters' keys from it.
func (k *keystore) reload() {
	before := k.loaded
	k.load()
	if k.version.Has(rest.ReloadsRemote) {
		return
	}
	for name := range k.loaded {
		if credentialsKey.MatchString(name) {
			delete(k.loaded, name)
		}
	}
	for name, v := range before {
		if credentialsKey.MatchString(name) {
			k.loaded[name] = v
		}
	}
}
