package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// meddler lets something happen once, right before the first script that names a worker is sent.
type meddler struct {
	worker string
	meddle func()
}

func (m *meddler) DialHook(next redis.DialHook) redis.DialHook { return next }

func (m *meddler) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (m *meddler) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if meddle := m.meddle; meddle != nil && slices.Contains(cmd.Args(), any(m.worker)) {
			m.meddle = nil
			meddle()
		}
		return next(ctx, cmd)
	}
}

func TestAClaimIsOnTheRequestAsItIs(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	ctx, env := t.Context(), server.Env()
	quick := store.New(server.Client, store.Options{Env: env})
	create(t, quick, "a", server.Now())
	if err := quick.Move(ctx, approve("a")); err != nil {
		t.Fatal(err)
	}
	c, err := quick.Claim(ctx, "quick", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := quick.Release(ctx, c.Claim); err != nil {
		t.Fatal(err)
	}

	client := store.Dial(&redis.UniversalOptions{Addrs: []string{server.Addr}})
	defer func() { _ = client.Close() }()
	// Between the slow worker's look and its claim, the quick one takes the request, works on it, and falls silent.
	client.AddHook(&meddler{worker: "slow", meddle: func() {
		c, err := quick.Claim(ctx, "quick", time.Second)
		if err != nil {
			t.Errorf("the quick one claims: %v", err)
		}
		if err := quick.Record(ctx, c.Claim, change.StepRecord{Step: "one", State: change.StepBegun}, change.Entry{}); err != nil {
			t.Errorf("the quick one records: %v", err)
		}
		server.Pass(2 * time.Second)
	}})
	got, err := store.New(client, store.Options{Env: env}).Claim(ctx, "slow", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if !got.TakenOver || got.Claim.Epoch != 3 || got.Request.Version != 6 || got.Request.Record("one") == nil {
		t.Errorf("claimed %+v, taken over %t, version %d, journal %+v; want what the quick one left",
			got.Claim, got.TakenOver, got.Request.Version, got.Request.Journal)
	}
	if report, err := quick.VerifyAudit(ctx); err != nil || report.Bad != nil || report.Entries != 6 {
		t.Errorf("audit %+v, error %v", report, err)
	}
}
