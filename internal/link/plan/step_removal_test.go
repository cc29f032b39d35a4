package plan_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

const (
	untrustLocal  = steps.StepRemoveTrust + ":ece-prod/d-local:cloud1"
	untrustRemote = steps.StepRemoveTrust + ":cloud/d-remote:eceprod1"
)

// goesOnWith makes the steps of a change those that the scene runs.
func (h *fixture) goesOnWith(t *testing.T, k kind, params any) *fixture {
	t.Helper()
	r, err := h.propose(k, params)
	if err != nil {
		t.Fatal(err)
	}
	h.approved, h.journal = r.Proposal, map[string]change.Evidence{}
	return h
}

// parting is a connection by certificates that is about to end.
func parting(t *testing.T) *fixture {
	t.Helper()
	h := certified(t)
	return h.goesOnWith(t, h.disconnector(), h.ending("logs"))
}

// partingKeyed is a connection by key, with filter and role, that is about to end.
func partingKeyed(t *testing.T) *fixture {
	t.Helper()
	h := keyed(t, nil)
	return h.goesOnWith(t, h.disconnector(), h.ending("logs"))
}

// partingSigned is a connection with strong identity verification that is about to end.
func partingSigned(t *testing.T) *fixture {
	t.Helper()
	h := identityFixture(t, nil)
	return h.goesOnWith(t, h.disconnector(), h.ending("logs"))
}

// moving is a connection by certificates that is about to use a key.
func moving(t *testing.T) *fixture {
	t.Helper()
	h := certified(t)
	return h.goesOnWith(t, plan.NewMigratePlanner(h.roster, h.o()), h.move("logs"))
}

func (h *fixture) move(aliases ...string) link.MigrateParams {
	return link.MigrateParams{Local: h.local.Ref(), Aliases: aliases, Access: elastic.Access{Search: []string{"logs-*"}}, ExpiryDays: 90}
}

// picture is everything about a connection that a change back has to bring back.
type picture struct {
	Settings        map[string]string
	Keystore        []string
	Keys            int
	Local, Remote   []string // trust
	Role            string
	Filters         []string
	Made            int
	Believes        []string
	Connected, Open bool
}

func (h *fixture) picture() picture {
	p := picture{
		Settings: h.local.Settings("logs"), Keystore: h.local.Keystore(), Keys: len(h.remote.ActiveKeys()),
		Local: withoutUIDs(h.local), Remote: withoutUIDs(h.remote), Filters: h.remote.Attached(), Made: h.ech.Made(),
		Believes: h.remote.Believes(), Connected: h.local.Connected("logs"), Open: h.local.Opens(h.remote, entry) != "",
	}
	var role map[string]any
	if json.Unmarshal([]byte(h.local.RoleNow("remote-readers")), &role) == nil {
		maps.DeleteFunc(role, func(_ string, v any) bool { l, ok := v.([]any); return ok && len(l) == 0 })
		raw, err := json.Marshal(role)
		if err != nil {
			panic(err)
		}
		p.Role = string(raw)
	}
	return p
}

func (h *fixture) stands(t *testing.T, want picture) {
	t.Helper()
	if diff := cmp.Diff(want, h.picture()); diff != "" {
		t.Errorf("the world (-want +got):\n%s", diff)
	}
}

// unmaking are the steps that take back what a connect made, with what each is done by.
var unmaking = map[string]struct {
	scene func(*testing.T) *fixture
	calls []string
	gone  func(*fixture) bool
}{
	untrustLocal:           {parting, []string{"Deployment", "Trust", "SetTrust", "RemoteInfo", "Note"}, func(h *fixture) bool { return len(trusted(h.local)) == 0 }},
	untrustRemote:          {parting, []string{"Deployment", "Trust", "SetTrust", "RemoteInfo", "Note"}, func(h *fixture) bool { return len(trusted(h.remote)) == 0 }},
	steps.StepRemoveRole:   {partingKeyed, []string{"Deployment", "Role", "DeleteRole", "Note"}, func(h *fixture) bool { return h.local.RoleNow("remote-readers") == "" }},
	steps.StepRemoveFilter: {partingKeyed, []string{"Deployment", "Rulesets", "Associated", "RulesetsNamed", "Detach", "DeleteRuleset", "Note"}, func(h *fixture) bool { return h.ech.Made() == 0 }},
	steps.StepRemoveAuthority: {
		partingSigned,
		[]string{"Deployment", "IdentityKeys", "MissingPrivileges", "PutSettings", "Note"},
		func(h *fixture) bool { return len(h.remote.Believes()) == 0 },
	},
}

func TestWhatWasMadeIsTakenBackAndMadeAgain(t *testing.T) {
	for step, tt := range unmaking {
		t.Run(step, func(t *testing.T) {
			h := tt.scene(t)
			before, calls := h.picture(), len(h.w.Calls())
			if err := h.undo(t.Context(), step); err != nil || len(h.w.Calls()) != calls {
				t.Fatalf("undoing nothing: %v after %d calls", err, len(h.w.Calls())-calls)
			}
			writes := h.writes()
			for range 2 {
				h.settleApply(t, step)
				if !tt.gone(h) {
					t.Fatal("it is still there")
				}
			}
			if n := h.writes() - writes; n > 2 {
				t.Errorf("%d writes for one removal", n)
			}
			for range 2 {
				h.settleUndo(t, step)
				h.stands(t, before)
			}
		})
	}
}

func TestTakingBackHealsAndUndoesAfterAnyFault(t *testing.T) {
	faults := map[string]linktest.Fault{
		"unavailable":           {},
		"answer lost, not done": {Err: linktest.NoAnswer("x", "y")},
		"answer lost, but done": {Err: linktest.NoAnswer("x", "y"), After: true},
		"the second":            {Skip: 1},
	}
	for step, tt := range unmaking {
		for _, call := range tt.calls {
			for name, f := range faults {
				f.Call, f.Times = call, 1
				t.Run(step+" "+call+" "+name, func(t *testing.T) {
					h := tt.scene(t)
					before := h.picture()
					h.w.Fail(f)
					_ = h.apply(t.Context(), step)
					h.w.Heal()
					h.settleApply(t, step)
					if !tt.gone(h) {
						t.Error("it is still there")
					}
					h.settleUndo(t, step)
					h.stands(t, before)
				})
				t.Run(step+" undo after half "+call+" "+name, func(t *testing.T) {
					h := tt.scene(t)
					before := h.picture()
					h.w.Fail(f)
					_ = h.apply(t.Context(), step)
					h.w.Heal()
					h.settleUndo(t, step)
					h.stands(t, before)
				})
			}
		}
	}
}

// What somebody has changed, or come to need, since the approval is left alone, and the connection ends all the same.
func TestWhatIsNoLongerAsApprovedIsLeftAlone(t *testing.T) {
	for name, tt := range map[string]struct {
		step   string
		scene  func(*testing.T) *fixture
		change func(*fixture)
		say    string
	}{
		"trust widened": {untrustLocal, parting, func(h *fixture) {
			h.local.SetTrustEntry(0, strings.Replace(trusted(h.local)[0], `"trust_all":false`, `"trust_all":true`, 1))
		}, "someone changed the trust of search-onprem"},
		"trust in use": {untrustRemote, parting, func(h *fixture) {
			for option, value := range map[string]string{"mode": "proxy", "proxy_address": "logs.cloud.example:9400", "server_name": "logs.cloud.example"} {
				h.local.Set("mine", option, value)
			}
		}, "is now used by ece-prod/d-local/mine"},
		"role changed": {steps.StepRemoveRole, partingKeyed, func(h *fixture) { h.local.SetRole("remote-readers", oldRole) }, "someone changed the role remote-readers"},
		"filter in use": {steps.StepRemoveFilter, partingKeyed, func(h *fixture) {
			h.ech.AddDeployment("d-other", "metrics", "8.15.3").SetRulesets(h.attached()...)
		}, "applies to other deployments"},
		"the others have gone": {steps.StepRemoveFilter, partingKeyed, func(h *fixture) { h.remote.SetRulesets(h.attached()[1:]...) }, "open to everyone"},
	} {
		t.Run(name, func(t *testing.T) {
			h := tt.scene(t)
			tt.change(h)
			before := h.picture()
			s := h.step(tt.step)
			if err := s.Apply(t.Context(), nil, func(_ context.Context, e change.Evidence) error { t.Errorf("noted %v", e); return nil }); err != nil {
				t.Fatal(err)
			}
			contains(t, finding(s), tt.say)
			h.stands(t, before)
		})
	}
}

// Undo does not write over what somebody has done in the meantime, and names what it would have put back.
func TestUndoOfATakingBackLeavesOthersWork(t *testing.T) {
	h := parting(t)
	h.settleApply(t, untrustLocal)
	h.local.TrustAlso(`{"name":"theirs","type":"ESS","scope_id":"cloud1","trust_all":false,"certificates":[]}`)
	left := leftover(t, h.undo(t.Context(), untrustLocal))
	contains(t, left.What, "cloud (cloud1)", "d-local")
	contains(t, left.Command, "PUT /api/v1/deployments/d-local\n", remoteCluster)

	h = partingKeyed(t)
	h.settleApply(t, steps.StepRemoveRole)
	h.local.SetRole("remote-readers", oldRole)
	left = leftover(t, h.undo(t.Context(), steps.StepRemoveRole))
	contains(t, left.Command, "PUT /_security/role/remote-readers", `"clusters":["logs"]`)

	h = partingKeyed(t)
	h.settleApply(t, steps.StepRemoveFilter)
	h.w.Fail(linktest.Fault{Call: "CreateRuleset", Err: linktest.Forbidden("cloud", "CreateRuleset")})
	left = leftover(t, h.undo(t.Context(), steps.StepRemoveFilter))
	contains(t, left.What, "the network filter "+ourRuleset+" is missing on d-remote")
	contains(t, left.Command, "POST /api/v1/deployments/traffic-filter/rulesets", `"source":"203.0.113.10"`, "associations")
}

func TestAFailedPlanOfTakingTrustBackIsFinal(t *testing.T) {
	h := parting(t)
	before := h.picture()
	h.local.FailNextPlan("not enough capacity")
	var err error
	for range 5 {
		if err = h.apply(t.Context(), untrustLocal); !change.IsTemporary(err) {
			break
		}
	}
	contains(t, said(err), "not enough capacity")
	h.settleUndo(t, untrustLocal)
	h.stands(t, before)
}

func TestDisconnectThatFailsInTheMiddleIsUndoneExactly(t *testing.T) {
	for call, on := range map[string]string{"SetTrust": "cloud", "PutSettings": "", "Trust": "cloud"} {
		t.Run(call, func(t *testing.T) {
			h := certified(t)
			before := h.picture()
			k := h.disconnector()
			r, err := h.propose(k, h.ending("logs"))
			if err != nil {
				t.Fatal(err)
			}
			h.w.Fail(linktest.Fault{Call: call, On: on, Times: 1, Err: linktest.Forbidden("x", call)})
			left, err := h.carryOut(r)
			if err == nil || len(left) > 0 {
				t.Fatalf("got %v, left %v", err, left)
			}
			h.stands(t, before)
		})
	}
}

func TestMigrateTakesTheTrustBackLast(t *testing.T) {
	h := certified(t)
	k := plan.NewMigratePlanner(h.roster, h.o())
	r, err := h.propose(k, h.move("logs"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range r.Proposal.Steps {
		names = append(names, s.Name)
	}
	if diff := cmp.Diff([]string{steps.StepRotateKey, steps.StepVerify, untrustLocal, untrustRemote}, names); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if left, err := h.carryOut(r); err != nil {
		t.Fatal(err, left)
	}
	if m := h.managed(); m.Trust != nil || m.KeyName == "" {
		t.Errorf("remembered %+v", m)
	}
}

func TestSearchesGoOnWhileTheOldTrustGoes(t *testing.T) {
	h := moving(t)
	h.applyAll(t, steps.StepRotateKey, steps.StepVerify)
	watch := h.w.Watch(h.local, "logs")
	h.settleApply(t, untrustLocal)
	h.settleApply(t, untrustRemote)
	if len(trusted(h.local))+len(trusted(h.remote)) != 0 || len(watch.Bad) > 0 || watch.Looks < 10 {
		t.Errorf("left %v %v; of %d searches failed: %v", trusted(h.local), trusted(h.remote), watch.Looks, watch.Bad)
	}
}

func TestMigrateKeepsATrustThatOthersUse(t *testing.T) {
	h := certified(t)
	h.c.Alias = "second"
	h.connect()
	k := plan.NewMigratePlanner(h.roster, h.o())
	r, err := h.propose(k, h.move("logs"))
	if err != nil {
		t.Fatal(err)
	}
	contains(t, fieldOf(r.Proposal, "Not removed"), "the trust of search-onprem in cloud (cloud1): it is used by ece-prod/d-local/second")
	if left, err := h.carryOut(r); err != nil {
		t.Fatal(err, left)
	}
	if len(trusted(h.local)) != 1 || len(trusted(h.remote)) != 1 || !h.local.Connected("second") {
		t.Errorf("trust: %v %v", trusted(h.local), trusted(h.remote))
	}
	if m := h.managed(); m.Trust == nil || !slices.Equal(m.Trust.Local.Clusters, []string{remoteCluster}) {
		t.Errorf("what was made for it is forgotten: %+v", m.Trust)
	}
	if r, err = h.propose(k, h.move("second")); err != nil {
		t.Fatal(err)
	}
	if left, err := h.carryOut(r); err != nil || len(trusted(h.local))+len(trusted(h.remote)) != 0 {
		t.Errorf("got %v, left %v; trust: %v %v", err, left, trusted(h.local), trusted(h.remote))
	}
}

// Connections that move together don't keep each other's trust.
func TestMigrateOfAllWhoShareATrustTakesItBack(t *testing.T) {
	h := certified(t)
	h.c.Alias = "second"
	h.connect()
	if left, err := h.run(plan.NewMigratePlanner(h.roster, h.o()), h.move("logs", "second")); err != nil {
		t.Fatal(err, left)
	}
	if len(trusted(h.local))+len(trusted(h.remote)) != 0 || !h.local.Connected("logs") || !h.local.Connected("second") {
		t.Errorf("trust: %v %v", trusted(h.local), trusted(h.remote))
	}
}

func TestMigrateThatFailsAtTheTrustPutsItBackBeforeTheSettings(t *testing.T) {
	h := certified(t)
	before := h.picture()
	h.w.Fail(linktest.Fault{Call: "SetTrust", On: "cloud", Err: linktest.Forbidden("cloud", "SetTrust")})
	left, err := h.run(plan.NewMigratePlanner(h.roster, h.o()), h.move("logs"))
	if err == nil || len(left) > 0 {
		t.Fatalf("got %v, left %v", err, left)
	}
	h.stands(t, before)
	calls := h.w.Calls()
	last := func(name string) int {
		at := -1
		for i, c := range calls {
			if c.Name == name {
				at = i
			}
		}
		return at
	}
	if last("SetTrust") > last("PutSettings") {
		t.Errorf("the settings went back before the trust: %v", calls)
	}
}

func TestMigrateOfAConnectionMadeByHandSaysThatTheTrustStays(t *testing.T) {
	h := newFixture(t)
	h.byCertificate("logs", h.remote, "logs.cloud.example")
	r, err := h.propose(plan.NewMigratePlanner(h.roster, h.o()), h.move("logs"))
	if err != nil {
		t.Fatal(err)
	}
	contains(t, fieldOf(r.Proposal, "Not removed"), "not created by the bot")
}
