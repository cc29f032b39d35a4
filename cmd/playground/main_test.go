package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/app"
)

// TestMain lets the tests' own program play the bot, too: the page starts it as a process of its own.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == botCommand().Name() {
		main()
		return
	}
	app.Prepare()
	goleak.VerifyTestMain(m)
}

// TestThePlaygroundsArchivePlays runs its script beside a program that only says what it was told.
func TestThePlaygroundsArchivePlays(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("../../deploy/playground/play")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"play": string(script), "playground": "#!/bin/sh\necho \"$@\"\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.CommandContext(t.Context(), filepath.Join(dir, "play"), "--approvals", "2").CombinedOutput()
	if err != nil {
		t.Fatal(err, string(out))
	}
	cmd, rest, err := root().Find(strings.Fields(string(out)))
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err != nil || cmd.Name() != "playground" {
		t.Errorf("it runs %q: %v", out, err)
	}
}
