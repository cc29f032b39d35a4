package diagnose

import (
	"fmt"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// Diagnosis is what a symptom means.
type Diagnosis struct {
	Cause link.Cause
	Say   string // what is wrong, for people
	Fix   string // what to do about it
}

// Symptoms are what is known beside an error's text.
type Symptoms struct {
	Alias           string
	Address         string     // the proxy address that is set
	Model           link.Model // that the connection should use; empty: ModelKey
	MatchesPlatform bool       // address and server name are what they should be, as a rule what the platform says
	Private         bool       // it goes through a private endpoint of Elastic Cloud
	Egress          []string   // addresses that the local platform's hosts call themselves
	ToECE           bool       // the remote deployment is on an ECE, behind its proxies
	ECE             bool       // a deployment of either side is on one
}

// Explain says what an error's text means.
func Explain(text string, s Symptoms) Diagnosis {
	return diagnosisOf(link.CauseOf(text).Under(s.Model), text, s)
}

// diagnosisOf says what a cause means, which text may tell more of.
func diagnosisOf(c link.Cause, text string, s Symptoms) Diagnosis {
	say, fix := explanation(c, s)
	switch c { //nolint:exhaustive // of the others the text tells no more
	case link.CauseBadKey:
		say = refusedKey(text, say)
	case link.CauseNotApproved:
		say = "The connection is not set as it was approved: " + text + "."
	case link.CauseIdentity:
		say, fix = identityExplanation(text, s)
	case link.CauseTrust:
		if strings.Contains(text, "PKIX path building failed") || strings.Contains(text, link.NoCertificationPath) {
			say, fix = unknownAuthority(s)
		}
	case link.CauseUnknown:
		if text != "" {
			say = "The connection fails with an error that the bot does not know: " + text
		}
	}
	if s.Model == link.ModelCertificate {
		say, fix = certificateExplanation(c, s, say, fix)
	}
	return Diagnosis{Cause: c, Say: say, Fix: fix + onECE(c, s)}
}

// onECE is what else to look at on an ECE where the connection does not come up.
func onECE(c link.Cause, s Symptoms) string {
	switch c { //nolint:exhaustive // the others come after TLS, or have nothing to do with it
	case link.CauseServerName, link.CauseTrust, link.CauseTrustedNames, link.CauseUntrusted, link.CauseDropped, link.CauseUnreachable,
		link.CauseNotTold, link.CauseUnknown:
	default:
		return ""
	}
	say := ""
	if s.ToECE {
		say = fmt.Sprintf(" A load balancer before the proxies of that ECE has to pass TLS through unopened, at %d for API keys and %d for certificates.",
			elastic.KeyPort, link.TransportPort)
	}
	if s.ECE && s.Model == link.ModelCertificate {
		say += " " + link.NeedsCCR
	}
	return say
}

// Diagnose says what the trouble of a verdict means.
func Diagnose(v link.Verdict, s Symptoms) Diagnosis { return diagnosisOf(v.Cause, v.Trouble, s) }

const reloadCall = "POST /_nodes/reload_secure_settings"

func explanation(c link.Cause, s Symptoms) (say, fix string) { //nolint:cyclop // a table
	switch c {
	case link.CauseNotSet:
		return "The local cluster does not know the alias.", "Connect it again."
	case link.CauseForgotten:
		return fmt.Sprintf("The local nodes have forgotten %s, though it is set. That happens where they read a new key for it while its settings are applied.", s.Alias),
			fmt.Sprintf("Set %s%s.%s to another number, then back: the nodes then make the connection anew.", elastic.RemotePrefix, s.Alias, elastic.OptionSockets)
	case link.CauseNotApproved:
		return "The connection is not set as it was approved.", "Update the connection, or find out who changed it."
	case link.CauseNoKey:
		return fmt.Sprintf("The local nodes have no key for %s.", s.Alias),
			fmt.Sprintf("The key must stand in the local keystore as %s; the alias must be the same in both places.", elastic.CredentialsName(s.Alias))
	case link.CauseNotRead:
		return fmt.Sprintf("The local nodes have not read the key for %s from their keystore.", s.Alias),
			"Send " + reloadCall + " to the local cluster. If that does not help, restart the local deployment."
	case link.CauseStaleKey:
		return fmt.Sprintf("The local nodes still hold a key for %s, which a connection by certificates must not have.", s.Alias),
			fmt.Sprintf("If the keystore holds %s, remove it. Then send %s to the local cluster. If that does not help, restart the local deployment.",
				elastic.CredentialsName(s.Alias), reloadCall)
	case link.CauseMalformedKey:
		return "What is stored for " + s.Alias + " is not an API key.", "Store the value of encoded, as Elasticsearch returns it when it creates the key."
	case link.CauseKeyType:
		return "The stored key is an ordinary API key.", "Create a cross-cluster API key on the remote cluster and store that one."
	case link.CauseBadKey:
		return "The remote cluster does not accept the key: it is wrong, invalidated or expired.",
			"Look the key up on the remote cluster, and store a new one under the same alias."
	case link.CauseLicence:
		return "A licence does not cover connections by API key.", "Both clusters need an Enterprise licence (or a trial)."
	case link.CauseIdentity:
		return "The key demands a certificate that the local cluster did not show, or another one.",
			"Compare the key's certificate_identity with the local cluster's signing certificate."
	case link.CauseNoPrivileges:
		return fmt.Sprintf("The local user has no remote_indices privileges for %s.", s.Alias),
			fmt.Sprintf("Give a role of that user remote_indices for the cluster %s.", s.Alias)
	case link.CauseNotAllowed:
		return "Not granted: the key or a role of the local user does not cover these indices.",
			"Compare the key's access and the role's remote_indices with what is searched."
	case link.CausePort:
		return fmt.Sprintf("%s is the transport port, which does not take API keys.", s.Address),
			fmt.Sprintf("Use port %d.", elastic.KeyPort)
	case link.CauseServerName:
		return fmt.Sprintf("The certificate at %s is for another name than the address or the server name that is set.", s.Address),
			or(s.MatchesPlatform, remoteCertificate, "Set the server name to the remote deployment's endpoint.")
	case link.CauseTrust, link.CauseTrustedNames:
		return fmt.Sprintf("The local nodes do not trust the certificate at %s.", s.Address), or(s.MatchesPlatform, remoteCertificate,
			fmt.Sprintf("Check that the port is %d and the server name is the remote's endpoint, and that no proxy on the way opens TLS.", elastic.KeyPort))
	case link.CauseUntrusted:
		return "The remote side does not trust the local side's certificate.", link.HowToTrust
	case link.CauseExpired:
		return fmt.Sprintf("The certificate at %s has expired, or is not valid yet.", s.Address),
			"Have it renewed on the remote side, and check the clocks of both sides."
	case link.CauseDropped:
		return "The connection is made and then closed on the way.",
			"Check idle time-outs between both sides; a ping schedule such as 30s may help. A restart of the remote cluster looks the same."
	case link.CauseUnknownHost:
		return fmt.Sprintf("The local nodes can't resolve the host of %s.", s.Address),
			"Check the address, and the DNS servers of the local platform."
	case link.CauseUnreachable:
		return fmt.Sprintf("The local nodes can't reach %s.", s.Address), reachability(s)
	case link.CauseFilter:
		return "A network filter of the remote deployment shuts the local side out.", reachability(s)
	case link.CauseNotTold:
		return fmt.Sprintf("The local nodes can't connect to %s. While skip_unavailable is true, Elasticsearch does not say why.", s.Address),
			reachability(s) + " The logs of the local nodes name the reason; so does Diagnose once an update has set skip_unavailable to false."
	case link.CauseSkip:
		return "skip_unavailable is not in effect as it is set. Elasticsearch 8.x resets it when the connection is rebuilt.",
			fmt.Sprintf("Set %s%s.skip_unavailable to the opposite value, then to the right one again.", elastic.RemotePrefix, s.Alias)
	case link.CauseStopped:
		return "A deployment of this connection does not run.", "Start it on its platform."
	case link.CauseGone:
		return "The remote deployment is gone.", "Disconnect."
	case link.CauseVersions:
		return "The versions do not fit together.", "Upgrade the one that is behind; the pages named tell how far."
	case link.CauseEnrich:
		return "ES|QL's ENRICH does not work through this key: it was last written before 8.15.",
			"Write the key's access once more: the remote cluster then adds what ENRICH requires. All other searches work."
	case link.CauseUnknown:
	}
	return "The connection does not come up, and nothing says why.", reachability(s)
}

// remoteCertificate is what to do where the connection goes where it should.
const remoteCertificate = "Address and server name are as they should be, so no change of the connection fixes it. Somebody on the remote side " +
	"has to look which certificate is presented there: whether it was replaced, is for another name, comes from an authority that the " +
	"local nodes do not know, or is that of a proxy on the way that opens TLS."

func or(when bool, then, otherwise string) string {
	if when {
		return then
	}
	return otherwise
}

// refusedKey says why a key was refused, where the text does.
func refusedKey(text, otherwise string) string {
	for _, known := range []struct{ text, say string }{
		{"unable to find apikey with id", "The remote cluster does not know the key: it was deleted, or belongs to another cluster."},
		{"has been invalidated", "The remote cluster does not accept the key: it was invalidated."},
		{"api key is expired", "The remote cluster does not accept the key: it has expired."},
		{"invalid credentials for API key", "The remote cluster does not accept the key: its secret is wrong."},
	} {
		if strings.Contains(text, known.text) {
			return known.say
		}
	}
	return otherwise
}

// unknownAuthority says what helps where the certificate has an authority that the local nodes don't know. Source:
// Elastic's docs, "Connect Elastic Cloud Hosted deployments to an Elastic Cloud Enterprise environment".
func unknownAuthority(s Symptoms) (say, fix string) {
	return fmt.Sprintf("The local nodes do not know the authority of the certificate at %s.", s.Address),
		fmt.Sprintf("If it is a private authority, upload it to the local side: Security → Remote connections → Add trusted environment "+
			"(self-managed nodes: "+link.SettingCAs+"). Else check that the port is %d and that no proxy on the way opens TLS.", elastic.KeyPort)
}

// identityExplanation tells apart what can be wrong with strong identity verification.
func identityExplanation(text string, s Symptoms) (say, fix string) {
	switch {
	case strings.Contains(text, link.NotSigned):
		return "The key demands a certificate, and the local cluster signs with none.",
			fmt.Sprintf("Set %s%s.%s and %s on the local cluster again (%s and %s on Elastic's platforms).",
				elastic.RemotePrefix, s.Alias, link.OptionCertificate, link.OptionSigningKey, link.NodeCertificate, link.NodeKey)
	case strings.Contains(text, "does not match API Key certificate identity pattern"):
		return "The key demands the certificate of another cluster.",
			"The key was made for another local cluster, or its certificate_identity was changed: connect with a key of its own."
	case strings.Contains(text, "Failed to verify cross cluster api key signature certificate"):
		return "The remote cluster does not believe the authority that the local cluster's certificate comes from.",
			fmt.Sprintf("Set %s on the remote cluster to every authority that it shall believe, that one among them: Elasticsearch shows nobody what is set now. "+
				"Where authorities have changed, upload the new one.", elastic.SigningAuthorities)
	}
	return explanation(link.CauseIdentity, s)
}

func reachability(s Symptoms) string {
	if s.Private {
		return fmt.Sprintf("Look at the private connection: its host has to resolve in the network of the local nodes, the security group of its endpoint has to let "+
			"port %d in (%d for certificates), and a network filter of the remote deployment, where any apply, has to name the endpoint.", elastic.KeyPort, link.TransportPort)
	}
	fix := "Check the address, the way out of the local platform to it, and the network filters of the remote deployment."
	if len(s.Egress) > 0 {
		fix += " The local hosts call themselves " + link.JoinWords(s.Egress) + "; behind NAT other addresses count."
	}
	return fix
}

// certificateExplanation says otherwise what means something else under the certificate model.
func certificateExplanation(c link.Cause, s Symptoms, say, fix string) (string, string) {
	const compare = "Compare the ids and the certificate authorities in the trust settings of both sides: no platform verifies them."
	switch c { //nolint:exhaustive // the others mean the same
	case link.CauseTrust, link.CausePort: // the transport port is the right one here
		return fmt.Sprintf("The local side does not trust the authority of the certificate at %s.", s.Address), compare
	case link.CauseTrustedNames:
		return fmt.Sprintf("The local side trusts the authority of the certificate at %s, but not that cluster: its trust names other ids.", s.Address), compare
	case link.CauseUntrusted:
		return "The remote side breaks off the TLS handshake: it does not trust the local side's certificate, or that has expired.",
			compare + " The log of the remote nodes names the reason."
	case link.CauseNoKey:
		return fmt.Sprintf("%s takes API keys, not certificates.", s.Address), fmt.Sprintf("Use the transport port, usually %d.", link.TransportPort)
	case link.CauseNotTold:
		return say, compare + " " + fix
	}
	return say, fix
}
