package plan_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

func TestTermsOfTrustAreCheckedByShapeAndAgainstThePlatform(t *testing.T) {
	for name, tt := range map[string]struct {
		edit  func(*scene)
		field string
		say   string
	}{
		"no environment id":    {func(s *scene) { s.c.Trust.LocalScope = "" }, link.FieldLocalScope, "required"},
		"a wrong shape":        {func(s *scene) { s.c.Trust.LocalScope = "My ECE" }, link.FieldLocalScope, "lower-case"},
		"another organization": {func(s *scene) { s.c.Trust.RemoteScope = "123" }, link.FieldRemoteScope, "it is cloud1"},
		"nobody":               {func(s *scene) { s.c.Trust.Clusters = nil }, link.FieldClusters, "name the"},
		"not a cluster":        {func(s *scene) { s.c.Trust.Clusters = []string{"d-remote"} }, link.FieldClusters, "not the id"},
		"another cluster":      {func(s *scene) { s.c.Trust.Clusters = []string{localCluster} }, link.FieldClusters, remoteCluster},
		"the key port":         {func(s *scene) { s.c.ProxyAddress = "logs.cloud.example:9443" }, link.FieldAddress, "9400"},
		"an unknown region": {func(s *scene) {
			s.c.Trust.All, s.c.Trust.Clusters, s.c.Trust.Regions = true, nil, []string{"aws-nowhere"}
		}, link.FieldRegions, "aws-nowhere"},
		"a key in the keystore": {func(s *scene) { s.local.Put(entry, "x") }, link.FieldAlias, "already has a key"},
	} {
		t.Run(name, func(t *testing.T) {
			s := certScene(t)
			tt.edit(s)
			_, err := s.plan(t)
			contains(t, problem(t, err, tt.field), tt.say)
		})
	}
}

func TestAllDeploymentsBringTheAuthoritiesOfTheirRegions(t *testing.T) {
	s := certScene(t)
	other := s.ech.AddDeployment("d-us", "logs-us", "8.15.3")
	other.Edit(func(d *elastic.Deployment) { d.Region = "us" })
	s.c.Trust.All, s.c.Trust.Clusters, s.c.Trust.Regions = true, nil, []string{"us"}
	s.approve(t)
	s.settleApply(t, steps.StepTrustLocal)
	var got elastic.TrustEntry
	if err := json.Unmarshal(s.local.TrustNow().Direct[0], &got); err != nil {
		t.Fatal(err)
	}
	if !got.All || len(got.Clusters) != 0 || len(got.Certificates) != 4 {
		t.Errorf("got %+v", got)
	}
	contains(t, strings.Join(s.approved.Warnings, "\n"), "deprecated", "superuser", "No platform verifies", "every deployment", "support API keys")
}

// Clusters below 8.14, even below 8.13 where indices can't be resolved, connect by certificates.
func TestOldClustersConnectByCertificates(t *testing.T) {
	s := certScene(t)
	s.local.Edit(func(d *elastic.Deployment) { d.Version = "8.12.2" })
	s.remote.Edit(func(d *elastic.Deployment) { d.Version = "8.12.0" })
	s.remote.WithoutCredentials() // nothing is asked of the remote cluster itself
	s.approve(t)
	s.settleApply(t, steps.StepTrustLocal)
	s.settleApply(t, steps.StepTrustRemote)
	s.applyAll(t, steps.StepSetRemote, steps.StepVerify)
	if s.w.Count("Resolve") != 0 {
		t.Error("it resolved indices, which this version can't")
	}
}

func TestTheConfiguredEnvironmentWins(t *testing.T) {
	s := certScene(t)
	systems := s.w.Systems()
	systems[0].EnvironmentID, systems[0].EnvironmentCA = "configured", []string{s.ece.CA("configured")}
	s.catalog = inventory.NewCatalog(systems, inventory.CatalogOptions{Now: s.w.Now})
	s.connector = plan.NewConnectPlanner(s.catalog, steps.PlannerOptions{Env: "test"})
	_, err := s.plan(t)
	contains(t, problem(t, err, link.FieldLocalScope), "configured")
	s.c.Trust.LocalScope = "configured"
	s.approve(t)
	for _, c := range s.approved.Step(steps.StepTrustRemote).Calls {
		if strings.Count(c.Body, "the PEM of ") != 3 || strings.Contains(c.Body, "BEGIN CERTIFICATE") {
			t.Errorf("the plan does not hold the configured authority beside the deployment's, the active and the coming one: %s", c.Body)
		}
	}
	if said := strings.Join(s.approved.Warnings, "\n"); strings.Contains(said, "suggests") {
		t.Errorf("what the operator says is called a suggestion: %s", said)
	}
}

// What an ECE suggests becomes an anchor of trust: people are to compare it with the console, the authority as the id.
func TestWhatAPlatformSuggestsIsToBeCompared(t *testing.T) {
	s := certScene(t)
	s.ece.SuggestCA(s.ece.CA("suggested"))
	s.approve(t)
	contains(t, strings.Join(s.approved.Warnings, "\n"), "The id eceprod1 and the certificate authority SHA-256 ", "are only suggestions from ece-prod", "Compare")
	for _, c := range s.approved.Step(steps.StepTrustRemote).Calls {
		if strings.Count(c.Body, "the PEM of ") != 3 || strings.Contains(c.Body, "BEGIN CERTIFICATE") {
			t.Errorf("the plan: %s", c.Body)
		}
	}
}

// A platform that suggests nothing, or may not be asked, is no obstacle: a person knows the id.
func TestAnIDThatCanNotBeReadIsForAPersonToKnow(t *testing.T) {
	s := certScene(t)
	s.w.Fail(linktest.Fault{On: "ece-prod", Call: "Environment", Err: linktest.Forbidden("ECE", "GET trust-relationships")})
	survey, err := s.catalog.ReadPair(t.Context(), s.c.Local, s.c.Remote)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.catalog.ReadTrust(t.Context(), survey, nil)
	if err != nil || got.Remote.Environment.ID != "cloud1" || got.Local.Environment.Certain || len(got.Local.Authorities) != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
	contains(t, got.Local.Doubts(), "read the id of ece-prod", "console")
	s.approve(t)
	contains(t, strings.Join(s.approved.Warnings, "\n"), "eceprod1 for ece-prod", "read the id of ece-prod")
	unasked := s.c
	unasked.Trust = &link.TrustOptions{RemoteScope: "cloud1"}
	contains(t, strings.Join(link.Warnings(survey, unasked), "\n"), "No platform verifies the ids: cloud1 for cloud. A wrong one")
	s.w.Heal()
	s.w.Fail(linktest.Fault{On: "ece-prod/d-local", Call: "Trust", Err: linktest.Forbidden("ECE", "GET trust")})
	if got, err = s.catalog.ReadTrust(t.Context(), survey, nil); err == nil || got.Remote.Environment.ID != "cloud1" || got.Local.Environment.ID != "eceprod1" {
		t.Errorf("the ids that were read are lost: %+v, %v", got, err)
	}
}

// Of a region any deployment tells the authorities, among however many there are and also if one of them is broken.
func TestAuthoritiesOfARegionComeFromAnyDeploymentThere(t *testing.T) {
	s := certScene(t)
	for i := range 120 {
		s.ech.AddDeployment(fmt.Sprintf("d-%03d", i), fmt.Sprintf("crowd-%03d", i), "8.15.3")
	}
	for _, id := range []string{"x-broken", "y-us", "z-us"} {
		s.ech.AddDeployment(id, "zz-"+id, "8.15.3").Edit(func(d *elastic.Deployment) { d.Region = "us" })
	}
	s.c.Trust.All, s.c.Trust.Clusters, s.c.Trust.Regions = true, nil, []string{"us"}
	s.w.Fail(linktest.Fault{On: "cloud/x-broken", Call: "Authorities", Err: linktest.Forbidden("cloud", "GET certificate-authority")})
	s.approve(t)
	contains(t, s.approved.Calls()[0].Body, link.CertificateLine(s.ech.CA("us")), link.CertificateLine(s.ech.CA("us next")))
	s.w.Fail(linktest.Fault{On: "cloud/y-us", Call: "Authorities", Err: linktest.Forbidden("cloud", "GET certificate-authority")})
	s.w.Fail(linktest.Fault{On: "cloud/z-us", Call: "Authorities", Err: linktest.Forbidden("cloud", "GET certificate-authority")})
	_, err := s.plan(t)
	contains(t, said(err), "certificate authorities of us", "zz-z-us")
}
