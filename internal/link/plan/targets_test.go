package plan_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

func TestTargetsAreTheAliasAndWhatOthersWriteToo(t *testing.T) {
	trusting := certScene(t)
	trusting.approve(t)
	plain := newScene()
	plain.approve(t)
	const logs = "connection/ece-prod/d-local/logs"
	for name, c := range map[string]struct {
		plan change.Proposal
		want []string
	}{
		"a connect":               {plain.approved, []string{logs}},
		"with a role":             {roleScene(t, nil).approved, []string{logs, "role/ece-prod/d-local/remote-readers"}},
		"by certificates":         {trusting.approved, []string{logs, "trust/cloud/d-remote", "trust/ece-prod/d-local"}},
		"with an authority":       {identityScene(t, otherRegion).approved, []string{"connection/cloud/d-reports/logs", "signing/cloud/d-remote"}},
		"the end of a trust":      {parting(t).approved, []string{logs, "trust/cloud/d-remote", "trust/ece-prod/d-local"}},
		"the end of an authority": {partingSigned(t).approved, []string{"connection/cloud/d-reports/logs", "signing/cloud/d-remote"}},
	} {
		if diff := cmp.Diff(c.want, c.plan.Target); diff != "" {
			t.Errorf("%s: targets (-want +got):\n%s", name, diff)
		}
	}
}

// A migration of several aliases, and what it pauses, keep everybody else from each of them.
func TestAMigrationOfSeveralHoldsEachAlias(t *testing.T) {
	h := newFixture(t)
	h.byCertificate("logs", h.remote, "logs.cloud.example")
	h.byCertificate("metrics", h.ech.AddDeployment("d-other", "metrics", "8.15.3"), "metrics.cloud.example")
	for _, want := range [][]string{
		{"connection/ece-prod/d-local/*", "connection/ece-prod/d-local/logs", "connection/ece-prod/d-local/metrics"},
		{"connection/ece-prod/d-local/logs"},
	} {
		p := link.MigrateParams{Local: h.local.Ref(), Aliases: []string{"logs", "metrics"}[:max(1, len(want)-1)], Access: elastic.Access{Search: []string{"*"}}}
		r, err := h.propose(plan.NewMigratePlanner(h.roster, h.o()), p)
		if err != nil {
			t.Fatal(err)
		}
		held := slices.DeleteFunc(r.Proposal.Target, func(target string) bool { return strings.HasSuffix(target, elastic.ProbeSuffix) })
		if diff := cmp.Diff(want, held); diff != "" {
			t.Errorf("%v: targets (-want +got):\n%s", p.Aliases, diff)
		}
	}
}

// approving is a policy under which one approval is enough.
type approving struct{}

func (approving) Authorize(context.Context, change.Proposal, change.Actor) (change.Terms, error) {
	return change.Terms{Rule: "all", Wait: time.Hour}, nil
}

func (approving) Eligible(context.Context, *change.Request, change.Actor) error { return nil }

func (approving) Evaluate(_ context.Context, r *change.Request) (change.Evaluation, error) {
	return change.Evaluation{Enough: len(r.Approvals()) > 0}, nil
}

// Two requests extend one role, and are approved at once. The second one waits, is planned again, and asks again; both
// end with what each asked for.
func TestTwoRequestsForOneRoleBothEndWithWhatEachAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		h.ech.AddDeployment("d-other", "metrics", "8.15.3")
		mem, planners := changetest.NewMem(time.Now), map[change.Kind]change.Planner{link.KindConnect: h.connector}
		id := 0
		service := change.NewService(mem, change.Options{
			Policy: approving{}, Planners: planners, Now: time.Now,
			NewID: func() string { id++; return fmt.Sprint("r", id) },
		})
		h.c.Role = &link.RoleOptions{Name: "readers"}
		other := h.c
		other.Remote, other.Alias = elastic.Ref{Platform: "cloud", Deployment: "d-other"}, "metrics"
		other.ProxyAddress, other.ServerName = "metrics.cloud.example:9443", "metrics.cloud.example"
		for _, c := range []link.ConnectParams{h.c, other} {
			r, err := service.Propose(t.Context(), change.ProposeInput{Kind: link.KindConnect, Params: marshal(t, c), By: change.Actor{User: "U1"}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := service.Approve(t.Context(), change.DecisionInput{ID: r.ID, By: change.Actor{User: "U2"}}); err != nil {
				t.Fatal(err)
			}
		}
		todo := executor.Registry(steps.Steps(h.roster, h.o()))
		grant := todo[steps.StepIssueKey]
		todo[steps.StepIssueKey] = func(args json.RawMessage) (change.Step, error) {
			s, err := grant(args)
			return slow{s}, err // whatever else can begin does
		}
		stepContext(t, mem, planners, todo)
		ended := until(t, mem, change.Applied, change.Pending)
		waited := ended[change.Pending]
		if waited.Last(change.DecisionDrift) == nil || len(waited.Journal) > 0 {
			t.Errorf("decisions %+v, journal %+v", waited.Decisions, waited.Journal)
		}
		if _, err := service.Approve(t.Context(), change.DecisionInput{ID: waited.ID, By: change.Actor{User: "U2"}}); err != nil {
			t.Fatal(err)
		}
		until(t, mem, change.Applied)
		var role struct {
			Indices []struct {
				Clusters []string `json:"clusters"`
			} `json:"remote_indices"`
		}
		if err := json.Unmarshal([]byte(h.local.RoleNow("readers")), &role); err != nil {
			t.Fatal(err)
		}
		var aliases []string
		for _, i := range role.Indices {
			aliases = append(aliases, i.Clusters...)
		}
		slices.Sort(aliases)
		if diff := cmp.Diff([]string{"logs", "metrics"}, aliases); diff != "" {
			t.Errorf("the role (-want +got):\n%s", diff)
		}
	})
}

// slow takes its time before it does anything.
type slow struct{ change.Step }

func (s slow) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	time.Sleep(time.Second)
	return s.Step.Apply(ctx, had, note)
}

// stepContext runs an executor with two workers until the test ends.
func stepContext(t *testing.T, mem *changetest.Mem, planners map[change.Kind]change.Planner, todo executor.Registry) {
	t.Helper()
	e, err := executor.New(mem, mem, planners, todo, executor.Options{
		Workers: 2, Now: time.Now, Backoff: func(int) time.Duration { return 100 * time.Millisecond },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = e.Run(ctx)
	}()
	t.Cleanup(func() { stop(); <-ended })
}

// until lets time pass until all requests are in one of these states, and returns one of each.
func until(t *testing.T, mem *changetest.Mem, states ...change.State) map[change.State]*change.Request {
	t.Helper()
	for range 600 {
		time.Sleep(time.Second)
		all, err := mem.Recent(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		found, rest := map[change.State]*change.Request{}, 0
		for _, r := range all {
			if found[r.State] = r; !slices.Contains(states, r.State) {
				rest++
			}
		}
		if rest == 0 && len(found) == len(states) {
			return found
		}
	}
	all, _ := mem.Recent(t.Context(), 10)
	for _, r := range all {
		t.Logf("%s is %s: %+v", r.ID, r.State, r.Outcome)
	}
	t.Fatalf("never all of them in %v", states)
	return nil
}
