package plan_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
)

// region is that of the remote deployment of the scene.
const region = "ech-region"

// byAuthorities is a household whose connection rests on certificates that both sides trust by direct entries.
func byAuthorities(t *testing.T) *fixture {
	t.Helper()
	h := &fixture{scene: certScene(t), t: t, memos: map[string]change.StoredRecord{}}
	h.local.PlansTake(0)
	h.remote.PlansTake(0)
	h.roster = inventory.NewConnections(h.catalog, h.records(), inventory.ConnectionsOptions{Now: h.w.Now})
	t.Cleanup(h.roster.Wait)
	h.connect()
	return h
}

func TestCertificatesAreWatched(t *testing.T) {
	now := func(h *fixture) time.Time { return h.w.Now() }
	for name, c := range map[string]struct {
		signed  func(*fixture) []string // the authorities of the remote side from now on
		trouble diagnose.ProblemKind
		say     string
	}{
		"nothing": {nil, "", ""},
		"a coming one is not trusted": {func(h *fixture) []string {
			return []string{h.ech.CA(region), linktest.Authority("coming one", now(h).AddDate(5, 0, 0))}
		}, diagnose.ProblemDrifted, "search-onprem does not trust CN=coming one"},
		"an old one that is still trusted has gone": {func(h *fixture) []string {
			return []string{h.ech.CA(region)}
		}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := byAuthorities(t)
			if c.signed != nil {
				h.ech.SignedBy(c.signed(h)...)
			}
			p := h.health()
			if c.trouble == "" {
				if len(p) > 0 {
					t.Fatalf("problems: %+v", p)
				}
				return
			}
			if len(p) != 1 || p[0].Kind != c.trouble || !p[0].Certificates || p[0].Fix != link.KindMigrate {
				t.Fatalf("problems: %+v", p)
			}
			contains(t, p[0].Say, c.say, "PUT /api/v1/deployments/{id}")
			x := h.examine()
			if x.Diagnosis != nil || x.Hint == nil || x.Fix != link.KindMigrate {
				t.Errorf("it works: diagnosis %+v, hint %+v, fix %q", x.Diagnosis, x.Hint, x.Fix)
			}
		})
	}
}

// An ECE's coming authority is missed as well, no matter who names the one in use.
func TestComingAuthoritiesOfAnECEAreWatched(t *testing.T) {
	h := byAuthorities(t)
	h.ece.SuggestCA(h.ece.CA("ece-region"))
	if p := h.health(); len(p) > 0 {
		t.Fatalf("problems: %+v", p)
	}
	h.ece.SignedBy(h.ece.CA("ece-region"), linktest.Authority("coming to the ECE", h.w.Now().AddDate(5, 0, 0)))
	p := h.health()
	if len(p) != 1 || p[0].Kind != diagnose.ProblemDrifted {
		t.Fatalf("problems: %+v", p)
	}
	contains(t, p[0].Say, "logs does not trust CN=coming to the ECE")
}

func TestCertificatesThatEndAreToldOfUnlessOthersGoOn(t *testing.T) {
	h := byAuthorities(t)
	ends := linktest.Authority("ends soon", h.w.Now().AddDate(0, 0, 10))
	goesOn := h.ech.CA(region)
	trusting := func(pems ...string) {
		e := elastic.TrustEntry{Type: "ESS", Name: "cloud", ScopeID: h.ech.Scope(), Clusters: []string{remoteCluster}}
		for _, p := range pems {
			e.Certificates = append(e.Certificates, elastic.TrustCertificate{PEM: p})
		}
		raw, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		h.local.SetTrustEntry(0, string(raw))
	}
	trusting(ends, goesOn)
	h.ech.SignedBy(ends, goesOn)
	if p := h.health(); len(p) > 0 {
		t.Errorf("the next one is trusted already: %+v", p)
	}
	h.local.Trusting() // the stand-in's nodes show a certificate of another authority
	trusting(ends)
	h.ech.SignedBy(ends)
	p := h.health()
	i := slices.IndexFunc(p, func(p diagnose.Problem) bool { return p.Kind == diagnose.ProblemExpiring })
	if i < 0 || !p[i].Certificates || p[i].Fix != link.KindMigrate {
		t.Fatalf("problems: %+v", p)
	}
	contains(t, p[i].Say, "search-onprem trusts certificates of logs that expire on "+h.w.Now().AddDate(0, 0, 10).UTC().Format(time.DateOnly))
	x := h.examine()
	contains(t, diagnose.TrustLine(&x), "search-onprem trusts logs until ", "logs trusts search-onprem until ")
}

// What the bot did not write is left out of the comparison: text that is no certificate, and entries for others.
func TestOtherTrustIsNotComparedWithTheOtherSide(t *testing.T) {
	h := byAuthorities(t)
	h.local.TrustAlso(`{"type":"ESS","name":"other","scope_id":"other","trust_all":true,"certificates":[{"pem":"nonsense"}]}`)
	h.local.TrustAlso(`{"type":"ESS","name":"ours","scope_id":"` + h.ech.Scope() + `","trust_all":true,"certificates":[{"pem":"-----BEGIN X-----\n-----END X-----"}]}`)
	if p := h.health(); len(p) > 0 {
		t.Errorf("problems: %+v", p)
	}
}

// An update is for connections by key, so it is not offered where settings of one by certificates have changed.
func TestDriftOfSettingsIsToldWithoutAFixUnderCertificates(t *testing.T) {
	h := byAuthorities(t)
	h.local.Set("logs", "skip_unavailable", "true")
	p := h.health()
	if len(p) != 1 || p[0].Kind != diagnose.ProblemDrifted || p[0].Certificates || p[0].Fix != "" {
		t.Fatalf("problems: %+v", p)
	}
	h.ech.SignedBy(h.ech.CA(region), linktest.Authority("coming three", h.w.Now().AddDate(5, 0, 0)))
	if p = h.health(); len(p) != 1 || p[0].Certificates || p[0].Fix != link.KindMigrate {
		t.Fatalf("with a gap in the trust as well: %+v", p)
	}
	contains(t, p[0].Say, "skip_unavailable is true", "coming three")
}

// A trust that can't be read is no news.
func TestUnreadTrustIsNoProblem(t *testing.T) {
	h := byAuthorities(t)
	h.w.Fail(linktest.Fault{Call: "Authorities", Err: linktest.Unavailable("cloud", "x")})
	if p := h.health(); len(p) > 0 {
		t.Errorf("problems: %+v", p)
	}
	h.w.Fail(linktest.Fault{Call: "Authorities", Err: linktest.Unavailable("cloud", "x")})
	x := h.examine()
	contains(t, diagnose.TrustLine(&x), "could not be read")
}

// Below 8.14 there is no API key to migrate to: people hear what to call.
func TestOldClustersAreNotOfferedAKey(t *testing.T) {
	h := byAuthorities(t)
	h.ech.SignedBy(h.ech.CA(region), linktest.Authority("coming two", h.w.Now().AddDate(5, 0, 0)))
	h.local.Edit(func(d *elastic.Deployment) { d.Version = "8.12.2" })
	h.remote.Edit(func(d *elastic.Deployment) { d.Version = "8.12.2" })
	p := h.health()
	if len(p) != 1 || p[0].Fix != "" {
		t.Fatalf("problems: %+v", p)
	}
	contains(t, p[0].Say, "settings.trust")
}
