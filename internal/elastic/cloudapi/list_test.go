package cloudapi_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/elastictest"
)

func TestListTakesWhatHasElasticsearch(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t, elastictest.Exchange{
		Want: want("GET", "/api/v1/deployments", ""),
		Answer: `{"deployments":[
			{"id":"id1","name":"logs","resources":[{"kind":"kibana","ref_id":"k","id":"x","region":"r"},{"kind":"elasticsearch","ref_id":"main-elasticsearch","id":"c1","region":"r"}]},
			{"id":"id2","name":"none","resources":[]}]}`,
	})
	got, err := client(t, s.URL).ListDeployments(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := []elastic.Deployment{{
		Ref: elastic.Ref{Platform: "ece-prod", Deployment: "id1"}, Name: "logs", RefID: "main-elasticsearch", ClusterID: "c1", Region: "r",
	}}
	if diff := cmp.Diff(all, got); diff != "" {
		t.Error(diff)
	}
}
