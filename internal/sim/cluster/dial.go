package cluster

import (
	"fmt"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

// dial decides whether a connection can be opened now.
func (n *connections) dial(r remote) (*Cluster, *linkError) {
	if r.mode != "proxy" {
		return nil, &linkError{Error: &rest.Error{
			Status: 500, Kind: "connect_transport_exception",
			Reason: "fetching nodes from external cluster [" + r.alias + "] failed: [" + strings.Join(r.seeds, ",") + "] connect_exception",
		}}
	}
	host, port := splitAddress(r.address)
	to := n.c.net.reached(host, n.c)
	switch {
	case to == nil:
		e := rest.IllegalArgument("unknown host [%s]", host)
		e.Cause = &rest.Error{Kind: "unknown_host_exception", Reason: host}
		return nil, &linkError{Error: e}
	case to.stopped:
		return nil, unreachable(n.c.version, r, connectionRefused)
	case port == portHTTPS || port == portHTTPSECE:
		return nil, unreachable(n.c.version, r, connectionReset)
	case port != PortRemoteCluster && port != PortTransport, port == PortRemoteCluster && (to.keyless || !to.version.Has(rest.KeyModel)):
		return nil, unreachable(n.c.version, r, connectionRefused)
	}
	if port == PortRemoteCluster && r.keyModel && !admits(to, n.c.egress, n.c) {
		return nil, unreachable(n.c.version, r, connectionReset)
	}
	if why := n.handshake(r, to, port); why != nil {
		return nil, why
	}
	return to, nil
}

// handshake is everything after the connection is accepted: TLS, versions, licenses, and who the caller is.
func (n *connections) handshake(r remote, to *Cluster, port int) *linkError {
	switch {
	case r.keyModel && (port == PortTransport || !trustsProxies(n.c, to)),
		!r.keyModel && !knowsAuthority(n.c, to):
		return unreachable(n.c.version, r, unknownAuthority)
	case !r.keyModel && !trusts(n.c, to):
		return unreachable(n.c.version, r, untrustedName(to, trustedNames(n.c)))
	case !namedIn(to, r):
		return unreachable(n.c.version, r, anotherName(r.address))
	case !r.keyModel && to.certificates.lapsed:
		return unreachable(n.c.version, r, lapsed)
	case !r.keyModel && (port == PortRemoteCluster || n.c.certificates.lapsed || !trusts(to, n.c)):
		return unreachable(n.c.version, r, connectionReset)
	}
	if !n.c.version.SpeaksTo(to.version) {
		return unreachable(n.c.version, r, failure{causes: []rest.Error{{Kind: "illegal_state_exception", Reason: fmt.Sprintf("Received message from unsupported version: [%s]", to.version)}}})
	}
	if !r.keyModel {
		return nil
	}
	if !n.c.license.compliant() {
		return &linkError{Error: rest.NonCompliant(), told: true}
	}
	return n.presentKey(r, to, handshakeAction)
}

// handshakeAction is what a local cluster does first on a new socket.
const handshakeAction = "cluster:internal/remote_cluster/handshake"

// presentKey is what the remote cluster says of the local one's key.
func (n *connections) presentKey(r remote, to *Cluster, action string) *linkError {
	if !to.license.compliant() {
		return &linkError{Error: rest.NonCompliant(), told: true}
	}
	k, why := to.security.CrossClusterKey(r.credentials, action)
	if why == nil {
		why = verifySignature(n.c, to, r, k)
	}
	if why != nil {
		return &linkError{Error: why, told: true}
	}
	return nil
}
