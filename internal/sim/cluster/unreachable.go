package cluster

import "strings"

// failure is why a socket could not be opened: Java's exceptions, each with its cause behind it. ADDRESS stands for the
// address that was tried, HOST for its host.
type failure []esError

var (
	// connectionReset is all that is known where the other side closes the connection: it has no key or not the right
	// certificate to show, or a filter shuts it out.
	connectionReset   = failure{{kind: "transport_exception", reason: "handshake failed because connection reset"}}
	connectionRefused = ended(
		esError{kind: "execution_exception", reason: "io.netty.channel.AbstractChannel$AnnotatedConnectException: Connection refused: HOST/ADDRESS"},
		esError{kind: "annotated_connect_exception", reason: "Connection refused: HOST/ADDRESS"},
		esError{kind: "connect_exception", reason: "Connection refused"},
	)
	// unknownAuthority is said of a certificate whose authority is not known.
	unknownAuthority = refusedCertificate(
		noPath,
		esError{kind: "validator_exception", reason: noPath},
		esError{kind: "sun_cert_path_builder_exception", reason: "unable to find valid certification path to requested target"},
	)
)

const noPath = "PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target"

// anotherName is said of a certificate that fits neither the server name nor the host.
func anotherName(address string) failure {
	host, _ := splitAddress(address)
	text := "No subject alternative DNS name matching " + host + " found."
	return refusedCertificate(text, esError{kind: "certificate_exception", reason: text})
}

func refusedCertificate(text string, causes ...esError) failure {
	return ended(append([]esError{
		{kind: "execution_exception", reason: "javax.net.ssl.SSLHandshakeException: " + text},
		{kind: "s_s_l_handshake_exception", reason: text},
	}, causes...)...)
}

func ended(causes ...esError) failure {
	return append(failure{{kind: "uncategorized_execution_exception", reason: "Failed execution"}}, causes...)
}

// unreachable says that no socket could be opened. Elasticsearch tells why to nobody but a search.
func (c *Cluster) unreachable(r remote, why failure) *linkError {
	said := "connect_exception"
	if len(why) == 1 {
		said = "general node connection failure"
	}
	host, _ := splitAddress(r.address)
	in := strings.NewReplacer("ADDRESS", r.address, "HOST", host)
	socket := &esError{kind: "connect_transport_exception", reason: "[][" + r.address + "] " + said}
	for at, i := socket, 0; i < len(why); i++ {
		at.cause = &esError{kind: why[i].kind, reason: in.Replace(why[i].reason)}
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
