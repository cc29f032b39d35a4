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
)

// link is a connection of a local cluster to a remote one, under an alias.
type link struct {
	alias     string
	basis     string // a digest of settings, credentials and boots that it was opened with
	remote    *Cluster
	boots     int // of the remote cluster when the connection was opened
	connected bool
	trouble   *linkError // why it is not connected
}

// linkError says why a connection could not be opened or used.
type linkError struct {
	*esError
	reached bool   // the remote side answered: what it said is told; otherwise it is simply unavailable
	logged  string // what the local nodes' log says, where no answer does
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
		sockets: 18, skip: c.version.has(skipsByDefault), certificate: text("signing.certificate"), key: text("signing.key"),
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
	return slices.DeleteFunc(aliases(all), func(a string) bool { return !enabled(all, a) })
}

// settleLinks opens connections whose settings or credentials have changed and drops those that can't stand. As in
// Elasticsearch, a dropped one is not opened again before something uses it.
func (c *Cluster) settleLinks() {
	names := c.remotes()
	maps.DeleteFunc(c.links, func(a string, _ *link) bool { return !slices.Contains(names, a) })
	if c.stopped {
		clear(c.links)
		return
	}
	for _, alias := range names {
		basis := c.basis(alias)
		l := c.links[alias]
		if l == nil || l.basis != basis {
			c.connect(alias, basis)
			continue
		}
		if l.connected && l.remote.certificateName() != c.remote(alias).serverName {
			l.connected = false
			_, port := splitAddress(c.remote(alias).address)
			l.trouble = c.handshake(c.remote(alias), l.remote, port)
		}
		if l.connected && (l.remote.stopped || l.remote.boots != l.boots || (c.remote(alias).keyModel && !l.remote.admits(c.egress, c))) {
			l.connected = false
			l.trouble = c.unreachable(c.remote(alias), "transport connection closed by remote")
		}
	}
}

func (c *Cluster) basis(alias string) string {
	all := c.settings()
	h := sha256.New()
	for _, k := range slices.Sorted(maps.Keys(all)) {
		if strings.HasPrefix(k, "cluster.remote."+alias+".") && !strings.HasSuffix(k, ".skip_unavailable") {
			_, _ = fmt.Fprintf(h, "%s=%v\n", k, all[k])
		}
	}
	key, has := c.credentials(alias)
	_, _ = fmt.Fprintf(h, "%v %s %d", has, key, c.boots)
	return hex.EncodeToString(h.Sum(nil))
}

func (c *Cluster) connect(alias, basis string) *link {
	l := &link{alias: alias, basis: basis}
	l.remote, l.trouble = c.dial(c.remote(alias))
	if l.trouble == nil {
		l.connected, l.boots = true, l.remote.boots
	}
	c.links[alias] = l
	return l
}

// use returns the connection for a request, opening it again if reopen says so, and what the remote cluster says of
// the credentials now: a key is checked with every request, not only when the connection is opened.
func (c *Cluster) use(alias string, reopen bool) (*link, *linkError) {
	l := c.links[alias]
	if l == nil || (!l.connected && reopen) {
		l = c.connect(alias, c.basis(alias))
	}
	if !l.connected {
		return l, l.trouble
	}
	if r := c.remote(alias); r.keyModel {
		if why := c.presentKey(r, l.remote); why != nil {
			return l, why
		}
	}
	return l, nil
}

// dial decides whether a connection can be opened now.
func (c *Cluster) dial(r remote) (*Cluster, *linkError) {
	if r.mode != "proxy" {
		return nil, &linkError{esError: &esError{
			status: 500, kind: "connect_transport_exception",
			reason: "fetching nodes from external cluster [" + r.alias + "] failed: [" + strings.Join(r.seeds, ",") + "] connect_exception",
		}}
	}
	host, port := splitAddress(r.address)
	to := c.net.byHost(host)
	switch {
	case to == nil:
		return nil, c.unreachable(r, "unknown host ["+host+"]")
	case to.stopped:
		return nil, c.unreachable(r, "connect_exception: connection refused")
	case port == portHTTPS || port == portHTTPSECE:
		return nil, c.unreachable(r, "handshake failed. unexpected remote node: invalid internal transport message format, got (48,54,54,50)")
	case port != PortRemoteCluster && port != PortTransport:
		return nil, c.unreachable(r, "connect_exception: connection timed out")
	case port == PortRemoteCluster && !to.version.has(hasKeyModel):
		return nil, c.unreachable(r, "connect_exception: connection refused")
	}
	if port == PortRemoteCluster && r.keyModel && !to.admits(c.egress, c) {
		return nil, c.unreachable(r, "connect_exception: connection closed by remote")
	}
	if why := c.handshake(r, to, port); why != nil {
		return nil, why
	}
	return to, nil
}

// noPath is what Java says of a certificate whose authority it does not know.
const noPath = "PKIX path building failed: unable to find valid certification path to requested target"

// handshake is everything after the connection is accepted: TLS, versions, licences, and who the caller is.
func (c *Cluster) handshake(r remote, to *Cluster, port int) *linkError {
	if r.serverName != to.certificateName() {
		return c.untrusted(r, "the server provided a certificate that is not valid for the configured server_name ["+r.serverName+"]", r.keyModel)
	}
	switch {
	case r.keyModel && port == PortTransport:
		return c.untrusted(r, "Received fatal alert: bad_certificate", true)
	case r.keyModel && !c.trustsProxies(to):
		return c.untrusted(r, noPath, true)
	case !r.keyModel && port == PortRemoteCluster:
		if !c.trusts(to) {
			return c.untrusted(r, noPath, false)
		}
		return &linkError{reached: true, esError: security(401, "Cross cluster requests through the dedicated remote cluster server port require transport header "+
			"[_cross_cluster_access_credentials] but none found. Please ensure you have configured remote cluster credentials on the cluster originating the request.")}
	case !r.keyModel && !c.trusts(to):
		return c.untrusted(r, noPath, false)
	case !r.keyModel && !to.trusts(c):
		return c.untrusted(r, "Received fatal alert: bad_certificate", false)
	}
	if !c.version.speaksTo(to.version) {
		return c.unreachable(r, fmt.Sprintf("Received message from unsupported version: [%s]", to.version))
	}
	if r.keyModel {
		if !c.license.compliant() {
			return &linkError{esError: nonCompliant(), reached: true}
		}
		return c.presentKey(r, to)
	}
	return nil
}

// presentKey is what the remote cluster says of the local one's key.
func (c *Cluster) presentKey(r remote, to *Cluster) *linkError {
	if !to.license.compliant() {
		return &linkError{esError: nonCompliant(), reached: true}
	}
	id, k, why := to.checkKey(r.credentials, keyTypeCrossCluster)
	switch {
	case why != nil && why.kind != "":
		return &linkError{esError: security(401, "%s", why.reason), reached: true}
	case why != nil:
		e := security(401, "unable to authenticate user [%s] for action [cluster:internal/remote_cluster/handshake]", id)
		e.cause = &esError{kind: "security_exception", reason: why.reason}
		return &linkError{esError: e, reached: true}
	}
	if why := c.presentSignature(r, to, k); why != nil {
		return &linkError{esError: why, reached: true}
	}
	return nil
}

func (c *Cluster) unreachable(r remote, why string) *linkError {
	reason := strings.TrimPrefix(why, "connect_exception: ")
	return &linkError{esError: &esError{
		status: 500, kind: "no_seed_node_left_exception",
		reason: fmt.Sprintf("Unable to open any proxy connections to cluster [%s] at address [%s]", r.alias, r.address),
	}, logged: fmt.Sprintf("failed to open any proxy connections to cluster [%s]: [%s] connect_exception: %s", r.alias, r.address, reason)}
}

func (c *Cluster) untrusted(r remote, why string, keyModel bool) *linkError {
	context := "xpack.security.transport.ssl"
	if keyModel {
		context = "xpack.security.remote_cluster_client.ssl"
	}
	host, _ := splitAddress(r.address)
	return &linkError{reached: true, esError: &esError{
		status: 500, kind: "connect_transport_exception",
		reason: fmt.Sprintf("failed to open any proxy connections to cluster [%s]: failed to establish trust with server at [%s]; %s; this ssl context ([%s]) is not configured to trust it", r.alias, host, why, context),
	}}
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
