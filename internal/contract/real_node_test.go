package contract

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
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

// startReal starts nodes by name. Where Java, Maven or Maven Central is missing the test is skipped, and says so.
func startReal(t *testing.T, names ...string) map[string]realNode {
	t.Helper()
	const without = "the stand-in clusters are not compared with a real Elasticsearch: "
	if missing := javaMissing(t.Context()); missing != "" {
		skip(t, without+missing)
	}
	if out, err := buildReal(t.Context()); isUnreachable(out) || errors.Is(err, context.DeadlineExceeded) {
		t.Logf("%s", out)
		skip(t, without+"Maven Central can't be reached")
	} else if err != nil {
		t.Fatalf("building the real Elasticsearch: %v\n%s", err, out)
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

// oldestJava is the oldest major version that Elasticsearch 8 runs on.
const oldestJava = 17

// javaMissing says what is missing to build and run a node; nothing if all is there.
func javaMissing(ctx context.Context) string {
	for _, tool := range []string{"java", "javac", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "there is no " + tool
		}
	}
	out, err := exec.CommandContext(ctx, "javac", "-version").CombinedOutput()
	version := strings.TrimPrefix(strings.TrimSpace(string(out)), "javac ")
	if err != nil || major(version) < oldestJava {
		return fmt.Sprintf("Java %d or later is needed, this is %s", oldestJava, version)
	}
	return ""
}

// buildWithin is how long Maven may take, nearly all of it to fetch 70 MB when it has none of them yet.
const buildWithin = 4 * time.Minute

func buildReal(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, buildWithin)
	defer cancel()
	build := exec.CommandContext(ctx, "mvn", "-q", "-B", "compile")
	build.Dir = "real"
	build.WaitDelay = time.Second // Maven is a script; what it started may hold its output open
	out, err := build.CombinedOutput()
	return string(out), errors.Join(err, ctx.Err())
}

// isUnreachable tells from what Maven says whether it could not fetch something. That a repository does not have it is
// another error ("Could not find artifact"), and ours.
func isUnreachable(out string) bool {
	return strings.Contains(out, "Could not transfer artifact") || strings.Contains(out, "failed to transfer from") ||
		strings.Contains(out, "in offline mode and the artifact")
}

func TestOnlyAnUnreachableRepositoryIsForgiven(t *testing.T) {
	for out, want := range map[string]bool{
		"[ERROR] Plugin maven-resources-plugin:2.6 could not be resolved: Could not transfer artifact maven-resources-plugin:pom:2.6 from/to central: " +
			"Connect to 127.0.0.1:1 failed: Connection refused": true,
		"[ERROR] Plugin maven-resources-plugin:2.6 could not be resolved: Cannot access central in offline mode and the artifact " +
			"maven-resources-plugin:jar:2.6 has not been downloaded from it before.": true,
		"[ERROR] Could not resolve dependencies: Could not find artifact org.elasticsearch:elasticsearch:jar:8.99.4 in central": false,
		"[ERROR] Compilation failure\n[ERROR] RealNode.java:[43,13] cannot find symbol":                                         false,
	} {
		if got := isUnreachable(out); got != want {
			t.Errorf("%s: %v", out, got)
		}
	}
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
