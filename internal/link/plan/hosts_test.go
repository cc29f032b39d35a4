package plan_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
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
	_, err := s.plan(t)
	contains(t, problem(t, err, "proxy_address"), "proxy.corp.example:9443 differs from what the platform reports for logs", "Use it anyway")
	s.c.Elsewhere = true
	s.c.Access.Search, s.c.Access.Replication, s.c.ExpiryDays = []string{"*"}, []string{"*"}, 0 // a card shows three warnings: it is one of them
	p, err := s.plan(t)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, p.Warnings[0], "differs from what the platform reports")
	if got := p.Traits["address"]; !slices.Equal(got, []string{link.AddressOther}) {
		t.Errorf("address is %v", got)
	}
	s.catalog.Wait()
}

func TestAPlatformThatHangsKeepsNoAddressFromBeingAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene()
		s.ech.AddDeployment("d-other", "metrics", "8.15.3")
		s.w.Fail(linktest.Fault{Call: "Search", On: "ece-prod", Hang: true})
		s.c.ProxyAddress, s.c.Elsewhere = "proxy.corp.example:9443", true
		if _, err := s.plan(t); err != nil {
			t.Error(err)
		}
		s.c.ProxyAddress = "metrics.cloud.example:9443"
		_, err := s.plan(t)
		contains(t, problem(t, err, "proxy_address"), "belongs to metrics")
		s.catalog.Wait()
	})
}

func TestAnUpdateGoesWhereAConnectMay(t *testing.T) {
	h := newFixture(t)
	h.ech.AddDeployment("d-other", "metrics", "8.15.3")
	h.connect()
	k := plan.NewUpdatePlanner(h.roster, h.o())
	u := h.update()
	u.ProxyAddress, u.ServerName, u.Elsewhere = "metrics.cloud.example:9443", "metrics.cloud.example", true
	_, err := h.propose(k, u)
	contains(t, problem(t, err, "proxy_address"), "belongs to metrics (cloud/d-other)")
	contains(t, problem(t, err, "server_name"), "belongs to metrics")

	u.ProxyAddress, u.ServerName, u.Elsewhere = "proxy.corp.example:9443", "logs.cloud.example", false
	_, err = h.propose(k, u)
	contains(t, problem(t, err, "proxy_address"), "differs from what the platform reports", "Use it anyway")
	u.Elsewhere = true
	r, err := h.propose(k, u)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, fieldsOf(r.Proposal.Fields), "proxy.corp.example:9443")
	if w := r.Proposal.Warnings; len(w) == 0 {
		t.Error("no warning")
	} else {
		contains(t, w[0], "differs from what the platform reports")
	}
	if !link.GoesElsewhere(r.Proposal.Traits) {
		t.Errorf("traits %v", r.Proposal.Traits)
	}
	u = h.update()
	u.Compress = "true"
	if r, err = h.propose(k, u); err != nil || link.GoesElsewhere(r.Proposal.Traits) {
		t.Errorf("the platform's own address: %v, %v", r, err)
	}
}

func TestAKeyThatWasPerhapsShownIsNamed(t *testing.T) {
	h := newFixture(t)
	h.connect()
	u := h.update()
	u.ProxyAddress, u.Elsewhere = "proxy.corp.example:9443", true
	r, err := h.propose(plan.NewUpdatePlanner(h.roster, h.o()), u)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, ok := steps.ShownElsewhere(r); ok {
		t.Error("before anything has begun")
	}
	journal := map[string]change.Evidence{}
	for _, s := range h.steps(r) {
		if h.applyStep(s, journal) != nil {
			break
		}
	}
	for name, had := range journal {
		r.Journal = append(r.Journal, change.StepRecord{Step: name, Evidence: had})
	}
	if alias, address, ok := steps.ShownElsewhere(r); !ok || alias != "logs" || address != u.ProxyAddress {
		t.Errorf("got %q %q %t from %v", alias, address, ok, journal)
	}
	r.Proposal.Traits["address"] = []string{link.AddressPlatform}
	if _, _, ok := steps.ShownElsewhere(r); ok {
		t.Error("the platform's own address is not elsewhere")
	}
}
