package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor/executortest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// slot is where Redis Cluster puts a key: CRC16 (XMODEM) over what stands between the first braces, modulo 16384.
// Source: the Redis Cluster specification.
func slot(key string) int {
	if _, rest, ok := strings.Cut(key, "{"); ok {
		if tag, _, ok := strings.Cut(rest, "}"); ok && tag != "" {
			key = tag
		}
	}
	crc := uint16(0)
	for _, b := range []byte(key) {
		crc ^= uint16(b) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return int(crc % 16384)
}

// spy notes every key that a command names.
type spy struct {
	mu   sync.Mutex
	keys map[string]bool
	odd  []string // commands whose keys it can't tell
}

func (s *spy) DialHook(next redis.DialHook) redis.DialHook { return next }

func (s *spy) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		s.note(cmd)
		return next(ctx, cmd)
	}
}

func (s *spy) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			s.note(cmd)
		}
		return next(ctx, cmds)
	}
}

func (s *spy) note(cmd redis.Cmder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	args := cmd.Args()
	switch cmd.Name() {
	case "hello", "client", "time", "multi", "exec", "ping", "info", "config", "command":
	case "evalsha", "eval":
		n, ok := args[2].(int)
		if !ok {
			s.odd = append(s.odd, cmd.Name())
			return
		}
		for _, key := range args[3 : 3+n] {
			s.keys[fmt.Sprint(key)] = true
		}
	case "keys", "scan":
		s.odd = append(s.odd, cmd.Name())
	default:
		s.keys[fmt.Sprint(args[1])] = true
	}
}

func TestAllKeysLieInOneSlot(t *testing.T) {
	t.Parallel()
	if got := slot("123456789"); got != 0x31c3 { // the check value of the specification
		t.Fatalf("the slot of 123456789 is %x", got)
	}
	server := storetest.Mini(t)
	s := &spy{keys: map[string]bool{}}
	server.Client.AddHook(s)
	changetest.RunStore(t, func(*testing.T) changetest.Fixture {
		return changetest.Fixture{
			Store: store.New(server.Client, store.Options{Env: server.Env()}), Now: server.Now, Pass: server.Pass,
		}
	})
	if len(s.odd) > 0 {
		t.Errorf("commands that have no place here: %v", s.odd)
	}
	if len(s.keys) < 100 {
		t.Errorf("only %d keys were seen", len(s.keys))
	}
	slots := map[string]int{}
	for key := range s.keys {
		prefix, _, ok := strings.Cut(key, "}:")
		if !ok || !strings.HasPrefix(prefix, "rcb:{test") {
			t.Errorf("key %q has not the prefix of its environment", key)
		}
		if was, ok := slots[prefix]; ok && was != slot(key) {
			t.Errorf("key %q lies in slot %d, others of its environment in %d", key, slot(key), was)
		}
		slots[prefix] = slot(key)
	}
	// What lies on the server was named by a command: no script makes a key up.
	for _, key := range server.Mini.Keys() {
		if !s.keys[key] {
			t.Errorf("key %q was made up inside a script", key)
		}
	}
}

// Three servers share the slots: what one environment keeps is with one of them, whichever the client asked first.
func TestOnACluster(t *testing.T) {
	t.Parallel()
	nodes := storetest.Cluster(t)
	client := store.Dial(&redis.UniversalOptions{Addrs: []string{nodes[0].Addr}, IsClusterMode: true}, storetest.Timeout)
	t.Cleanup(func() { _ = client.Close() })
	t.Run("store", func(t *testing.T) {
		changetest.RunStore(t, func(*testing.T) changetest.Fixture {
			return changetest.Fixture{Store: store.New(client, store.Options{Env: nodes[0].Env()}), Now: nodes[0].Now}
		})
	})
	t.Run("queue", func(t *testing.T) {
		executortest.RunQueue(t, func(t *testing.T) executortest.Fixture {
			t.Helper()
			t.Parallel()
			return queueFixture(client, nodes[0])
		})
	})
	for _, n := range nodes { // else it was no test of a cluster
		if size, err := n.Client.DBSize(t.Context()).Result(); err != nil || size == 0 {
			t.Errorf("%s holds %d keys (%v)", n.Addr, size, err)
		}
	}
}

func TestFinalRequestsAreLetGo(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	ctx, env := t.Context(), server.Env()
	s := store.New(server.Client, store.Options{Env: env})
	create(t, s, "open", server.Now())
	create(t, s, "done", server.Now())
	if err := s.Transition(ctx, approve("done")); err != nil {
		t.Fatal(err)
	}
	c, err := s.Claim(ctx, "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Record(ctx, c.Claim, change.StepRecord{Step: "one"}, change.Entry{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Advance(ctx, c.Claim, change.Transition{Event: change.Succeed, From: change.Applying, To: change.Applied}); err != nil {
		t.Fatal(err)
	}

	const day = 24 * time.Hour
	trim := func(want int) {
		t.Helper()
		if n, err := s.Trim(ctx); err != nil || n != want {
			t.Errorf("trimmed %d, error %v; want %d", n, err, want)
		}
	}
	server.Pass(89 * day)
	trim(0)
	if r, err := s.Get(ctx, "done"); err != nil || len(r.Journal) != 1 {
		t.Errorf("after 89 days: %+v, error %v", r, err)
	}
	server.Pass(2 * day)
	if rs, err := s.Recent(ctx, 10); err != nil || len(rs) != 1 || rs[0].ID != "open" {
		t.Errorf("listed before trimming: %v, error %v", rs, err)
	}
	trim(1)
	trim(0)
	for _, key := range server.Mini.Keys() {
		if strings.Contains(key, "done") {
			t.Errorf("key %q is left", key)
		}
	}
	want := []string{"open"}
	for _, list := range []string{"unannounced", "mine:UALICE"} {
		got, err := server.Client.ZRange(ctx, "rcb:{"+env+"}:"+list, 0, -1).Result()
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s, error %v (-want +got):\n%s", list, err, diff)
		}
	}
	if r, err := s.Get(ctx, "open"); err != nil || r.ID != "open" {
		t.Errorf("a request that is not final was let go: %v", err)
	}
}

// However many stay in front, what is due behind them goes, and a batch costs the same few commands.
func TestTrimGoesAroundWhatStays(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	s := server.Store()
	const staying, due = 250, 450
	for n := range staying + due {
		id := fmt.Sprintf("r%03d", n)
		create(t, s, id, server.Now())
		server.Pass(time.Millisecond)
		if n < staying {
			continue
		}
		m := change.Transition{ID: id, Version: 1, Event: change.Reject, From: change.Pending, To: change.Rejected}
		if err := s.Transition(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	server.Pass(91 * 24 * time.Hour)
	spy := &counter{}
	server.Client.AddHook(spy)
	if n, err := s.Trim(t.Context()); err != nil || n != due {
		t.Errorf("trimmed %d, error %v; want %d", n, err, due)
	}
	// The time, five looks (200, 200, 200, 100 and none), two pipelines for each but the last, and what a connection says
	// when it is new.
	if got := spy.calls.Load(); got > 1+5+2*4+4 {
		t.Errorf("%d calls of Redis", got)
	}
	if n, err := s.Trim(t.Context()); err != nil || n != 0 {
		t.Errorf("trimmed %d once more, error %v", n, err)
	}
}

// counter counts calls of Redis: a pipeline is one.
type counter struct{ calls atomic.Int64 }

func (c *counter) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *counter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.calls.Add(1)
		return next(ctx, cmd)
	}
}

func (c *counter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		c.calls.Add(1)
		return next(ctx, cmds)
	}
}
