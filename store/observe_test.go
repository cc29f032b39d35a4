package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// TestCommandsAreToldByName: anyone who reads "evalsha" in a trace knows nothing. That a script has to be sent in full is
// no failure, nor is that there is nothing.
func TestCommandsAreToldByName(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	var mu sync.Mutex
	var told []string
	var failed error
	store.Observe(server.Client, func(_ context.Context, command string) func(error) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, command)
		return func(err error) {
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, err)
		}
	})
	s := server.Store()
	create(t, s, "a", time.Now())
	if err := s.Transition(t.Context(), approve("a")); err != nil {
		t.Fatal(err)
	}
	c, err := s.Claim(t.Context(), "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Extend(t.Context(), c.Claim, time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := s.Record(t.Context(), c.Claim, change.StepRecord{Step: "one", State: change.StepBegun}, change.Entry{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Release(t.Context(), c.Claim); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Submitted(t.Context(), "nobody's"); err != nil {
		t.Fatal(err)
	}
	if failed != nil {
		t.Errorf("failures were told: %v", failed)
	}
	for _, want := range []string{"request_create", "request_transition", "request_claim", "lease_extend", "journal_record", "request_release", "get"} {
		if !slices.Contains(told, want) {
			t.Errorf("%s was not told, only %q", want, told)
		}
	}
	if slices.Contains(told, "") || strings.Contains(strings.Join(told, " "), "eval") {
		t.Errorf("some have no name: %q", told)
	}
}
