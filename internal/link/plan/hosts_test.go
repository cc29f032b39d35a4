package plan_test

import (
	"testing"
	"testing/synctest"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
)

func TestAnotherDeploymentsAddressIsRefused(t *testing.T) {
	s := newScene()
	s.ech.AddDeployment("d-other", "metrics", "8.15.3")
	s.c.ProxyAddress, s.c.ServerName = "metrics.cloud.example:9443", "metrics.cloud.example"
	_, err := s.plan(t)
	contains(t, problem(t, err, "proxy_address"), "belongs to metrics (cloud/d-other)", "not to logs", "logs.cloud.example")
	contains(t, problem(t, err, "server_name"), "belongs to metrics")

	s.c.ServerName = "logs.cloud.example"
	s.c.ProxyAddress = "Metrics.cloud.example.:9443" // the same host to DNS
	_, err = s.plan(t)
	contains(t, problem(t, err, "proxy_address"), "belongs to metrics")
	if err := s.apply(t.Context(), "check"); err == nil {
		t.Error("the check of what was approved lets it pass")
	}
	s.catalog.Wait()
}

func TestAnAddressOfNobodysIsForPeopleToJudge(t *testing.T) {
	s := newScene()
	s.c.ProxyAddress = "proxy.corp.example:9443"
	p, err := s.plan(t)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, p.Warnings[0], "not what the platform says")
	s.catalog.Wait()
}

func TestAPlatformThatHangsKeepsNoAddressFromBeingAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene()
		s.ech.AddDeployment("d-other", "metrics", "8.15.3")
		s.w.Fail(linktest.Fault{Call: "Search", On: "ece-prod", Hang: true})
		s.c.ProxyAddress = "proxy.corp.example:9443"
		if _, err := s.plan(t); err != nil {
			t.Error(err)
		}
		s.c.ProxyAddress = "metrics.cloud.example:9443"
		_, err := s.plan(t)
		contains(t, problem(t, err, "proxy_address"), "belongs to metrics")
		s.catalog.Wait()
	})
}
