package contract

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// withoutNode is the variable that leaves out, by 1, what needs Node.
const withoutNode = "CONTRACT_WITHOUT_NODE"

// oldestNode is the oldest major version of Node that Slack's packages run on.
const oldestNode = 20

// needNode fails a test that needs Node and Slack's packages where either is missing. To go without is a decision, not
// something to find out about later: it has to be asked for.
func needNode(t *testing.T) {
	t.Helper()
	if os.Getenv(withoutNode) == "1" {
		skip(t, "nothing is held against Slack's JavaScript packages, as "+withoutNode+"=1 asks")
	}
	if missing := nodeMissing(); missing != "" {
		t.Fatalf("%s; %s=1 leaves out what is held against Slack's JavaScript packages", missing, withoutNode)
	}
}

// nodeMissing says what is missing to run Slack's packages; nothing if they run.
var nodeMissing = sync.OnceValue(func() string {
	out, err := exec.CommandContext(context.Background(), "node", "-p", "process.versions.node").Output()
	if err != nil {
		return fmt.Sprintf("Node %d or later is needed: %v", oldestNode, err)
	}
	if version := strings.TrimSpace(string(out)); major(version) < oldestNode {
		return fmt.Sprintf("Node %d or later is needed, this is %s", oldestNode, version)
	}
	if _, err := os.Stat("slack/node_modules"); err != nil {
		return "Slack's packages are not installed (npm ci in internal/contract/slack)"
	}
	return ""
})
