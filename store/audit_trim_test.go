package store_test

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// aged is a store with eight entries, five of which are older than the time returned.
func aged(t *testing.T, server storetest.Server, env string) (*store.Store, time.Time) {
	t.Helper()
	s := store.New(server.Client, store.Options{Env: env})
	add := func(from, to int) {
		for n := from; n < to; n++ {
			if _, err := s.Create(t.Context(), changetest.Pending(fmt.Sprint("r", n), time.Now()), "", change.Entry{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	add(0, 5)
	server.Pass(20 * time.Millisecond)
	now, err := s.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server.Pass(20 * time.Millisecond)
	add(5, 8)
	return s, now
}

func signer(t *testing.T) func(int64, string) (change.Checkpoint, error) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return func(n int64, hash string) (change.Checkpoint, error) {
		return change.Checkpoint{Environment: "test", Entries: n, Hash: hash, At: time.Now()}.Sign(key)
	}
}

func TestTheAuditHoldsOverWhatIsLeft(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		s, before := aged(t, server, server.Env())
		whole, err := s.VerifyAudit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var exported []change.AuditLine
		trim := store.AuditTrim{Before: before, Sign: signer(t), Export: func(l []change.AuditLine) error {
			exported = append(exported, l...)
			return nil
		}}
		if n, err := s.TrimAudit(t.Context(), trim); err != nil || n != 5 || len(exported) != 5 {
			t.Fatalf("%d went, %d were exported before: %v", n, len(exported), err)
		}
		left, err := s.Audit(t.Context(), "", 100)
		if err != nil || len(left) != 3 {
			t.Fatalf("%d are left: %v", len(left), err)
		}
		report, err := s.VerifyAudit(t.Context())
		if err != nil || report.Bad != nil || report.Entries != whole.Entries || report.Head != whole.Head {
			t.Errorf("before %+v, after %+v: %v", whole, report, err)
		}
		if report.Begins == nil || report.Begins.Entries != 5 || report.Begins.Hash != exported[4].Hash {
			t.Errorf("what stands for those gone: %+v", report.Begins)
		}
		if n, err := s.TrimAudit(t.Context(), trim); err != nil || n != 0 {
			t.Errorf("%d more went: %v", n, err)
		}
		if err := s.Transition(t.Context(), approve("r7")); err != nil { // the chain goes on
			t.Fatal(err)
		}
		trim.Before = time.Now().Add(time.Hour)
		if n, err := s.TrimAudit(t.Context(), trim); err != nil || n != 3 {
			t.Errorf("%d more went, want all but the newest: %v", n, err)
		}
		if report, err := s.VerifyAudit(t.Context()); err != nil || report.Bad != nil || report.Entries != 9 {
			t.Errorf("after the second time %+v: %v", report, err)
		}
	})
}

func TestWhatIsNotElsewhereStays(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	s, before := aged(t, server, "test")
	lines, err := s.Audit(t.Context(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("the disk is full")
	trim := store.AuditTrim{Before: before, Sign: signer(t), Export: func([]change.AuditLine) error { return full }}
	if n, err := s.TrimAudit(t.Context(), trim); n != 0 || !errors.Is(err, full) {
		t.Errorf("%d went although they could not be exported: %v", n, err)
	}
	trim.Export = func([]change.AuditLine) error { return nil }
	trim.UpTo = lines[2].ID
	if n, err := s.TrimAudit(t.Context(), trim); n != 2 || err != nil {
		t.Errorf("%d went, want the two that had been shipped: %v", n, err)
	}
	trim.UpTo = lines[1].ID // a slower replica sets the cursor back
	if n, err := s.TrimAudit(t.Context(), trim); n != 0 || err != nil {
		t.Errorf("%d went that had not been shipped: %v", n, err)
	}
	trim.UpTo = ""
	trim.Export = func([]change.AuditLine) error { // another replica is quicker
		other := trim
		other.Export = func([]change.AuditLine) error { return nil }
		_, err := s.TrimAudit(t.Context(), other)
		return err
	}
	if _, err := s.TrimAudit(t.Context(), trim); !errors.Is(err, change.ErrConflict) {
		t.Errorf("two at once: %v", err)
	}
	if report, err := s.VerifyAudit(t.Context()); err != nil || report.Bad != nil || report.Entries != 8 {
		t.Errorf("%+v: %v", report, err)
	}
}

func TestAnEditedAuditIsKeptAsEvidence(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	s, before := aged(t, server, "test")
	rewrite(t, server.Client, func(l []line) []line { l[1].text = "{}"; return l })
	trim := store.AuditTrim{Before: before.Add(time.Hour), Sign: signer(t), Export: func([]change.AuditLine) error { return nil }}
	if n, err := s.TrimAudit(t.Context(), trim); n != 0 || err == nil || !strings.Contains(err.Error(), "does not hold") {
		t.Errorf("%d went: %v", n, err)
	}
}

func TestWhatOthersKnowIsComparedWithTheAudit(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	s, _ := aged(t, server, "test")
	entries, hash, err := s.AuditHead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	known := change.Known{By: "a checkpoint", Entries: entries, Hash: hash}
	bad := func() *change.BadLine {
		t.Helper()
		if plain, err := s.VerifyAudit(t.Context()); err != nil || plain.Bad != nil {
			t.Fatalf("alone it should hold: %+v, %v", plain.Bad, err)
		}
		report, err := s.VerifyAuditAgainst(t.Context(), known)
		if err != nil {
			t.Fatal(err)
		}
		return report.Bad
	}
	if b := bad(); b != nil {
		t.Errorf("untouched: %+v", b)
	}
	anew := func(l []line) []line {
		prev := change.GenesisHash
		for i := range l {
			l[i] = line{fmt.Sprint(i), change.ChainHash(prev, fmt.Sprint(i))}
			prev = l[i].hash
		}
		setHead(t, server, len(l), prev)
		return l
	}
	rewrite(t, server.Client, anew)
	if b := bad(); b == nil || b.Position != entries {
		t.Errorf("written anew: %+v", b)
	}
	rewrite(t, server.Client, func(l []line) []line { return anew(l[:5]) })
	if b := bad(); b == nil || b.Position != 6 {
		t.Errorf("cut off: %+v", b)
	}
}

func setHead(t *testing.T, server storetest.Server, count int, hash string) {
	t.Helper()
	if err := server.Client.HSet(t.Context(), "rcb:{test}:audit:head", "count", count, "hash", hash).Err(); err != nil {
		t.Fatal(err)
	}
}
