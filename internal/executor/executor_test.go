package executor_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor/executortest"
)

func TestAppliesStepsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		r := b.apply(change.Applied, b.me.Set("old", "2"), b.me.Create("key"),
			executortest.Func{StepName: "verify", Found: "3 indices, SEKRIT"})
		want := executortest.Things{Settings: map[string]string{"old": "2"}, Objects: map[string]int{"key": 1}}
		if diff := cmp.Diff(want, b.world.Things()); diff != "" {
			t.Errorf("world (-want +got):\n%s", diff)
		}
		if got := r.Record("verify").Finding; got != "3 indices, ••••" {
			t.Errorf("finding %q", got)
		}
		if r.Outcome.Ended.IsZero() {
			t.Error("no time of the end")
		}
		wantAudit := []string{
			"start", "step:set-old:begun", "step:set-old:begun", "step:set-old:done",
			"step:create-key:begun", "step:create-key:begun", "step:create-key:done",
			"step:verify:begun", "step:verify:done", "succeed",
		}
		if diff := cmp.Diff(wantAudit, b.audit()); diff != "" {
			t.Errorf("audit (-want +got):\n%s", diff)
		}
	})
}

func TestTellsAfterEveryWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		var mu sync.Mutex
		var told []int64
		b.o.Changed = func(id string) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, b.get(id).Version)
		}
		r := b.apply(change.Applied, b.me.Set("new", "1"))
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		for want := r.Version - 3; want <= r.Version; want++ { // begun, noted, done, applied
			found := false
			for _, v := range told {
				found = found || v == want
			}
			if !found {
				t.Errorf("version %d was not told: %v", want, told)
			}
		}
	})
}

func TestDriftAsksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.put("a")
		before := b.get("a")
		kind := executortest.Kind{
			Each: []executortest.Func{b.me.Create("key")},
			OnPlan: func(_ context.Context, id string, _ json.RawMessage) (change.Proposal, error) {
				p := executortest.Approved(id).Proposal
				p.Digest = "digest-2"
				return p, nil
			},
		}
		start := time.Now()
		b.start(b.mem, kind)
		r := b.until("a", change.Pending)
		if len(b.world.Calls()) != 0 {
			t.Error("the world was touched under a void plan")
		}
		if r.Proposal.Digest != "digest-2" || r.Previous == nil || r.Previous.Digest != "digest-1" {
			t.Errorf("proposal %q, previous %+v", r.Proposal.Digest, r.Previous)
		}
		if len(r.Approvals()) != 0 {
			t.Errorf("approvals still in force: %+v", r.Approvals())
		}
		if last := r.Last(change.DecisionDrift); last == nil || last.Digest != "digest-1" {
			t.Errorf("decisions %+v", r.Decisions)
		}
		if want := start.Add(before.Deadline.Sub(before.Created)); !r.Deadline.Equal(want) {
			t.Errorf("deadline %v, want %v", r.Deadline, want)
		}
	})
}

func TestAReadThatFailsIsNoDrift(t *testing.T) {
	for name, test := range map[string]struct {
		unreadable int // plans in which a part stays unread
		want       change.State
	}{
		"for a moment": {3, change.Applied},
		"for good":     {1 << 30, change.Pending},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				b.put("a")
				tries := 0
				b.start(b.mem, executortest.Kind{
					Each: []executortest.Func{b.me.Create("key")},
					OnPlan: func(_ context.Context, id string, _ json.RawMessage) (change.Proposal, error) {
						p := executortest.Approved(id).Proposal
						if tries++; tries <= test.unreadable {
							p.Digest, p.Unsure = "digest-unread", true
						}
						return p, nil
					},
				})
				if r := b.until("a", test.want); test.want == change.Applied && r.Last(change.DecisionDrift) != nil {
					t.Errorf("approvals were voided: %+v", r.Decisions)
				}
				if tries < min(test.unreadable, 4) {
					t.Errorf("it was read only %d times", tries)
				}
			})
		})
	}
}

// What a change can do without may stay unread: nothing waits for it, and no approval is void.
func TestAnUnreadLineOfTheBasisIsNoDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.put("a")
		plans := 0
		b.start(b.mem, executortest.Kind{
			Each: []executortest.Func{b.me.Create("key")},
			OnPlan: func(_ context.Context, id string, _ json.RawMessage) (p change.Proposal, err error) {
				plans++
				p = executortest.Approved(id, "create-key").Proposal
				p.Basis = append(slices.Clone(p.Basis), change.Field{Label: "Filters", Value: "could not be read", Unread: true})
				p.Digest, err = p.ComputeDigest()
				return p, err
			},
		})
		if r := b.until("a", change.Applied); r.Last(change.DecisionDrift) != nil || plans != 1 {
			t.Errorf("planned %d times, decisions %+v", plans, r.Decisions)
		}
	})
}

// A key that was pasted too long ago is asked for once more. Nothing fails, and nobody has to approve again.
func TestWorkDoesNotBeginOnWhatIsKeptTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		put := func(id string, ago time.Duration) {
			r := executortest.Approved(id, "create-key")
			r.Proposal.RequiredInput = "the key"
			r.Decisions = append(r.Decisions, change.Decision{
				Kind: change.DecisionInputSubmitted, By: change.Actor{User: "UBOB"}, At: time.Now().Add(-ago), Digest: r.Proposal.Digest,
			})
			if err := b.mem.Put(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		put("late", change.InputTTL-5*time.Minute)
		put("a", 20*time.Minute)
		b.start(b.mem, executortest.Kind{
			Each: []executortest.Func{b.me.Create("key")},
			OnPlan: func(ctx context.Context, id string, _ json.RawMessage) (change.Proposal, error) {
				r, err := b.mem.Get(ctx, id)
				if err != nil {
					return change.Proposal{}, err
				}
				return r.Proposal, nil
			},
		})
		b.until("a", change.Applied)
		if r := b.until("late", change.Pending); len(r.Journal) > 0 || len(r.Approvals()) != 1 || r.Previous != nil {
			t.Errorf("journal %v, approvals %v, previous %v", r.Journal, r.Approvals(), r.Previous)
		}
	})
}

func TestPlanThatFailsForGoodRollsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.put("a")
		gone := &change.InvalidError{}
		gone.Add("remote", "the deployment no longer exists")
		tries := 0
		b.start(b.mem, executortest.Kind{
			Each: []executortest.Func{b.me.Create("key")},
			OnPlan: func(context.Context, string, json.RawMessage) (change.Proposal, error) {
				if tries++; tries < 3 {
					return change.Proposal{}, change.Temporary(errBroken)
				}
				return change.Proposal{}, gone
			},
		})
		r := b.until("a", change.RolledBack)
		if tries != 3 || r.Outcome.Why != "remote: the deployment no longer exists" || len(r.Journal) != 0 {
			t.Errorf("after %d tries: outcome %+v, journal %+v", tries, r.Outcome, r.Journal)
		}
	})
}

func TestPanicFailsTheStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		r := b.apply(change.RolledBack, b.me.Create("key"), executortest.Func{
			StepName: "bug",
			OnApply:  func(context.Context, change.Evidence, change.Note) error { panic("index out of SEKRIT") },
		})
		if r.Outcome.Failed != "bug" || b.world.Things().Objects["key"] != 0 {
			t.Errorf("outcome %+v, world %+v", r.Outcome, b.world.Things())
		}
		if log := b.log.String(); !strings.Contains(log, "executor_test.go") || strings.Contains(log, "SEKRIT") {
			t.Errorf("want the stack and no secret in the log:\n%s", log)
		}
	})
}

func TestNewRefusesWhatCantBeKept(t *testing.T) {
	b := newBench(t)
	for name, spoil := range map[string]func(*executor.Options){
		"renew": func(o *executor.Options) { o.Renew = 8 * time.Second },
		"clock": func(o *executor.Options) { o.Now = nil },
		"pause": func(o *executor.Options) { o.Backoff = nil },
	} {
		o := b.o
		spoil(&o)
		if _, err := executor.New(b.mem, b.mem, nil, nil, o); err == nil {
			t.Errorf("%s: let through", name)
		}
	}
}
