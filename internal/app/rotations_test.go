package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
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

// everyPlan plans any rotation.
type everyPlan struct{}

func (everyPlan) Plan(_ context.Context, _ string, params json.RawMessage) (change.Proposal, error) {
	var p link.RotateParams
	if err := json.Unmarshal(params, &p); err != nil {
		return change.Proposal{}, err
	}
	return change.Proposal{Kind: link.KindRotate, Target: []string{link.Target(p.Local, p.Alias)}, Params: params, Digest: "d"}, nil
}

// namedUsers are the people whom a policy names.
type namedUsers struct{}

func (namedUsers) Members(_ context.Context, g policy.Group) ([]string, error) { return g.Users, nil }

// Replicas that look at the same connections at the same time, again and again, and one that has forgotten what it noted, ask
// for each rotation once; and for one at a time of each local cluster.
func TestReplicasAskForARotationOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		t.Parallel()
		db := server.Store()
		rules := policy.Rules{
			Groups: []policy.Group{{Name: "owners", Users: []string{"UBOB"}}},
			Rules:  []policy.Rule{{Name: "all", Sides: []policy.Side{{Group: "owners", Count: 1}}, Wait: time.Hour, RotateBefore: 14 * 24 * time.Hour}},
		}
		judge := policy.New(rules, namedUsers{}, time.Now)
		service := change.NewService(db, change.Options{
			Policy: judge, Planners: map[change.Kind]change.Planner{link.KindRotate: everyPlan{}}, Now: time.Now, NewID: newRequestID,
		})
		var connections []link.ManagedConnection
		for _, alias := range []string{"a", "b"} {
			connections = append(connections, link.ManagedConnection{
				Local: elastic.Ref{Platform: "ece", Deployment: "d1"}, Alias: alias, KeyName: "k", KeyDays: 90, MadeBy: "UALICE",
				Record: change.StoredRecord{Request: "r1"},
			})
		}
		ends := time.Now().Add(8 * 24 * time.Hour)
		look := func() {
			var wg sync.WaitGroup
			for replica := range 8 {
				rotations := monitor.NewRotations(monitor.RotationOptions{
					Store: db, Policy: judge, Planner: everyPlan{}, Propose: service.Propose, Owner: fmt.Sprint("replica", replica), Now: time.Now,
				})
				for _, c := range connections {
					wg.Go(func() {
						if err := rotations.Ask(t.Context(), c, ends); err != nil {
							t.Error(err)
						}
					})
				}
			}
			wg.Wait()
		}
		open := func() []*change.Request {
			all, _, err := db.PendingFrom(t.Context(), 0, 100)
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		for range 3 {
			look()
		}
		asked := open()
		if len(asked) != 1 {
			t.Fatalf("%d rotations of one local cluster are open", len(asked))
		}
		key := asked[0].Proposal.Subject()
		if err := db.Note(t.Context(), "rotations", key, ""); err != nil {
			t.Fatal(err)
		}
		connections = slices.DeleteFunc(connections, func(c link.ManagedConnection) bool { return link.Target(c.Local, c.Alias) != key })
		look()
		if again := open(); len(again) != 1 || again[0].ID != asked[0].ID {
			t.Errorf("what was forgotten is asked for again: %d are open", len(again))
		}
	})
}
