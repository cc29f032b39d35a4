package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

func TestAPlanLinksToWhereItsResultIsSeen(t *testing.T) {
	s := newScene()
	s.approve(t)
	if len(s.approved.Links) != 0 {
		t.Errorf("links to nowhere: %v", s.approved.Links)
	}
	before := s.approved.Digest
	systems := s.w.Systems()
	systems[0].ConsoleURL, systems[1].ConsoleURL = "https://ece.example:12443/", "javascript:alert(1)"
	s.local.Edit(func(d *elastic.Deployment) { d.KibanaURL = "https://kb.example:9243" })
	s.catalog = inventory.NewCatalog(systems, inventory.CatalogOptions{Now: s.w.Now})
	s.connector = plan.NewConnectPlanner(s.catalog, steps.PlannerOptions{Env: "test"})
	s.approve(t)
	want := []change.Field{
		{Label: "Kibana of search-onprem: Stack Management → Remote Clusters", Value: "https://kb.example:9243/app/management/data/remote_clusters"},
		{Label: "ece-prod: search-onprem → Security → Remote connections", Value: "https://ece.example:12443/deployments/d-local/security"},
	}
	if diff := cmp.Diff(want, s.approved.Links); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if s.approved.Digest != before {
		t.Error("a link voids approvals")
	}
}
