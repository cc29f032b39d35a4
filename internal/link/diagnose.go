package link

import (
	"fmt"
	"slices"
	"strings"
)

// Cause is why a connection does not work.
type Cause string

// The causes, from Elastic's troubleshooting page for remote clusters and Elasticsearch's own messages.
const (
	CauseNoKey        Cause = "no_key"        // the local nodes have no key for this alias
	CauseKeyType      Cause = "key_type"      // an ordinary API key is stored
	CauseBadKey       Cause = "bad_key"       // wrong, invalidated or expired
	CauseLicence      Cause = "licence"       // a licence does not cover the API key model
	CauseIdentity     Cause = "identity"      // strong identity verification
	CauseNoPrivileges Cause = "no_privileges" // the local user has no remote_indices
	CauseNotAllowed   Cause = "not_allowed"   // the key or the local role doesn't cover it
	CausePort         Cause = "port"          // the transport port instead of the one for keys
	CauseTrust        Cause = "trust"         // the remote's certificate is not trusted
	CauseDropped      Cause = "dropped"       // the network closes connections
	CauseUnreachable  Cause = "unreachable"   // address, port, firewall or filter
	CauseFilter       Cause = "filter"        // a network filter of the remote side; no text tells it
	CauseUnknown      Cause = "unknown"
)

// Diagnosis is what a symptom means.
type Diagnosis struct {
	Cause Cause
	Say   string // what is wrong, for people
	Fix   string // what to do about it
}

// Symptoms are what is known beside an error's text.
type Symptoms struct {
	Alias   string
	Address string   // the proxy address that is set
	Model   Model    // that the connection should use; empty: ModelKey
	AsTold  bool     // address and server name are what the platform says of the remote deployment
	NoKey   bool     // _remote/info lists the alias without cluster_credentials
	Egress  []string // addresses that the local platform's hosts call themselves
}

// fragment is a row of the table: any one of the texts, or all of them where all is set.
type fragment struct {
	texts []string
	all   bool
	cause Cause
}

// fragments are in order: what is specific comes before the generic texts that wrap it. "failed to open any proxy
// connections" wraps most of the others.
var fragments = []fragment{
	{cause: CauseNoKey, texts: []string{"_cross_cluster_access_credentials", "configured remote cluster credentials"}},
	{cause: CauseKeyType, texts: []string{"authentication expected API key type of [cross_cluster]"}},
	{cause: CauseIdentity, texts: []string{
		"requires certificate identity matching", "does not match API Key certificate identity pattern",
		"Invalid cross cluster api key signature", "Failed to verify cross cluster api key signature certificate",
	}},
	{cause: CauseBadKey, texts: []string{"unable to authenticate user [", "Authentication using apikey failed"}},
	{cause: CauseLicence, texts: []string{"current license is non-compliant for [advanced-remote-cluster-security]"}},
	{cause: CauseNoPrivileges, texts: []string{"no remote indices privileges apply for the target cluster"}},
	{cause: CausePort, texts: []string{
		"requires channel profile to be [_remote_cluster], but got [default]",
		"missing authentication credentials for action [cluster:internal/remote_cluster/handshake]",
		"action [cluster:internal/remote_cluster/handshake] is unauthorized for user [anonymous",
		"Received fatal alert: bad_certificate", "Empty client certificate chain",
	}},
	{cause: CauseNotAllowed, texts: []string{"towards remote cluster is unauthorized for user"}},
	{cause: CauseNotAllowed, all: true, texts: []string{"unauthorized for user", "on indices ["}},
	{cause: CausePort, texts: []string{"profile=default"}},
	{cause: CauseNoKey, texts: []string{"xpack.security.transport.ssl", "profile=_remote_cluster"}},
	{cause: CauseTrust, texts: []string{
		"failed to establish trust with server", "client did not trust this server's certificate",
		"PKIX path building failed",
	}},
	{cause: CauseDropped, texts: []string{"closed by remote"}},
	{cause: CauseUnreachable, texts: []string{
		"connect_exception", "failed to open any proxy connections to cluster", "fetching nodes from external cluster",
		"Unable to connect to [", "Unable to open any proxy connections to cluster",
	}},
}

// Diagnose says what an error's text and the other symptoms mean. Specific texts win over the other symptoms, and
// those over generic texts.
func Diagnose(text string, s Symptoms) Diagnosis {
	cause := causeOf(text)
	switch cause { //nolint:exhaustive // the specific causes stand as they are
	case CauseTrust, CauseDropped, CauseUnreachable, CauseUnknown:
		if s.NoKey {
			cause = CauseNoKey
		}
	}
	say, fix := explanation(cause, s)
	if cause == CauseIdentity {
		say, fix = identityExplanation(text, s)
	}
	if cause == CauseTrust && strings.Contains(text, "PKIX path building failed") {
		say, fix = unknownAuthority(s)
	}
	if s.Model == ModelCertificate {
		say, fix = certificateExplanation(cause, s, say, fix)
	}
	return Diagnosis{Cause: cause, Say: say, Fix: fix}
}

func causeOf(text string) Cause {
	for _, f := range fragments {
		has := func(part string) bool { return strings.Contains(text, part) }
		if f.all && !slices.ContainsFunc(f.texts, func(part string) bool { return !has(part) }) ||
			!f.all && slices.ContainsFunc(f.texts, has) {
			return f.cause
		}
	}
	return CauseUnknown
}

func explanation(c Cause, s Symptoms) (say, fix string) {
	switch c {
	case CauseNoKey:
		return fmt.Sprintf("The local nodes have no key for %s.", s.Alias),
			fmt.Sprintf("The key must stand in the local keystore as %s; the alias must be the same in both places.", CredentialsName(s.Alias))
	case CauseKeyType:
		return "The stored key is an ordinary API key.", "Create a cross-cluster API key on the remote cluster and store that one."
	case CauseBadKey:
		return "The remote cluster does not accept the key: it is wrong, invalidated or expired.",
			"Look the key up on the remote cluster, and store a new one under the same alias."
	case CauseLicence:
		return "A licence does not cover connections by API key.", "Both clusters want an Enterprise licence (or a trial)."
	case CauseIdentity:
		return "The key demands a certificate that the local cluster did not show, or another one.",
			"Compare the key's certificate_identity with the local cluster's signing certificate."
	case CauseNoPrivileges:
		return fmt.Sprintf("The local user has no remote_indices privileges for %s.", s.Alias),
			fmt.Sprintf("Give a role of that user remote_indices for the cluster %s.", s.Alias)
	case CauseNotAllowed:
		return "The key or a role of the local user does not cover these indices.",
			"Compare the key's access and the role's remote_indices with what is searched."
	case CausePort:
		return fmt.Sprintf("%s is the transport port, which does not take API keys.", s.Address),
			fmt.Sprintf("Use port %d.", KeyPort)
	case CauseTrust:
		say := fmt.Sprintf("The local nodes do not trust the certificate at %s.", s.Address)
		if s.AsTold {
			return say, "Address and server name are what the platform says, so no change of the connection mends it. Somebody on the remote side " +
				"has to look which certificate is presented there: whether it was replaced, is for another name, comes from an authority that the " +
				"local nodes do not know, or is that of a proxy on the way that opens TLS."
		}
		return say, fmt.Sprintf("Check that the port is %d and the server name is the remote's endpoint, and that no proxy on the way opens TLS.", KeyPort)
	case CauseDropped:
		return "The connection is made and then closed on the way.",
			"Check idle time-outs between both sides; a ping schedule such as 30s may help. A restart of the remote cluster looks the same."
	case CauseUnreachable:
		return fmt.Sprintf("The local nodes can't reach %s.", s.Address), reachability(s)
	case CauseFilter:
		return "A network filter of the remote deployment shuts the local side out.", reachability(s)
	case CauseUnknown:
	}
	return "The connection does not come up, and nothing says why.", reachability(s)
}

// unknownAuthority says what helps where the certificate has an authority that the local nodes don't know. Source:
// Elastic's docs, "Connect Elastic Cloud Hosted deployments to an Elastic Cloud Enterprise environment".
func unknownAuthority(s Symptoms) (say, fix string) {
	return fmt.Sprintf("The local nodes do not know the authority of the certificate at %s.", s.Address),
		fmt.Sprintf("If the remote side's proxies have a private authority, as an ECE mostly does, upload it to the local deployment: Security → "+
			"Remote connections → Add trusted environment. Else check that the port is %d and that no proxy on the way opens TLS.", KeyPort)
}

// identityExplanation tells apart what can be wrong with strong identity verification.
func identityExplanation(text string, s Symptoms) (say, fix string) {
	switch {
	case strings.Contains(text, "no certificate was provided"):
		return "The key demands a certificate, and the local cluster signs with none.",
			fmt.Sprintf("Set %s%s.%s and %s on the local cluster again (%s and %s on Elastic's platforms).",
				remotePrefix, s.Alias, optionCertificate, optionSigningKey, nodeCertificate, nodeKey)
	case strings.Contains(text, "does not match API Key certificate identity pattern"):
		return "The key demands the certificate of another cluster.",
			"The key was made for another local cluster, or its certificate_identity was changed: connect with a key of its own."
	case strings.Contains(text, "Failed to verify cross cluster api key signature certificate"):
		return "The remote cluster does not believe the authority that the local cluster's certificate comes from.",
			fmt.Sprintf("Add that authority to %s on the remote cluster; where authorities have changed, upload the new one.", SigningAuthorities)
	}
	return explanation(CauseIdentity, s)
}

func reachability(s Symptoms) string {
	fix := "Check the address, the way out of the local platform to it, and the network filters of the remote deployment."
	if len(s.Egress) > 0 {
		fix += " The local hosts call themselves " + list(s.Egress) + "; behind NAT other addresses count."
	}
	return fix
}

// certificateExplanation says otherwise what means something else under the certificate model.
func certificateExplanation(c Cause, s Symptoms, say, fix string) (string, string) {
	switch c { //nolint:exhaustive // the others mean the same
	case CausePort, CauseTrust: // the transport port is the right one here; either side may be the one that does not trust
		return fmt.Sprintf("The two sides do not trust each other's certificates at %s.", s.Address),
			"Compare the ids and the certificate authorities in both sides' trust settings: no platform verifies them."
	case CauseNoKey:
		return fmt.Sprintf("%s takes API keys, not certificates.", s.Address), fmt.Sprintf("Use the transport port, %d as a rule.", TransportPort)
	}
	return say, fix
}
