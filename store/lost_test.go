package store_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// loser loses the answer to the next script: the server has run it, and the client can't know.
type loser struct {
	mu    sync.Mutex
	armed bool
	lost  int
	then  func() // what happens before the client hears that the connection broke
}

func (l *loser) arm(then func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.armed, l.then = true, then
}

func (l *loser) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	return &losingConn{Conn: conn, loser: l}, err
}

type losingConn struct {
	net.Conn
	loser *loser
	doom  bool
	dead  bool
}

func (c *losingConn) Write(p []byte) (int, error) {
	c.loser.mu.Lock()
	if c.loser.armed && bytes.Contains(p, []byte("evalsha")) && bytes.Contains(p, []byte(":call:")) {
		c.loser.armed, c.doom = false, true
	}
	c.loser.mu.Unlock()
	return c.Conn.Write(p)
}

func (c *losingConn) Read(p []byte) (int, error) {
	if c.dead {
		return 0, io.EOF
	}
	n, err := c.Conn.Read(p)
	if !c.doom {
		return n, err
	}
	c.dead = true
	c.loser.mu.Lock()
	c.loser.lost++
	then := c.loser.then
	c.loser.mu.Unlock()
	if then != nil {
		then()
	}
	return 0, io.EOF
}

func TestALostAnswerIsNotMistaken(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		var l loser
		client := store.Dial(&redis.UniversalOptions{Addrs: []string{server.Addr}, Dialer: l.dial}, storetest.Timeout)
		defer func() { _ = client.Close() }()
		env := server.Env()
		s, other := store.New(client, store.Options{Env: env}), store.New(server.Client, store.Options{Env: env})
		ctx := t.Context()

		lost := 0
		losing := func(what string, call func() error) {
			t.Helper()
			l.arm(nil)
			if err := call(); err != nil {
				t.Fatalf("%s, its answer lost: %v", what, err)
			}
			if lost++; l.lost != lost {
				t.Fatalf("%s: %d answers were lost, want %d", what, l.lost, lost)
			}
		}
		// So that the scripts are known, and it is not the one in full whose answer is lost.
		warm := changetest.Pending("warm", server.Now())
		if _, err := s.Create(ctx, warm, "", change.Entry{}); err != nil {
			t.Fatal(err)
		}
		r := changetest.Pending("a", server.Now())
		losing("create", func() error {
			id, err := s.Create(ctx, r, "", change.Entry{})
			if id != "a" {
				t.Errorf("made %q", id)
			}
			return err
		})
		if err := s.Transition(ctx, change.Transition{ID: "warm", Version: 1, From: change.Pending, To: change.Pending}); err != nil {
			t.Fatal(err)
		}
		losing("move", func() error {
			return s.Transition(ctx, change.Transition{ID: "a", Version: 1, Event: change.Approve, From: change.Pending, To: change.Approved})
		})
		claimed, err := s.Claim(ctx, "w1", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Record(ctx, claimed.Claim, change.StepRecord{Step: "one"}, change.Entry{}); err != nil {
			t.Fatal(err)
		}
		losing("record", func() error {
			return s.Record(ctx, claimed.Claim, change.StepRecord{Step: "two"}, change.Entry{})
		})
		if err := s.Release(ctx, claimed.Claim); err != nil {
			t.Fatal(err)
		}
		losing("claim", func() error {
			claimed, err = s.Claim(ctx, "w1", time.Minute)
			return err
		})
		losing("release", func() error { return s.Release(ctx, claimed.Claim) })
		if claimed, err = s.Claim(ctx, "w1", time.Minute); err != nil || claimed.TakenOver {
			t.Fatalf("claiming what was given back: taken over %t, error %v", claimed.TakenOver, err)
		}
		losing("advance", func() error {
			return s.Advance(ctx, claimed.Claim, change.Transition{Event: change.Succeed, From: change.Applying, To: change.Applied})
		})
		if got, err := s.Get(ctx, "a"); err != nil || got.State != change.Applied || got.Version != 8 {
			t.Errorf("the request is %+v, error %v; want %s at version 8: each call once", got, err, change.Applied)
		}

		// Somebody else moves the request before the client asks again.
		l.arm(func() {
			err := other.Transition(ctx, change.Transition{ID: "warm", Version: 3, Event: change.Reject, From: change.Pending, To: change.Rejected})
			if err != nil {
				t.Errorf("the other's move: %v", err)
			}
		})
		if err := s.Transition(ctx, change.Transition{ID: "warm", Version: 2, From: change.Pending, To: change.Pending}); err != nil {
			t.Errorf("a move that was made, its answer lost and the request moved on: %v", err)
		}
		if report, err := s.VerifyAudit(ctx); err != nil || report.Bad != nil || report.Entries != 8+4 {
			t.Errorf("audit %+v, error %v; want 12 entries", report, err)
		}
	})
}
