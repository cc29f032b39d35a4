package ece_test

import (
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/ece"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/elastictest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/es"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var logs = elastic.Deployment{Ref: elastic.Ref{Platform: "ece-prod", Deployment: "d1"}, Name: "logs-prod", RefID: "main-elasticsearch"}

func platform(t *testing.T, o ece.Options) *ece.Platform {
	t.Helper()
	transport := transport.NewTransport(transport.Trust{})
	t.Cleanup(transport.CloseIdleConnections)
	o.Name, o.APIKey, o.Transport, o.Now = "ece-prod", secret.New("platform-key"), transport, time.Now
	p, err := ece.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func header(more map[string]string) map[string]string {
	h := map[string]string{"Authorization": "ApiKey platform-key", "User-Agent": "remote-cluster-bot"}
	maps.Copy(h, more)
	return h
}

func TestEgressIsTheConnectedAllocators(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t, elastictest.Exchange{
		Want: elastictest.Request{
			Method: "GET", URI: "/api/v1/regions/ece-region/platform/infrastructure/allocators?from=0&size=100",
			Header: header(map[string]string{"Accept": "application/json"}),
		},
		Answer: `{"zones":[
			{"zone_id":"z1","allocators":[
				{"allocator_id":"a1","host_ip":"10.0.0.2","public_hostname":"a1.example.org","status":{"connected":true,"healthy":true}},
				{"allocator_id":"a2","host_ip":"10.0.0.9","public_hostname":"10.0.0.9","status":{"connected":false}}]},
			{"zone_id":"z2","allocators":[{"allocator_id":"a3","host_ip":"10.0.0.1","public_hostname":"10.0.0.1","status":{"connected":true}}]}]}`,
	})
	got, err := platform(t, ece.Options{BaseURL: s.URL}).Egress(t.Context())
	if diff := cmp.Diff([]string{"10.0.0.1", "10.0.0.2", "a1.example.org"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestClusterThroughTheProxyUsesThePlatformsKey(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t, elastictest.Exchange{
		Want: elastictest.Request{
			Method: "GET", URI: "/api/v1/deployments/d1/elasticsearch/main-elasticsearch/proxy/_remote/info",
			Header: header(map[string]string{"X-Management-Request": "true"}),
		},
		Header: map[string][]string{"X-Elastic-Product": {"Elasticsearch"}}, Answer: `{}`,
	})
	c, err := platform(t, ece.Options{BaseURL: s.URL}).Cluster(logs)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.RemoteInfo(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestClusterDirectlyUsesTheDeploymentsUser(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t, elastictest.Exchange{
		Want: elastictest.Request{
			Method: "GET", URI: "/_remote/info",
			Header: map[string]string{"Authorization": "Basic dTpw", "User-Agent": "remote-cluster-bot"},
		},
		Header: map[string][]string{"X-Elastic-Product": {"Elasticsearch"}}, Answer: `{}`,
	})
	p := platform(t, ece.Options{
		BaseURL: "https://ece.example.org:12443", Direct: true,
		Credentials: es.Credentials{{Deployment: "d*", Username: "u", Password: secret.New("p")}},
	})
	if _, err := p.Cluster(logs); err == nil {
		t.Error("a deployment without a service URL was reached")
	}
	d := logs
	d.ServiceURL = s.URL
	c, err := p.Cluster(d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.RemoteInfo(t.Context()); err != nil {
		t.Error(err)
	}
	d.Deployment = "other" // whatever it is called
	if _, err := p.Cluster(d); !errors.Is(err, elastic.ErrNoCredentials) {
		t.Errorf("got %v, want no credentials", err)
	}
}
