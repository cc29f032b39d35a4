package realcluster

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSaidLeavesOutWhatRepeatsItself(t *testing.T) {
	n := &node{dir: t.TempDir()}
	log := "[09:46:24,958][WARN ][TcpTransport] exception caught on transport layer, as so often [1]\njava.lang.Exception\n\tat x\n" +
		"[09:46:24,965][WARN ][TcpTransport] exception caught on transport layer, as so often [2]\n[09:46:25,000][INFO ][RemoteClusterService] m updated\n[09:4\n"
	if err := os.WriteFile(filepath.Join(n.dir, "log"), []byte(log), 0o600); err != nil {
		t.Fatal(err)
	}
	want := "[09:46:24,965][WARN ][TcpTransport] exception caught on transport layer, as so often [2]\n[09:46:25,000][INFO ][RemoteClusterService] m updated"
	if got := n.said(); got != want {
		t.Errorf("got %s", got)
	}
}
