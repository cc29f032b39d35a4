package link_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

func TestTermsOfTrustAreCheckedByShapeAndAgainstThePlatform(t *testing.T) {
	for name, tt := range map[string]struct {
		edit  func(*scene)
		field string
		say   string
	}{
		"no environment id":    {func(s *scene) { s.c.Trust.LocalScope = "" }, link.FieldLocalScope, "needed"},
		"a wrong shape":        {func(s *scene) { s.c.Trust.LocalScope = "My ECE" }, link.FieldLocalScope, "lower-case"},
		"another organization": {func(s *scene) { s.c.Trust.RemoteScope = "123" }, link.FieldRemoteScope, "it is cloud1"},
		"nobody":               {func(s *scene) { s.c.Trust.Clusters = nil }, link.FieldClusters, "name the"},
		"not a cluster":        {func(s *scene) { s.c.Trust.Clusters = []string{"d-remote"} }, link.FieldClusters, "not the id"},
		"another cluster":      {func(s *scene) { s.c.Trust.Clusters = []string{localCluster} }, link.FieldClusters, remoteCluster},
		"the key port":         {func(s *scene) { s.c.ProxyAddress = "logs.cloud.example:9443" }, link.FieldAddress, "9400"},
		"an unknown region": {func(s *scene) {
			s.c.Trust.All, s.c.Trust.Clusters, s.c.Trust.Regions = true, nil, []string{"aws-nowhere"}
		}, link.FieldRegions, "aws-nowhere"},
		"a key in the keystore": {func(s *scene) { s.local.Put(entry, "x") }, link.FieldAlias, "holds a key"},
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
	other.Edit(func(d *link.Deployment) { d.Region = "us" })
	s.c.Trust.All, s.c.Trust.Clusters, s.c.Trust.Regions = true, nil, []string{"us"}
	s.approve(t)
	s.settleApply(t, link.StepTrustLocal)
	var got link.TrustEntry
	if err := json.Unmarshal(s.local.TrustNow().Direct[0], &got); err != nil {
		t.Fatal(err)
	}
	if !got.All || len(got.Clusters) != 0 || len(got.Certificates) != 4 {
		t.Errorf("got %+v", got)
	}
	contains(t, strings.Join(s.approved.Warnings, "\n"), "deprecated", "superuser", "No platform verifies", "every deployment", "API key instead")
}

// Clusters below 8.14, even below 8.13 where indices can't be resolved, connect by certificates.
func TestOldClustersConnectByCertificates(t *testing.T) {
	s := certScene(t)
	s.local.Edit(func(d *link.Deployment) { d.Version = "8.12.2" })
	s.remote.Edit(func(d *link.Deployment) { d.Version = "8.12.0" })
	s.remote.WithoutCredentials() // nothing is asked of the remote cluster itself
	s.approve(t)
	s.settleApply(t, link.StepTrustLocal)
	s.settleApply(t, link.StepTrustRemote)
	s.applyAll(t, link.StepPoint, link.StepVerify)
	if s.w.Count("Resolve") != 0 {
		t.Error("it resolved indices, which this version can't")
	}
}

func TestTheConfiguredEnvironmentWins(t *testing.T) {
	s := certScene(t)
	systems := s.w.Systems()
	systems[0].EnvironmentID, systems[0].EnvironmentCA = "configured", []string{s.ece.CA("configured")}
	s.catalog = link.NewCatalog(systems, link.CatalogOptions{Now: s.w.Now})
	s.connector = link.NewConnector(s.catalog, link.ConnectorOptions{Env: "test"})
	_, err := s.plan(t)
	contains(t, problem(t, err, link.FieldLocalScope), "configured")
	s.c.Trust.LocalScope = "configured"
	s.approve(t)
	for _, c := range s.approved.Plan {
		if c.Step == link.StepTrustRemote && strings.Count(c.Body, "BEGIN CERTIFICATE") != 1 {
			t.Errorf("the plan does not hold the configured authority alone: %s", c.Body)
		}
	}
}
