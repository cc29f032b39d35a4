package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// line is an audit entry as it lies in the stream.
type line struct{ text, hash string }

func TestTamperingWithTheAuditShows(t *testing.T) {
	t.Parallel()
	forge := func(prev line, text string) line { return line{text, change.ChainHash(prev.hash, text)} }
	for _, c := range []struct {
		name   string
		tamper func([]line) []line
		bad    int64 // position of the first bad entry; 0: none
	}{
		{"untouched", func(l []line) []line { return l }, 0},
		{"first edited", func(l []line) []line { l[0].text = "{}"; return l }, 1},
		{"edited", func(l []line) []line { l[3].text += " "; return l }, 4},
		{"edited with a new hash", func(l []line) []line { l[3] = forge(l[2], "{}"); return l }, 5},
		{"a hash edited", func(l []line) []line { l[3].hash = l[2].hash; return l }, 4},
		{"first removed", func(l []line) []line { return l[1:] }, 1},
		{"removed", func(l []line) []line { return append(l[:3], l[4:]...) }, 4},
		{"the end removed", func(l []line) []line { return l[:len(l)-2] }, 9},
		{"everything removed", func([]line) []line { return nil }, 1},
		{"reordered", func(l []line) []line { l[3], l[4] = l[4], l[3]; return l }, 4},
		{"put in", func(l []line) []line {
			return append(l[:3], append([]line{forge(l[2], "{}")}, l[3:]...)...)
		}, 5},
		{"a copy put in", func(l []line) []line { return append(l[:3], l[2:]...) }, 4},
		{"put in at the end", func(l []line) []line { return append(l, forge(l[len(l)-1], "{}")) }, 11},
		{"last written anew", func(l []line) []line { l[9] = forge(l[8], "{}"); return l }, 10},
		{"all written anew", func(l []line) []line {
			prev := line{hash: change.GenesisHash}
			for i := range l {
				l[i] = forge(prev, fmt.Sprint(i))
				prev = l[i]
			}
			return l
		}, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := storetest.Mini(t)
			s := store.New(server.Client, store.Options{Env: "test"})
			for n := range 5 {
				id := fmt.Sprint("r", n)
				create(t, s, id, server.Now())
				if err := s.Transition(t.Context(), approve(id)); err != nil {
					t.Fatal(err)
				}
			}
			rewrite(t, server.Client, c.tamper)
			got, err := s.VerifyAudit(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case c.bad == 0 && got.Bad != nil:
				t.Errorf("bad: %+v", got.Bad)
			case c.bad != 0 && (got.Bad == nil || got.Bad.Position != c.bad):
				t.Errorf("the first bad entry is %+v, want number %d", got.Bad, c.bad)
			case c.bad != 0 && got.Entries != c.bad-1:
				t.Errorf("%d entries hold, want those before number %d", got.Entries, c.bad)
			}
		})
	}
}

// rewrite does to the stream what somebody with the password could do.
func rewrite(t *testing.T, client redis.UniversalClient, tamper func([]line) []line) {
	t.Helper()
	const stream = "rcb:{test}:audit"
	entries, err := client.XRange(t.Context(), stream, "-", "+").Result()
	if err != nil {
		t.Fatal(err)
	}
	var lines []line
	for _, e := range entries {
		lines = append(lines, line{fmt.Sprint(e.Values["entry"]), fmt.Sprint(e.Values["hash"])})
	}
	if err := client.Del(t.Context(), stream).Err(); err != nil {
		t.Fatal(err)
	}
	for _, l := range tamper(lines) {
		args := &redis.XAddArgs{Stream: stream, Values: []any{"entry", l.text, "hash", l.hash}}
		if err := client.XAdd(t.Context(), args).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReplicasShareOneChain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		const replicas, writers, each = 3, 2, 10
		env := server.Env()
		var wg sync.WaitGroup
		for r := range replicas {
			s := store.New(server.Client, store.Options{Env: env})
			for w := range writers {
				wg.Go(func() {
					for n := range each {
						id := fmt.Sprintf("r%d-%d-%d", r, w, n)
						if _, err := s.Create(t.Context(), changetest.Pending(id, time.Now()), "", change.Entry{}); err != nil {
							t.Errorf("creating: %v", err)
						}
					}
				})
			}
		}
		wg.Wait()
		report, err := store.New(server.Client, store.Options{Env: env}).VerifyAudit(t.Context())
		if err != nil || report.Bad != nil || report.Entries != replicas*writers*each {
			t.Errorf("audit %+v, error %v", report, err)
		}
	})
}

func TestVerifyingWhileOthersWrite(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	s := server.Store()
	create(t, s, "a", server.Now())
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for v := int64(1); ; v++ {
			select {
			case <-stop:
				return
			default:
			}
			if err := s.Transition(t.Context(), change.Transition{ID: "a", Version: v, From: change.Pending, To: change.Pending}); err != nil {
				t.Errorf("moving: %v", err)
				return
			}
		}
	})
	for range 20 {
		if report, err := s.VerifyAudit(t.Context()); err != nil || report.Bad != nil {
			t.Errorf("audit %+v, error %v", report.Bad, err)
		}
	}
	close(stop)
	wg.Wait()
}
