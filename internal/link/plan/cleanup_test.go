package plan_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
)

// certified is a household with a connection by certificates that the bot has made.
func certified(t *testing.T) *fixture {
	t.Helper()
	h := fixtureOf(t, certScene(t))
	h.connect()
	return h
}

// withoutUIDs are the entries that a deployment trusts, without what the platform adds.
func withoutUIDs(d *linktest.Deployment) []string {
	out := []string{}
	for _, raw := range d.TrustNow().Direct {
		var fields map[string]any
		if err := json.Unmarshal(raw, &fields); err != nil {
			panic(err)
		}
		delete(fields, "uid")
		text, err := json.Marshal(fields)
		if err != nil {
			panic(err)
		}
		out = append(out, string(text))
	}
	return out
}

func (h *fixture) disconnector() *plan.DisconnectPlanner {
	return plan.NewDisconnectPlanner(h.roster, h.o())
}

func (h *fixture) ending(alias string) link.DisconnectParams {
	return link.DisconnectParams{Local: h.local.Ref(), Alias: alias}
}

// disconnect ends a connection, and fails the test where that does not work.
func (h *fixture) disconnect(alias string) {
	h.t.Helper()
	if left, err := h.run(h.disconnector(), h.ending(alias)); err != nil {
		h.t.Fatalf("disconnecting %s: %v; left %v", alias, err, left)
	}
}

// says is what the card of a disconnect has under a label.
func (h *fixture) says(label string) string {
	h.t.Helper()
	r, err := h.propose(h.disconnector(), h.ending("logs"))
	if err != nil {
		h.t.Fatal(err)
	}
	return fieldOf(r.Proposal, label)
}

func fieldOf(p change.Proposal, label string) string {
	for _, f := range p.Fields {
		if f.Label == label {
			return f.Value
		}
	}
	return ""
}

func TestDisconnectTakesTheTrustBackOnBothSides(t *testing.T) {
	h := certified(t)
	contains(t, h.says("Also removed"), "the trust of search-onprem in cloud (cloud1): all of it", "the trust of logs in ece-prod (eceprod1): all of it")
	if stays := h.says("Not removed"); stays != "" {
		t.Errorf("stays: %s", stays)
	}
	h.disconnect("logs")
	h.clean(t)
	if len(trusted(h.local))+len(trusted(h.remote)) > 0 {
		t.Errorf("left: %v %v", trusted(h.local), trusted(h.remote))
	}
}

// What others had in an entry is there again afterwards, to the letter; what the bot added to it is gone.
func TestDisconnectTakesOutOfAnEntryOnlyWhatWasAdded(t *testing.T) {
	s := certScene(t)
	old := linktest.NewWorld().AddECH("x").CA("old")
	s.local.TrustAlso(`{"certificates":[{"pem":` + quoted(old) + `}],"name":"mine","novel":8,"scope_id":"cloud1","trust_all":false,"trust_allowlist":["cccc"],"type":"ESS","uid":"u2"}`)
	before := withoutUIDs(s.local)
	h := fixtureOf(t, s)
	h.connect()
	contains(t, h.says("Also removed"), "the trust of search-onprem in cloud (cloud1): the cluster "+remoteCluster)
	h.disconnect("logs")
	if diff := cmp.Diff(before, withoutUIDs(h.local)); diff != "" {
		t.Errorf("the entry (-want +got):\n%s", diff)
	}
	if len(trusted(h.remote)) != 0 {
		t.Errorf("left: %v", trusted(h.remote))
	}
}

// Somebody has let another cluster into the bot's entry: it stays for that one, with its certificates.
func TestDisconnectLeavesWhomOthersHaveLetIn(t *testing.T) {
	h := certified(t)
	h.remote.SetTrustEntry(0, strings.Replace(trusted(h.remote)[0], `"trust_allowlist":[`, `"trust_allowlist":["cccc",`, 1))
	h.disconnect("logs")
	now := trusted(h.remote)
	if len(now) != 1 || strings.Contains(now[0], localCluster) {
		t.Fatalf("got %v", now)
	}
	contains(t, now[0], `"trust_allowlist":["cccc"]`, "BEGIN CERTIFICATE")
}

// Every one of these may rest on the trust, so it stays, and the card says why.
func TestTrustThatMayBeNeededStays(t *testing.T) {
	set := func(h *fixture, d *linktest.Deployment, alias, host string) {
		for option, value := range map[string]string{"mode": "proxy", "proxy_address": host + ":9400", "server_name": host} {
			d.Set(alias, option, value)
		}
		h.t.Helper()
	}
	for name, tt := range map[string]struct {
		change func(*fixture)
		say    string
	}{
		"another alias made by hand": {func(h *fixture) { set(h, h.local, "mine", "logs.cloud.example") }, "used by ece-prod/d-local/mine"},
		"a connection the other way": {func(h *fixture) { set(h, h.remote, "back", "search-onprem.ece-prod.example") }, "used by cloud/d-remote/back"},
		"an address that nobody knows": {
			func(h *fixture) { set(h, h.local, "mine", "somewhere.example") },
			"ece-prod/d-local/mine (whose address the bot doesn't know)",
		},
		"somebody has let all in": {func(h *fixture) {
			for _, d := range []*linktest.Deployment{h.local, h.remote} {
				d.SetTrustEntry(0, strings.Replace(trusted(d)[0], `"trust_all":false`, `"trust_all":true`, 1))
			}
		}, "someone has extended it since"},
		"the remote side can't be read": {func(h *fixture) {
			h.w.Fail(linktest.Fault{Call: "RemoteInfo", On: "cloud/d-remote", Err: linktest.Forbidden("logs", "RemoteInfo")})
		}, "couldn't read whether"},
		"whom it trusts can't be read": {func(h *fixture) {
			h.w.Fail(linktest.Fault{Call: "Trust", Err: linktest.Forbidden("cloud", "Trust")})
		}, "couldn't read whether"},
	} {
		t.Run(name, func(t *testing.T) {
			h := certified(t)
			tt.change(h)
			before := [][]string{trusted(h.local), trusted(h.remote)}
			if goes := h.says("Also removed"); goes != "" {
				t.Errorf("goes: %s", goes)
			}
			contains(t, h.says("Not removed"), "the trust of search-onprem in cloud (cloud1)", "the trust of logs in ece-prod (eceprod1)", tt.say)
			h.disconnect("logs")
			if diff := cmp.Diff(before, [][]string{trusted(h.local), trusted(h.remote)}); diff != "" {
				t.Errorf("the trust (-want +got):\n%s", diff)
			}
			h.clean(t)
		})
	}
}

// A connection to another deployment of the same environment needs its own part of the entry, and no more.
func TestEachConnectionTakesItsOwnPartOfAnEntry(t *testing.T) {
	h := certified(t)
	other := h.ech.AddDeployment("d-other", "metrics", "8.15.3")
	other.Edit(func(d *elastic.Deployment) { d.ClusterID = "dddddddddddddddddddddddddddddddd" })
	other.PlansTake(1)
	h.c.Remote, h.c.Alias, h.c.ProxyAddress, h.c.ServerName = other.Ref(), "metrics", "metrics.cloud.example:9400", "metrics.cloud.example"
	h.c.Trust.Clusters = []string{"dddddddddddddddddddddddddddddddd"}
	h.connect()
	h.disconnect("logs")
	if now := trusted(h.local); len(now) != 1 || strings.Contains(now[0], remoteCluster) || !h.local.Connected("metrics") {
		t.Fatalf("the entry is %v", now)
	}
	if len(trusted(h.remote)) != 0 || len(trusted(other)) != 1 {
		t.Errorf("remote sides: %v %v", trusted(h.remote), trusted(other))
	}
	h.disconnect("metrics")
	if len(trusted(h.local))+len(trusted(other)) != 0 {
		t.Errorf("left: %v %v", trusted(h.local), trusted(other))
	}
}

// Who finds in place what the bot has added shares in it: the last one takes it back.
func TestTheLastOfThoseWhoShareATrustTakesItBack(t *testing.T) {
	h := certified(t)
	h.c.Alias = "second"
	h.connect()
	if n := len(trusted(h.local)); n != 1 {
		t.Fatalf("%d entries", n)
	}
	contains(t, h.says("Not removed"), "used by ece-prod/d-local/second")
	h.disconnect("logs")
	if !h.local.Connected("second") {
		t.Fatal("the other connection is broken")
	}
	h.disconnect("second")
	if len(trusted(h.local))+len(trusted(h.remote)) != 0 {
		t.Errorf("left: %v %v", trusted(h.local), trusted(h.remote))
	}
}

// A managed connection whose settings somebody has removed is still counted with: it may come back.
func TestTrustOfAConnectionThatIsAwayStays(t *testing.T) {
	h := certified(t)
	h.c.Alias = "second"
	h.connect()
	h.local.Unset("second")
	contains(t, h.says("Not removed"), "used by ece-prod/d-local/second")
}

func TestTrustWithoutItsAccountsStaysAndIsSaid(t *testing.T) {
	h := certified(t)
	h.local.HideAccounts(true)
	contains(t, h.says("Not removed"), "the trust of search-onprem in cloud (cloud1): couldn't read whether it is still used", "settings.trust.accounts")
}

func TestTrustInAllIsTakenBackWhenNobodyElseUsesIt(t *testing.T) {
	s := certScene(t)
	s.c.Trust.All, s.c.Trust.Clusters = true, nil
	h := fixtureOf(t, s)
	h.connect()
	other := h.ech.AddDeployment("d-other", "metrics", "8.15.3")
	for option, value := range map[string]string{"mode": "proxy", "proxy_address": "metrics.cloud.example:9400", "server_name": "metrics.cloud.example"} {
		h.local.Set("metrics", option, value)
	}
	contains(t, h.says("Not removed"), "the trust of search-onprem in cloud (cloud1): it is used by ece-prod/d-local/metrics")
	h.local.Unset("metrics")
	other.WithoutCredentials()
	contains(t, h.says("Not removed"), "still used: the bot has no credentials")
	h.ech.Remove("d-other")
	contains(t, h.says("Also removed"), "the trust of search-onprem in cloud (cloud1): all of it")
	h.disconnect("logs")
	if len(trusted(h.local))+len(trusted(h.remote)) != 0 {
		t.Errorf("left: %v %v", trusted(h.local), trusted(h.remote))
	}
}

func TestTrustThatWasThereBeforeStays(t *testing.T) {
	s := certScene(t)
	certs, _ := json.Marshal([]elastic.TrustCertificate{{PEM: s.ech.CA("ech-region")}, {PEM: s.ech.CA("ech-region next")}})
	s.local.TrustAlso(`{"type":"ESS","name":"all","scope_id":"cloud1","trust_all":true,"certificates":` + string(certs) + `}`)
	before := trusted(s.local)
	s.approve(t)
	h := fixtureOf(t, s)
	h.connect()
	contains(t, h.says("Not removed"), "the trust of search-onprem in cloud (cloud1): it existed before")
	h.disconnect("logs")
	if diff := cmp.Diff(before, trusted(h.local)); diff != "" || len(trusted(h.remote)) != 0 {
		t.Errorf("remote %v, local (-want +got):\n%s", trusted(h.remote), diff)
	}
}

func TestWhatWasMadeByHandStaysAndIsSaid(t *testing.T) {
	h := newFixture(t)
	h.byCertificate("logs", h.remote, "logs.cloud.example")
	contains(t, h.says("Not removed"), "the bot has no record of them")
	if _, err := h.run(plan.NewAdoptPlanner(h.roster, h.o()), link.AdoptParams{Local: h.local.Ref(), Alias: "logs"}); err != nil {
		t.Fatal(err)
	}
	contains(t, h.says("Not removed"), "the bot has no record of them")
	h.disconnect("logs")
	h.clean(t)
}

// keyed is a household with a connection by key, a network filter and a role that the bot has made for it.
func keyed(t *testing.T, edit func(*scene)) *fixture {
	t.Helper()
	h := fixtureOf(t, filterScene(t, func(s *scene) {
		s.c.Role = &link.RoleOptions{Name: "remote-readers"}
		if edit != nil {
			edit(s)
		}
	}))
	h.connect()
	return h
}

func TestDisconnectTakesFilterAndRoleWithIt(t *testing.T) {
	h := keyed(t, nil)
	if m := h.managed(); m.Ruleset != ourRuleset || m.Role != "remote-readers" || !slices.Equal(m.FilterSources, []string{"203.0.113.10"}) {
		t.Errorf("remembered %+v", m)
	}
	contains(t, h.says("Also removed"), "the role remote-readers", "the network filter "+ourRuleset+", which allows 203.0.113.10")
	h.disconnect("logs")
	h.clean(t)
	h.role(t, "")
	if diff := cmp.Diff([]string{"office"}, h.remote.Attached()); diff != "" || h.ech.Made() != 0 {
		t.Errorf("%d made, attached (-want +got):\n%s", h.ech.Made(), diff)
	}
}

// Rotate and update keep in mind what was made for the connection.
func TestWhatWasMadeIsRememberedThroughLaterChanges(t *testing.T) {
	h := keyed(t, nil)
	if _, err := h.run(plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs", ExpiryDays: 30}); err != nil {
		t.Fatal(err)
	}
	p := h.update()
	p.Compress = "true"
	if _, err := h.run(plan.NewUpdatePlanner(h.roster, h.o()), p); err != nil {
		t.Fatal(err)
	}
	if m := h.managed(); m.Ruleset != ourRuleset || m.Role != "remote-readers" || len(m.FilterSources) != 1 {
		t.Errorf("remembered %+v", m)
	}
}

func TestARoleKeepsWhatIsForOthers(t *testing.T) {
	before := `{"cluster":["monitor"],"global":{"novel":{"x":[]}},"metadata":{"managed_by":"remote-cluster-bot"},"indices":[],"applications":[],"run_as":[],` +
		`"remote_indices":[{"clusters":["other"],"names":["x"],"privileges":["read"]}]}`
	h := keyed(t, func(s *scene) {
		s.local.SetRole("remote-readers", oldRole)
		s.c.Access.Replication = []string{"follow-*"}
	})
	contains(t, h.says("Also removed"), "of the role remote-readers the privileges on logs")
	h.disconnect("logs")
	h.role(t, before)
}

func TestRolesAndFiltersThatAreNoLongerTheBotsStay(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*fixture)
		say    string
	}{
		"role without the mark": {func(h *fixture) { h.local.SetRole("remote-readers", `{"cluster":["all"]}`) }, "the role remote-readers: it no longer belongs to the bot"},
		"role without the alias": {func(h *fixture) {
			h.local.SetRole("remote-readers", oldRole)
		}, "the role remote-readers: it no longer names logs"},
		"role can't be read": {func(h *fixture) {
			h.w.Fail(linktest.Fault{Call: "Role", Err: linktest.Forbidden("x", "Role")})
		}, "the role remote-readers: couldn't read whether it is still used"},
		"filter on another deployment": {func(h *fixture) {
			other := h.ech.AddDeployment("d-other", "metrics", "8.15.3")
			other.SetRulesets(h.attached()...)
		}, "it also applies to other deployments: d-other"},
		"filter that somebody changed": {func(h *fixture) {
			all := h.attached()
			all[1].Sources = append(all[1].Sources, "192.0.2.1")
			h.remote.SetRulesets(all...)
		}, "someone changed it since"},
		"the last filter": {func(h *fixture) { h.remote.SetRulesets(h.attached()[1:]...) }, "open to everyone without it"},
		"the last filter beside a firewall for what goes out": {func(h *fixture) {
			h.remote.SetRulesets(h.attached()[1], elastic.Ruleset{ID: "out", Name: "exits", Type: "egress_firewall"})
		}, "open to everyone without it"},
		"another connection comes through it": {func(h *fixture) {
			h.c.Filter, h.c.Role, h.c.Alias = nil, nil, "second"
			h.connect()
		}, "other connections use it, or may use it: ece-prod/d-local/second"},
		"a local cluster that can't be asked": {func(h *fixture) {
			h.ece.AddDeployment("d-mute", "mute", "8.15.1").WithoutCredentials()
			h.w.Advance(time.Hour)
		}, "1 local clusters did not answer, such as mute"},
		"filters can't be read": {func(h *fixture) {
			h.w.Fail(linktest.Fault{Call: "Rulesets", Err: linktest.Forbidden("x", "Rulesets")})
		}, "the network filter " + ourRuleset + ": couldn't read whether it is still used"},
	} {
		t.Run(name, func(t *testing.T) {
			h := keyed(t, nil)
			tt.change(h)
			contains(t, h.says("Not removed"), tt.say)
			role, filters := h.local.RoleNow("remote-readers"), h.remote.Attached()
			h.disconnect("logs")
			if strings.Contains(name, "role") && h.local.RoleNow("remote-readers") != role {
				t.Errorf("the role is %s, was %s", h.local.RoleNow("remote-readers"), role)
			}
			if diff := cmp.Diff(filters, h.remote.Attached()); diff != "" && !strings.Contains(name, "role") {
				t.Errorf("filters (-want +got):\n%s", diff)
			}
		})
	}
}

// attached are the filters of the remote deployment, with what they let in.
func (h *fixture) attached() []elastic.Ruleset {
	h.t.Helper()
	about, err := h.ech.Deployment(context.Background(), "d-remote")
	if err != nil {
		h.t.Fatal(err)
	}
	all, err := h.ech.Rulesets(context.Background(), about)
	if err != nil || len(all) != 2 {
		h.t.Fatalf("%v, %v", all, err)
	}
	return all
}
