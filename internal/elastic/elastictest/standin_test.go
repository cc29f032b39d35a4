package elastictest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/ece"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/ech"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/elastictest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/es"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/selfmanaged"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
)

const password = "correct-horse"

// standIn starts a platform with two deployments, and a transport that trusts its private authority if it has one.
func standIn(t *testing.T, add func(*platform.World) (*platform.Platform, error)) (*platform.Platform, *http.Transport) {
	t.Helper()
	w := platform.NewWorld(platform.Options{Now: time.Now})
	p, err := add(w)
	if err != nil {
		t.Fatal(err)
	}
	for id, name := range map[string]string{id: "logs-prod", "1" + id[1:]: "metrics"} {
		_, err := p.AddDeployment(platform.DeploymentSpec{
			Name: name, ID: id, Version: "8.19.3",
			Users: []cluster.User{{Name: "elastic", Password: password, Roles: []string{"superuser"}}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var trust transport.Trust
	if ca := p.CA(); ca != "" {
		if trust.RootCAs, err = transport.Pool([]byte(ca)); err != nil {
			t.Fatal(err)
		}
	}
	transport := transport.NewTransport(trust)
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := w.Close(); err != nil {
			t.Errorf("closing the world: %v", err)
		}
	})
	return p, transport
}

func fixture(p elastic.Platform, name string) elastictest.Fixture {
	return elastictest.Fixture{
		Platform: p, Name: name, Deployment: id, NameOf: "logs-prod", Others: 1, Missing: missing,
	}
}

func newECE(t *testing.T, tls bool, change func(*ece.Options)) elastictest.Fixture {
	t.Helper()
	sim, transport := standIn(t, func(w *platform.World) (*platform.Platform, error) {
		return w.AddECE(platform.Spec{Name: "ece-prod", TLS: tls})
	})
	o := ece.Options{
		Name: "ece-prod", BaseURL: sim.URL(), APIKey: secret.New(sim.Key()), Transport: transport, Now: time.Now,
	}
	change(&o)
	p, err := ece.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return fixture(p, "ece-prod")
}

// The clients against stand-ins that hold every request to Elastic's Swagger.
func TestECEThroughItsProxy(t *testing.T) {
	t.Parallel()
	elastictest.RunPlatform(t, func(t *testing.T) elastictest.Fixture {
		t.Helper()
		return newECE(t, true, func(*ece.Options) {})
	})
}

func TestECEDirectly(t *testing.T) {
	t.Parallel()
	elastictest.RunPlatform(t, func(t *testing.T) elastictest.Fixture {
		t.Helper()
		return newECE(t, false, func(o *ece.Options) {
			o.Direct = true
			o.Credentials = es.Credentials{{Deployment: "*", Username: "elastic", Password: secret.New(password)}}
		})
	})
}

func TestSelfManaged(t *testing.T) {
	t.Parallel()
	elastictest.RunPlatform(t, func(t *testing.T) elastictest.Fixture {
		t.Helper()
		f := newSelfManaged(t, func(*platform.Platform, *selfmanaged.Options) {})
		f.NoKeystore = true
		return f
	})
}

func TestSelfManagedWithAHook(t *testing.T) {
	t.Parallel()
	elastictest.RunPlatform(t, func(t *testing.T) elastictest.Fixture {
		t.Helper()
		return newSelfManaged(t, func(sim *platform.Platform, o *selfmanaged.Options) {
			const key = "a-secret-of-the-hook-0123456789abcdef"
			url, err := sim.KeystoreHook(key)
			if err != nil {
				t.Fatal(err)
			}
			o.Hook = &selfmanaged.Hook{URL: url, Secret: secret.New(key), Transport: o.Clusters[0].Transport}
		})
	})
}

func newSelfManaged(t *testing.T, change func(*platform.Platform, *selfmanaged.Options)) elastictest.Fixture {
	t.Helper()
	sim, transport := standIn(t, func(w *platform.World) (*platform.Platform, error) {
		return w.AddSelfManaged(platform.Spec{Name: "datacentre", TLS: true})
	})
	o := selfmanaged.Options{
		Name: "datacentre", Credentials: es.Credentials{{Deployment: "*", Username: "elastic", Password: secret.New(password)}}, Now: time.Now,
	}
	for _, d := range sim.Deployments() {
		o.Clusters = append(o.Clusters, selfmanaged.Cluster{Name: d.Name(), URL: d.ServiceURL(), Address: d.Endpoint() + ":9443", Transport: transport})
	}
	change(sim, &o)
	p, err := selfmanaged.New(o)
	if err != nil {
		t.Fatal(err)
	}
	f := fixture(p, "datacentre")
	f.Deployment, f.NoPlatform = "logs-prod", true
	return f
}

func TestElasticCloud(t *testing.T) {
	t.Parallel()
	elastictest.RunPlatform(t, func(t *testing.T) elastictest.Fixture {
		t.Helper()
		sim, transport := standIn(t, func(w *platform.World) (*platform.Platform, error) {
			return w.AddCloud(platform.Spec{Name: "ech"})
		})
		p, err := ech.New(ech.Options{
			Name: "ech", BaseURL: sim.URL(), APIKey: secret.New(sim.Key()), Transport: transport, Now: time.Now,
			Credentials: es.Credentials{{Deployment: id, Username: "elastic", Password: secret.New(password)}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return fixture(p, "ech")
	})
}
