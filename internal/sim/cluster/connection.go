package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

// link is a connection of a local cluster to a remote one, under an alias.
type link struct {
	alias    string
	settings string     // a digest of those that open it anew when they change
	keyModel bool       // likewise
	wanted   bool       // skip_unavailable as it is set
	skip     bool       // and as it is in effect
	remote   *Cluster   // nil if it was never reached
	boots    int        // of the remote cluster when the connection was opened
	sockets  int        // those that are open
	trouble  *linkError // why there are none
}

func (l *link) connected() bool { return l.sockets > 0 }

// connections are those of a cluster to others.
type connections struct {
	c     *Cluster
	links map[string]*link  // by alias
	lost  map[string]string // by alias: the digest of the settings whose connection a reload has closed
	loses bool              // the next one
}

func (n *connections) remote(alias string) remote {
	return readRemote(n.c.settings, n.c.keystore, alias)
}

// remotes returns the aliases that are remote clusters now, sorted.
func (n *connections) remotes() []string {
	all := n.c.settings.all()
	return slices.DeleteFunc(aliases(all), func(a string) bool { return !enabled(all, a) || n.lost[a] != "" })
}

// forget makes the nodes forget an alias that is set.
func (n *connections) forget(alias string) error {
	if !slices.Contains(n.remotes(), alias) {
		return fmt.Errorf("%s knows no remote cluster %s", n.c.id, alias)
	}
	n.lost[alias] = n.knownBy(alias)
	return nil
}

// knownBy is a digest of the settings of which a change makes nodes know an alias again.
func (n *connections) knownBy(alias string) string {
	if n.c.version.Major > 8 {
		return fmt.Sprintf("%s %t", n.linkSettings(alias), n.remote(alias).skip)
	}
	return n.linkSettings(alias)
}

// lose ends what was lost where its settings have changed, and loses a connection that is to be. It returns which aliases
// have come back.
func (n *connections) lose() (back map[string]bool) {
	back = map[string]bool{}
	maps.DeleteFunc(n.lost, func(a, settings string) bool {
		back[a] = n.knownBy(a) != settings
		return back[a]
	})
	if !n.loses {
		return back
	}
	for _, alias := range n.remotes() {
		if n.links[alias] == nil {
			n.lost[alias], n.loses = n.knownBy(alias), false
		}
	}
	return back
}

// settle opens connections that are to be opened anew and drops those that can't stand. As in Elasticsearch, a
// dropped one is not opened again before something uses it, and a key that changes opens nothing anew: the open sockets
// go on, and each request carries the new one. Only whether there is a key at all makes another connection.
func (n *connections) settle() {
	back := n.lose()
	names := n.remotes()
	maps.DeleteFunc(n.links, func(a string, _ *link) bool { return !slices.Contains(names, a) })
	if n.c.stopped {
		clear(n.links)
		return
	}
	for _, alias := range names {
		r, l, settings := n.remote(alias), n.links[alias], n.linkSettings(alias)
		switch {
		case l == nil:
			l = &link{alias: alias, skip: r.skip}
			if back[alias] && n.c.version.Major == 8 {
				l.skip = n.c.version.Has(rest.SkipsByDefault) // as where a connection is opened anew, below
			}
			n.links[alias] = l
			n.openLink(l, r)
		case l.settings != settings:
			if l.skip = r.skip; n.c.version.Major == 8 && l.wanted == r.skip {
				l.skip = n.c.version.Has(rest.SkipsByDefault) // a bug of Elasticsearch 8: the new connection has the default
			}
			n.openLink(l, r)
		case l.keyModel != r.keyModel:
			l.skip = r.skip
			n.openLink(l, r)
		case l.wanted != r.skip:
			l.skip = r.skip
		}
		l.settings, l.keyModel, l.wanted = settings, r.keyModel, r.skip
		if l.connected() {
			l.trouble = n.broken(l, r)
		}
		if l.trouble != nil {
			l.sockets = 0
		}
	}
}

// broken says what closes a connection that stands; nil: nothing.
func (n *connections) broken(l *link, r remote) *linkError {
	switch {
	case !namedIn(l.remote, r):
		_, port := splitAddress(r.address)
		return n.handshake(r, l.remote, port)
	case l.remote.stopped, l.remote.boots != l.boots, r.keyModel && !admits(l.remote, n.c.egress, n.c):
		return unreachable(n.c.version, r, connectionReset)
	}
	return nil
}

// linkSettings is a digest of the settings that open a connection anew when they change.
func (n *connections) linkSettings(alias string) string {
	all := n.c.settings.all()
	h := sha256.New()
	prefix := "cluster.remote." + alias + "."
	for _, k := range slices.Sorted(maps.Keys(all)) {
		name, own := strings.CutPrefix(k, prefix)
		if own && name != "skip_unavailable" && !strings.HasPrefix(name, "signing.") {
			_, _ = fmt.Fprintf(h, "%s=%v\n", k, all[k])
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (n *connections) openLink(l *link, r remote) {
	l.sockets = 0
	if l.remote, l.trouble = n.dial(r); l.trouble == nil {
		l.sockets, l.boots = r.sockets, l.remote.boots
		l.remote.callers[n.c] = struct{}{}
	}
}

// use returns the connection for a request, opening it again if reopen says so, and what the remote cluster says of
// the credentials now: a key is checked with every request, not only when the connection is opened. A refused request
// closes the socket that it came by.
func (n *connections) use(alias, action string, reopen bool) (*link, *linkError) {
	l, r := n.links[alias], n.remote(alias)
	if !l.connected() && reopen {
		n.openLink(l, r)
	}
	if !l.connected() {
		return l, l.trouble
	}
	if r.keyModel {
		if why := n.presentKey(r, l.remote, action); why != nil {
			if why.Status == 401 {
				l.sockets--
			}
			if l.sockets == 0 {
				l.trouble = n.presentKey(r, l.remote, handshakeAction)
			}
			return l, why
		}
	}
	l.sockets = r.sockets
	return l, nil
}
