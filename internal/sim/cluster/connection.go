package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/security"
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

// linkError says why a connection could not be opened or used.
type linkError struct {
	*rest.Error
	told bool // in _resolve/cluster; of what is not, a search alone knows
}

// remote is what the settings say about an alias.
type remote struct {
	alias, mode, address, serverName string
	seeds                            []string
	sockets                          int
	skip                             bool
	keyModel                         bool
	credentials                      string
	certificate, key                 string // what requests are signed with
}

func (c *Cluster) remote(alias string) remote {
	all := c.settings()
	text := func(name string) string {
		s, _ := all["cluster.remote."+alias+"."+name].(string)
		return s
	}
	r := remote{
		alias: alias, mode: strings.ToLower(mode(all, alias)), address: text("proxy_address"), serverName: text("server_name"),
		sockets: 18, skip: c.version.Has(rest.SkipsByDefault), certificate: text("signing.certificate"), key: text("signing.key"),
	}
	if list, ok := all["cluster.remote."+alias+".seeds"].([]string); ok {
		r.seeds = list
	} else if s := text("seeds"); s != "" {
		r.seeds = strings.Split(s, ",")
	}
	if n, err := strconv.Atoi(text("proxy_socket_connections")); err == nil {
		r.sockets = n
	}
	if s := text("skip_unavailable"); s != "" {
		r.skip = s == "true"
	}
	r.credentials, r.keyModel = c.credentials(alias)
	return r
}

// remotes returns the aliases that are remote clusters now, sorted.
func (c *Cluster) remotes() []string {
	all := c.settings()
	return slices.DeleteFunc(aliases(all), func(a string) bool { return !enabled(all, a) || c.lost[a] != "" })
}

// LoseNextConnection makes the next new alias meet nodes that read a key for it at that moment: as seen on 8.19.4 and
// 9.5.3, they close the connection by the settings from before, in which there is no such alias, and know it no more until
// one of its settings changes: on 8.x one of those by which connections are made, so not skip_unavailable.
func (c *Cluster) LoseNextConnection() {
	defer c.net.enter()()
	c.loses = true
}

// ForgetAlias makes the nodes forget an alias that is set, likewise.
func (c *Cluster) ForgetAlias(alias string) error {
	defer c.net.enter()()
	if !slices.Contains(c.remotes(), alias) {
		return fmt.Errorf("%s knows no remote cluster %s", c.id, alias)
	}
	c.lost[alias] = c.knownBy(alias)
	return nil
}

// knownBy is a digest of the settings of which a change makes nodes know an alias again.
func (c *Cluster) knownBy(alias string) string {
	if c.version.Major > 8 {
		return fmt.Sprintf("%s %t", c.linkSettings(alias), c.remote(alias).skip)
	}
	return c.linkSettings(alias)
}

// lose ends what was lost where its settings have changed, and loses a connection that is to be. It returns which aliases
// have come back.
func (c *Cluster) lose() (back map[string]bool) {
	back = map[string]bool{}
	maps.DeleteFunc(c.lost, func(a, settings string) bool {
		back[a] = c.knownBy(a) != settings
		return back[a]
	})
	if !c.loses {
		return back
	}
	for _, alias := range c.remotes() {
		if c.links[alias] == nil {
			c.lost[alias], c.loses = c.knownBy(alias), false
		}
	}
	return back
}

// settleLinks opens connections that are to be opened anew and drops those that can't stand. As in Elasticsearch, a
// dropped one is not opened again before something uses it, and a key that changes opens nothing anew: the open sockets
// go on, and each request carries the new one. Only whether there is a key at all makes another connection.
func (c *Cluster) settleLinks() {
	back := c.lose()
	names := c.remotes()
	maps.DeleteFunc(c.links, func(a string, _ *link) bool { return !slices.Contains(names, a) })
	if c.stopped {
		clear(c.links)
		return
	}
	for _, alias := range names {
		r, l, settings := c.remote(alias), c.links[alias], c.linkSettings(alias)
		switch {
		case l == nil:
			l = &link{alias: alias, skip: r.skip}
			if back[alias] && c.version.Major == 8 {
				l.skip = c.version.Has(rest.SkipsByDefault) // as where a connection is opened anew, below
			}
			c.links[alias] = l
			c.openLink(l, r)
		case l.settings != settings:
			if l.skip = r.skip; c.version.Major == 8 && l.wanted == r.skip {
				l.skip = c.version.Has(rest.SkipsByDefault) // a bug of Elasticsearch 8: the new connection has the default
			}
			c.openLink(l, r)
		case l.keyModel != r.keyModel:
			l.skip = r.skip
			c.openLink(l, r)
		case l.wanted != r.skip:
			l.skip = r.skip
		}
		l.settings, l.keyModel, l.wanted = settings, r.keyModel, r.skip
		if l.connected() {
			l.trouble = c.broken(l, r)
		}
		if l.trouble != nil {
			l.sockets = 0
		}
	}
}

// broken says what closes a connection that stands; nil: nothing.
func (c *Cluster) broken(l *link, r remote) *linkError {
	switch {
	case !l.remote.namedIn(r):
		_, port := splitAddress(r.address)
		return c.handshake(r, l.remote, port)
	case l.remote.stopped, l.remote.boots != l.boots, r.keyModel && !l.remote.admits(c.egress, c):
		return c.unreachable(r, connectionReset)
	}
	return nil
}

// linkSettings is a digest of the settings that open a connection anew when they change.
func (c *Cluster) linkSettings(alias string) string {
	all := c.settings()
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

func (c *Cluster) openLink(l *link, r remote) {
	l.sockets = 0
	if l.remote, l.trouble = c.dial(r); l.trouble == nil {
		l.sockets, l.boots = r.sockets, l.remote.boots
	}
}

// use returns the connection for a request, opening it again if reopen says so, and what the remote cluster says of
// the credentials now: a key is checked with every request, not only when the connection is opened. A refused request
// closes the socket that it came by.
func (c *Cluster) use(alias, action string, reopen bool) (*link, *linkError) {
	l, r := c.links[alias], c.remote(alias)
	if !l.connected() && reopen {
		c.openLink(l, r)
	}
	if !l.connected() {
		return l, l.trouble
	}
	if r.keyModel {
		if why := c.presentKey(r, l.remote, action); why != nil {
			if why.Status == 401 {
				l.sockets--
			}
			if l.sockets == 0 {
				l.trouble = c.presentKey(r, l.remote, handshakeAction)
			}
			return l, why
		}
	}
	l.sockets = r.sockets
	return l, nil
}

// accessTo is a caller's access to a remote cluster, by the model of the connection.
func (c *Cluster) accessTo(who security.Identity, r remote, to *Cluster, action string) (security.Access, *rest.Error) {
	if r.keyModel {
		return c.security.AccessByKey(who, r.alias, to.security, r.credentials, action)
	}
	return to.security.AccessByCertificate(who, action), nil
}

// dial decides whether a connection can be opened now.
func (c *Cluster) dial(r remote) (*Cluster, *linkError) {
	if r.mode != "proxy" {
		return nil, &linkError{Error: &rest.Error{
			Status: 500, Kind: "connect_transport_exception",
			Reason: "fetching nodes from external cluster [" + r.alias + "] failed: [" + strings.Join(r.seeds, ",") + "] connect_exception",
		}}
	}
	host, port := splitAddress(r.address)
	to := c.net.reached(host, c)
	switch {
	case to == nil:
		e := rest.IllegalArgument("unknown host [%s]", host)
		e.Cause = &rest.Error{Kind: "unknown_host_exception", Reason: host}
		return nil, &linkError{Error: e}
	case to.stopped:
		return nil, c.unreachable(r, connectionRefused)
	case port == portHTTPS || port == portHTTPSECE:
		return nil, c.unreachable(r, connectionReset)
	case port != PortRemoteCluster && port != PortTransport, port == PortRemoteCluster && (to.keyless || !to.version.Has(rest.KeyModel)):
		return nil, c.unreachable(r, connectionRefused)
	}
	if port == PortRemoteCluster && r.keyModel && !to.admits(c.egress, c) {
		return nil, c.unreachable(r, connectionReset)
	}
	if why := c.handshake(r, to, port); why != nil {
		return nil, why
	}
	return to, nil
}

// namedIn tells whether the cluster's certificate fits what the settings of a connection to it name. The server name is
// what TLS asks for; the certificate passes for the host of the address, too.
func (c *Cluster) namedIn(r remote) bool {
	host, _ := splitAddress(r.address)
	private := c.private != "" && c.presents == "" && slices.Contains([]string{r.serverName, host}, c.private) // it has the private name, too
	return c.certificateName() == r.serverName || c.certificateName() == host || private
}

// handshake is everything after the connection is accepted: TLS, versions, licences, and who the caller is.
func (c *Cluster) handshake(r remote, to *Cluster, port int) *linkError {
	switch {
	case r.keyModel && (port == PortTransport || !c.trustsProxies(to)),
		!r.keyModel && !c.trusts(to):
		return c.unreachable(r, unknownAuthority)
	case !to.namedIn(r):
		return c.unreachable(r, anotherName(r.address))
	case !r.keyModel && (port == PortRemoteCluster || !to.trusts(c)):
		return c.unreachable(r, connectionReset)
	}
	if !c.version.SpeaksTo(to.version) {
		return c.unreachable(r, failure{causes: []rest.Error{{Kind: "illegal_state_exception", Reason: fmt.Sprintf("Received message from unsupported version: [%s]", to.version)}}})
	}
	if !r.keyModel {
		return nil
	}
	if !c.license.compliant() {
		return &linkError{Error: rest.NonCompliant(), told: true}
	}
	return c.presentKey(r, to, handshakeAction)
}

// handshakeAction is what a local cluster does first on a new socket.
const handshakeAction = "cluster:internal/remote_cluster/handshake"

// presentKey is what the remote cluster says of the local one's key.
func (c *Cluster) presentKey(r remote, to *Cluster, action string) *linkError {
	if !to.license.compliant() {
		return &linkError{Error: rest.NonCompliant(), told: true}
	}
	k, why := to.security.CrossClusterKey(r.credentials, action)
	if why == nil {
		why = c.presentSignature(r, to, k)
	}
	if why != nil {
		return &linkError{Error: why, told: true}
	}
	return nil
}

func splitAddress(address string) (host string, port int) {
	h, p, err := net.SplitHostPort(address)
	if err != nil {
		return address, 0
	}
	n, err := strconv.Atoi(p)
	if err != nil {
		return h, 0
	}
	return h, n
}
