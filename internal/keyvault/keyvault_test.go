package keyvault_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/keyvault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

type shelf struct {
	texts map[string]string
	kept  time.Duration
}

func (s *shelf) PutSealed(_ context.Context, request, sealed string, keep time.Duration) error {
	s.texts[request], s.kept = sealed, keep
	return nil
}

func (s *shelf) Sealed(_ context.Context, request string) (string, bool, error) {
	t, ok := s.texts[request]
	return t, ok, nil
}

func (s *shelf) DeleteSealed(_ context.Context, request string) error {
	delete(s.texts, request)
	return nil
}

const pasted = "aWQ6c2VjcmV0"

func open(t *testing.T, s *shelf, current, previous string) *keyvault.Vault {
	t.Helper()
	e, err := keyvault.New(s, secret.New(current), secret.New(previous))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAKeyComesBackOnceMoreAndIsGoneAfterDrop(t *testing.T) {
	t.Parallel()
	s := &shelf{texts: map[string]string{}}
	e := open(t, s, strings.Repeat("k", 32), "")
	if err := e.Put(t.Context(), "r1", secret.New(pasted)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(s.texts["r1"], pasted) || s.kept != time.Hour {
		t.Errorf("%q is kept for %s", s.texts["r1"], s.kept)
	}
	for range 2 {
		if k, err := e.Peek(t.Context(), "r1"); err != nil || k.Reveal() != pasted {
			t.Fatalf("%q, %v", k.Reveal(), err)
		}
	}
	if err := e.Drop(t.Context(), "r1"); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Peek(t.Context(), "r1"); !errors.Is(err, link.ErrNoPastedKey) {
		t.Errorf("after drop: %v", err)
	}
}

func TestTheSameKeyIsSealedAnewEveryTime(t *testing.T) {
	t.Parallel()
	s := &shelf{texts: map[string]string{}}
	e := open(t, s, strings.Repeat("k", 32), "")
	for _, id := range []string{"r1", "r2"} {
		if err := e.Put(t.Context(), id, secret.New(pasted)); err != nil {
			t.Fatal(err)
		}
	}
	if s.texts["r1"] == s.texts["r2"] {
		t.Error("equal keys can be told from their sealed texts")
	}
}

func TestAKeyIsBoundToItsRequestAndToItsText(t *testing.T) {
	t.Parallel()
	s := &shelf{texts: map[string]string{}}
	e := open(t, s, strings.Repeat("k", 32), "")
	if err := e.Put(t.Context(), "r1", secret.New(pasted)); err != nil {
		t.Fatal(err)
	}
	sealed := s.texts["r1"]
	s.texts["r2"] = sealed
	s.texts["r1"] = sealed[:len(sealed)-6] + "AAAAA="
	for _, id := range []string{"r1", "r2"} {
		if k, err := e.Peek(t.Context(), id); err == nil || !k.Empty() || errors.Is(err, link.ErrNoPastedKey) {
			t.Errorf("%s opened: %v", id, err)
		}
	}
}

func TestThePreviousSecretStillOpensAndAStrangeOneDoesNot(t *testing.T) {
	t.Parallel()
	s := &shelf{texts: map[string]string{}}
	before, after := strings.Repeat("a", 32), strings.Repeat("b", 32)
	if err := open(t, s, before, "").Put(t.Context(), "r1", secret.New(pasted)); err != nil {
		t.Fatal(err)
	}
	if k, err := open(t, s, after, before).Peek(t.Context(), "r1"); err != nil || k.Reveal() != pasted {
		t.Errorf("%v", err)
	}
	if _, err := open(t, s, after, "").Peek(t.Context(), "r1"); err == nil || !strings.Contains(err.Error(), "not configured") {
		t.Errorf("%v", err)
	}
}
