package plan_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

var update = flag.Bool("update", false, "write the tables of docs/troubleshooting.md anew")

// way is one way to break a connection.
type way struct {
	name  string
	hurt  func(*fixture)
	cause link.Cause
	fix   change.Kind
}

func breaking(words string) func(*fixture) { return func(h *fixture) { h.remote.Break(words) } }

// waysByKey are those of a connection by API key.
var waysByKey = []way{
	{"the alias was removed", func(h *fixture) { h.local.Unset("logs") }, link.CauseNotSet, link.KindRotate},
	{"the nodes have lost the alias", func(h *fixture) { h.local.LoseAlias("logs") }, link.CauseForgotten, link.KindUpdate},
	{"the remote deployment is stopped", func(h *fixture) { h.remote.Edit(func(d *elastic.Deployment) { d.Status = "stopped" }) }, link.CauseStopped, ""},
	{"the remote deployment no longer exists", func(h *fixture) { h.ech.Remove("d-remote") }, link.CauseGone, link.KindDisconnect},
	{"the address has the transport port", func(h *fixture) { h.local.Set("logs", "proxy_address", "logs.cloud.example:9400") }, link.CausePort, link.KindUpdate},
	{"the address has a host that does not exist", func(h *fixture) { h.local.Set("logs", "proxy_address", "nowhere.example:9443") }, link.CauseUnknownHost, link.KindUpdate},
	{"the address has a closed port", func(h *fixture) { h.local.Set("logs", "proxy_address", "logs.cloud.example:9444") }, link.CauseUnreachable, link.KindUpdate},
	{"the server name is another", func(h *fixture) { h.local.Set("logs", "server_name", "x.example") }, link.CauseServerName, link.KindUpdate},
	{"the certificate is for another name", func(h *fixture) { h.remote.SetCertificateName("proxy.example") }, link.CauseServerName, ""},
	{"the certificate has an unknown authority", breaking("PKIX path building failed: unable to find valid certification path to requested target"), link.CauseTrust, ""},
	{"the certificate has expired", breaking("PKIX path validation failed: validity check failed: NotAfter: Fri Jan 02"), link.CauseExpired, ""},
	{"the keystore entry was removed", func(h *fixture) { h.local.Unput(entry) }, link.CauseNoKey, link.KindRotate},
	{"the nodes have not read the keystore", func(h *fixture) { h.local.Forget() }, link.CauseNotRead, ""},
	{"the entry is no key", breaking("error attempting to authenticate request"), link.CauseMalformedKey, link.KindRotate},
	{"the entry is an ordinary API key", breaking("authentication expected API key type of [cross_cluster], but API key [k] has type [rest]"), link.CauseKeyType, link.KindRotate},
	{"the entry is another key", func(h *fixture) { h.local.Put(entry, "other") }, link.CauseBadKey, link.KindRotate},
	{"the key was deleted, or is another cluster's", breaking("unable to find apikey with id k"), link.CauseBadKey, link.KindRotate},
	{"the key was invalidated", func(h *fixture) { h.remote.Invalidate() }, link.CauseBadKey, link.KindRotate},
	{"the key has expired", func(h *fixture) { h.w.Advance(100 * 24 * time.Hour) }, link.CauseBadKey, link.KindRotate},
	{"the key was narrowed", func(h *fixture) { h.remote.Narrow("other-*") }, link.CauseNotAllowed, link.KindUpdate},
	{"the bot's user lacks remote_indices", func(h *fixture) { h.local.Unprivileged() }, link.CauseNoPrivileges, link.KindUpdate},
	{"the local side does not sign", breaking("API key (type:[cross_cluster], id:[k]) requires certificate identity matching [x], but no certificate was provided"), link.CauseIdentity, ""},
	{"a license does not cover it", func(h *fixture) { h.remote.SetLicense(elastic.License{Type: "basic", Active: true}) }, link.CauseLicense, ""},
	{"the versions do not fit", func(h *fixture) { h.remote.Edit(func(d *elastic.Deployment) { d.Version = "8.13.0" }) }, link.CauseVersions, ""},
	{"something on the way cuts connections", breaking("handshake failed because connection reset"), link.CauseDropped, ""},
	{"it fails while skip_unavailable is true", func(h *fixture) {
		h.local.Set("logs", "skip_unavailable", "true")
		h.local.Set("logs", "proxy_address", "logs.cloud.example:9444")
	}, link.CauseNotTold, link.KindUpdate},
	{"skip_unavailable was reset by 8.x", func(h *fixture) { h.local.ResetSkip("logs") }, link.CauseSkip, ""},
}

// waysByCertificate are those of a connection by TLS certificates.
var waysByCertificate = []way{
	{"the alias was removed", func(h *fixture) { h.local.Unset("logs") }, link.CauseNotSet, ""},
	{"the nodes have lost the alias", func(h *fixture) { h.local.LoseAlias("logs") }, link.CauseForgotten, ""},
	{"the local side's trust was removed", func(h *fixture) { h.local.SetTrustEntry(0, "") }, link.CauseTrust, link.KindMigrate},
	{"the remote side's trust was removed", func(h *fixture) { h.remote.SetTrustEntry(0, "") }, link.CauseUntrusted, link.KindMigrate},
	{"the local side trusts another id", func(h *fixture) { h.local.SetTrustEntry(0, strangers) }, link.CauseTrust, link.KindMigrate},
	{"the remote side trusts another id", func(h *fixture) { h.remote.SetTrustEntry(0, strangers) }, link.CauseUntrusted, link.KindMigrate},
	{"the local side lacks the authority", func(h *fixture) {
		h.local.SetTrustEntry(0, `{"type":"ESS","scope_id":"`+h.ech.Scope()+`","trust_all":true,"certificates":[]}`)
	}, link.CauseTrust, link.KindMigrate},
	{"the trusted certificate does not name the cluster", breaking("Certificate for CN=a does not match the trusted names [[*.node.b]]"), link.CauseTrustedNames, link.KindMigrate},
	{"the remote side's certificate has expired", breaking("PKIX path validation failed: validity check failed: NotAfter: Fri Jan 02"), link.CauseExpired, link.KindMigrate},
	{"the local side's certificate has expired", breaking("handshake failed because connection reset"), link.CauseUntrusted, link.KindMigrate},
	{"the address has a closed port", func(h *fixture) { h.local.Set("logs", "proxy_address", "logs.cloud.example:9300") }, link.CauseUnreachable, ""},
	{"the address has the port for keys", func(h *fixture) { h.local.Set("logs", "proxy_address", "logs.cloud.example:9443") }, link.CauseNoKey, ""},
	{"the nodes hold a key of an earlier connection", func(h *fixture) { h.local.Keep(entry) }, link.CauseStaleKey, ""},
	{"it fails while skip_unavailable is true", func(h *fixture) {
		h.local.Set("logs", "skip_unavailable", "true")
		h.local.Set("logs", "proxy_address", "logs.cloud.example:9300")
	}, link.CauseNotTold, link.KindMigrate},
}

const strangers = `{"type":"ECE","scope_id":"somebody","trust_all":false,"trust_allowlist":["00000000000000000000000000000000"],"certificates":[]}`

// Each way to break a connection has a cause, and the page for people has what the bot says of it.
func TestEveryWayToBreakAConnectionIsTold(t *testing.T) {
	byKey := func(t *testing.T) *fixture {
		t.Helper()
		h := newFixture(t)
		h.connect()
		return h
	}
	page(t, "key", waysByKey, byKey)
	page(t, "certificate", waysByCertificate, func(t *testing.T) *fixture { t.Helper(); return byAuthorities(t) })
}

// page checks the ways, and the table of them in the docs.
func page(t *testing.T, model string, ways []way, connected func(*testing.T) *fixture) {
	t.Helper()
	var rows strings.Builder
	rows.WriteString("| what is broken | the bot says | what to do |\n| --- | --- | --- |\n")
	for _, w := range ways {
		t.Run(model+"/"+w.name, func(t *testing.T) {
			h := connected(t)
			w.hurt(h)
			h.w.Advance(time.Minute)
			x := h.examine()
			if x.Diagnosis == nil {
				t.Fatalf("nothing was found: %+v", x.Checks)
			}
			if x.Diagnosis.Cause != w.cause || x.Fix != w.fix || w.cause == link.CauseUnknown {
				t.Errorf("cause %s, fix %q, want %s, %q: %s", x.Diagnosis.Cause, x.Fix, w.cause, w.fix, x.Evidence)
			}
			verb := ""
			if _, v, ok := strings.Cut(string(x.Fix), "."); ok {
				verb = " Offers **" + v + "**."
			}
			fmt.Fprintf(&rows, "| %s | %s | %s%s |\n", w.name, inGeneral(x.Diagnosis.Say), inGeneral(x.Diagnosis.Fix), verb)
		})
	}
	if t.Failed() {
		return
	}
	const file = "../../../docs/troubleshooting.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- ways: "+model+" -->\n", "<!-- ways end -->\n"
	before, rest, ok := strings.Cut(string(text), begin)
	old, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no table %q", file, begin)
	}
	if old == rows.String() {
		return
	}
	if !*update {
		t.Fatalf("%s is not as the bot speaks; write it anew with go test ./internal/link/plan -run EveryWay -update\n%s", file, rows.String())
	}
	if err := os.WriteFile(file, []byte(before+begin+rows.String()+end+after), 0o600); err != nil {
		t.Fatal(err)
	}
}

var fingerprint = regexp.MustCompile(`SHA-256 [0-9a-f]+…`)

// inGeneral is what the bot says without what is of one connection alone.
func inGeneral(say string) string {
	say = strings.NewReplacer("logs.cloud.example", "HOST", "nowhere.example", "HOST", "|", "\\|").Replace(say)
	return fingerprint.ReplaceAllString(say, "SHA-256 …")
}

// Below 8.13 there is no _resolve/cluster: a search tells whether a connection by certificates works.
func TestAConnectionByCertificatesOfAnOldClusterWorks(t *testing.T) {
	h := byAuthorities(t)
	h.local.WithoutResolve()
	if x := h.examine(); x.Diagnosis != nil {
		t.Fatalf("diagnosis %+v, %s", x.Diagnosis, x.Evidence)
	}
	if p := h.health(); len(p) > 0 {
		t.Errorf("problems: %+v", p)
	}
	clear(h.memos)
	if _, err := h.run(plan.NewAdoptPlanner(h.roster, h.o()), link.AdoptParams{Local: h.local.Ref(), Alias: "logs"}); err != nil {
		t.Errorf("adopting: %v", err)
	}
	h.remote.SetTrustEntry(0, "")
	if x := h.examine(); x.Diagnosis == nil || x.Diagnosis.Cause != link.CauseUntrusted {
		t.Errorf("diagnosis %+v", x.Diagnosis)
	}
}

// A key that the nodes have left in their memory is read away before a connection by certificates is given up.
func TestVerifyReadsAStaleKeyAway(t *testing.T) {
	h := byAuthorities(t)
	h.local.Keep(entry)
	for range 4 {
		if err := h.apply(t.Context(), steps.StepVerify); err == nil {
			return
		}
	}
	t.Errorf("the key is still there after %d reloads", h.w.Count("ReloadSecureSettings"))
}

// Replication alone works end to end: it is verified, diagnosed and watched.
func TestAConnectionForReplicationAloneWorks(t *testing.T) {
	h := newFixture(t)
	h.c.Access = elastic.Access{Replication: []string{"logs-*"}}
	h.connect()
	if x := h.examine(); x.Diagnosis != nil {
		t.Errorf("diagnosis %+v, %s", x.Diagnosis, x.Evidence)
	}
	if _, err := h.run(plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs", ExpiryDays: 90}); err != nil {
		t.Errorf("rotating: %v", err)
	}
	h.w.Fail(linktest.Fault{Call: "ActiveKeys", Err: linktest.Forbidden("cloud", "ActiveKeys")})
	if x := h.examine(); x.Diagnosis == nil || x.Diagnosis.Cause != link.CauseNotAllowed {
		t.Errorf("a refusal of a key that is not known is taken for a proof: %+v", x.Diagnosis)
	}
}
