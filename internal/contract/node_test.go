package contract

import (
	"os"
	"os/exec"
	"testing"
)

// needNode skips a test that needs node and Slack's packages, where either is missing.
func needNode(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("no node here: nothing is held against Slack's JavaScript packages")
	}
	if out, err := exec.CommandContext(t.Context(), "node", "-p", "process.versions.node.split('.')[0]").Output(); err != nil || len(out) < 2 || string(out[:2]) < "20" {
		t.Skipf("node 20 or later is wanted, this is %s: nothing is held against Slack's JavaScript packages", out)
	}
	if _, err := os.Stat("slack/node_modules"); err != nil {
		t.Skip("Slack's packages are not installed (npm ci in internal/contract/slack): nothing is held against them")
	}
}
