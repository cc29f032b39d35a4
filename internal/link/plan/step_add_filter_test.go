package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// filterScene is a connect to a deployment that a filter of others protects already.
func filterScene(t *testing.T, edit func(*scene)) *scene {
	t.Helper()
	s := newScene()
	systems := s.w.Systems()
	systems[1].CanAddFilters = true
	s.catalog = inventory.NewCatalog(systems, inventory.CatalogOptions{Now: s.w.Now})
	s.connector = plan.NewConnectPlanner(s.catalog, steps.PlannerOptions{Env: "test"})
	s.remote.SetRulesets(elastic.Ruleset{ID: "theirs", Name: "office", Type: "ip", Sources: []string{"198.51.100.0/24"}})
	s.c.Filter = &link.FilterOptions{Sources: []string{"203.0.113.10", "198.51.100.7"}}
	if edit != nil {
		edit(s)
	}
	s.approve(t)
	return s
}

const ourRuleset = "rcb-test-d-local-logs-req1"

func TestFilterAddsExactlyWhatIsMissing(t *testing.T) {
	s := filterScene(t, nil)
	bodies := map[string]string{}
	for _, c := range s.approved.Step(steps.StepAddFilter).Calls {
		bodies[c.Path] = c.Body
	}
	want := map[string]string{
		"/api/v1/deployments/traffic-filter/rulesets": `{"name":"` + ourRuleset + `","description":"Lets ece-prod/d-local in, for the remote cluster logs. ` +
			`Managed by remote-cluster-bot, request req1.","type":"ip","region":"ech-region","include_by_default":false,"rules":[{"source":"203.0.113.10"}]}`,
		"/api/v1/deployments/traffic-filter/rulesets/{id of the new ruleset}/associations": `{"entity_type":"deployment","id":"d-remote"}`,
	}
	if diff := cmp.Diff(want, bodies); diff != "" {
		t.Errorf("the plan (-want +got):\n%s", diff)
	}
	s.applyAll(t, steps.StepAddFilter, steps.StepAddFilter)
	if diff := cmp.Diff([]string{"office", ourRuleset}, s.remote.Attached()); diff != "" || s.ech.Made() != 1 {
		t.Errorf("%d made; attached (-want +got):\n%s", s.ech.Made(), diff)
	}
	for range 2 {
		if err := s.undo(t.Context(), steps.StepAddFilter); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"office"}, s.remote.Attached()); diff != "" || s.ech.Made() != 0 {
		t.Errorf("%d are left; attached (-want +got):\n%s", s.ech.Made(), diff)
	}
}

func TestFilterThatNeverBeganTouchesNothing(t *testing.T) {
	s := filterScene(t, nil)
	before := len(s.w.Calls())
	if err := s.undo(t.Context(), steps.StepAddFilter); err != nil || len(s.w.Calls()) != before {
		t.Errorf("got %v after %d calls", err, len(s.w.Calls())-before)
	}
}

func TestAFirstFilterWantsAWordOfItsOwn(t *testing.T) {
	s := filterScene(t, nil)
	s.remote.SetRulesets()
	_, err := s.plan(t)
	contains(t, problem(t, err, link.FieldFilter), "block everyone else")
	if err := s.apply(t.Context(), steps.StepAddFilter); err == nil || change.IsTemporary(err) || s.ech.Made() != 0 {
		t.Errorf("a first one was added to a deployment that has been opened meanwhile: %v", err)
	}
	s.c.Filter.First = true
	s.approve(t)
	contains(t, strings.Join(s.approved.Warnings, "\n"), "BLOCKS EVERYONE ELSE")
	s.applyAll(t, steps.StepAddFilter)
	if len(s.remote.Attached()) != 1 {
		t.Error("it was not attached")
	}
}

// A firewall for what goes out of the remote deployment keeps nobody out of it: beside that alone it is open.
func TestAFirewallForWhatGoesOutClosesNothing(t *testing.T) {
	firewall := elastic.Ruleset{ID: "out", Name: "exits", Type: "egress_firewall"}
	s := filterScene(t, nil)
	s.remote.SetRulesets(firewall)
	_, err := s.plan(t)
	contains(t, problem(t, err, link.FieldFilter), "no filter applies", "block everyone else")
	if err := s.apply(t.Context(), steps.StepAddFilter); err == nil || change.IsTemporary(err) || s.ech.Made() != 0 {
		t.Errorf("a first one was added to a deployment that has been opened meanwhile: %v", err)
	}
	survey, err := s.catalog.ReadPair(t.Context(), s.c.Local, s.c.Remote)
	if err != nil {
		t.Fatal(err)
	}
	if offer, _ := survey.FilterOffer(); offer != nil {
		t.Errorf("offered %v", offer)
	}
	s.c.Filter = nil
	if said := strings.Join(link.Warnings(survey, s.c), "\n"); strings.Contains(said, "exits") {
		t.Errorf("it is told as one that must let the local side in: %s", said)
	}
	s.c.Filter = &link.FilterOptions{Sources: []string{"203.0.113.10"}, First: true}
	s.approve(t)
	contains(t, strings.Join(s.approved.Warnings, "\n"), "BLOCKS EVERYONE ELSE")
	s.remote.SetRulesets(firewall, elastic.Ruleset{ID: "theirs", Name: "office", Type: "ip", Sources: []string{"198.51.100.0/24"}})
	s.c.Filter.First = false
	s.approve(t)
	for _, w := range s.approved.Warnings {
		if strings.Contains(w, "exits") {
			t.Errorf("it is told as one that must let the local side in: %s", w)
		}
	}
	s.applyAll(t, steps.StepAddFilter)
}

func TestFilterWithNothingMissingDoesNothing(t *testing.T) {
	s := filterScene(t, func(s *scene) { s.c.Filter.Sources = []string{"198.51.100.7"} })
	s.applyAll(t, steps.StepAddFilter)
	if s.ech.Made() != 0 || len(s.journal[steps.StepAddFilter]) != 0 {
		t.Error("something was done")
	}
}

// The name of the filter is on the card: who makes one of that name first, or changes ours before it is attached, lets nobody in.
func TestAFilterThatSomebodyElseMadeIsNotAttached(t *testing.T) {
	for name, forged := range map[string]func(*elastic.NewRuleset){
		"everybody": func(r *elastic.NewRuleset) { r.Sources = []string{"0.0.0.0/0"} },
		"one more":  func(r *elastic.NewRuleset) { r.Sources = append(r.Sources, "192.0.2.66") },
		"another kind": func(r *elastic.NewRuleset) {
			r.Type, r.Sources, r.Clusters = elastic.FilterRemoteCluster, nil, []elastic.ClusterRule{{Organization: "1"}}
		},
		"what we asked": nil,
	} {
		t.Run(name, func(t *testing.T) {
			s := filterScene(t, nil)
			a, err := steps.ReadArgs[steps.AddFilterArgs](s.approved.Step(steps.StepAddFilter).Args)
			if err != nil {
				t.Fatal(err)
			}
			r, want := a.Ruleset, len(s.remote.Attached())
			if forged == nil {
				want++
			} else {
				r.Sources = slices.Clone(r.Sources)
				forged(&r)
			}
			if _, err := s.ech.CreateRuleset(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			err = s.apply(t.Context(), steps.StepAddFilter)
			if got := s.remote.Attached(); len(got) != want || (err == nil) != (forged == nil) {
				t.Errorf("attached %v, %v", got, err)
			}
			if forged != nil && !strings.Contains(fmt.Sprint(err), "not ours") {
				t.Errorf("it says %v", err)
			}
		})
	}
}

func TestAddressesOfAFilterAreChecked(t *testing.T) {
	for name, tt := range map[string]struct {
		edit func(*scene)
		say  string
	}{
		"none":      {func(s *scene) { s.c.Filter.Sources = nil }, "1 to 128"},
		"a name":    {func(s *scene) { s.c.Filter.Sources = []string{"ece.example.com"} }, "not an IPv4"},
		"everybody": {func(s *scene) { s.c.Filter.Sources = []string{"0.0.0.0/0"} }, "allows everyone"},
		"halves":    {func(s *scene) { s.c.Filter.Sources = []string{"0.0.0.0/1", "128.0.0.0/1"} }, "allows everyone"},
		"quarters": {func(s *scene) {
			s.c.Filter.Sources = []string{"0.0.0.0/2", "64.0.0.0/2", "64.1.0.0/16"}
		}, "half of all addresses"},
		"private": {func(s *scene) { s.c.Filter.Sources = []string{"10.0.0.0/8"} }, "after NAT"},
		"forbidden": {func(s *scene) {
			s.connector = plan.NewConnectPlanner(inventory.NewCatalog(s.w.Systems(), inventory.CatalogOptions{Now: s.w.Now}), steps.PlannerOptions{})
		}, "configuration does not permit"},
		"by address": {func(s *scene) { s.c.Filter.Sources = []string{"2001:db8::1"} }, "not an IPv4"},
	} {
		t.Run(name, func(t *testing.T) {
			s := filterScene(t, nil)
			tt.edit(s)
			_, err := s.plan(t)
			contains(t, problem(t, err, link.FieldFilter), tt.say)
		})
	}
}

func TestFilterHealsAndUndoesAfterAnyFault(t *testing.T) {
	faults := map[string]linktest.Fault{
		"unavailable":           {},
		"answer lost, not done": {Err: linktest.NoAnswer("x", "y")},
		"answer lost, but done": {Err: linktest.NoAnswer("x", "y"), After: true},
		"forbidden":             {Err: linktest.Forbidden("x", "y")},
	}
	for _, call := range []string{"Deployment", "Rulesets", "RulesetsNamed", "Ruleset", "CreateRuleset", "Attach", "Note"} {
		for name, f := range faults {
			f.Call, f.Times = call, 1
			t.Run(call+" "+name, func(t *testing.T) {
				s := filterScene(t, nil)
				s.w.Fail(f)
				_ = s.apply(t.Context(), steps.StepAddFilter)
				s.w.Heal()
				s.applyAll(t, steps.StepAddFilter)
				if s.ech.Made() != 1 || len(s.remote.Attached()) != 2 {
					t.Errorf("%d made, attached %v", s.ech.Made(), s.remote.Attached())
				}
			})
			t.Run("undo after half "+call+" "+name, func(t *testing.T) {
				s := filterScene(t, nil)
				s.w.Fail(f)
				_ = s.apply(t.Context(), steps.StepAddFilter)
				s.w.Heal()
				if err := s.undo(t.Context(), steps.StepAddFilter); err != nil || s.ech.Made() != 0 {
					t.Errorf("%v, %d are left", err, s.ech.Made())
				}
			})
		}
	}
}

func TestWhatFilterCouldNotTakeBackIsNamed(t *testing.T) {
	s := filterScene(t, nil)
	s.applyAll(t, steps.StepAddFilter)
	s.w.Fail(linktest.Fault{Call: "Detach", Err: linktest.Forbidden("x", "y")})
	left := leftover(t, s.undo(t.Context(), steps.StepAddFilter))
	contains(t, left.What, ourRuleset, "cloud")
	contains(t, left.Command, "DELETE /api/v1/deployments/traffic-filter/rulesets/ruleset-0/associations/deployment/d-remote\n", "DELETE /api/v1/deployments/traffic-filter/rulesets/ruleset-0")
}

func TestConfiguredEgressIsComparedWithTheFilters(t *testing.T) {
	s := newScene()
	systems := s.w.Systems()
	systems[0].EgressCIDRs = []string{"203.0.113.0/28"}
	s.catalog = inventory.NewCatalog(systems, inventory.CatalogOptions{Now: s.w.Now})
	for sources, say := range map[string]string{"203.0.113.0/24": "They allow 203.0.113.0/28", "203.0.113.0/29": "do not allow 203.0.113.0/28"} {
		s.remote.SetRulesets(elastic.Ruleset{ID: "r", Name: "office", Type: "ip", Sources: []string{sources}})
		survey, err := s.catalog.ReadPair(t.Context(), s.c.Local, s.c.Remote)
		if err != nil {
			t.Fatal(err)
		}
		contains(t, strings.Join(link.Warnings(survey, s.c), "\n"), "office", say)
	}
}

// What an ECE's hosts call themselves is offered where nobody has said more, to Elastic Cloud without what it never sees.
func TestAddressesOfHostsAreOfferedToBeConfirmed(t *testing.T) {
	s := filterScene(t, nil)
	s.ece.SetEgress("10.0.0.1", "192.0.2.9", "198.51.100.7", "2001:db8::1", "127.0.0.1", "0.0.0.0", "host-1.ece.example")
	offer := func(systems []link.System, remote *linktest.Deployment) string {
		t.Helper()
		systems[1].CanAddFilters, systems[0].CanAddFilters = true, true
		s.catalog = inventory.NewCatalog(systems, inventory.CatalogOptions{Now: s.w.Now})
		remote.SetRulesets(elastic.Ruleset{ID: "theirs", Name: "office", Type: "ip", Sources: []string{"198.51.100.0/24"}})
		survey, err := s.catalog.ReadPair(t.Context(), s.c.Local, remote.Ref())
		if err != nil {
			t.Fatal(err)
		}
		all, known := survey.FilterOffer()
		if all == nil {
			return fmt.Sprint(nil, known)
		}
		return fmt.Sprint(all.Sources, all.Cluster, known)
	}
	if got := offer(s.w.Systems(), s.remote); got != "[192.0.2.9] false false" {
		t.Errorf("to Elastic Cloud: %s", got)
	}
	if got := offer(s.w.Systems(), s.ece.AddDeployment("d-near", "near", "8.15.3")); got != "[] true true" {
		t.Errorf("within the ECE: %s", got)
	}
	systems := s.w.Systems()
	systems[0].EgressCIDRs = []string{"203.0.113.10", "198.51.100.8"}
	if got := offer(systems, s.remote); got != "[203.0.113.10] false true" {
		t.Errorf("as configured: %s", got)
	}
}

// The same ruleset with other rules in it is another world: who approved has not seen it.
func TestWhatAFilterLetsInIsPartOfWhatIsApproved(t *testing.T) {
	h := newFixture(t)
	other := h.ech.AddDeployment("d-other", "metrics", "8.15.3")
	h.byCertificate("metrics", other, "metrics.cloud.example")
	h.connect()
	update := h.update()
	update.Compress = "true"
	again := h.c
	again.Alias = "again"
	for name, c := range map[string]struct {
		on     *linktest.Deployment
		k      kind
		params any
	}{
		"connect": {h.remote, h.connector, again},
		"update":  {h.remote, plan.NewUpdatePlanner(h.roster, h.o()), update},
		"migrate": {other, plan.NewMigratePlanner(h.roster, h.o()), link.MigrateParams{
			Local: h.local.Ref(), Aliases: []string{"metrics"}, Access: elastic.Access{Search: []string{"*"}},
		}},
	} {
		basis := func(typ string, sources ...string) string {
			t.Helper()
			c.on.SetRulesets(elastic.Ruleset{ID: "theirs", Name: "office", Type: typ, Sources: sources})
			r, err := h.propose(c.k, c.params)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return fmt.Sprint(r.Proposal.Basis) // the digest covers it, and the request's id beside it
		}
		was := basis("ip", "198.51.100.0/24", "203.0.113.7")
		if basis("ip", "203.0.113.7", "198.51.100.0/24") != was {
			t.Errorf("%s: the order of sources counts", name)
		}
		if basis("ip", "198.51.100.0/24", "0.0.0.0/0") == was || basis("vpce", "198.51.100.0/24", "203.0.113.7") == was {
			t.Errorf("%s: a filter that lets others in makes no difference", name)
		}
		many := strings.Fields(strings.Repeat("203.0.113.7 ", 20))
		was = basis("ip", many...)
		many[3] = "0.0.0.0/0"
		if basis("ip", many...) == was {
			t.Errorf("%s: one source of many makes no difference", name)
		}
		h.w.Fail(linktest.Fault{Call: "Rulesets"})
		r, err := h.propose(c.k, c.params)
		h.w.Heal()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		last := r.Proposal.Basis[len(r.Proposal.Basis)-1]
		if !strings.HasSuffix(last.Label, "Network filters of the remote") || !last.Unread || r.Proposal.Unsure {
			t.Errorf("%s: unread filters make it unsure (%v), or count: %+v", name, r.Proposal.Unsure, last)
		}
	}
}
