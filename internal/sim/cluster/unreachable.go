package cluster

import (
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

// failure is why a socket could not be opened: Java's exceptions, each with its cause behind it. ADDRESS stands for the
// address that was tried, HOST for its host.
type failure struct {
	class  string // of the first, where version 8 wraps it once more
	causes []rest.Error
}

const (
	netty = "io.netty.channel.AbstractChannel$AnnotatedConnectException"
	tls   = "javax.net.ssl.SSLHandshakeException"
)

var (
	// connectionReset is all that is known where the other side closes the connection: it has no key or not the right
	// certificate to show, or a filter shuts it out.
	connectionReset   = failure{causes: []rest.Error{{Kind: "transport_exception", Reason: "handshake failed because connection reset"}}}
	connectionRefused = failure{netty, []rest.Error{
		{Kind: "annotated_connect_exception", Reason: "Connection refused: HOST/ADDRESS"},
		{Kind: "connect_exception", Reason: "Connection refused"},
	}}
	// unknownAuthority is said of a certificate whose authority is not known.
	unknownAuthority = failure{tls, []rest.Error{
		{Kind: "s_s_l_handshake_exception", Reason: noPath},
		{Kind: "validator_exception", Reason: noPath},
		{Kind: "sun_cert_path_builder_exception", Reason: "unable to find valid certification path to requested target"},
	}}
)

// lapsed is said of a certificate that has ended.
var lapsed = failure{tls, []rest.Error{
	{Kind: "s_s_l_handshake_exception", Reason: "PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed"},
	{Kind: "validator_exception", Reason: "PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed"},
	{Kind: "cert_path_validator_exception", Reason: "validity check failed"},
	{Kind: "certificate_expired_exception", Reason: "NotAfter: Sun Nov 01 00:00:00 UTC 2026"},
}}

const noPath = "PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target"

// anotherName is said of a certificate that fits neither the server name nor the host.
func anotherName(address string) failure {
	host, _ := splitAddress(address)
	text := "No subject alternative DNS name matching " + host + " found."
	return failure{tls, []rest.Error{{Kind: "s_s_l_handshake_exception", Reason: text}, {Kind: "certificate_exception", Reason: text}}}
}

// untrustedName is said of a certificate whose authority is trusted, but not for the cluster that it names.
func untrustedName(to *Cluster, names string) failure {
	text := "Certificate for CN=" + to.id + " does not match the trusted names [" + names + "]"
	return failure{tls, []rest.Error{{Kind: "s_s_l_handshake_exception", Reason: text}, {Kind: "certificate_exception", Reason: text}}}
}

// in is what a version says of a failure: 8 that a task has failed, 9 which alert of TLS was sent.
func (f failure) in(v rest.Version) []rest.Error {
	first := f.causes[0]
	switch {
	case f.class == "":
		return f.causes
	case v.Major < 9:
		return append([]rest.Error{
			{Kind: "uncategorized_execution_exception", Reason: "Failed execution"},
			{Kind: "execution_exception", Reason: f.class + ": " + first.Reason},
		}, f.causes...)
	case f.class == tls:
		first.Reason = "(certificate_unknown) " + first.Reason
	}
	return append([]rest.Error{first}, f.causes[1:]...)
}

// unreachable says that no socket could be opened. Elasticsearch tells why to nobody but a search.
func unreachable(v rest.Version, r remote, why failure) *linkError {
	said := "connect_exception"
	if why.class == "" {
		said = "general node connection failure"
	}
	host, _ := splitAddress(r.address)
	in := strings.NewReplacer("ADDRESS", r.address, "HOST", host)
	socket := &rest.Error{Kind: "connect_transport_exception", Reason: "[][" + r.address + "] " + said}
	at := socket
	for _, cause := range why.in(v) {
		at.Cause = &rest.Error{Kind: cause.Kind, Reason: in.Replace(cause.Reason)}
		at = at.Cause
	}
	reason := "Unable to open any proxy connections to cluster [" + r.alias + "] at address [" + r.address + "]"
	if v.Major >= 9 {
		reason += ", configuredAddress=[" + r.address + "], configuredServerName=[" + r.serverName + "]"
	}
	return &linkError{Error: &rest.Error{
		Status: 500, Kind: "no_seed_node_left_exception", Reason: reason,
		Extra: map[string]any{"suppressed": []any{socket.Object()}},
	}}
}

// linkError says why a connection could not be opened or used.
type linkError struct {
	*rest.Error
	told bool // in _resolve/cluster; of what is not, a search alone knows
}

// deepest is the deepest cause of an error, which is the one that tells most.
func (e *linkError) deepest() string {
	list, _ := e.Extra["suppressed"].([]any)
	text := e.Reason
	for _, one := range list {
		for at, ok := one.(map[string]any); ok; at, ok = at["caused_by"].(map[string]any) {
			text, _ = at["reason"].(string)
		}
	}
	return text
}
