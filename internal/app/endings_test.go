package app

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// endPlan plans the end and the extension of a connection that ends then, as it was approved.
type endPlan struct{ until time.Time }

func (p endPlan) Plan(_ context.Context, _ string, params json.RawMessage) (change.Proposal, error) {
	var d link.DisconnectParams
	if err := json.Unmarshal(params, &d); err != nil {
		return change.Proposal{}, err
	}
	made := change.Proposal{
		Kind: link.KindDisconnect, Target: []string{link.Target(d.Local, d.Alias)}, Params: params, Digest: "d", Before: p.until,
		Traits: map[string][]string{"kind": {"disconnect"}},
	}
	if d.Until.Equal(p.until) {
		made.Ending = &change.Ending{Until: d.Until}
	}
	return made, nil
}

// Replicas that look at the same connection at the same time, again and again, and one that has forgotten what it noted, have
// it removed once, under its approval. A request that waited for approvals until then does not keep it there.
func TestReplicasRemoveAConnectionOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		t.Parallel()
		db, now := server.Store(), time.Now()
		until := now.Add(time.Hour).UTC().Truncate(time.Second)
		clock := func() time.Time { return now }
		planner := endPlan{until}
		judge := policy.New(policy.Rules{
			Groups: []policy.Group{{Name: "owners", Users: []string{"UBOB"}}},
			Rules:  []policy.Rule{{Name: "all", Sides: []policy.Side{{Group: "owners", Count: 1}}, Wait: 24 * time.Hour}},
		}, namedUsers{}, clock)
		service := change.NewService(db, change.Options{
			Policy: judge, Planners: map[change.Kind]change.Planner{link.KindDisconnect: planner, link.KindExtend: planner}, Now: clock, NewID: newRequestID,
		})
		m := link.ManagedConnection{
			Local: elastic.Ref{Platform: "ece", Deployment: "d1"}, Alias: "a", MadeBy: "UALICE", Until: until,
			Record: change.StoredRecord{Request: "r1", At: now, Approval: &change.Approval{Request: "r1", Approvers: []string{"UGONE"}, Until: until}},
		}
		look := func() {
			t.Helper()
			var wg sync.WaitGroup
			for range 8 {
				endings := monitor.NewEndings(monitor.EndingOptions{Store: db, Planner: planner, Propose: service.Propose, Now: clock})
				wg.Go(func() {
					if _, err := endings.Ask(t.Context(), m, now); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		}
		open := func() []*change.Request {
			t.Helper()
			all, _, err := db.PendingFrom(t.Context(), 0, 100)
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		look()
		if got := open(); len(got) != 0 {
			t.Fatalf("%d are open before the end", len(got))
		}
		params, err := json.Marshal(link.ExtendParams{Local: m.Local, Alias: m.Alias})
		if err != nil {
			t.Fatal(err)
		}
		waiting, err := service.Propose(t.Context(), change.ProposeInput{Kind: link.KindExtend, Params: params, By: change.Actor{User: "UALICE"}})
		if err != nil || !waiting.Deadline.Equal(until) {
			t.Fatalf("%+v, %v", waiting, err)
		}
		now = until
		look()
		if got := open(); len(got) != 1 || got[0].ID != waiting.ID {
			t.Fatalf("%d are open", len(got))
		}
		if n, err := service.ExpireDue(t.Context(), 10); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		for range 3 {
			look()
		}
		asked := open()
		if len(asked) != 1 || asked[0].Proposal.Ending == nil {
			t.Fatalf("%+v", asked)
		}
		if err := db.Note(t.Context(), "endings", asked[0].Proposal.Subject(), ""); err != nil {
			t.Fatal(err)
		}
		look()
		if err := service.Stand(t.Context(), asked[0]); err != nil {
			t.Fatal(err)
		}
		if r, err := service.Get(t.Context(), asked[0].ID); err != nil || r.State != change.Approved || !r.UnderStanding() {
			t.Errorf("%+v, %v", r, err)
		}
	})
}
