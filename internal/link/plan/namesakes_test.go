package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
)

// Approvers see which of two deployments of one name is meant; rules go by what the owner calls it, and by its id.
func TestADeploymentOfAnothersNameIsToldApart(t *testing.T) {
	s := newScene()
	s.ech.AddDeployment("d-twin", "logs", "8.15.3").Edit(func(d *elastic.Deployment) { d.Endpoint = "twin.cloud.example" })
	p, err := s.plan(t)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, p.Title, "to logs [d-remo] as logs")
	contains(t, fieldsOf(p.Fields), "logs [d-remo] (8.15.3")
	if name, id := p.Traits["remote.name"], p.Traits["remote.id"]; !slices.Equal(name, []string{"logs"}) || !slices.Equal(id, []string{"d-remote"}) {
		t.Errorf("traits: %v, %v", name, id)
	}
	if strings.Contains(p.Title, "search-onprem [") {
		t.Errorf("%s: there is one search-onprem only", p.Title)
	}
	s.catalog.Wait()
}

// Where a platform does not tell its deployments, any name may be another one's too.
func TestANameThatMayBeAnothersIsToldApart(t *testing.T) {
	s := newScene()
	s.w.Fail(linktest.Fault{Call: "Search", On: "cloud", Err: &elastic.CallError{System: "cloud", Status: 500, Reason: "broken"}})
	p, err := s.plan(t)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, p.Title, "Connect search-onprem to logs [d-remo] as logs")
	s.catalog.Wait()
}
