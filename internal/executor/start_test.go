package executor_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor/executortest"
)

// planned is a kind that plans what was approved.
func (b *bench) planned(steps ...executortest.Func) executortest.Kind {
	return executortest.Kind{Each: steps, OnPlan: func(ctx context.Context, id string, _ json.RawMessage) (change.Proposal, error) {
		r, err := b.mem.Get(ctx, id)
		if err != nil {
			return change.Proposal{}, err
		}
		return r.Proposal, nil
	}}
}

func TestApprovalsAreWeighedAgainBeforeTheFirstStep(t *testing.T) {
	for name, say := range map[string]error{"left a group": nil, "no rule any more": &change.NotAllowedError{Why: "no rule"}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				b.o.Weigh = func(context.Context, *change.Request) (change.Evaluation, error) { return change.Evaluation{}, say }
				b.put("a")
				b.start(b.mem, b.planned(b.me.Create("key")))
				r := b.until("a", change.Pending)
				if r.Last(change.Unapproved) == nil || len(r.Journal) > 0 || len(b.world.Calls()) > 0 {
					t.Errorf("decisions %v, journal %v, calls %v", r.Decisions, r.Journal, b.world.Calls())
				}
			})
		})
	}
}

func TestNothingBeginsWhileNobodyKnowsWhoMayApprove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		var away atomic.Bool
		away.Store(true)
		b.o.Weigh = func(context.Context, *change.Request) (change.Evaluation, error) {
			if away.Load() {
				return change.Evaluation{}, errors.New("Slack is away")
			}
			return change.Evaluation{Enough: true}, nil
		}
		b.put("a")
		b.start(b.mem, b.planned(b.me.Create("key")))
		time.Sleep(time.Minute)
		if r := b.get("a"); len(r.Journal) > 0 || r.State != change.Applying {
			t.Errorf("%s, journal %v", r.State, r.Journal)
		}
		away.Store(false)
		b.until("a", change.Applied)
	})
}

// A worker claimed it within its time and died before the first step.
func TestNothingBeginsLateOnATakeOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		r := executortest.Approved("a", "create-key")
		r.Deadline = time.Now().Add(time.Second)
		if err := b.mem.Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if _, err := b.mem.Claim(t.Context(), "dead", 2*time.Second); err != nil {
			t.Fatal(err)
		}
		b.start(b.mem, b.planned(b.me.Create("key")))
		r = b.until("a", change.Expired)
		if r.Last(change.DecisionExpire) == nil || len(b.world.Calls()) > 0 {
			t.Errorf("decisions %v, calls %v", r.Decisions, b.world.Calls())
		}
	})
}
