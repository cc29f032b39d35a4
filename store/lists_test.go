package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// Anyone who looks at a part each time sees every request that waits, however many expire before it.
func TestEveryPendingRequestHasItsTurn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		s := server.Store()
		var want []string
		for i := range 7 {
			r := changetest.Pending(fmt.Sprintf("r%d", i), server.Now())
			r.Proposal.Target, r.Deadline = []string{r.ID}, server.Now().Add(time.Duration(i+1)*time.Hour)
			if _, err := s.Create(t.Context(), r, "", change.Entry{}); err != nil {
				t.Fatal(err)
			}
			if i == 1 { // waits for a worker
				m := approve(r.ID)
				if err := s.Transition(t.Context(), m); err != nil {
					t.Fatal(err)
				}
				continue
			}
			want = append(want, r.ID)
		}
		var got []string
		for from, turn := int64(0), 0; turn < 3; turn++ {
			part, next, err := s.PendingFrom(t.Context(), from, 3)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range part {
				got = append(got, r.ID)
			}
			if from = next; (next == 0) != (turn == 2) {
				t.Errorf("turn %d goes on at %d", turn, next)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("seen %v, want %v", got, want)
		}
	})
}
