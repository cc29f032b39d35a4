package transport_test

import (
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

func TestASecretThatChangesIsTakenOutOldAndNew(t *testing.T) {
	t.Parallel()
	value := "canary-old"
	scrub := transport.NewScrubber(secret.Func(func() string { return value }))
	if got := scrub.Text("it says canary-old"); strings.Contains(got, "canary") {
		t.Error(got)
	}
	value = "canary-new"
	if got := scrub.Text("it says canary-new, not canary-old"); strings.Contains(got, "canary") {
		t.Error(got)
	}
}
