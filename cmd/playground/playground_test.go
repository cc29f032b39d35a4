package main

import (
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/playground"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
)

// TestWorldOfThePlaygroundHasAPast: what people connected by hand stands, rests on a trust that the platforms know of,
// and is all on security-siem, so that logs-prod is left to who plays.
func TestWorldOfThePlaygroundHasAPast(t *testing.T) {
	t.Parallel()
	s, err := stage.New(t.Context(), sim.Options{Now: time.Now}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := inherit(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	siem := s.Deployment("security-siem").Cluster()
	standing := func() (byKey, byCertificate []string) {
		for alias, c := range siem.State().Connected {
			switch {
			case c.Connected && c.KeyModel:
				byKey = append(byKey, alias)
			case c.Connected:
				byCertificate = append(byCertificate, alias)
			}
		}
		return byKey, byCertificate
	}
	var byKey, byCertificate []string
	for until := time.Now().Add(5 * time.Second); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		if byKey, byCertificate = standing(); len(byKey) == 1 && len(byCertificate) == 2 {
			break
		}
	}
	if len(byKey) != 1 || len(byCertificate) != 2 {
		t.Fatalf("by key %v, by certificate %v: %+v", byKey, byCertificate, siem.State().Connected)
	}
	if hits, err := s.Search(t.Context(), "security-siem", "metrics:metrics-*,archive-logs:logs-*"); err != nil || len(hits) == 0 {
		t.Error(hits, err)
	}
	if links := s.Deployment("logs-prod").Cluster().State().Connected; len(links) > 0 {
		t.Error("logs-prod is connected already: ", links)
	}
}

func TestATakenPortNamesItselfAndTheFlag(t *testing.T) {
	t.Parallel()
	taken, err := playground.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	addr := taken.Addr().String()
	err = runPlayground(t.Context(), io.Discard, slog.New(slog.DiscardHandler), io.Discard, pageOptions{addr: addr})
	want := addr + " is taken: name another with --addr, or take a free one with --addr 127.0.0.1:0"
	if err == nil || err.Error() != want {
		t.Errorf("it says %v, want %s", err, want)
	}
}

func TestDemoRefusesWhatItCanNotUse(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"--ui --approvals 5":              "1 or 2",
		"--ui --approvals 0":              "1 or 2",
		"--transcript --addr 127.0.0.1:1": "--addr is about the page",
		"--transcript --approvals 2":      "--approvals is about the page",
		"--transcript --open=false":       "--open is about the page",
	} {
		cmd := root()
		cmd.SetArgs(strings.Fields(args))
		cmd.SetOut(io.Discard)
		if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
}
