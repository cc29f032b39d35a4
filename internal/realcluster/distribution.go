package realcluster

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// The versions of Elasticsearch that Maven Central has with its security module, one of each major.
const (
	Version8 = "8.19.4"
	Version9 = "9.5.3"
)

//go:embed java
var sources embed.FS

// The tools, by version, that Maven fetches beside Elasticsearch.
const (
	compiler         = "3.43.0" // org.eclipse.jdt:ecj
	dependencyPlugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
)

// fetchWithin is how long Maven or pip may take: nearly all of it to fetch 80 to 100 MB the first time.
const fetchWithin = 8 * time.Minute

// Distribution is one version of Elasticsearch, fetched and ready to start.
type Distribution struct {
	Version   string
	java      string
	classpath string
}

// Fetch returns a version that is ready to start. What it takes is kept in the user's cache directory and in Maven's
// repository; progress is told what is fetched. An error that names what is missing is one line.
func Fetch(ctx context.Context, version string, progress io.Writer) (*Distribution, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("finding the cache directory: %w", err)
	}
	cache = filepath.Join(cache, "remote-cluster-bot")
	if err := os.MkdirAll(cache, 0o750); err != nil {
		return nil, err
	}
	unlock, err := lockedfile.MutexAt(filepath.Join(cache, "lock")).Lock() // Maven's repository bears no two at once
	if err != nil {
		return nil, fmt.Errorf("waiting for another program that fetches Elasticsearch: %w", err)
	}
	defer unlock()
	java, err := findJava(ctx, version, cache, progress)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(cache, "elasticsearch-"+version+"-"+sourcesHash())
	d := &Distribution{Version: version, java: java}
	if d.classpath = readClasspath(dir); d.classpath != "" {
		return d, nil
	}
	if err := build(ctx, dir, version, java, progress); err != nil {
		return nil, err
	}
	d.classpath = readClasspath(dir)
	return d, nil
}

// readClasspath is the class path of what was built; empty if it was not, or if Maven's repository has lost a part of it.
func readClasspath(dir string) string {
	raw, err := os.ReadFile(filepath.Join(dir, "classpath")) //nolint:gosec // in the cache directory
	if err != nil {
		return ""
	}
	jars := strings.TrimSpace(string(raw))
	for _, jar := range filepath.SplitList(jars) {
		if _, err := os.Stat(jar); err != nil { //nolint:gosec // likewise
			return ""
		}
	}
	return filepath.Join(dir, "classes") + string(filepath.ListSeparator) + jars
}

// build makes dir: the class path, and the few classes that start a node with it.
func build(ctx context.Context, dir, version, java string, progress io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, fetchWithin)
	defer cancel()
	if err := os.MkdirAll(filepath.Dir(dir), 0o750); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), "building-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	if err := os.CopyFS(tmp, sources); err != nil {
		return fmt.Errorf("writing the sources: %w", err)
	}
	if _, err := exec.LookPath("mvn"); err != nil {
		return errors.New("a real Elasticsearch needs Maven: there is no mvn on the PATH")
	}
	_, _ = fmt.Fprintf(progress, "fetching Elasticsearch %s from Maven Central (up to 100 MB, kept in Maven's repository)\n", version)
	classpath := filepath.Join(tmp, "classpath")
	out, err := run(ctx, "mvn", "-q", "-B", "-f", filepath.Join(tmp, "java", "pom.xml"), dependencyPlugin+":build-classpath",
		"-Delasticsearch="+version, "-Decj="+compiler, "-Dmdep.outputFile="+classpath)
	if err != nil {
		if isUnreachable(out) || ctx.Err() != nil {
			return fmt.Errorf("Elasticsearch %s could not be fetched: Maven Central can't be reached", version) //nolint:staticcheck // a name
		}
		return fmt.Errorf("fetching Elasticsearch %s: %w\n%s", version, err, out)
	}
	jars, err := os.ReadFile(classpath) //nolint:gosec // in the cache directory
	if err != nil {
		return err
	}
	args := []string{
		"-cp", string(jars), "org.eclipse.jdt.internal.compiler.batch.Main", "-cp", string(jars), "-d", filepath.Join(tmp, "classes"),
		"-source", "17", "-target", "17", "-proc:none", "-nowarn",
	}
	for _, of := range []string{"common", version[:1]} {
		files, err := filepath.Glob(filepath.Join(tmp, "java", of, "*.java"))
		if err != nil || len(files) == 0 {
			return fmt.Errorf("there is no Java source for Elasticsearch %s", version)
		}
		args = append(args, files...)
	}
	if out, err := run(ctx, java, args...); err != nil {
		return fmt.Errorf("compiling for Elasticsearch %s: %w\n%s", version, err, out)
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.Rename(tmp, dir)
}

func run(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // Maven, Java, pip
	cmd.WaitDelay = time.Second                    // mvn is a script; what it started may hold its output open
	out, err := cmd.CombinedOutput()
	return string(bytes.TrimSpace(out)), err
}

// isUnreachable tells from what Maven says whether it could not fetch something. That a repository does not have it is
// another error ("Could not find artifact"), and ours.
func isUnreachable(out string) bool {
	return strings.Contains(out, "Could not transfer artifact") || strings.Contains(out, "failed to transfer from") ||
		strings.Contains(out, "in offline mode and the artifact")
}

// sourcesHash tells one set of sources and tools from another.
func sourcesHash() string {
	sum := sha256.New()
	_, _ = io.WriteString(sum, compiler+dependencyPlugin)
	_ = fs.WalkDir(sources, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := sources.ReadFile(path)
		_, _ = sum.Write(raw)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil))[:12]
}
