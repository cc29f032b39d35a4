package contract

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// realVersion is the Elasticsearch of real/pom.xml.
const realVersion = "8.19.4"

// realNode is an Elasticsearch node in a process of its own, without security: what needs that is not in the modules
// that can be had as libraries.
type realNode struct{ http, transport string }

// startReal starts nodes by name. Where Java, Maven or Maven Central is missing it says so and skips the test.
func startReal(t *testing.T, names ...string) map[string]realNode {
	t.Helper()
	for _, tool := range []string{"java", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s here: the stand-in clusters are not compared with a real Elasticsearch", tool)
		}
	}
	build := exec.CommandContext(t.Context(), "mvn", "-q", "-B", "compile")
	build.Dir = "real"
	if out, err := build.CombinedOutput(); err != nil {
		t.Skipf("Elasticsearch can't be built here, so the stand-in clusters are not compared with it: %v\n%s", err, out)
	}
	classpath, err := os.ReadFile(filepath.Join("real", "target", "classpath"))
	must(t, err)
	started := map[string]chan realNode{}
	for _, name := range names { // both at once: a node takes ten seconds
		started[name] = launch(t, name, "real/target/classes:"+strings.TrimSpace(string(classpath)))
	}
	out := map[string]realNode{}
	for name, node := range started {
		n, ok := <-node
		if !ok {
			t.Fatalf("%s did not start", name)
		}
		out[name] = n
	}
	return out
}

// startWithin is how long a node may take on a machine that does much else.
const startWithin = 2 * time.Minute

func launch(t *testing.T, name, classpath string) chan realNode {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "java", "-Xms256m", "-Xmx512m", "-cp", classpath, "org.elasticsearch.node.RealNode", name, t.TempDir())
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	var log bytes.Buffer
	cmd.Stderr = &log
	must(t, cmd.Start())
	late := time.AfterFunc(startWithin, func() { _ = cmd.Process.Kill() })
	node, ended := make(chan realNode, 1), make(chan struct{})
	go func() {
		defer close(ended)
		defer close(node)
		for scan := bufio.NewScanner(out); scan.Scan(); {
			if words := strings.Fields(scan.Text()); len(words) == 3 && words[0] == "STARTED" {
				late.Stop()
				node <- realNode{http: words[1], transport: words[2]}
			}
		}
	}()
	t.Cleanup(func() {
		late.Stop()
		_ = in.Close() // the node ends when its input does
		<-ended
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s: %s", name, log.String())
		}
	})
	return node
}
