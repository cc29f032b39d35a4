package plan_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// limitedAccess is the access of a key as somebody made it by hand; "novel" stands for what comes after us.
const limitedAccess = `{"search":[{"names":["logs-*"],"query":"{\"term\":{\"host\":\"web-1\"}}",
	"field_security":{"grant":["host","@timestamp"]},"allow_restricted_indices":false,"novel":1}]}`

// limitedFixture is a connection whose key is limited by more than index names.
func limitedFixture(t *testing.T) (*fixture, elastic.Access) {
	t.Helper()
	h := newFixture(t)
	h.connect()
	if err := h.remote.Limit(limitedAccess); err != nil {
		t.Fatal(err)
	}
	return h, h.remote.Access(h.remote.ActiveKeys()[0].ID)
}

// limits says whether the one active key still has the entries of want.
func (h *fixture) limits(want elastic.Access) {
	h.t.Helper()
	keys := h.remote.ActiveKeys()
	if len(keys) != 1 {
		h.t.Fatalf("%d active keys", len(keys))
	}
	if got := h.remote.Access(keys[0].ID); string(got.Entries) != string(want.Entries) || len(want.Entries) == 0 {
		h.t.Errorf("the key may read %s, want %s", got.Entries, want.Entries)
	}
}

func (h *fixture) asking(search ...string) link.UpdateParams {
	h.t.Helper()
	e, err := h.roster.State(h.t.Context(), h.name())
	if err != nil {
		h.t.Fatal(err)
	}
	u := link.PrefillUpdate(e)
	u.Access = elastic.Access{Search: search} // as a form hands it in: names alone
	return u
}

func (h *fixture) name() link.Name { return link.Name{Local: h.local.Ref(), Alias: "logs"} }

func TestAnUpdateKeepsTheLimitsOfAKey(t *testing.T) {
	h, was := limitedFixture(t)
	k := plan.NewUpdatePlanner(h.roster, h.o())
	r, err := h.propose(k, h.asking("logs-*", "traces-*"))
	if err != nil {
		t.Fatal(err)
	}
	contains(t, fieldsOf(r.Proposal.Fields), `documents limited by a query {"term":{"host":"web-1"}}`, "fields limited to", "unknown to the bot: novel")
	if left, err := h.carryOut(r); err != nil || left != nil {
		t.Fatal(left, err)
	}
	want, err := elastic.Access{Search: []string{"logs-*", "traces-*"}}.Keeping(was)
	if err != nil {
		t.Fatal(err)
	}
	h.limits(want)
	if h.managed().Access.Hash() != want.Hash() {
		t.Errorf("remembered %+v", h.managed().Access)
	}
	// So does one of other settings, and one that fails and is undone.
	u := h.asking(want.Search...)
	u.SkipUnavailable = !u.SkipUnavailable
	if _, err := h.run(k, u); err != nil {
		t.Fatal(err)
	}
	h.limits(want)
	u = h.asking("traces-*")
	u.ProxyAddress, u.Elsewhere = "elsewhere.example.com:9443", true
	if _, err := h.run(k, u); err == nil {
		t.Fatal("nothing listens there")
	}
	h.limits(want)
	// Where the key is not the bot's, a new one gets the same.
	h.remote.Disown()
	if _, err := h.run(k, h.asking("traces-*")); err != nil {
		t.Fatal(err)
	}
	narrowed, _ := elastic.Access{Search: []string{"traces-*"}}.Keeping(want)
	h.limits(narrowed)
}

func TestWhatCantBeKeptIsRefused(t *testing.T) {
	h, _ := limitedFixture(t)
	k := plan.NewUpdatePlanner(h.roster, h.o())
	u := h.asking("logs-*")
	u.Access.Replication = []string{"logs-*"}
	_, err := h.propose(k, u)
	contains(t, problem(t, err, link.FieldSearch), "can't be applied to replication")

	if err := h.remote.Limit(`{"search":[{"names":["a-*"],"query":"{}"},{"names":["b-*"]}]}`); err != nil {
		t.Fatal(err)
	}
	_, err = h.propose(k, h.asking("a-*", "b-*", "c-*"))
	contains(t, problem(t, err, link.FieldSearch), "2 entries for search")
	u = h.asking("b-*", "a-*") // the same ones
	u.SkipUnavailable = !u.SkipUnavailable
	if _, err := h.propose(k, u); err != nil {
		t.Error(err)
	}
}

func TestARotationKeepsTheLimitsOfAKey(t *testing.T) {
	h, was := limitedFixture(t)
	k := plan.NewRotatePlanner(h.roster, h.o())
	p := link.RotateParams{Local: h.local.Ref(), Alias: "logs", ExpiryDays: 30}
	r, err := h.propose(k, p)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, fieldsOf(r.Proposal.Fields), "documents limited by a query")
	digest := r.Proposal.Digest
	if err := h.remote.Limit(strings.Replace(limitedAccess, "web-1", "web-2", 1)); err != nil {
		t.Fatal(err)
	}
	if r, err = h.propose(k, p); err != nil || r.Proposal.Digest == digest {
		t.Errorf("another query, the same digest: %v", err)
	}
	if err := h.remote.Limit(limitedAccess); err != nil {
		t.Fatal(err)
	}
	if left, err := h.run(k, p); err != nil || left != nil {
		t.Fatal(left, err)
	}
	h.limits(was)
	// Taken away by hand, they come back with the next one.
	if err := h.remote.Limit(`{"search":[{"names":["logs-*"]}]}`); err != nil {
		t.Fatal(err)
	}
	if _, err := h.run(k, p); err != nil {
		t.Fatal(err)
	}
	h.limits(was)
}

func TestALimitThatIsTakenAwayIsDrift(t *testing.T) {
	h, _ := limitedFixture(t)
	if _, err := h.run(plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs"}); err != nil {
		t.Fatal(err)
	}
	drift := func() string {
		found, err := diagnose.NewChecker(h.roster, h.w.Now).Health(t.Context(), h.managed(), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range found.Problems {
			if p.Kind == diagnose.ProblemDrifted {
				return p.Say
			}
		}
		return ""
	}
	if d := drift(); d != "" {
		t.Errorf("drifted: %s", d)
	}
	if err := h.remote.Limit(`{"search":[{"names":["logs-*"]}]}`); err != nil {
		t.Fatal(err)
	}
	contains(t, drift(), "the key may read logs-* and was approved for logs-* (", "documents limited by a query")
}

func TestAnAdoptedKeyIsJudgedByWhatItMay(t *testing.T) {
	h, was := limitedFixture(t)
	clear(h.memos)
	key := h.remote.ActiveKeys()[0]
	k := plan.NewAdoptPlanner(h.roster, h.o())
	r, err := h.propose(k, link.AdoptParams{Local: h.local.Ref(), Alias: "logs", KeyName: key.Name, Access: elastic.Access{Search: []string{"harmless"}}})
	if err != nil {
		t.Fatal(err)
	}
	shown := fieldsOf(r.Proposal.Fields)
	contains(t, shown, "May search: logs-*", "documents limited by a query")
	if strings.Contains(shown, "harmless") {
		t.Errorf("what was typed counts: %s", shown)
	}
	if _, err := h.carryOut(r); err != nil {
		t.Fatal(err)
	}
	if !h.managed().Access.Equal(was) {
		t.Errorf("remembered %+v", h.managed().Access)
	}
	if _, err := h.run(plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs"}); err != nil {
		t.Fatal(err)
	}
	h.limits(was)
}

func TestUndoingADisconnectKeepsTheLimitsOfAKey(t *testing.T) {
	h, was := limitedFixture(t)
	r, err := h.propose(plan.NewDisconnectPlanner(h.roster, h.o()), link.DisconnectParams{Local: h.local.Ref(), Alias: "logs"})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(r.Proposal.Steps, func(s change.PlannedStep) bool { return s.Name == steps.StepRemoveKey })
	if i < 0 || !strings.Contains(string(r.Proposal.Steps[i].Args), string(was.Entries)) {
		t.Errorf("the key would be made again without its limits: %s", r.Proposal.Steps[i].Args)
	}
}

func fieldsOf(fields []change.Field) string {
	var all []string
	for _, f := range fields {
		all = append(all, f.Label+": "+f.Value)
	}
	return strings.Join(all, "\n")
}
