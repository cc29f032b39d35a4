package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

const canary = "canary-3f9a"

// A secret is most often printed as a field of something else.
type holder struct {
	Exported secret.Secret
	hidden   secret.Secret
}

func TestSecretNeverPrints(t *testing.T) {
	t.Parallel()
	s := secret.New(canary)
	h := holder{Exported: s, hidden: s}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "s", s, "h", h, "p", &h)
	asJSON, err := json.Marshal(map[string]any{"s": s, "h": h})
	if err != nil {
		t.Fatal(err)
	}
	printed := []string{log.String(), string(asJSON), fmt.Errorf("x: %w", fmt.Errorf("%v", s)).Error()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		printed = append(printed, fmt.Sprintf(verb, s), fmt.Sprintf(verb, h), fmt.Sprintf(verb, &h), fmt.Sprintf(verb, []any{h, s}))
	}
	for _, p := range printed {
		if strings.Contains(p, canary) || strings.Contains(p, fmt.Sprintf("%x", canary)) {
			t.Errorf("printed the secret: %s", p)
		}
	}
	if s.Reveal() != canary || h.hidden.Reveal() != canary {
		t.Error("Reveal lost the value")
	}
}

func TestZeroSecretIsEmpty(t *testing.T) {
	t.Parallel()
	var zero secret.Secret
	if !zero.Empty() || zero.Reveal() != "" || !zero.Equal(secret.New("")) || zero.Equal(secret.New("x")) {
		t.Error("the zero secret should be empty and equal only to an empty one")
	}
}
