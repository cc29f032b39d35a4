package main

import (
	"os/exec"
	"strings"
	"testing"
)

// The program that people run holds no stand-in: those are the playground's.
func TestNoStandInIsLinked(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	seen := 0
	for pkg := range strings.Lines(string(out)) {
		seen++
		if strings.Contains(pkg, "remote-cluster-bot/internal/sim") || strings.Contains(pkg, "alicebob/miniredis") {
			t.Errorf("it links %s", pkg)
		}
	}
	if seen < 100 {
		t.Errorf("only %d packages were listed", seen)
	}
}
