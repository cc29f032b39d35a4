package app

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/doctor"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// BenchmarkOlder compares a database with its checkpoint and with its shipped audit, as each start does, and verifies the
// audit, as people do after a restore, where the audit is short and where it is long.
func BenchmarkOlder(b *testing.B) {
	for _, entries := range []int{1000, 10_000} {
		server := storetest.Real(b, "--appendfsync", "no")
		s := server.Store()
		compare := audited(b, s, entries)
		b.Run(fmt.Sprintf("compare/entries=%d", entries), func(b *testing.B) {
			for b.Loop() {
				compare()
			}
		})
		b.Run(fmt.Sprintf("verify/entries=%d", entries), func(b *testing.B) {
			for b.Loop() {
				if report, err := s.VerifyAudit(b.Context()); err != nil || report.Bad != nil {
					b.Fatal(report, err)
				}
			}
		})
	}
}

// A start compares the database with what is known of it elsewhere: however long the audit is, by the same few commands.
func TestComparingADatabaseDoesNotGrow(t *testing.T) {
	t.Parallel()
	cost := func(entries int) (commands, bytes int64) {
		server := storetest.Mini(t)
		compare := audited(t, server.Store(), entries)
		traffic := &traffic{}
		server.Client.AddHook(traffic)
		compare()
		return traffic.commands.Load(), traffic.bytes.Load()
	}
	commands, bytes := cost(200)
	if c, n := cost(800); c > commands || n > bytes*11/10 {
		t.Errorf("%d commands and %d bytes for 800 entries, %d and %d for 200", c, n, commands, bytes)
	}
}

// audited makes an audit of so many entries, of which a few came after its checkpoint, and returns what compares both.
func audited(tb testing.TB, s *store.Store, entries int) (compare func()) {
	tb.Helper()
	ctx := tb.Context()
	if _, err := s.Create(ctx, changetest.Pending("a", time.Now()), "", change.Entry{}); err != nil {
		tb.Fatal(err)
	}
	var seen change.Checkpoint
	for version := range int64(entries - 1) {
		if err := s.Transition(ctx, change.Transition{ID: "a", Version: version + 1, From: change.Pending, To: change.Pending}); err != nil {
			tb.Fatal(err)
		}
		if version == int64(entries-10) {
			n, hash, err := s.AuditHead(ctx)
			if err != nil {
				tb.Fatal(err)
			}
			seen = change.Checkpoint{Entries: n, Hash: hash}
		}
	}
	lines, err := s.Audit(ctx, "", 1)
	if err != nil || len(lines) != 1 {
		tb.Fatal(lines, err)
	}
	return func() {
		tb.Helper()
		for _, f := range []doctor.Finding{
			doctor.OlderThanCheckpoint(ctx, s, func() (change.Checkpoint, bool, error) { return seen, true, nil }),
			doctor.OlderThanShipped(ctx, s, func(context.Context) (string, error) { return lines[0].ID, nil }),
		} {
			if f.Level != doctor.OK {
				tb.Fatalf("%+v", f)
			}
		}
	}
}
