package contract

import (
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/ece"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/ech"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/elastictest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/es"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
)

const (
	id      = "0123456789abcdef0123456789abcdef"
	missing = "ffffffffffffffffffffffffffffffff"
)

// TestWhatTheClientsSayIsDescribed runs the clients' own suite, which says more than any story, with the same ears.
func TestWhatTheClientsSayIsDescribed(t *testing.T) {
	for name, start := range map[string]func(*testing.T, *platform.World) (*platform.Platform, func(ece.Options) (elastic.Platform, error)){
		"ECE": func(t *testing.T, w *platform.World) (*platform.Platform, func(ece.Options) (elastic.Platform, error)) {
			t.Helper()
			p, err := w.AddECE(platform.Spec{Name: "ece-prod"})
			if err != nil {
				t.Fatal(err)
			}
			return p, func(o ece.Options) (elastic.Platform, error) { return ece.New(o) }
		},
		"ElasticCloud": func(t *testing.T, w *platform.World) (*platform.Platform, func(ece.Options) (elastic.Platform, error)) {
			t.Helper()
			p, err := w.AddCloud(platform.Spec{Name: "elastic-cloud"})
			if err != nil {
				t.Fatal(err)
			}
			return p, func(o ece.Options) (elastic.Platform, error) {
				return ech.New(ech.Options{
					Name: o.Name, BaseURL: o.BaseURL, APIKey: o.APIKey, Transport: o.Transport, Now: o.Now, Credentials: o.Credentials,
				})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			elastictest.RunPlatform(t, func(t *testing.T) elastictest.Fixture {
				t.Helper()
				w, seen, transport := world(t, 0)
				sim, build := start(t, w)
				for id, name := range map[string]string{id: "logs-prod", "1" + id[1:]: "metrics"} {
					_, err := sim.AddDeployment(platform.DeploymentSpec{
						Name: name, ID: id, Version: "8.19.3",
						Users: []cluster.User{{Name: "elastic", Password: password, Roles: []string{"superuser"}}},
					})
					if err != nil {
						t.Fatal(err)
					}
				}
				p, err := build(ece.Options{
					Name: sim.Name(), BaseURL: sim.URL(), APIKey: secret.New(sim.Key()), Transport: transport, Now: time.Now,
					Credentials: es.Credentials{{Deployment: id, Username: "elastic", Password: secret.New(password)}},
				})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { described(t, seen) })
				return elastictest.Fixture{
					Platform: p, Name: sim.Name(), Deployment: id, NameOf: "logs-prod", Others: 1, Missing: missing,
				}
			})
		})
	}
}

// TestWhatNoSuiteSaysIsDescribed makes the calls that the clients have beyond what link asks of every platform.
func TestWhatNoSuiteSaysIsDescribed(t *testing.T) {
	ctx := t.Context()
	w, seen, transport := demo(t, 0)
	sim := w.Platform("ece-prod")
	onECE, err := ece.New(ece.Options{Name: "ece-prod", BaseURL: sim.URL(), APIKey: secret.New(sim.Key()), Transport: transport, Now: time.Now})
	must(t, err)
	sim = w.Platform("elastic-cloud")
	onCloud, err := ech.New(ech.Options{
		Name: "elastic-cloud", BaseURL: sim.URL(), APIKey: secret.New(sim.Key()), Transport: transport, Now: time.Now,
		Credentials: es.Credentials{{Deployment: "*", Username: "elastic", Password: secret.New(password)}},
	})
	must(t, err)
	local, err := onECE.Deployment(ctx, w.Platform("ece-prod").Deployment("logs-prod").ID())
	must(t, err)
	remote, err := onCloud.Deployment(ctx, sim.Deployment("metrics-eu").ID())
	must(t, err)
	_, err = onCloud.Organizations(ctx)
	must(t, err)
	_, err = onCloud.CertificateAuthority(ctx, remote.Deployment)
	must(t, err)
	_, err = onECE.CertificateAuthority(ctx, local.Deployment)
	must(t, err)

	there, err := onCloud.Cluster(remote)
	must(t, err)
	key, err := there.IssueKey(ctx, elastic.KeySpec{Name: "k", Access: elastic.Access{Search: []string{"metrics-*"}}})
	must(t, err)
	client, ok := there.(*es.Client)
	if !ok {
		t.Fatalf("the cluster is a %T", there)
	}
	must(t, client.UpdateKeyAccess(ctx, key.ID, elastic.Access{Search: []string{"metrics-2026*"}, Replication: []string{"billing-*"}}))
	_, err = client.About(ctx)
	must(t, err)
	_, err = client.Search(ctx, []string{"metrics-*", "billing-*"}, 1)
	must(t, err)
	described(t, seen)
}
