package wire_test

import (
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/wire"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

func TestASecretThatChangesIsTakenOutOldAndNew(t *testing.T) {
	t.Parallel()
	value := "canary-old"
	scrub := wire.NewScrubber(secret.Func(func() string { return value }))
	if got := scrub.Text("it says canary-old"); strings.Contains(got, "canary") {
		t.Error(got)
	}
	value = "canary-new"
	if got := scrub.Text("it says canary-new, not canary-old"); strings.Contains(got, "canary") {
		t.Error(got)
	}
}
