package executor_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor/executortest"
)

// approvedNow is an approved request of this moment.
func approvedNow(id string) *change.Request {
	r := executortest.Approved(id, "create-key")
	r.Created, r.Decisions[0].At = time.Now(), time.Now()
	return r
}

// A plan that nobody can compare is not begun.
func TestUnknownKindIsNeverBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		r := approvedNow("a")
		r.Proposal.Kind = "test.other"
		if err := b.mem.Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		b.start(b.mem, executortest.Kind{Each: []executortest.Func{b.me.Create("key")}})
		b.leftAlone("a")
		if why := b.until("a", change.RolledBack).Outcome.Why; !strings.Contains(why, `"test.other"`) {
			t.Errorf("why: %s", why)
		}
		if len(b.world.Calls()) != 0 {
			t.Error("it was begun all the same")
		}
	})
}

// What another version planned and began is carried on by its stored steps: this one would plan other steps, or does
// not know the kind at all.
func TestTakeOverRunsTheStoredSteps(t *testing.T) {
	for name, other := range map[string]func(*change.Request){
		"another plan": func(r *change.Request) { r.Proposal.Digest = "digest-of-another-version" },
		"another kind": func(r *change.Request) { r.Proposal.Kind = "test.other" },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				r := approvedNow("a")
				r.Proposal.Steps = append(r.Proposal.Steps,
					change.PlannedStep{Name: "create-token", Args: json.RawMessage(`{}`)},
					change.PlannedStep{Name: "create-key:again", Args: json.RawMessage(`{}`)})
				r.Journal = []change.StepRecord{{Step: "create-key", State: change.StepBegun}}
				other(r)
				if err := b.mem.Put(t.Context(), r); err != nil {
					t.Fatal(err)
				}
				b.start(b.mem, executortest.Kind{
					Each: []executortest.Func{b.me.Create("token"), b.me.Create("key")},
					OnPlan: func(context.Context, string, json.RawMessage) (change.Proposal, error) {
						t.Error("what has begun was planned again")
						return change.Proposal{}, errBroken
					},
				})
				if got := b.until("a", change.Applied); len(got.Journal) != 3 || b.world.Things().Objects["token"] != 1 {
					t.Errorf("journal %+v, world %+v", got.Journal, b.world.Things())
				}
			})
		})
	}
}

// Arguments that can't be read never mean that there is nothing to do.
func TestUnreadableArgumentsFailBeforeTheFirstCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		r := approvedNow("a")
		r.Proposal.Steps = append(r.Proposal.Steps, change.PlannedStep{Name: "create-token", Args: json.RawMessage(`{"certificate`)})
		if err := b.mem.Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		b.start(b.mem, executortest.Kind{Each: []executortest.Func{b.me.Create("key"), b.me.Create("token")}})
		b.leftAlone("a")
		got := b.until("a", change.RolledBack)
		if !strings.Contains(got.Outcome.Why, "create-token") || len(got.Journal) != 0 {
			t.Errorf("outcome %+v, journal %+v", got.Outcome, got.Journal)
		}
		if len(b.world.Calls()) != 0 {
			t.Error("the steps before it were carried out")
		}
	})
}

func TestUnknownStepIsNeverSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		r := approvedNow("a")
		r.Journal = []change.StepRecord{{Step: "forgotten", State: change.StepDone}}
		if err := b.mem.Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		b.start(b.mem, executortest.Kind{Each: []executortest.Func{b.me.Create("key")}})
		b.leftAlone("a")
		got := b.until("a", change.Stuck)
		if left := got.Outcome.Leftovers; len(left) != 1 || left[0].Step != "forgotten" || !strings.Contains(got.Outcome.Why, "forgotten") {
			t.Errorf("outcome %+v", got.Outcome)
		}
		if len(b.world.Calls()) != 0 {
			t.Error("work went on over a step that nobody knows")
		}
	})
}

// leftAlone lets most of the time pass for which a replica of a newer version may take what this one does not know.
func (b *bench) leftAlone(ids ...string) {
	b.Helper()
	time.Sleep(29 * time.Minute)
	for _, id := range ids {
		if r := b.get(id); r.State != change.Applying {
			b.Fatalf("request %s is %s, and another replica may know it", id, r.State)
		}
	}
	if !strings.Contains(b.log.String(), "made by a newer version: left to another replica") {
		b.Error("the log does not say why nothing happens")
	}
}

// While versions are being replaced, both claim; what the old one can't read, the new one does, and other work goes on.
func TestWhatANewerVersionMadeIsLeftToIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, spoil := range map[string]func(*change.Request){
			"approved": func(*change.Request) {},
			"begun": func(r *change.Request) {
				r.Journal = []change.StepRecord{{Step: "create-key", State: change.StepBegun}}
			},
		} {
			b := newBench(t)
			r := approvedNow("a")
			spoil(r)
			if err := b.mem.Put(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			b.start(b.mem, executortest.Kind{Err: errors.New("unknown field")})
			time.Sleep(time.Minute)
			if got := b.get("a"); got.State != change.Applying || len(got.Journal) != len(r.Journal) || got.Epoch > 10 {
				t.Errorf("%s: the old version made it %s, journal %v, epoch %d", name, got.State, got.Journal, got.Epoch)
			}
			b.o.Name = "new"
			b.start(b.mem, executortest.Kind{Each: []executortest.Func{b.me.Create("key")}})
			b.until("a", change.Applied)
		}
	})
}

// An undoing that the new version began is its own to end as well.
func TestUndoingOfANewerVersionIsLeftToIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		r := approvedNow("a")
		r.Journal = []change.StepRecord{{Step: "create-key", State: change.StepDone}}
		if err := b.mem.Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		c, err := b.mem.Claim(t.Context(), "new", 8*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		fail := change.Transition{ID: "a", Event: change.Fail, From: change.Applying, To: change.Undoing, Outcome: &change.Outcome{Why: "it broke"}}
		if err := b.mem.Advance(t.Context(), c.Claim, fail); err != nil {
			t.Fatal(err)
		}
		b.start(b.mem, executortest.Kind{})
		time.Sleep(time.Minute)
		if got := b.get("a"); got.State != change.Undoing || got.Journal[0].State != change.StepDone {
			t.Fatalf("the old version made it %s, journal %v", got.State, got.Journal)
		}
		b.stopped()
		b.start(b.mem, executortest.Kind{Each: []executortest.Func{b.me.Create("key")}})
		b.until("a", change.RolledBack)
	})
}
