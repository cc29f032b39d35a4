package main

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// ledger takes lines, as a data stream would: each id once.
type ledger struct {
	seen  map[string]int
	order []string
	fail  error
}

func (l *ledger) Ship(_ context.Context, lines []change.AuditLine) error {
	for _, line := range lines {
		if l.seen[line.Hash]++; l.seen[line.Hash] == 1 {
			l.order = append(l.order, line.Hash)
		}
	}
	return l.fail // the answer may be lost although all were taken
}

func TestShippingGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	s := server.Store()
	ask := func(id string) {
		t.Helper()
		if _, err := s.Create(t.Context(), changetest.Pending(id, time.Now()), "", change.Entry{What: "create"}); err != nil {
			t.Fatal(err)
		}
	}
	to := &ledger{seen: map[string]int{}}
	ship := func() error {
		return (&shipping{store: s, to: to, within: time.Second, log: slog.New(slog.DiscardHandler)}).catchUp(t.Context())
	}
	ask("a")
	ask("b")
	to.fail = errors.New("the answer was lost")
	if err := ship(); err == nil {
		t.Error("a failure was taken for success")
	}
	to.fail = nil
	if err := ship(); err != nil {
		t.Fatal(err)
	}
	ask("c")
	for range 2 {
		if err := ship(); err != nil {
			t.Fatal(err)
		}
	}
	page, err := s.Audit(t.Context(), "", 10)
	if err != nil || len(page) != 3 || len(to.order) != 3 {
		t.Fatalf("%d of %d entries were shipped (%v)", len(to.order), len(page), err)
	}
	for i, l := range page {
		if to.order[i] != l.Hash {
			t.Errorf("entry %d is another one", i)
		}
	}
	if to.seen[page[2].Hash] != 1 {
		t.Errorf("the last entry was shipped %d times: the cursor does not move", to.seen[page[2].Hash])
	}
}
