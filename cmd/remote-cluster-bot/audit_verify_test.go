package main

import (
	"crypto/ed25519"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// A signed checkpoint stands for entries that were let go; one that another signed is none.
func TestABeginningThatWasLetGoIsTrustedBySignature(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	s := server.Store()
	create := func(id string) {
		t.Helper()
		if _, err := s.Create(t.Context(), changetest.Pending(id, time.Now()), "", change.Entry{What: "create"}); err != nil {
			t.Fatal(err)
		}
	}
	create("a")
	create("b")
	server.Pass(401 * 24 * time.Hour)
	create("c")
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	now, err := s.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.TrimAudit(t.Context(), store.AuditTrim{
		Before: now.Add(-400 * 24 * time.Hour), Export: func([]change.AuditLine) error { return nil },
		Sign: func(entries int64, hash string) (change.Checkpoint, error) {
			return change.Checkpoint{Environment: "demo", Entries: entries, Hash: hash, At: now}.Sign(private)
		},
	}); err != nil {
		t.Fatal(err)
	}
	v := auditVerifier{env: "demo", keys: []ed25519.PublicKey{public}}
	result, err := v.verify(t.Context(), s)
	if err != nil || !result.Holds {
		t.Error(result, err)
	}
	for _, want := range []string{"holds: 3 entries", "The first 2 were trimmed; the signed checkpoint of"} {
		if !strings.Contains(result.Say, want) {
			t.Errorf("%q is not in %s", want, result.Say)
		}
	}
	other, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	v.keys = []ed25519.PublicKey{other}
	if result, err := v.verify(t.Context(), s); err != nil || result.Holds || !strings.Contains(result.Say, "can't be trusted") {
		t.Errorf("%+v, %v", result, err)
	}
}
