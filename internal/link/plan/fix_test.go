package plan_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// fenced is a household whose connection a filter of others has come to shut out. The local side's connections come
// from 203.0.113.10.
func fenced(t *testing.T, edit func(systems []link.System)) *fixture {
	t.Helper()
	h := newFixture(t)
	systems := h.w.Systems()
	systems[0].EgressCIDRs, systems[1].CanAddFilters = []string{"203.0.113.10"}, true
	if edit != nil {
		edit(systems)
	}
	h.catalog = inventory.NewCatalog(systems, inventory.CatalogOptions{Now: h.w.Now})
	h.connector = plan.NewConnectPlanner(h.catalog, h.o())
	h.roster = inventory.NewConnections(h.catalog, h.records(), inventory.ConnectionsOptions{Now: h.w.Now})
	t.Cleanup(h.roster.Wait)
	h.ece.SetOutgoing("203.0.113.10")
	h.connect()
	h.remote.SetRulesets(elastic.Ruleset{ID: "theirs", Name: "office", Type: "ip", Sources: []string{"198.51.100.0/24"}})
	return h
}

func TestAFilterIsFoundAndMended(t *testing.T) {
	h := fenced(t, nil)
	x := h.examine()
	if x.Diagnosis == nil || x.Diagnosis.Cause != link.CauseFilter || x.Fix != link.KindUpdate {
		t.Fatalf("diagnosis %+v, fix %q", x.Diagnosis, x.Fix)
	}
	contains(t, x.Evidence, "no filter allows 203.0.113.10")
	contains(t, x.Diagnosis.Fix, "office", "do not allow 203.0.113.10")
	if p := h.health(); len(p) != 1 || p[0].Kind != diagnose.ProblemDown || p[0].Cause != link.CauseFilter || p[0].Fix != link.KindUpdate {
		t.Errorf("problems: %+v", p)
	}
	u := diagnose.FixParams(x.ConnectionState, x.Diagnosis.Cause)
	if u.Filter == nil || !slices.Equal(u.Filter.Sources, []string{"203.0.113.10"}) || u.Filter.First || u.Role != nil {
		t.Fatalf("filled in: %+v", u)
	}
	r, err := h.propose(plan.NewUpdatePlanner(h.roster, h.o()), u)
	if err != nil {
		t.Fatal(err)
	}
	if first := r.Proposal.Steps[0].Name; first != steps.StepAddFilter {
		t.Errorf("the first step is %s: nothing behind it could be proven", first)
	}
	contains(t, strings.Join(r.Proposal.Warnings, "\n"), "can't check whether these are the addresses after NAT")
	if _, err := h.run(plan.NewUpdatePlanner(h.roster, h.o()), u); err != nil {
		t.Fatal(err)
	}
	if p := h.health(); len(p) > 0 {
		t.Errorf("it is not well: %+v", p)
	}
	names := h.remote.Attached()
	if len(names) != 2 || h.managed().Ruleset != names[1] {
		t.Errorf("attached %v, remembered %q", names, h.managed().Ruleset)
	}
	// A later change goes on remembering it.
	if _, err := h.run(plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs", ExpiryDays: 30}); err != nil {
		t.Fatal(err)
	}
	if h.managed().Ruleset != names[1] {
		t.Error("a rotation forgot the filter")
	}
}

func TestAFilterIsOnlyOfferedWhereItIsTheCauseAndAllowed(t *testing.T) {
	for name, c := range map[string]struct {
		systems func([]link.System)
		hurt    func(*fixture)
		cause   link.Cause
		fix     change.Kind
		say     string
	}{
		"not allowed": {func(s []link.System) { s[1].CanAddFilters = false }, nil, link.CauseFilter, "", "does not permit adding one"},
		"nobody says where it comes from": {func(s []link.System) { s[0].EgressCIDRs = nil }, func(h *fixture) {
			h.ece.SetEgress("10.0.0.1")
		}, link.CauseUnreachable, link.KindUpdate, "After NAT, other addresses may apply"},
		"the filters let it in": {nil, func(h *fixture) {
			h.remote.SetRulesets(elastic.Ruleset{ID: "r", Name: "nat", Type: "ip", Sources: []string{"203.0.113.0/24"}})
			h.ece.SetOutgoing("192.0.2.1")
		}, link.CauseUnreachable, "", "They allow 203.0.113.10"},
		"another cause": {nil, func(h *fixture) { h.local.Unput(entry) }, link.CauseNoKey, link.KindRotate, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := fenced(t, c.systems)
			if c.hurt != nil {
				c.hurt(h)
			}
			x := h.examine()
			if x.Diagnosis == nil || x.Diagnosis.Cause != c.cause || x.Fix != c.fix {
				t.Fatalf("diagnosis %+v, fix %q", x.Diagnosis, x.Fix)
			}
			contains(t, x.Diagnosis.Fix, c.say)
		})
	}
}

// Elastic Cloud never sees the private addresses of an ECE's hosts, so they are no suggestion.
func TestPrivateAddressesAreNotFilledIn(t *testing.T) {
	h := fenced(t, func(s []link.System) { s[0].EgressCIDRs = nil })
	h.ece.SetEgress("10.0.0.1", "ece-host.internal", "192.0.2.9")
	x := h.examine()
	if u := diagnose.FixParams(x.ConnectionState, link.CauseFilter); !slices.Equal(u.Filter.Sources, []string{"192.0.2.9"}) {
		t.Errorf("filled in: %v", u.Filter.Sources)
	}
}

func TestAnUpdateIsTakenBackWithItsFilterAndRole(t *testing.T) {
	h := fenced(t, nil)
	before, remembered := h.local.Settings("logs"), h.managed()
	x := h.examine()
	u := diagnose.FixParams(x.ConnectionState, link.CauseFilter)
	u.Role = &link.RoleOptions{Name: "logs-readers"}
	u.SkipUnavailable = !u.SkipUnavailable
	h.w.Fail(linktest.Fault{Call: "Resolve", Err: errors.New("no")})
	left, err := h.run(plan.NewUpdatePlanner(h.roster, h.o()), u)
	h.w.Heal()
	if err == nil || len(left) > 0 {
		t.Fatalf("got %v, left behind: %v", err, left)
	}
	if names := h.remote.Attached(); !slices.Equal(names, []string{"office"}) || h.ech.Made() != 0 {
		t.Errorf("filters are left: %v", names)
	}
	if role := h.local.RoleNow("logs-readers"); role != "" {
		t.Errorf("the role is left: %s", role)
	}
	if after := h.local.Settings("logs"); len(before) == 0 || !maps.Equal(after, before) {
		t.Errorf("settings: %v, want %v", after, before)
	}
	if now := h.managed(); now.Ruleset != remembered.Ruleset || now.Role != remembered.Role {
		t.Errorf("remembered %+v", now)
	}
}

// A crash after any call: another worker goes on with the journal, and in the end there is one filter and one role.
func TestAnUpdateWithAFilterAndARoleSurvivesACrashAfterAnyCall(t *testing.T) {
	for n := 1; ; n++ {
		h := fenced(t, nil)
		x := h.examine()
		u := diagnose.FixParams(x.ConnectionState, link.CauseFilter)
		u.Role = &link.RoleOptions{Name: "logs-readers"}
		k := plan.NewUpdatePlanner(h.roster, h.o())
		r, err := h.propose(k, u)
		if err != nil {
			t.Fatal(err)
		}
		h.w.CrashAfter(n)
		journal := map[string]change.Evidence{}
		crashed := false
		for range 2 {
			var err error
			for _, s := range h.steps(r) {
				if err = h.applyStep(s, journal); err != nil {
					break
				}
			}
			if was := h.w.Restart(); !was {
				if err != nil {
					t.Fatalf("crash after call %d: %v", n, err)
				}
				break
			}
			crashed = true
		}
		if names := h.remote.Attached(); len(names) != 2 || h.ech.Made() != 1 {
			t.Errorf("crash after call %d: filters %v, %d made", n, names, h.ech.Made())
		}
		if h.local.RoleNow("logs-readers") == "" || !h.local.Connected("logs") {
			t.Errorf("crash after call %d: role %q, connected: %v", n, h.local.RoleNow("logs-readers"), h.local.Connected("logs"))
		}
		if !crashed {
			if n < 8 {
				t.Errorf("only %d calls could be crashed after", n)
			}
			return
		}
	}
}

func TestAMissingRoleIsAHintAndMended(t *testing.T) {
	h := newFixture(t)
	h.connect()
	h.local.SetRoles(elastic.RemoteRole{Name: "superuser", Clusters: []string{"*"}, Reserved: true}, elastic.RemoteRole{Name: "ops", Clusters: []string{"*"}})
	x := h.examine()
	if x.Diagnosis != nil || x.Hint == nil || x.Hint.Cause != link.CauseNoPrivileges || x.Fix != link.KindUpdate {
		t.Fatalf("diagnosis %+v, hint %+v, fix %q", x.Diagnosis, x.Hint, x.Fix)
	}
	last := x.Checks[len(x.Checks)-1]
	if !last.OK || !last.Hint {
		t.Errorf("the last check: %+v", last)
	}
	contains(t, last.Say, "superusers only", "other roles for all remote clusters: ops")
	if p := h.health(); len(p) > 0 {
		t.Errorf("the watch is not quiet: %+v", p)
	}
	u := diagnose.FixParams(x.ConnectionState, x.Hint.Cause)
	if u.Role == nil || u.Role.Name != "logs-readers" || u.Filter != nil {
		t.Fatalf("filled in: %+v", u)
	}
	if _, err := h.run(plan.NewUpdatePlanner(h.roster, h.o()), u); err != nil {
		t.Fatal(err)
	}
	contains(t, h.local.RoleNow("logs-readers"), `"clusters":["logs"]`, "logs-*")
	if h.managed().Role != "logs-readers" {
		t.Errorf("remembered %+v", h.managed())
	}
	if x := h.examine(); x.Hint != nil || x.Diagnosis != nil {
		t.Errorf("hint %+v, diagnosis %+v", x.Hint, x.Diagnosis)
	}
	// Asked for again, nothing would change.
	_, err := h.propose(plan.NewUpdatePlanner(h.roster, h.o()), u)
	contains(t, problem(t, err, link.FieldAlias), "nothing would change")
}

func TestASecondFilterOrRoleIsAddedWithAWarning(t *testing.T) {
	h := fenced(t, nil)
	x := h.examine()
	u := diagnose.FixParams(x.ConnectionState, link.CauseFilter)
	u.Role = &link.RoleOptions{Name: "first"}
	if _, err := h.run(plan.NewUpdatePlanner(h.roster, h.o()), u); err != nil {
		t.Fatal(err)
	}
	first := h.managed().Ruleset
	u.Filter, u.Role = &link.FilterOptions{Sources: []string{"192.0.2.1"}}, &link.RoleOptions{Name: "second"}
	r, err := h.propose(plan.NewUpdatePlanner(h.roster, h.o()), u)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, strings.Join(r.Proposal.Warnings, "\n"), "The existing network filter "+first+" is kept but no longer managed by the bot", "The existing role first is kept")
}

func TestSomebodyElsesRoleIsLeftAlone(t *testing.T) {
	h := newFixture(t)
	h.connect()
	h.local.SetRole("logs-readers", `{"cluster":["all"]}`)
	x := h.examine()
	_, err := h.propose(plan.NewUpdatePlanner(h.roster, h.o()), diagnose.FixParams(x.ConnectionState, link.CauseNoPrivileges))
	contains(t, problem(t, err, link.FieldRole), "not created by the bot")
}

// The bot's own user may lack the role as well: the connection is proven all the same by what _remote/info says.
func TestARoleIsWrittenThoughTheBotsUserLacksIt(t *testing.T) {
	h := newFixture(t)
	h.connect()
	h.local.Unprivileged()
	x := h.examine()
	if x.Diagnosis == nil || x.Diagnosis.Cause != link.CauseNoPrivileges || x.Fix != link.KindUpdate {
		t.Fatalf("diagnosis %+v, fix %q", x.Diagnosis, x.Fix)
	}
	if _, err := h.run(plan.NewUpdatePlanner(h.roster, h.o()), diagnose.FixParams(x.ConnectionState, x.Diagnosis.Cause)); err != nil {
		t.Fatal(err)
	}
	if h.local.RoleNow("logs-readers") == "" {
		t.Error("there is no role")
	}
	if x := h.examine(); x.Diagnosis == nil || x.Fix != "" {
		t.Errorf("a role names it, and yet another is offered: %+v, %q", x.Diagnosis, x.Fix)
	}
}

func TestWhichRolesNameAnAlias(t *testing.T) {
	h := newFixture(t)
	h.connect()
	h.local.SetRoles(
		elastic.RemoteRole{Name: "exact", Clusters: []string{"x", "logs"}}, elastic.RemoteRole{Name: "pattern", Clusters: []string{"lo*"}},
		elastic.RemoteRole{Name: "every", Clusters: []string{"*"}}, elastic.RemoteRole{Name: "other", Clusters: []string{"metrics-*"}},
		elastic.RemoteRole{Name: "reserved", Clusters: []string{"logs"}, Reserved: true},
	)
	x := h.examine()
	if !slices.Equal(x.Roles, []string{"exact", "pattern"}) || !slices.Equal(x.WideRoles, []string{"every"}) {
		t.Errorf("named by %v, by all of them %v", x.Roles, x.WideRoles)
	}
}
