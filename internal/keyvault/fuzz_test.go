package keyvault_test

import (
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// What lies in Redis may have been written by anybody: a key comes out only where Put put it in, for that request.
func FuzzPeek(f *testing.F) {
	s := &shelf{texts: map[string]string{}}
	current := strings.Repeat("k", 32)
	t := new(testing.T)
	e := open(t, s, current, "")
	if err := e.Put(f.Context(), "r1", secret.New(pasted)); err != nil {
		f.Fatal(err)
	}
	genuine := s.texts["r1"]
	for _, text := range []string{genuine, "", ":", "::", "v1::", genuine + "=", strings.Replace(genuine, ":", "::", 1), genuine[:len(genuine)-4], strings.ToUpper(genuine)} {
		f.Add(text, "r1")
	}
	f.Add(genuine, "r2")
	f.Fuzz(func(t *testing.T, text, request string) {
		s := &shelf{texts: map[string]string{request: text}}
		k, err := open(t, s, current, "").Peek(t.Context(), request)
		if err == nil && (request != "r1" || k.Reveal() != pasted) {
			t.Errorf("%q was opened for %q", text, request)
		}
		if err != nil && strings.Contains(err.Error(), pasted) {
			t.Errorf("the error holds the key: %v", err)
		}
	})
}
