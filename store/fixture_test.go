package store_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

var updateFixture = flag.Bool("update", false, "write the fixture of the present schema anew")

// value is a key of Redis as a fixture has it.
type value struct {
	Type string            `json:"type"`
	Text string            `json:"text,omitempty"`
	Hash map[string]string `json:"hash,omitempty"`
	Zset []redis.Z         `json:"zset,omitempty"`
	List []string          `json:"list,omitempty"`
	Log  []redis.XMessage  `json:"stream,omitempty"`
}

func readValue(ctx context.Context, c redis.UniversalClient, key string) (v value, err error) {
	if v.Type, err = c.Type(ctx, key).Result(); err != nil {
		return v, err
	}
	switch v.Type {
	case "string":
		v.Text, err = c.Get(ctx, key).Result()
	case "hash":
		v.Hash, err = c.HGetAll(ctx, key).Result()
	case "zset":
		v.Zset, err = c.ZRangeWithScores(ctx, key, 0, -1).Result()
	case "list":
		v.List, err = c.LRange(ctx, key, 0, -1).Result()
	case "stream":
		v.Log, err = c.XRange(ctx, key, "-", "+").Result()
	default:
		err = fmt.Errorf("%s is a %s, which no fixture knows", key, v.Type)
	}
	return v, err
}

func writeValue(ctx context.Context, c redis.UniversalClient, key string, v value) error {
	switch v.Type {
	case "string":
		return c.Set(ctx, key, v.Text, 0).Err()
	case "hash":
		return c.HSet(ctx, key, v.Hash).Err()
	case "zset":
		return c.ZAdd(ctx, key, v.Zset...).Err()
	case "list":
		return c.RPush(ctx, key, v.List).Err()
	}
	for _, m := range v.Log {
		if err := c.XAdd(ctx, &redis.XAddArgs{Stream: key, ID: m.ID, Values: m.Values}).Err(); err != nil {
			return err
		}
	}
	return nil
}

// leave does some of everything that the bot does, and returns what is in Redis then.
func leave(t *testing.T) map[string]value {
	t.Helper()
	server := storetest.Mini(t)
	s := store.New(server.Client, store.Options{Env: "fixture", Index: func(change.StoredRecord) change.RecordIndex {
		return change.RecordIndex{Queue: "q", Facets: []string{"facet"}}
	}})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"pending", "approved", "applied", "working"} {
		create(t, s, id, server.Now())
		server.Pass(time.Millisecond)
	}
	for _, id := range []string{"applied", "working"} {
		must(s.Transition(t.Context(), approve(id)))
		c, err := s.Claim(t.Context(), "worker-1", time.Second)
		must(err)
		must(s.BeginCall(t.Context(), c.Claim, 1, time.Second))
		must(s.Record(t.Context(), c.Claim, change.StepRecord{Step: "one", State: change.StepDone, Attempts: 1, Evidence: change.Evidence{"was": "1"}}, change.Entry{What: "step:one:done"}))
		if id == "applied" {
			must(s.Advance(t.Context(), c.Claim, change.Transition{
				Event: change.Succeed, From: change.Applying, To: change.Applied, Outcome: &change.Outcome{Ended: server.Now()},
				Records: []change.StoredRecord{{Key: "connection/a", Value: json.RawMessage(`{"v":1}`), Request: id, At: server.Now()}},
			}))
		}
	}
	must(s.Transition(t.Context(), approve("approved")))
	r, ok, err := s.ClaimNotification(t.Context(), "pending", "notifier", time.Second)
	must(err)
	if ok {
		must(s.NoteMessage(t.Context(), r.ID, "notifier", "card", change.Message{Channel: "C1", ID: "1.2"}))
	}
	_, err = s.Follow(t.Context(), "UALICE", "connection/a", "on", 10)
	must(err)
	_, err = s.HomeOpened(t.Context(), "UALICE")
	must(err)
	must(s.Note(t.Context(), "part", "key", "text"))
	all := map[string]value{}
	keys, err := server.Client.Keys(t.Context(), "*").Result()
	must(err)
	for _, key := range keys {
		if strings.Contains(key, ":call:") {
			continue // lives for a minute
		}
		all[key], err = readValue(t.Context(), server.Client, key)
		must(err)
	}
	return all
}

// What a version of the bot left in Redis is read by every later one: requests in each state with their journals and
// messages, records, the audit; and work that was begun goes on. `go test ./store -run TestWhatEarlier -update` writes
// the file of the present schema; once a version has been released, its file stays as it is.
func TestWhatEarlierVersionsLeftIsRead(t *testing.T) {
	t.Parallel()
	present := fmt.Sprintf("testdata/redis-schema-%d.json", change.Schema)
	if *updateFixture {
		text, err := json.MarshalIndent(leave(t), "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(present, append(text, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob("testdata/redis-schema-*.json")
	if err != nil || len(files) == 0 || files[len(files)-1] != present {
		t.Fatalf("fixtures %v: the newest should be %s (-update writes it), %v", files, present, err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) { t.Parallel(); readsFixture(t, name) })
	}
}

func readsFixture(t *testing.T, name string) {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]value
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	server := storetest.Mini(t)
	for key, v := range all {
		if err := writeValue(t.Context(), server.Client, key, v); err != nil {
			t.Fatal(key, err)
		}
	}
	server.Pass(2 * time.Second) // leases have ended
	s := store.New(server.Client, store.Options{Env: "fixture"})
	for id, want := range map[string]change.State{
		"pending": change.Pending, "approved": change.Approved, "applied": change.Applied, "working": change.Applying,
	} {
		r, err := s.Get(t.Context(), id)
		if err != nil || r.State != want || r.Proposal.Title != changetest.Pending(id, time.Now()).Proposal.Title || len(r.Proposal.Steps) != 2 {
			t.Errorf("%s: %+v, %v", id, r, err)
			continue
		}
		if want == change.Applied || want == change.Applying {
			if line := r.Record("one"); line == nil || line.State != change.StepDone || line.Evidence["was"] != "1" {
				t.Errorf("%s: journal %+v", id, r.Journal)
			}
		}
	}
	if r, err := s.Get(t.Context(), "pending"); err != nil || r.Messages["card"].ID != "1.2" {
		t.Errorf("messages: %v", err)
	}
	if got, err := s.Records(t.Context(), "connection/a"); err != nil || len(got) != 1 || got[0].Request != "applied" {
		t.Errorf("records %+v, %v", got, err)
	}
	if got, err := s.Follows(t.Context(), "UALICE"); err != nil || got["connection/a"] != "on" {
		t.Errorf("follows %v, %v", got, err)
	}
	if report, err := s.VerifyAudit(t.Context()); err != nil || report.Bad != nil || report.Entries == 0 {
		t.Errorf("audit %+v, %v", report, err)
	}
	if c, err := s.TakeOver(t.Context(), "next", time.Second); err != nil || c.Claim.ID != "working" || !c.TakenOver {
		t.Errorf("took over %+v, %v", c.Claim, err)
	}
	if got, err := s.Recent(t.Context(), 10); err != nil || len(got) != 4 {
		t.Errorf("%d in the history, %v", len(got), err)
	}
	if err := s.Transition(t.Context(), change.Transition{ID: "pending", Version: 1, Event: change.Approve, From: change.Pending, To: change.Approved}); err != nil {
		t.Errorf("it can't be approved: %v", err)
	}
}
