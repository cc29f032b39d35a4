package executortest

import (
	"context"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

func testWaitLimit(s suite) {
	s.finishes(s.waiting(200*time.Millisecond), "after its limit")
}

func testWaitQuiet(s suite) {
	s.put("a")
	s.claimFor("w1", time.Minute) // work that somebody has is none
	ctx, cancel := context.WithTimeout(s.Context(), time.Second)
	defer cancel()
	woke := 0
	for s.Waker.Wait(ctx, time.Minute) == nil && ctx.Err() == nil {
		if woke++; woke > 20 {
			s.Fatal("woken more than 20 times within a second, though there was no work")
		}
	}
}

func testWaitCancelled(s suite) {
	ctx, cancel := context.WithCancel(s.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Waker.Wait(ctx, time.Minute) }()
	s.Pass(20 * time.Millisecond)
	cancel()
	select {
	case err := <-ended:
		if err == nil {
			s.Error("a wait that was canceled says that there may be work")
		}
	case <-time.After(patience):
		s.Fatal("still waiting after its context ended")
	}
}

func testWaitReady(s suite) {
	s.put("a")
	s.finishes(s.waiting(time.Minute), "though there is work")
}

func testWaitApproval(s suite) {
	ended := s.waiting(time.Minute)
	s.put("a")
	s.finishes(ended, "after an approval")
	s.claim("w1")
}

func testWaitRetry(s suite) {
	s.stuck("a")
	ended := s.waiting(time.Minute)
	s.service("a", change.Retry)
	s.finishes(ended, "after a retry")
	s.claim("w1")
}

func testWaitRelease(s suite) {
	s.put("a")
	c := s.claimFor("w1", time.Minute)
	ended := s.waiting(time.Minute)
	if err := s.Queue.Release(s.Context(), c.Claim); err != nil {
		s.Fatal(err)
	}
	s.finishes(ended, "after a release")
	s.claim("w2")
}

func testWaitLease(s suite) {
	s.put("a")
	s.claim("w1")
	ended := s.waiting(time.Minute)
	s.Pass(lease + 100*time.Millisecond)
	s.finishes(ended, "after a lease's end")
	s.claim("w2")
}
