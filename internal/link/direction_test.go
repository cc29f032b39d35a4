package link_test

import (
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
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
			[]string{"Add trusted environment", "let Elastic Cloud's addresses in at two.b.example:9443", "which identity"},
			"",
		},
		"ECE to another ECE": {
			func(w *linktest.World) (_, _ *linktest.Platform) { return w.AddECE("a"), w.AddECE("b") },
			[]string{"private authority", "which identity"},
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
			s.catalog = link.NewCatalog(s.w.Systems(), link.CatalogOptions{Now: s.w.Now})
			s.connector = link.NewConnector(s.catalog, link.ConnectorOptions{Env: "test"})
			s.c.Local, s.c.Remote = s.local.Ref(), s.remote.Ref()
			survey, err := s.catalog.Survey(t.Context(), s.c.Local, s.c.Remote)
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
			s.applyAll(t, link.StepCheck, link.StepGrant, link.StepPoint, link.StepVerify)
			for _, step := range []string{link.StepPoint, link.StepGrant} {
				if err := s.undo(t.Context(), step); err != nil {
					t.Fatal(err)
				}
			}
			s.clean(t)
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
