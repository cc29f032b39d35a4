package store_test

import (
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// An approved request whose window has yet to open does not wait for a worker: an alert rests on that.
func TestWhatWaitsForItsWindowIsNotReady(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		s := server.Store()
		opens := server.Now().Add(time.Second)
		for _, id := range []string{"asks", "early", "ready"} {
			r := changetest.Pending(id, server.Now())
			r.Proposal.Target, r.Deadline = []string{id}, server.Now().Add(time.Hour)
			if _, err := s.Create(t.Context(), r, "", change.Entry{}); err != nil {
				t.Fatal(err)
			}
			if id == "asks" {
				continue
			}
			m := approve(id)
			if id == "early" {
				m.NotBefore = opens
			}
			if err := s.Transition(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		deep(t, s, store.Depths{Pending: 1, Early: 1, Ready: 1, Unannounced: 3})
		server.Pass(1100 * time.Millisecond)
		deep(t, s, store.Depths{Pending: 1, Ready: 2, Unannounced: 3})
		if _, err := s.Claim(t.Context(), "w", time.Minute); err != nil {
			t.Fatal(err)
		}
		deep(t, s, store.Depths{Pending: 1, Ready: 1, InHand: 1, Unannounced: 3})
	})
}

func deep(t *testing.T, s *store.Store, want store.Depths) {
	t.Helper()
	got, err := s.Depths(t.Context())
	if err != nil || got != want {
		t.Errorf("depths are %+v (%v), want %+v", got, err, want)
	}
}
