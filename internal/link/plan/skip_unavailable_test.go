package plan_test

import (
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// skips is what is in effect on the local cluster.
func (h *fixture) skips() bool {
	h.t.Helper()
	return h.examine().Info.SkipUnavailable
}

// Elasticsearch 8.x resets skip_unavailable where an address changes: a change ends with it as approved.
func TestSkipUnavailableIsInEffectAsApproved(t *testing.T) {
	t.Run("after an update", func(t *testing.T) {
		h := newFixture(t)
		h.connect()
		p := h.update()
		p.ProxySockets = 4
		if _, err := h.run(plan.NewUpdatePlanner(h.roster, h.o()), p); err != nil {
			t.Fatal(err)
		}
		if h.skips() || len(h.health()) > 0 {
			t.Errorf("in effect: %t, problems: %+v", h.skips(), h.health())
		}
	})
	t.Run("after an update that is undone", func(t *testing.T) {
		h := newFixture(t)
		h.connect()
		p := h.update()
		p.ServerName, p.Elsewhere = "elsewhere.example", true
		if left, err := h.run(plan.NewUpdatePlanner(h.roster, h.o()), p); err == nil || len(left) > 0 {
			t.Fatalf("got %v, left %v", err, left)
		}
		if h.skips() {
			t.Error("skip_unavailable was left to be true in effect")
		}
	})
	migration := func(h *fixture) link.MigrateParams {
		h.byCertificate("logs", h.remote, "logs.cloud.example")
		return link.MigrateParams{Local: h.local.Ref(), Aliases: []string{"logs"}, Access: elastic.Access{Search: []string{"*"}}, ExpiryDays: 90}
	}
	t.Run("after a migration", func(t *testing.T) {
		h := newFixture(t)
		if _, err := h.run(plan.NewMigratePlanner(h.roster, h.o()), migration(h)); err != nil {
			t.Fatal(err)
		}
		if h.skips() {
			t.Error("skip_unavailable was left to be true in effect")
		}
	})
	t.Run("after a migration that is undone", func(t *testing.T) {
		h := newFixture(t)
		p := migration(h)
		h.byCertificate("zeta", h.ech.AddDeployment("d-other", "zeta", "8.15.3"), "zeta.cloud.example")
		p.Aliases = append(p.Aliases, "zeta")
		h.w.Fail(linktest.Fault{Call: "IssueKey", On: "cloud/d-other", Err: linktest.Forbidden("zeta", "IssueKey")})
		if left, err := h.run(plan.NewMigratePlanner(h.roster, h.o()), p); err == nil || len(left) > 0 {
			t.Fatalf("got %v, left %v", err, left)
		}
		if h.skips() {
			t.Error("skip_unavailable was left to be true in effect")
		}
	})
}

// Where it was reset by somebody else's change, it is told, and verify is no proof.
func TestASkipUnavailableThatIsNotInEffectIsTold(t *testing.T) {
	h := newFixture(t)
	h.connect()
	h.local.ResetSkip("logs")
	x := h.examine()
	if x.Diagnosis == nil || x.Diagnosis.Cause != link.CauseSkip {
		t.Fatalf("diagnosis %+v", x.Diagnosis)
	}
	if p := h.health(); len(p) != 1 || p[0].Kind != diagnose.ProblemDegraded {
		t.Errorf("problems: %+v", p)
	}
	contains(t, said(h.apply(t.Context(), steps.StepVerify)), "set but not in effect")
}
