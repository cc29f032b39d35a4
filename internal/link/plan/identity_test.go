package plan_test

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

const (
	localClusterID = "43c6884488bc3eb2ba2aa4f885db6e58"
	localPattern   = `CN=.*\.node\.` + localClusterID + `\.cluster\..*`
	uploaded       = "/app/config/signing/cloud-ech-region.crt"

	testFingerprint = "e5168f510afed7ef8582a8850ad4a0095fa35915979cf99c84b074cdfac43e70"
)

//go:embed testdata/their_authority.crt
var testCertificate string

// identityScene is a connect within a region of Elastic Cloud, with strong identity verification.
func identityScene(t *testing.T, edit func(*scene)) *scene {
	t.Helper()
	s := newScene()
	s.local = s.ech.AddDeployment("d-reports", "reports", "9.3.1")
	s.local.Edit(func(d *elastic.Deployment) { d.ClusterID = localClusterID })
	s.remote.Edit(func(d *elastic.Deployment) { d.Version = "9.3.0" })
	s.c.Local, s.c.Identity = s.local.Ref(), &link.IdentityOptions{Others: "none"}
	if edit != nil {
		edit(s)
	}
	s.approve(t)
	return s
}

// otherRegion puts the local side elsewhere, so that its authority has to be uploaded.
func otherRegion(s *scene) {
	s.remote.Edit(func(d *elastic.Deployment) { d.Region = "elsewhere" })
}

func bodyOf(t *testing.T, p change.Proposal, step string) map[string]any {
	t.Helper()
	for _, c := range p.Step(step).Calls {
		if c.Body != "" && !strings.HasSuffix(c.Path, "/keystore") {
			var body map[string]any
			if err := json.Unmarshal([]byte(c.Body), &body); err != nil {
				t.Fatal(err)
			}
			return body
		}
	}
	t.Fatalf("nothing of %s is planned: %+v", step, p.Steps)
	return nil
}

func TestAKeyDemandsTheLocalClusterAlone(t *testing.T) {
	s := identityScene(t, nil)
	if got := bodyOf(t, s.approved, steps.StepIssueKey)["certificate_identity"]; got != localPattern {
		t.Errorf("the key demands %v", got)
	}
	want := map[string]any{"persistent": map[string]any{
		"cluster.remote.logs.mode": "proxy", "cluster.remote.logs.proxy_address": "logs.cloud.example:9443",
		"cluster.remote.logs.server_name": "logs.cloud.example", "cluster.remote.logs.skip_unavailable": false,
		"cluster.remote.logs.signing.certificate": "node.crt", "cluster.remote.logs.signing.key": "node.key",
	}}
	if diff := cmp.Diff(want, bodyOf(t, s.approved, steps.StepSetRemote)); diff != "" {
		t.Errorf("the settings (-want +got):\n%s", diff)
	}
	want = map[string]any{"persistent": map[string]any{elastic.SigningAuthorities: []any{"internal_tls_ca.crt"}}}
	if diff := cmp.Diff(want, bodyOf(t, s.approved, steps.StepAddAuthority)); diff != "" {
		t.Errorf("the authorities (-want +got):\n%s", diff)
	}
	if s.approved.RequiredInput != "" || !strings.Contains(strings.Join(s.approved.Traits["also"], " "), "identity") {
		t.Errorf("wants %q, also %v", s.approved.RequiredInput, s.approved.Traits["also"])
	}
	s.applyAll(t, steps.StepCheck, steps.StepAddAuthority, steps.StepIssueKey, steps.StepSetRemote, steps.StepVerify)
	if keys := s.remote.ActiveKeys(); len(keys) != 1 || keys[0].Identity != localPattern {
		t.Errorf("keys %+v", keys)
	}
	for _, step := range []string{steps.StepSetRemote, steps.StepIssueKey, steps.StepAddAuthority} {
		if err := s.undo(t.Context(), step); err != nil {
			t.Fatal(err)
		}
	}
	s.clean(t)
	if files := s.remote.Believes(); len(files) > 0 {
		t.Errorf("it believes %q", files)
	}
}

func TestStrongIdentityIsRefusedWhereItCantBe(t *testing.T) {
	for name, tt := range map[string]struct {
		edit func(*scene)
		say  string
	}{
		"local too old":     {func(s *scene) { s.local.Edit(func(d *elastic.Deployment) { d.Version = "9.2.9" }) }, "reports runs 9.2.9"},
		"remote too old":    {func(s *scene) { s.remote.Edit(func(d *elastic.Deployment) { d.Version = "8.19.1" }) }, "logs runs 8.19.1"},
		"another id":        {func(s *scene) { s.local.Edit(func(d *elastic.Deployment) { d.ClusterID = "reports.*" }) }, "not the id of an Elasticsearch cluster"},
		"no id":             {func(s *scene) { s.local.Edit(func(d *elastic.Deployment) { d.ClusterID = "" }) }, "can't tell which certificate"},
		"a wish of its own": {func(s *scene) { s.c.Identity = &link.IdentityOptions{Pattern: "CN=.*", Others: "none"} }, "must require certificates of reports itself"},
		"no privilege":      {func(s *scene) { s.remote.Weaken() }, "lacks the cluster privilege manage"},
		"an ECE": {func(s *scene) {
			onECE := s.ece.AddDeployment("d-shop", "shop", "9.3.0")
			onECE.Edit(func(d *elastic.Deployment) { d.ClusterID = localClusterID })
			s.c.Local = onECE.Ref()
		}, "documented only for Elastic Cloud, not for ece-prod"},
	} {
		t.Run(name, func(t *testing.T) {
			s := identityScene(t, nil)
			tt.edit(s)
			_, err := s.plan(t)
			contains(t, problem(t, err, link.FieldIdentity), tt.say)
		})
	}
	s := identityScene(t, nil)
	s.c.Model, s.c.Trust = link.ModelCertificate, &link.TrustOptions{LocalScope: "a", RemoteScope: "b", All: true}
	contains(t, problem(t, s.c.Check(), link.FieldIdentity), "not with certificates")
}

func TestStrongIdentityIsOfferedWhereItCanBe(t *testing.T) {
	s := identityScene(t, nil)
	survey := func(local, remote elastic.Ref) link.PairState {
		t.Helper()
		v, err := s.catalog.ReadPair(t.Context(), local, remote)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if !link.MayIdentify(survey(s.local.Ref(), s.remote.Ref())) {
		t.Error("not offered within Elastic Cloud")
	}
	shop := s.ece.AddDeployment("d-shop", "shop", "9.3.0")
	shop.Edit(func(d *elastic.Deployment) { d.ClusterID = localClusterID })
	if link.MayIdentify(survey(shop.Ref(), s.remote.Ref())) {
		t.Error("offered for an ECE")
	}
	systems := s.w.Systems()
	systems[0].SupportsIdentity = true
	s.catalog = inventory.NewCatalog(systems, inventory.CatalogOptions{Now: s.w.Now})
	if !link.MayIdentify(survey(shop.Ref(), s.remote.Ref())) {
		t.Error("not offered for an ECE whose operator says that it can")
	}
}

func TestAnAuthorityOfAnotherRegionIsWaitedFor(t *testing.T) {
	s := identityScene(t, otherRegion)
	if s.approved.RequiredInput != steps.InputAuthority {
		t.Fatalf("wants %q", s.approved.RequiredInput)
	}
	var says string
	for _, f := range s.approved.Fields {
		says += f.Label + ": " + f.Value + "\n"
	}
	contains(t, says, "open reports, Security, CA certificates", "signing/cloud-ech-region.crt", "enable it for logs", uploaded)
	err := s.apply(t.Context(), steps.StepAddAuthority)
	if err == nil || change.IsTemporary(err) {
		t.Fatalf("a file that is not there was set: %v", err)
	}
	contains(t, said(err), "have no file "+uploaded)
	s.remote.Upload(uploaded, s.local)
	s.applyAll(t, steps.StepAddAuthority, steps.StepIssueKey, steps.StepSetRemote, steps.StepVerify)

	// The next one from there finds it, as somebody says.
	s.c.Alias, s.c.Identity = "logs2", &link.IdentityOptions{Others: uploaded + "\n" + testCertificate}
	if p, err := s.plan(t); err != nil || p.RequiredInput != "" {
		t.Errorf("%v, wants %q", err, p.RequiredInput)
	}
}

func TestWhereAPersonMakesTheKeyAPersonSeesToTheAuthority(t *testing.T) {
	s := identityScene(t, nil)
	s.remote.CalledByKey()
	otherRegion(s)
	s.catalog = inventory.NewCatalog(s.w.Systems(), inventory.CatalogOptions{Now: s.w.Now, Pasting: true})
	s.connector = plan.NewConnectPlanner(s.catalog, steps.PlannerOptions{Env: "test"})
	p, err := s.plan(t)
	if err != nil || p.RequiredInput != link.InputKey {
		t.Fatalf("%v, wants %q", err, p.RequiredInput)
	}
	call, ok := steps.PastedCall(p)
	if !ok || !strings.Contains(call.Body, `"certificate_identity":"CN=`) {
		t.Errorf("the key is made by %+v", call)
	}
	call, todo := steps.SigningByHand(p)
	contains(t, call.Body+todo+call.System, uploaded, "CA certificates", "created by a person there")
	s.approved = p
	before := len(s.w.Calls())
	s.applyAll(t, steps.StepAddAuthority)
	if n := len(s.w.Calls()) - before; n > 0 {
		t.Errorf("%d calls where the bot can do nothing", n)
	}
}

// Nothing shows what is set: what somebody states stays set, and comes back.
func TestAuthoritiesKeepWhatIsStated(t *testing.T) {
	s := identityScene(t, func(s *scene) {
		s.remote.Upload("theirs.crt", s.remote)
		s.remote.Believe("theirs.crt")
		s.c.Identity.Others = "theirs.crt\n" + testCertificate
	})
	says := fmt.Sprint(s.approved.Fields, s.approved.Warnings)
	contains(t, says, "CN=Their authority,O=Others, SHA-256 "+testFingerprint+", valid until 2126-11-05", "internal_tls_ca.crt",
		"This replaces what is set in cluster.remote.signing.certificate_authorities on logs")
	if strings.Contains(says, "BEGIN") {
		t.Errorf("approvers are shown PEM: %s", says)
	}
	s.applyAll(t, steps.StepAddAuthority, steps.StepAddAuthority)
	if diff := cmp.Diff([]string{"theirs.crt", "internal_tls_ca.crt"}, s.remote.Believes()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for range 2 {
		if err := s.undo(t.Context(), steps.StepAddAuthority); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"theirs.crt"}, s.remote.Believes()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAuthoritiesWantARecordOrAWord(t *testing.T) {
	s := identityScene(t, nil)
	s.c.Identity.Others = ""
	_, err := s.plan(t)
	contains(t, problem(t, err, link.FieldAuthorities), "replace what is set in cluster.remote.signing.certificate_authorities on logs", "write none")
	key := strings.ReplaceAll(testCertificate, "CERTIFICATE", "PRIVATE KEY")
	for stated, say := range map[string]string{
		"unknown":                        "is not enough",
		"???":                            "is not enough",
		"I think it is fine":             "write each file as in the setting",
		"a.crt":                          "paste the certificate in PEM below a.crt",
		testCertificate:                  "name the file first",
		"a.crt\n" + testCertificate[:90]: "is incomplete",
		"a.crt\n" + key:                  "never a private key",
		"internal_tls_ca.crt\ninternal_tls_ca.crt": "twice",
	} {
		s.c.Identity.Others = stated
		contains(t, problem(t, s.c.Check(), link.FieldAuthorities), say)
	}
	for _, stated := range []string{"none", "None.", "nothing", "internal_tls_ca.crt", "a.crt\r\n" + testCertificate + "\n\n/app/config/b.pem\n" + testCertificate + testCertificate} {
		s.c.Identity.Others = stated
		if err := s.c.Check(); err != nil {
			t.Errorf("%q: %v", stated, err)
		}
	}
}

// A truststore can't be seen either; Elasticsearch refuses authorities beside it.
func TestATruststoreIsTold(t *testing.T) {
	s := identityScene(t, nil)
	s.w.Fail(linktest.Fault{Call: "PutSettings", Err: &elastic.CallError{
		Status: 500, Code: "ssl_config_exception", Reason: "cannot specify both [signing.certificate_authorities] and [signing.truststore.path]",
	}})
	contains(t, said(s.apply(t.Context(), steps.StepAddAuthority)), "through a truststore", "to the truststore")
}

func TestAuthoritiesThatNeverBeganTouchNothing(t *testing.T) {
	s := identityScene(t, nil)
	before := len(s.w.Calls())
	if err := s.undo(t.Context(), steps.StepAddAuthority); err != nil || len(s.w.Calls()) != before {
		t.Errorf("got %v after %d calls", err, len(s.w.Calls())-before)
	}
}

func TestAuthoritiesHealAndUndoAfterAnyFault(t *testing.T) {
	faults := map[string]linktest.Fault{
		"unavailable":           {},
		"answer lost, not done": {Err: linktest.NoAnswer("x", "y")},
		"answer lost, but done": {Err: linktest.NoAnswer("x", "y"), After: true},
		"forbidden":             {Err: linktest.Forbidden("x", "y")},
	}
	for _, call := range []string{"Deployment", "PutSettings", "Note"} {
		for name, f := range faults {
			f.Call, f.Times = call, 1
			t.Run(call+" "+name, func(t *testing.T) {
				s := identityScene(t, nil)
				s.w.Fail(f)
				_ = s.apply(t.Context(), steps.StepAddAuthority)
				s.w.Heal()
				s.applyAll(t, steps.StepAddAuthority)
				if files := s.remote.Believes(); len(files) != 1 {
					t.Errorf("it believes %q", files)
				}
			})
			t.Run("undo after half "+call+" "+name, func(t *testing.T) {
				s := identityScene(t, nil)
				s.w.Fail(f)
				_ = s.apply(t.Context(), steps.StepAddAuthority)
				s.w.Heal()
				if err := s.undo(t.Context(), steps.StepAddAuthority); err != nil || len(s.remote.Believes()) > 0 {
					t.Errorf("%v, it believes %q", err, s.remote.Believes())
				}
			})
		}
	}
	s := identityScene(t, nil)
	s.applyAll(t, steps.StepAddAuthority)
	s.w.Fail(linktest.Fault{Call: "PutSettings", Err: linktest.Forbidden("x", "y")})
	left := leftover(t, s.undo(t.Context(), steps.StepAddAuthority))
	contains(t, left.What+left.Command, "certificate_authorities of cloud/d-remote is not back to nothing", "PUT /_cluster/settings", `{"persistent":{"cluster.remote.signing.certificate_authorities":null}}`)
}
