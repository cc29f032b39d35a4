package store_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// The ways of docs/operations.md to back up and to restore, on a real server.

const kept = "kept"

// filled is a server over folder that holds a request and its audit.
func filled(t *testing.T, folder string) storetest.Server {
	t.Helper()
	server := storetest.Real(t, "--dir", folder, "--appendfsync", "always")
	create(t, store.New(server.Client, store.Options{Env: kept}), "k3vq7wma2d", server.Now())
	return server
}

// holds says whether the request and an unbroken audit are there.
func holds(t *testing.T, server storetest.Server) bool {
	t.Helper()
	s := store.New(server.Client, store.Options{Env: kept})
	got, err := s.Get(t.Context(), "k3vq7wma2d")
	if err != nil {
		return false
	}
	if want := changetest.Pending("k3vq7wma2d", got.Created); got.Proposal.Digest != want.Proposal.Digest {
		t.Errorf("the request has changed: %+v", got)
	}
	report, err := s.VerifyAudit(t.Context())
	if err != nil || report.Bad != nil || report.Entries != 1 {
		t.Errorf("the audit: %+v %v", report, err)
	}
	return true
}

func TestTheAOFIsABackup(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	server := filled(t, from)
	// Without a rewrite meanwhile the copy of a running server is whole.
	if err := server.Client.ConfigSet(t.Context(), "auto-aof-rewrite-percentage", "0").Err(); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(to, "appendonlydir"), os.DirFS(filepath.Join(from, "appendonlydir"))); err != nil {
		t.Fatal(err)
	}
	if !holds(t, storetest.Real(t, "--dir", to)) {
		t.Error("the request is gone")
	}
}

func TestAnRDBFileIsABackup(t *testing.T) {
	t.Parallel()
	from := t.TempDir()
	if err := filled(t, from).Client.Save(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	rdb, err := os.ReadFile(filepath.Join(from, "dump.rdb"))
	if err != nil {
		t.Fatal(err)
	}
	restored := func(t *testing.T, flags ...string) storetest.Server {
		t.Helper()
		to := t.TempDir()
		if err := os.WriteFile(filepath.Join(to, "dump.rdb"), rdb, 0o600); err != nil {
			t.Fatal(err)
		}
		return storetest.Real(t, append([]string{"--dir", to}, flags...)...)
	}
	t.Run("not under appendonly yes", func(t *testing.T) {
		if holds(t, restored(t)) {
			t.Error("it is read after all: the docs may say so")
		}
	})
	t.Run("under appendonly no, then switched on", func(t *testing.T) {
		server := restored(t, "--appendonly", "no")
		if !holds(t, server) {
			t.Fatal("the request is gone")
		}
		if err := server.Client.ConfigSet(t.Context(), "appendonly", "yes").Err(); err != nil {
			t.Fatal(err)
		}
		s := store.New(server.Client, store.Options{Env: kept})
		for written := false; !written; time.Sleep(20 * time.Millisecond) {
			info, err := server.Client.InfoMap(t.Context(), "persistence").Result()
			if err != nil {
				t.Fatal(err)
			}
			p := info["Persistence"]
			written = p["aof_rewrite_in_progress"] == "0" && p["aof_rewrite_scheduled"] == "0" && p["aof_last_bgrewrite_status"] == "ok"
		}
		if f := s.CheckServer(t.Context(), server.Now())[4]; f.Level == store.Bad {
			t.Errorf("%+v", f)
		}
		dir := server.Client.ConfigGet(t.Context(), "dir").Val()["dir"]
		server.Process.Kill(t)
		if !holds(t, storetest.Real(t, "--dir", dir)) { // as redis.conf has it
			t.Error("the request is gone after a restart")
		}
	})
}
