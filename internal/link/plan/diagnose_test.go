package plan_test

import (
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
)

// Every fragment of Elastic's troubleshooting page for remote clusters, and of Elasticsearch's own messages.
func TestDiagnoseKnowsEveryFragment(t *testing.T) {
	tests := []struct {
		text string
		want link.Cause
	}{
		{"failed to open any proxy connections to cluster [a]", link.CauseUnreachable},
		{"connect_exception: Connection refused", link.CauseUnreachable},
		{"fetching nodes from external cluster [a] failed", link.CauseUnreachable},
		{"Unable to connect to [a]", link.CauseNotTold},
		{"unknown host [a]", link.CauseUnknownHost},
		{"no such remote cluster: [a]", link.CauseNotSet},
		{"error attempting to authenticate request", link.CauseMalformedKey},
		{"unable to find apikey with id x", link.CauseBadKey},
		{"handshake failed because connection reset", link.CauseDropped},
		{"No subject alternative DNS name matching a found.", link.CauseServerName},
		{"Certificate for CN=a does not match the trusted names [[*.node.b]]", link.CauseTrustedNames},
		{"PKIX path validation failed: validity check failed: NotAfter: Fri", link.CauseExpired},
		{"not an SSL/TLS record: 4854", link.CausePort},
		{"Unable to open any proxy connections to cluster [a] at address [h:9443]", link.CauseUnreachable},
		{"transport connection to [{a#x}] closed by remote", link.CauseDropped},
		{"failed to establish trust with server at [x]", link.CauseTrust},
		{"client did not trust this server's certificate", link.CauseTrust},
		{"PKIX path building failed", link.CauseTrust},
		{"failed to establish trust with server at [x]; PKIX path building failed", link.CauseTrust},
		{"failed to establish trust with server; ssl context xpack.security.remote_cluster_client.ssl; profile=default", link.CausePort},
		{"failed to establish trust with server; the ssl context is (xpack.security.remote_cluster_client.ssl)", link.CauseTrust},
		{"Received fatal alert: bad_certificate", link.CausePort},
		{"Empty client certificate chain", link.CausePort},
		{"missing authentication credentials for action [cluster:internal/remote_cluster/handshake]", link.CausePort},
		{"action [cluster:internal/remote_cluster/handshake] is unauthorized for user [anonymous_foo]", link.CausePort},
		{"requires channel profile to be [_remote_cluster], but got [default]", link.CausePort},
		{"failed to establish trust with server; (xpack.security.transport.ssl)", link.CauseNoKey},
		{"client did not trust this server's certificate; profile=_remote_cluster", link.CauseNoKey},
		{"Cross cluster requests through the dedicated remote cluster server port require transport header " +
			"[_cross_cluster_access_credentials] but none found", link.CauseNoKey},
		{"Please ensure you have configured remote cluster credentials", link.CauseNoKey},
		{"authentication expected API key type of [cross_cluster], but API key [id] has type [rest]", link.CauseKeyType},
		{"unable to authenticate user [id] for action [cluster:internal/remote_cluster/handshake]", link.CauseBadKey},
		{"Authentication using apikey failed - invalid credentials", link.CauseBadKey},
		{"action [x] towards remote cluster is unauthorized for user [u], authenticated by API key id [i]", link.CauseNotAllowed},
		{"action [x] is unauthorized for user [u] on indices [secret]", link.CauseNotAllowed},
		{
			"action [x] towards remote cluster is unauthorized for user [u] because no remote indices privileges apply for the target cluster",
			link.CauseNoPrivileges,
		},
		{"current license is non-compliant for [advanced-remote-cluster-security]", link.CauseLicense},
		{"requires certificate identity matching [CN=x], but no certificate was provided", link.CauseIdentity},
		{"DN from provided certificate [CN=y] does not match API Key certificate identity pattern [CN=x]", link.CauseIdentity},
		{"Invalid cross cluster api key signature from [x]", link.CauseIdentity},
		{"Failed to verify cross cluster api key signature certificate from [x]", link.CauseIdentity},
		{"something else", link.CauseUnknown},
		{"", link.CauseUnknown},
	}
	for _, tt := range tests {
		d := diagnose.Explain(tt.text, diagnose.Symptoms{Alias: "logs", Address: "a:9443"})
		if d.Cause != tt.want || d.Say == "" || d.Fix == "" {
			t.Errorf("%q: %+v, want %s", tt.text, d, tt.want)
		}
		// The generic text that wraps most of them must not win.
		if tt.want != link.CauseUnknown && tt.want != link.CauseUnreachable && tt.want != link.CauseNotTold {
			wrapped := "failed to open any proxy connections to cluster [a]; connect_exception: " + tt.text
			if d := diagnose.Explain(wrapped, diagnose.Symptoms{}); d.Cause != tt.want {
				t.Errorf("wrapped %q: %s, want %s", tt.text, d.Cause, tt.want)
			}
		}
	}
}

func TestUnreachableNamesTheAddressesThatCallOut(t *testing.T) {
	var many []string
	for range 12 {
		many = append(many, "10.0.0.1")
	}
	d := diagnose.Explain("connect_exception", diagnose.Symptoms{Egress: many})
	if !strings.Contains(d.Fix, "10.0.0.1") || !strings.Contains(d.Fix, "and 2 more") {
		t.Error(d.Fix)
	}
}

// An authority that is not known has another remedy than a wrong server name.
func TestAnUnknownAuthorityIsToBeUploaded(t *testing.T) {
	s := diagnose.Symptoms{Alias: "logs", Address: "x.ece.example:9443", Model: link.ModelKey}
	d := diagnose.Explain("failed to establish trust with server at [x]; PKIX path building failed: unable to find valid certification path", s)
	contains(t, d.Say, "do not trust the authority", "x.ece.example:9443")
	contains(t, d.Fix, "Add trusted environment")
	if d := diagnose.Explain("failed to establish trust with server at [x]; not valid for the server_name", s); strings.Contains(d.Fix, "Add trusted environment") {
		t.Errorf("a wrong name is answered by %q", d.Fix)
	}
	s.Model = link.ModelCertificate
	contains(t, diagnose.Explain("PKIX path building failed", s).Say, "does not trust the authority of the certificate")
}

// What only an ECE has is said where the connection does not come up, and not where something else is known to be wrong.
func TestAnECEsProxiesAreNamedWhereNothingComesUp(t *testing.T) {
	const balancer, ccr = "load balancer before the proxies of that ECE has to pass TLS through unopened, at 9443", "“Enable CCR”"
	for name, tt := range map[string]struct {
		text          string
		s             diagnose.Symptoms
		balancer, ccr bool
	}{
		"unreachable, by key":        {"connect_exception", diagnose.Symptoms{ToECE: true, ECE: true}, true, false},
		"another certificate":        {"PKIX path building failed", diagnose.Symptoms{ToECE: true, ECE: true}, true, false},
		"unreachable, certificates":  {"connect_exception", diagnose.Symptoms{ToECE: true, ECE: true, Model: link.ModelCertificate}, true, true},
		"from an ECE, certificates":  {"connect_exception", diagnose.Symptoms{ECE: true, Model: link.ModelCertificate}, false, true},
		"elsewhere":                  {"connect_exception", diagnose.Symptoms{}, false, false},
		"a key that is not accepted": {"api key is expired", diagnose.Symptoms{ToECE: true, ECE: true}, false, false},
	} {
		d := diagnose.Explain(tt.text, tt.s)
		if got := strings.Contains(d.Fix, balancer); got != tt.balancer {
			t.Errorf("%s: the load balancer: %v in %s", name, got, d.Fix)
		}
		if got := strings.Contains(d.Fix, ccr); got != tt.ccr {
			t.Errorf("%s: Enable CCR: %v in %s", name, got, d.Fix)
		}
	}
}
