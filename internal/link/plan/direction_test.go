package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// The steps do not care which platform is on which side; what a direction needs besides is said before the approval.
func TestEveryDirectionConnectsAndSaysWhatItNeeds(t *testing.T) {
	type platforms func(*linktest.World) (local, remote *linktest.Platform)
	for name, tt := range map[string]struct {
		on   platforms
		says []string
		not  string
	}{
		"ECE to Elastic Cloud": {func(w *linktest.World) (_, _ *linktest.Platform) { return w.AddECE("a"), w.AddECH("b") }, nil, "private authority"},
		"Elastic Cloud to ECE": {
			func(w *linktest.World) (_, _ *linktest.Platform) { return w.AddECH("a"), w.AddECE("b") },
			[]string{"proxies has a private authority, CN=b proxies (SHA-256", "one does not trust it until you upload it", "Add trusted environment", "allow Elastic Cloud's addresses at two.b.example:9443", "identity under which"},
			"",
		},
		"ECE to another ECE": {
			func(w *linktest.World) (_, _ *linktest.Platform) { return w.AddECE("a"), w.AddECE("b") },
			[]string{"proxies has a private authority, CN=b proxies (SHA-256", "one does not trust it", "identity under which"},
			"Elastic Cloud's addresses",
		},
		"Elastic Cloud to Elastic Cloud": {
			func(w *linktest.World) (_, _ *linktest.Platform) { return w.AddECH("a"), w.AddECH("b") }, nil, "private authority",
		},
		"within one organization": {
			func(w *linktest.World) (_, _ *linktest.Platform) { p := w.AddECH("a"); return p, p }, nil, "private authority",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene()
			s.w = linktest.NewWorld()
			s.ece, s.ech = tt.on(s.w)
			s.local, s.remote = s.ece.AddDeployment("d1", "one", "8.19.1"), s.ech.AddDeployment("d2", "two", "8.19.1")
			s.catalog = inventory.NewCatalog(s.w.Systems(), inventory.CatalogOptions{Now: s.w.Now})
			s.connector = plan.NewConnectPlanner(s.catalog, steps.PlannerOptions{Env: "test"})
			s.c.Local, s.c.Remote = s.local.Ref(), s.remote.Ref()
			survey, err := s.catalog.ReadPair(t.Context(), s.c.Local, s.c.Remote)
			if err != nil {
				t.Fatal(err)
			}
			address := link.Prefill(survey)
			s.c.ProxyAddress, s.c.ServerName = address.ProxyAddress, address.ServerName
			s.approve(t)
			warned := strings.Join(s.approved.Warnings, "\n")
			contains(t, warned, tt.says...)
			if tt.not != "" && strings.Contains(warned, tt.not) {
				t.Errorf("it warns of %q: %s", tt.not, warned)
			}
			s.applyAll(t, steps.StepCheck, steps.StepIssueKey, steps.StepSetRemote, steps.StepVerify)
			for _, step := range []string{steps.StepSetRemote, steps.StepIssueKey} {
				if err := s.undo(t.Context(), step); err != nil {
					t.Fatal(err)
				}
			}
			s.clean(t)
		})
	}
}

// Whether the local side trusts the certificate at the port for keys is read, and only guessed where it can't be.
func TestItIsSaidWhetherTheProxiesOfAnECEAreTrusted(t *testing.T) {
	proxy := func(pem string) string {
		return `{"type":"proxy","name":"p","certificates":[{"pem":` + quoted(pem) + `}]}`
	}
	own := linktest.Authority("ece-prod proxies", time.Unix(1<<32, 0))
	for name, tt := range map[string]struct {
		given func(*scene)
		says  string
		not   string
	}{
		"it is private": {func(*scene) {}, "proxies has a private authority, CN=ece-prod proxies (SHA-256 ", "If the certificate"},
		"it is private and trusted": {
			func(s *scene) { s.remote.TrustAlso(proxy(own)) }, "", "authority",
		},
		"another one is trusted": {
			func(s *scene) { s.remote.TrustAlso(proxy(linktest.Authority("other", time.Unix(1<<32, 0)))) }, "logs does not trust it until", "already",
		},
		"it is trusted for nodes alone": {
			func(s *scene) { s.remote.TrustAlso(strings.Replace(proxy(own), `"proxy"`, `"ECE"`, 1)) }, "logs does not trust it until", "already",
		},
		"it is public": {
			func(s *scene) { s.ece.SetProxyCertificate(elastic.ProxyCertificate{Public: true, CA: own}) }, "", "authority",
		},
		"it can't be read": {
			func(s *scene) {
				s.w.Fail(linktest.Fault{Call: "ProxyCertificate", Err: linktest.NoAnswer("ece-prod", "GET")})
			},
			"If the certificate of ece-prod's proxies has a private authority", "CN=",
		},
		"it is no certificate": {
			func(s *scene) { s.ece.SetProxyCertificate(elastic.ProxyCertificate{CA: "nonsense"}) }, "ece-prod reports one that is not a certificate", "CN=",
		},
		"whether it is trusted can't be read": {
			func(s *scene) { s.w.Fail(linktest.Fault{Call: "Trust", Err: linktest.NoAnswer("cloud", "GET")}) }, "couldn't read whether logs trusts it", "already",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene()
			tt.given(s)
			s.c.Local, s.c.Remote = s.remote.Ref(), s.local.Ref()
			survey, err := s.catalog.ReadPair(t.Context(), s.c.Local, s.c.Remote)
			if err != nil {
				t.Fatal(err)
			}
			warned := strings.Join(link.Warnings(survey, s.c), "\n")
			contains(t, warned, tt.says)
			if strings.Contains(warned, tt.not) {
				t.Errorf("it says %q: %s", tt.not, warned)
			}
		})
	}
}

func TestOnePlatformNeedsNoCertificates(t *testing.T) {
	s := certScene(t)
	other := s.ece.AddDeployment("d-other", "other", "8.15.1")
	s.c.Remote = other.Ref()
	_, err := s.plan(t)
	contains(t, problem(t, err, link.FieldModel), "accounts entry")
}
