package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

func memory(t *testing.T, server storetest.Server, limit string) {
	t.Helper()
	if err := server.Client.ConfigSet(t.Context(), "maxmemory", limit).Err(); err != nil {
		t.Fatal(err)
	}
}

func TestAFullMemoryChangesNothing(t *testing.T) {
	t.Parallel()
	server := storetest.Real(t)
	s, ctx := server.Store(), t.Context()
	create(t, s, "a", server.Now())
	if _, ok, err := s.ClaimNotification(ctx, "a", "t", time.Minute); !ok || err != nil {
		t.Fatalf("telling: %v %v", ok, err)
	}
	before, err := s.Get(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Client.ConfigSet(ctx, "maxmemory", "1mb").Err(); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"create":  second(s.Create(ctx, changetest.Pending("b", server.Now()), "sub", change.Entry{})),
		"approve": s.Transition(ctx, approve("a")),
		"reject":  s.Transition(ctx, change.Transition{ID: "a", Version: 1, Event: change.Reject, From: change.Pending, To: change.Rejected}),
		"message": s.NoteMessage(ctx, "a", "t", "card", change.Message{}),
	} {
		if !errors.Is(err, change.ErrFull) {
			t.Errorf("%s: error %v, want %v", what, err, change.ErrFull)
		}
	}
	after, err := s.Get(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("a refused write changed the request (-before +after):\n%s", diff)
	}
	if err := server.Client.ConfigSet(ctx, "maxmemory", "0").Err(); err != nil {
		t.Fatal(err)
	}
	if id, ok, err := s.Holder(ctx, after.Proposal.Subject()); id != "a" || !ok || err != nil {
		t.Errorf("the target is held by %q (%t), error %v", id, ok, err)
	}
	if err := s.Transition(ctx, approve("a")); err != nil {
		t.Errorf("once there is memory again: %v", err)
	}
	if report, err := s.VerifyAudit(ctx); err != nil || report.Bad != nil || report.Entries != 2 {
		t.Errorf("audit %+v, error %v", report, err)
	}
}

// A worker meets the end of the memory between any two of its writes: what was refused changed nothing, and once there
// is memory again the same write goes through.
func TestAWorkerOutlastsAFullMemory(t *testing.T) {
	t.Parallel()
	server := storetest.Real(t)
	s, ctx := server.Store(), t.Context()
	create(t, s, "a", server.Now())
	if err := s.Transition(ctx, approve("a")); err != nil {
		t.Fatal(err)
	}
	var c change.Claim
	for _, write := range []struct {
		name string
		do   func() error
	}{
		{"claim", func() error {
			claimed, err := s.Claim(ctx, "w", time.Minute)
			c = claimed.Claim
			return err
		}},
		{"extend", func() error { return s.Extend(ctx, c, time.Minute) }},
		{"record", func() error { return s.Record(ctx, c, change.StepRecord{Step: "one"}, change.Entry{}) }},
		{"release", func() error { return s.Release(ctx, c) }},
		{"claim again", func() error {
			claimed, err := s.Claim(ctx, "w2", time.Minute)
			c = claimed.Claim
			if claimed.TakenOver {
				t.Error("what was released counts as taken over")
			}
			return err
		}},
		{"tell", func() error {
			_, ok, err := s.ClaimNotification(ctx, "a", "notifier", time.Minute)
			if err == nil && !ok {
				err = errors.New("somebody else tells")
			}
			return err
		}},
		{"announce", func() error { return s.Announced(ctx, "a", 3, "notifier") }},
		{"advance", func() error {
			return s.Advance(ctx, c, change.Transition{
				Event: change.Succeed, From: change.Applying, To: change.Applied,
				Records: []change.StoredRecord{{Key: "k"}},
			})
		}},
	} {
		before := stored(t, server)
		memory(t, server, "1mb")
		if err := write.do(); !errors.Is(err, change.ErrFull) {
			t.Errorf("%s: error %v, want %v", write.name, err, change.ErrFull)
		}
		if diff := cmp.Diff(before, stored(t, server)); diff != "" {
			t.Errorf("%s: what was refused changed something (-before +after):\n%s", write.name, diff)
		}
		memory(t, server, "0")
		if err := write.do(); err != nil {
			t.Fatalf("%s, once there is memory again: %v", write.name, err)
		}
	}
	if r, err := s.Get(ctx, "a"); err != nil || r.State != change.Applied {
		t.Errorf("%+v, error %v", r, err)
	}
	if report, err := s.VerifyAudit(ctx); err != nil || report.Bad != nil || report.Entries != 6 {
		t.Errorf("audit %+v, error %v; want 6 entries", report, err)
	}
}

// stored is all that the server holds.
func stored(t *testing.T, server storetest.Server) map[string]any {
	t.Helper()
	ctx, client := t.Context(), server.Client
	keys, err := client.Keys(ctx, "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{}
	for _, key := range keys {
		switch kind := client.Type(ctx, key).Val(); kind {
		case "string":
			all[key], err = client.Get(ctx, key).Result()
		case "hash":
			all[key], err = client.HGetAll(ctx, key).Result()
		case "zset":
			all[key], err = client.ZRangeWithScores(ctx, key, 0, -1).Result()
		case "list":
			all[key], err = client.LRange(ctx, key, 0, -1).Result()
		case "stream":
			all[key], err = client.XRange(ctx, key, "-", "+").Result()
		default:
			t.Fatalf("%s is a %s", key, kind)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}
