package plan_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
)

// A key that is tied to another connection is not taken over: its new owner could rotate and invalidate it.
func TestTheKeyOfAnotherConnectionIsNotAdopted(t *testing.T) {
	adopting := func(h *fixture) error {
		for _, option := range [][2]string{{"mode", "proxy"}, {"proxy_address", "logs.cloud.example:9443"}, {"server_name", "logs.cloud.example"}} {
			h.local.Set("mine", option[0], option[1])
		}
		_, err := h.propose(plan.NewAdoptPlanner(h.roster, h.o()), link.AdoptParams{Local: h.local.Ref(), Alias: "mine", KeyName: h.remote.ActiveKeys()[0].Name})
		return err
	}
	t.Run("by its metadata", func(t *testing.T) {
		h := newFixture(t)
		h.connect()
		clear(h.memos) // nobody remembers it
		contains(t, problem(t, adopting(h), plan.FieldKeyName), "this is the key of ece-prod/d-local/logs")
	})
	t.Run("by the registry", func(t *testing.T) {
		h := newFixture(t)
		h.connect()
		h.remote.EditKeys(func(k *elastic.Key) { k.Metadata = nil }) // made by hand, and adopted by the other one
		contains(t, problem(t, adopting(h), plan.FieldKeyName), "this is the key of ece-prod/d-local/logs")
	})
	t.Run("of nobody", func(t *testing.T) {
		h := newFixture(t)
		h.connect()
		clear(h.memos)
		h.remote.EditKeys(func(k *elastic.Key) { k.Metadata = nil })
		if err := adopting(h); err != nil {
			t.Error(err)
		}
	})
}

// What people say of a key that nobody can look at makes no rule more lenient.
func TestAnAdoptedKeyThatIsNotKnownCountsAsTheMost(t *testing.T) {
	h := newFixture(t)
	h.connect()
	clear(h.memos)
	p := link.AdoptParams{Local: h.local.Ref(), Alias: "logs", Access: elastic.Access{Search: []string{"harmless"}}}
	r, err := h.propose(plan.NewAdoptPlanner(h.roster, h.o()), p)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, fieldsOf(r.Proposal.Fields), "Key's limits: unknown")
	for trait, want := range map[string][]string{"breadth": {"all"}, "system": {"yes"}, "access": {"replication", "search"}} {
		if got := r.Proposal.Traits[trait]; !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", trait, got, want)
		}
	}
	if _, err := h.carryOut(r); err != nil {
		t.Fatal(err)
	}
	r, err = h.propose(plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs", ExpiryDays: 30})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(r.Proposal.Warnings, func(w string) bool {
		return w == "The bot doesn't know the key in use. It may be limited to some documents or fields; the new one is not."
	}) {
		t.Errorf("warnings: %v", r.Proposal.Warnings)
	}
}

func TestKeysOfDifferentLimitsAreRefused(t *testing.T) {
	h, was := limitedFixture(t)
	key := h.remote.ActiveKeys()[0]
	other := link.KeySpec(h.c, "test", "req1")
	other.Name, other.Access = key.Name, elastic.Access{Search: []string{"logs-*"}}
	if err := issueBeside(h, other); err != nil {
		t.Fatal(err)
	}
	_, err := h.propose(plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs", ExpiryDays: 30})
	contains(t, problem(t, err, link.FieldAlias), "2 valid keys with different limits")
	_, err = h.propose(plan.NewUpdatePlanner(h.roster, h.o()), h.asking("logs-*", "more-*"))
	contains(t, problem(t, err, link.FieldSearch), "2 valid keys with different limits")
	if was.Entries == nil {
		t.Error("the first one has limits")
	}
}

// issueBeside makes one more key on the remote cluster.
func issueBeside(h *fixture, spec elastic.KeySpec) error {
	system, _ := h.catalog.System("cloud")
	d, err := h.catalog.Fresh(h.t.Context(), h.remote.Ref())
	if err != nil {
		return err
	}
	cluster, err := system.Cluster(d)
	if err != nil {
		return err
	}
	_, err = cluster.IssueKey(h.t.Context(), spec)
	return err
}

func TestRestrictedIndicesAreOfTheSystem(t *testing.T) {
	for access, want := range map[string]string{
		`{"search":[{"names":["logs-*"],"allow_restricted_indices":true}]}`:  "yes",
		`{"search":[{"names":["logs-*"],"allow_restricted_indices":false}]}`: "no",
	} {
		h := newFixture(t)
		h.connect()
		if err := h.remote.Limit(access); err != nil {
			t.Fatal(err)
		}
		u := h.asking("logs-*")
		u.SkipUnavailable = !u.SkipUnavailable
		r, err := h.propose(plan.NewUpdatePlanner(h.roster, h.o()), u)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Proposal.Traits["system"]; !slices.Equal(got, []string{want}) {
			t.Errorf("%s: system is %v", access, got)
		}
	}
}

// A connection that has come to use certificates keeps the limits that its key had when it is migrated back to one, and
// a migration that fails leaves all as it was.
func TestAMigrationKeepsTheLimitsOfAKey(t *testing.T) {
	h, was := limitedFixture(t)
	if _, err := h.run(plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs", ExpiryDays: 30}); err != nil {
		t.Fatal(err)
	}
	memo := h.managed()
	memo.KeyName = "" // people have gone back to certificates
	kept := memo.AsRecord()
	h.memos[kept.Key] = change.StoredRecord{Key: kept.Key, Value: kept.Value}
	for _, k := range h.remote.ActiveKeys() {
		h.remote.InvalidateKey(k.ID)
	}
	h.local.Unput(entry)
	h.byCertificate("logs", h.remote, "logs.cloud.example")
	p := link.MigrateParams{Local: h.local.Ref(), Aliases: []string{"logs"}, Access: elastic.Access{Search: []string{"logs-*", "traces-*"}}, ExpiryDays: 90}
	h.w.Fail(linktest.Fault{Call: "Resolve", Times: 99, Err: &elastic.CallError{System: "logs", Status: 403, Code: "security_exception", Reason: "not allowed"}})
	if _, err := h.run(plan.NewMigratePlanner(h.roster, h.o()), p); err == nil {
		t.Fatal("it can't be proven")
	}
	if keys := h.remote.ActiveKeys(); len(keys) > 0 {
		t.Errorf("keys are left: %v", keys)
	}
	h.w.Heal()
	r, err := h.propose(plan.NewMigratePlanner(h.roster, h.o()), p)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, fieldsOf(r.Proposal.Fields), "documents limited by a query")
	if left, err := h.carryOut(r); err != nil || left != nil {
		t.Fatal(left, err)
	}
	want, err := elastic.Access{Search: p.Access.Search}.Keeping(was)
	if err != nil {
		t.Fatal(err)
	}
	h.limits(want)
}

// A cluster that could not be read is not one without the alias.
func TestWhatCantBeReadIsNotMissing(t *testing.T) {
	for name, params := range map[string]func(h *fixture) (kind, any){
		"adopt": func(h *fixture) (kind, any) {
			return plan.NewAdoptPlanner(h.roster, h.o()), link.AdoptParams{Local: h.local.Ref(), Alias: "logs"}
		},
		"migrate": func(h *fixture) (kind, any) {
			h.local.Unput(entry)
			h.byCertificate("logs", h.remote, "logs.cloud.example")
			return plan.NewMigratePlanner(h.roster, h.o()), link.MigrateParams{Local: h.local.Ref(), Aliases: []string{"logs"}, Access: elastic.Access{Search: []string{"a*"}}}
		},
		"disconnect": func(h *fixture) (kind, any) {
			return plan.NewDisconnectPlanner(h.roster, h.o()), link.DisconnectParams{Local: h.local.Ref(), Alias: "logs"}
		},
	} {
		h := newFixture(t)
		h.connect()
		clear(h.memos)
		k, p := params(h)
		h.w.Fail(linktest.Fault{Call: "RemoteSettings", On: "ece-prod/d-local"})
		_, err := h.propose(k, p)
		if _, invalid := errors.AsType[*change.InvalidError](err); err == nil || invalid {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
