package ech_test

import (
	"errors"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/ech"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/es"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

func TestClusterNeedsACredentialAndAnAddress(t *testing.T) {
	t.Parallel()
	p, err := ech.New(ech.Options{
		Name: "ech", APIKey: secret.New("k"), Now: time.Now,
		Credentials: es.Credentials{{Deployment: "d1", Username: "u", Password: secret.New("p")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	d := elastic.Deployment{Ref: elastic.Ref{Platform: "ech", Deployment: "d1"}, Name: "metrics"}
	if _, err := p.Cluster(d); err == nil {
		t.Error("a deployment without a service URL was reached")
	}
	d.ServiceURL = "https://metrics.es.example.org"
	if _, err := p.Cluster(d); err != nil {
		t.Error(err)
	}
	d.Deployment = "other" // whatever it is called
	if _, err := p.Cluster(d); !errors.Is(err, elastic.ErrNoCredentials) {
		t.Errorf("got %v, want no credentials", err)
	}
	if addresses, err := p.Egress(t.Context()); err != nil || len(addresses) > 0 {
		t.Errorf("egress: got %v, %v, want nothing", addresses, err)
	}
}

func TestUselessCredentialsAreRefused(t *testing.T) {
	t.Parallel()
	_, err := ech.New(ech.Options{Name: "ech", APIKey: secret.New("k"), Now: time.Now, Credentials: es.Credentials{{Deployment: "*"}}})
	if err == nil {
		t.Error("a credential without a user or a key was taken")
	}
}
