package contract

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/recording"
)

// recorded names a folder of recordings that are there already: make check tells the stories once, for all its parts.
var recorded = flag.String("recorded", "", "read the stories' recordings from here instead of telling them")

// tellers are the tests of the bot that say what nothing else does: the stories, the doctor, and what becomes of a
// connection when Redis is away.
var tellers = []string{"TestStories", "TestDoctor", "TestAnyProduct", "TestPeopleAreAnswered", "TestAnOutage"}

// tell tells all stories once and returns what was said in them.
var tell = sync.OnceValues(func() ([]recording.Line, error) {
	dir := *recorded
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "stories"); err != nil {
			return nil, err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		cmd := exec.CommandContext(context.Background(), "go", "test", "-count=1", "-run=^("+strings.Join(tellers, "|")+")", "./cmd/remote-cluster-bot", "-record", dir)
		cmd.Dir = "../.."
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("telling the stories: %w\n%s", err, out)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return nil, err
	}
	for _, who := range tellers {
		if who == "TestStories" {
			who = "script-" // a story's folder
		}
		if !slices.ContainsFunc(files, func(name string) bool { return strings.HasPrefix(filepath.Base(name), who) }) {
			return nil, fmt.Errorf("%s… recorded nothing", who)
		}
	}
	var all []recording.Line
	for _, name := range files {
		lines, err := readRecording(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, lines...)
	}
	return all, nil
})

func readRecording(name string) (_ []recording.Line, err error) {
	in, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	return recording.Read(in)
}

// stories are what was said in them.
func stories(t *testing.T) []recording.Line {
	t.Helper()
	lines, err := tell()
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// exchanges are those of the stories with Elastic.
func exchanges(t *testing.T) []fault.Exchange {
	t.Helper()
	var out []fault.Exchange
	for _, l := range stories(t) {
		if l.Exchange != nil {
			out = append(out, *l.Exchange)
		}
	}
	return out
}

// conforms holds an exchange against anyone who describes it: the platform's Swagger, Elasticsearch's types, or both.
func conforms(platforms map[string]*swagger, x fault.Exchange) error {
	var errs []error
	if s, known := platforms[x.System]; known {
		errs = append(errs, s.checkRequest(x), s.checkAnswer(x))
		if _, rest, through := strings.Cut(x.Path, "/proxy/"); through {
			x.Path = "/" + rest
			errs = append(errs, elasticsearch(x))
		}
	} else {
		errs = append(errs, elasticsearch(x))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%s: %s %s?%s → %d: %w\nrequest: %s\nanswer: %s",
			x.System, x.Method, x.Path, x.Query, x.Status, err, fault.Redact(x.Request), fault.Redact(x.Answer))
	}
	return nil
}

// wrongOnPurpose are paths that are not described, with the reason why they are called all the same.
var wrongOnPurpose = map[string]string{
	"/console/api/v1/deployments/_search": "the doctor finds a URL that is not the API's",
}

func TestWhatTheStoriesSayToElasticIsDescribed(t *testing.T) {
	platforms := swaggers(t)
	seen := map[string]bool{} // the same fault is reported once
	unmet := maps.Clone(wrongOnPurpose)
	for _, x := range exchanges(t) {
		if strings.HasPrefix(x.System, "keystore hook of ") {
			continue // an operator's own endpoint: docs/self-managed.md describes it, and nobody else
		}
		if x.Status == http.StatusServiceUnavailable && string(bytes.TrimSpace(x.Answer)) == cluster.NoInstances {
			continue // a platform's proxy, where nodes restart: neither the Swagger nor Elasticsearch's types describe it
		}
		if wrongOnPurpose[x.Path] != "" && x.Status == http.StatusNotFound {
			delete(unmet, x.Path)
			continue
		}
		if err := conforms(platforms, x); err != nil && !seen[err.Error()] {
			seen[err.Error()] = true
			t.Error(err)
		}
	}
	for path, why := range unmet {
		t.Errorf("%s is called no longer: %s", path, why)
	}
}
