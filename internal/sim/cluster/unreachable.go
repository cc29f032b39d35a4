package cluster

import "strings"

// failure is why a socket could not be opened: Java's exceptions, each with its cause behind it. ADDRESS stands for the
// address that was tried, HOST for its host.
type failure struct {
	class  string // of the first, where version 8 wraps it once more
	causes []esError
}

const (
	netty = "io.netty.channel.AbstractChannel$AnnotatedConnectException"
	tls   = "javax.net.ssl.SSLHandshakeException"
)

var (
	// connectionReset is all that is known where the other side closes the connection: it has no key or not the right
	// certificate to show, or a filter shuts it out.
	connectionReset   = failure{causes: []esError{{kind: "transport_exception", reason: "handshake failed because connection reset"}}}
	connectionRefused = failure{netty, []esError{
		{kind: "annotated_connect_exception", reason: "Connection refused: HOST/ADDRESS"},
		{kind: "connect_exception", reason: "Connection refused"},
	}}
	// unknownAuthority is said of a certificate whose authority is not known.
	unknownAuthority = failure{tls, []esError{
		{kind: "s_s_l_handshake_exception", reason: noPath},
		{kind: "validator_exception", reason: noPath},
		{kind: "sun_cert_path_builder_exception", reason: "unable to find valid certification path to requested target"},
	}}
)

const noPath = "PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target"

// anotherName is said of a certificate that fits neither the server name nor the host.
func anotherName(address string) failure {
	host, _ := splitAddress(address)
	text := "No subject alternative DNS name matching " + host + " found."
	return failure{tls, []esError{{kind: "s_s_l_handshake_exception", reason: text}, {kind: "certificate_exception", reason: text}}}
}

// in is what a version says of a failure: 8 that a task has failed, 9 which alert of TLS was sent.
func (f failure) in(v Version) []esError {
	first := f.causes[0]
	switch {
	case f.class == "":
		return f.causes
	case v.Major < 9:
		return append([]esError{
			{kind: "uncategorized_execution_exception", reason: "Failed execution"},
			{kind: "execution_exception", reason: f.class + ": " + first.reason},
		}, f.causes...)
	case f.class == tls:
		first.reason = "(certificate_unknown) " + first.reason
	}
	return append([]esError{first}, f.causes[1:]...)
}

// unreachable says that no socket could be opened. Elasticsearch tells why to nobody but a search.
func (c *Cluster) unreachable(r remote, why failure) *linkError {
	said := "connect_exception"
	if why.class == "" {
		said = "general node connection failure"
	}
	host, _ := splitAddress(r.address)
	in := strings.NewReplacer("ADDRESS", r.address, "HOST", host)
	socket := &esError{kind: "connect_transport_exception", reason: "[][" + r.address + "] " + said}
	at := socket
	for _, cause := range why.in(c.version) {
		at.cause = &esError{kind: cause.kind, reason: in.Replace(cause.reason)}
		at = at.cause
	}
	reason := "Unable to open any proxy connections to cluster [" + r.alias + "] at address [" + r.address + "]"
	if c.version.Major >= 9 {
		reason += ", configuredAddress=[" + r.address + "], configuredServerName=[" + r.serverName + "]"
	}
	return &linkError{esError: &esError{
		status: 500, kind: "no_seed_node_left_exception", reason: reason,
		extra: map[string]any{"suppressed": []any{socket.object()}},
	}}
}

// deepest is the deepest cause of an error, which is the one that tells most.
func (e *linkError) deepest() string {
	list, _ := e.extra["suppressed"].([]any)
	text := e.reason
	for _, one := range list {
		for at, ok := one.(map[string]any); ok; at, ok = at["caused_by"].(map[string]any) {
			text, _ = at["reason"].(string)
		}
	}
	return text
}
