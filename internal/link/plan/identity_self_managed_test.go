package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

const ownPattern = `CN=.*\.search-dc\.example\.com`

// dataCentre adds a self-managed cluster.
func (s *scene) dataCentre(name string) *linktest.Deployment {
	d := s.w.AddSelfManaged("datacentre").AddDeployment(name, name, "9.3.1")
	s.forget()
	return d
}

// forget reads everything again.
func (s *scene) forget() {
	s.catalog = inventory.NewCatalog(s.w.Systems(), inventory.CatalogOptions{Now: s.w.Now})
	s.connector = plan.NewConnectPlanner(s.catalog, steps.PlannerOptions{Env: "test"})
}

// ownScene is a connect from a self-managed cluster, whose owners say what it signs with.
func ownScene(t *testing.T, edit func(*scene, *elastic.Signature)) *scene {
	t.Helper()
	return identityScene(t, func(s *scene) {
		signs := elastic.Signature{Certificate: "signing/node.crt", Key: "signing/node.key", Identity: ownPattern, Authority: testCertificate}
		s.local = s.dataCentre("search-dc")
		s.c.Local = s.local.Ref()
		if edit != nil {
			edit(s, &signs)
		}
		s.local.Edit(func(d *elastic.Deployment) { d.SignedBy = signs })
	})
}

func TestAKeyDemandsWhatTheOwnersOfASelfManagedClusterSay(t *testing.T) {
	s := ownScene(t, nil)
	if got := bodyOf(t, s.approved, steps.StepIssueKey)["certificate_identity"]; got != ownPattern {
		t.Errorf("the key demands %v", got)
	}
	settings, ok := bodyOf(t, s.approved, steps.StepSetRemote)["persistent"].(map[string]any)
	if !ok || settings["cluster.remote.logs.signing.certificate"] != "signing/node.crt" || settings["cluster.remote.logs.signing.key"] != "signing/node.key" {
		t.Errorf("it signs with %v", settings)
	}
	const file = "/app/config/signing/datacentre-search-dc.crt"
	contains(t, fieldsOf(s.approved.Fields), "Take the CA certificate of what search-dc signs with, signing/node.crt: CN=Their authority,O=Others, SHA-256 "+testFingerprint,
		"enable it for logs", "Trusted afterwards: "+file+" (CN=Their authority")
	if s.approved.RequiredInput != steps.InputAuthority {
		t.Errorf("wants %q", s.approved.RequiredInput)
	}
	s.remote.Upload(file, s.local)
	s.applyAll(t, steps.StepAddAuthority, steps.StepIssueKey, steps.StepSetRemote)
	if diff := cmp.Diff([]string{file}, s.remote.Believes()); diff != "" {
		t.Error(diff)
	}
}

func TestTheAuthorityComesOntoTheNodesOfASelfManagedCluster(t *testing.T) {
	s := identityScene(t, func(s *scene) {
		s.remote = s.dataCentre("archive-dc")
		s.c.Remote = s.remote.Ref()
		s.c.ProxyAddress, s.c.ServerName = "archive-dc.datacentre.example:9443", "archive-dc.datacentre.example"
	})
	const file = "signing/cloud-ech-region.crt"
	contains(t, fieldsOf(s.approved.Fields), "open reports, Security, CA certificates", file+" below the directory of elasticsearch.yml on every node of archive-dc")
	err := s.apply(t.Context(), steps.StepAddAuthority)
	contains(t, said(err), "have no file "+file+". Was it put on every node")
	s.remote.Upload(file, s.local)
	s.applyAll(t, steps.StepAddAuthority)
	if diff := cmp.Diff([]string{file}, s.remote.Believes()); diff != "" {
		t.Error(diff)
	}
}

func TestWithoutACertificateToSignWithItIsSaidWhatIsMissing(t *testing.T) {
	s := ownScene(t, nil)
	read := func() link.PairState {
		t.Helper()
		s.forget()
		v, err := s.catalog.ReadPair(t.Context(), s.local.Ref(), s.remote.Ref())
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := read(); !link.MayIdentify(v) || link.NoSignature(v) != "" {
		t.Errorf("not offered: %q", link.NoSignature(v))
	}
	s.local.Edit(func(d *elastic.Deployment) { d.SignedBy = elastic.Signature{} })
	if v := read(); link.MayIdentify(v) {
		t.Error("offered where nobody says what the nodes sign with")
	} else {
		contains(t, link.NoSignature(v), "not set up for search-dc", "signing of search-dc in the bot's configuration", "docs/self-managed.md")
	}
	_, err := s.plan(t)
	contains(t, problem(t, err, link.FieldIdentity), "not set up for search-dc")
	s.local.Edit(func(d *elastic.Deployment) { d.Version = "9.2.0" })
	if v := read(); link.NoSignature(v) != "" {
		t.Errorf("a certificate would not help, and is asked for: %s", link.NoSignature(v))
	}
}
