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
		say = "The connection's settings differ from what was approved: " + text + "."
	case link.CauseIdentity:
		say, fix = identityExplanation(text, s)
	case link.CauseTrust:
		if strings.Contains(text, "PKIX path building failed") || strings.Contains(text, link.NoCertificationPath) {
			say, fix = unknownAuthority(s)
		}
	case link.CauseUnknown:
		if text != "" {
			say = "The connection fails with an error that the bot doesn't know: " + text
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
		return "The local cluster doesn't know the alias.", "Connect it again."
	case link.CauseForgotten:
		return fmt.Sprintf("The local nodes have lost %s although it is set. This happens if they read a new key while the settings are applied.", s.Alias),
			fmt.Sprintf("Set %s%s.%s to another number, then back. The nodes then rebuild the connection.", elastic.RemotePrefix, s.Alias, elastic.OptionSockets)
	case link.CauseNotApproved:
		return "The connection's settings differ from what was approved.", "Update the connection, or find out who changed it."
	case link.CauseNoKey:
		return fmt.Sprintf("The local nodes have no key for %s.", s.Alias),
			fmt.Sprintf("The local keystore must contain the key as %s, with the same alias as the settings.", elastic.CredentialsName(s.Alias))
	case link.CauseNotRead:
		return fmt.Sprintf("The local nodes have not read the key for %s from their keystore.", s.Alias),
			"Send " + reloadCall + " to the local cluster. If that does not help, restart the local deployment."
	case link.CauseStaleKey:
		return fmt.Sprintf("The local nodes still have a key for %s, but a connection with certificates must not have one.", s.Alias),
			fmt.Sprintf("If the keystore contains %s, remove it. Then send %s to the local cluster. If that does not help, restart the local deployment.",
				elastic.CredentialsName(s.Alias), reloadCall)
	case link.CauseMalformedKey:
		return "What is stored for " + s.Alias + " is not an API key.", "Store the value of encoded, as Elasticsearch returns it when it creates the key."
	case link.CauseKeyType:
		return "The stored key is an ordinary API key.", "Create a cross-cluster API key on the remote cluster and store that one."
	case link.CauseBadKey:
		return "The remote cluster does not accept the key: it is wrong, invalidated or expired.",
			"Check the key on the remote cluster, and store a new one under the same alias."
	case link.CauseLicense:
		return "A license does not cover API key connections.", "Both clusters need an Enterprise license (or a trial)."
	case link.CauseIdentity:
		return "The key requires a certificate, and the local cluster presented none or the wrong one.",
			"Compare the key's certificate_identity with the local cluster's signing certificate."
	case link.CauseNoPrivileges:
		return fmt.Sprintf("The local user has no remote_indices privileges for %s.", s.Alias),
			fmt.Sprintf("Give that user a role with remote_indices for the cluster %s.", s.Alias)
	case link.CauseNotAllowed:
		return "Access denied: the key or the local user's roles do not cover these indices.",
			"Compare the key's access and the role's remote_indices with the indices you search."
	case link.CausePort:
		return fmt.Sprintf("%s is the transport port, which does not accept API keys.", s.Address),
			fmt.Sprintf("Use port %d.", elastic.KeyPort)
	case link.CauseServerName:
		return fmt.Sprintf("The certificate at %s does not match the configured address or server name.", s.Address),
			or(s.MatchesPlatform, remoteCertificate, "Set the server name to the remote deployment's endpoint.")
	case link.CauseTrust, link.CauseTrustedNames:
		return fmt.Sprintf("The local nodes do not trust the certificate at %s.", s.Address), or(s.MatchesPlatform, remoteCertificate,
			fmt.Sprintf("Check that the port is %d, the server name is the remote's endpoint, and no proxy in between terminates TLS.", elastic.KeyPort))
	case link.CauseUntrusted:
		return "The remote side does not trust the local side's certificate.", link.HowToTrust
	case link.CauseExpired:
		return fmt.Sprintf("The certificate at %s has expired, or is not valid yet.", s.Address),
			"Renew it on the remote side, and check the clocks of both sides."
	case link.CauseDropped:
		return "The connection is established and then closed by something in between.",
			"Check idle timeouts between both sides. A ping schedule such as 30s may help. A restart of the remote cluster looks the same."
	case link.CauseUnknownHost:
		return fmt.Sprintf("The local nodes can't resolve the host of %s.", s.Address),
			"Check the address, and the DNS servers of the local platform."
	case link.CauseUnreachable:
		return fmt.Sprintf("The local nodes can't reach %s.", s.Address), reachability(s)
	case link.CauseFilter:
		return "A network filter of the remote deployment blocks the local side.", reachability(s)
	case link.CauseNotTold:
		return fmt.Sprintf("The local nodes can't connect to %s. With skip_unavailable set to true, Elasticsearch does not say why.", s.Address),
			reachability(s) + " The logs of the local nodes give the reason. So does Diagnose after an update sets skip_unavailable to false."
	case link.CauseSkip:
		return "skip_unavailable is set but not in effect. Elasticsearch 8.x resets it when it rebuilds the connection.",
			fmt.Sprintf("Set %s%s.skip_unavailable to the opposite value, then back.", elastic.RemotePrefix, s.Alias)
	case link.CauseStopped:
		return "A deployment of this connection is not running.", "Start it on its platform."
	case link.CauseGone:
		return "The remote deployment no longer exists.", "Disconnect."
	case link.CauseVersions:
		return "The versions are not compatible.", "Upgrade the older one; the linked pages say to which version."
	case link.CauseEnrich:
		return "ES|QL's ENRICH does not work through this key: it was last written before 8.15.",
			"Write the key's access once more: the remote cluster then adds what ENRICH requires. All other searches work."
	case link.CauseUnknown:
	}
	return "The connection does not come up, and nothing shows why.", reachability(s)
}

// remoteCertificate is what to do where the connection goes where it should.
const remoteCertificate = "Address and server name are correct, so changing the connection won't fix it. Check on the remote side " +
	"which certificate is presented. It may have been replaced, be for another name, or come from an authority that the " +
	"local nodes don't know. Or a proxy in between terminates TLS with its own."

func or(when bool, then, otherwise string) string {
	if when {
		return then
	}
	return otherwise
}

// refusedKey says why a key was refused, where the text does.
func refusedKey(text, otherwise string) string {
	for _, known := range []struct{ text, say string }{
		{"unable to find apikey with id", "The remote cluster doesn't know the key: it was deleted or belongs to another cluster."},
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
	return fmt.Sprintf("The local nodes do not trust the authority of the certificate at %s.", s.Address),
		fmt.Sprintf("If it is a private authority, upload it to the local side under Security → Remote connections → Add trusted environment "+
			"(self-managed nodes: "+link.SettingCAs+"). Otherwise check that the port is %d and that no proxy in between terminates TLS.", elastic.KeyPort)
}

// identityExplanation tells apart what can be wrong with strong identity verification.
func identityExplanation(text string, s Symptoms) (say, fix string) {
	switch {
	case strings.Contains(text, link.NotSigned):
		return "The key requires a certificate, but the local cluster doesn't sign with one.",
			fmt.Sprintf("Set %s%s.%s and %s on the local cluster again: %s and %s on Elastic's platforms. On a self-managed cluster they are the files that signing in the bot's configuration names.",
				elastic.RemotePrefix, s.Alias, link.OptionCertificate, link.OptionSigningKey, link.NodeCertificate, link.NodeKey)
	case strings.Contains(text, "does not match API Key certificate identity pattern"):
		return "The key requires the certificate of another cluster.",
			"The key was created for another local cluster, or its certificate_identity was changed. Connect with a separate key."
	case strings.Contains(text, "Failed to verify cross cluster api key signature certificate"):
		return "The remote cluster does not trust the authority of the local cluster's certificate.",
			fmt.Sprintf("Set %s on the remote cluster to all authorities it should trust, including this one. Elasticsearch doesn't show what is set now. "+
				"If an authority has changed, upload the new one.", elastic.SigningAuthorities)
	}
	return explanation(link.CauseIdentity, s)
}

func reachability(s Symptoms) string {
	if s.Private {
		return fmt.Sprintf("Check the private connection. Its host must resolve in the local nodes' network, and its endpoint's security group must allow "+
			"port %d (%d for certificates). If the remote deployment has network filters, one must name the endpoint.", elastic.KeyPort, link.TransportPort)
	}
	fix := "Check the address, the local platform's outgoing network, and the network filters of the remote deployment."
	if len(s.Egress) > 0 {
		fix += " The local hosts' own addresses are " + link.JoinWords(s.Egress) + "; after NAT, other addresses may apply."
	}
	return fix
}

// certificateExplanation says otherwise what means something else under the certificate model.
func certificateExplanation(c link.Cause, s Symptoms, say, fix string) (string, string) {
	const compare = "Compare the ids and certificate authorities in both sides' trust settings. No platform verifies them."
	switch c { //nolint:exhaustive // the others mean the same
	case link.CauseTrust, link.CausePort: // the transport port is the right one here
		return fmt.Sprintf("The local side does not trust the authority of the certificate at %s.", s.Address), compare
	case link.CauseTrustedNames:
		return fmt.Sprintf("The local side trusts the authority of the certificate at %s, but its trust names other clusters.", s.Address), compare
	case link.CauseUntrusted:
		return "The remote side aborts the TLS handshake: it does not trust the local side's certificate, or the certificate has expired.",
			compare + " The logs of the remote nodes give the reason."
	case link.CauseNoKey:
		return fmt.Sprintf("%s accepts API keys, not certificates.", s.Address), fmt.Sprintf("Use the transport port, usually %d.", link.TransportPort)
	case link.CauseNotTold:
		return say, compare + " " + fix
	}
	return say, fix
}
