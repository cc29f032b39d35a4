package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/realcluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/realnodes"
)

// realVerifyWithin is the least that the bot waits for a connection of real nodes: they have to read their keystore.
const realVerifyWithin = 20 * time.Second

// pairsOf is how many pairs of clusters tell the stories of a version side by side. The first pair has a third cluster
// with it, of so many nodes, if a story needs one.
var (
	pairsOf = map[string]int{realcluster.Version8: 2, realcluster.Version9: 1}
	thirdOf = map[string]int{realcluster.Version8: 1, realcluster.Version9: 2}
)

// TestStoriesOnRealClusters tells the same stories with real Elasticsearch nodes behind the platforms, one after another
// on each pair of clusters: `make realtest`. STORY=NAME,NAME tells these alone, STORY=all all that can be told.
func TestStoriesOnRealClusters(t *testing.T) {
	if os.Getenv("REALTEST") != "run" {
		t.Skip("needs real clusters: make realtest")
	}
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(storiesOnReal)), besideElasticsearch, sparedOnReal) {
		if !slices.Contains(files, "testdata/script/"+name+".txtar") {
			t.Errorf("there is no story %s", name)
		}
	}
	ran := map[string]*atomic.Int64{realcluster.Version8: {}, realcluster.Version9: {}}
	t.Run("versions", func(t *testing.T) {
		for version, pairs := range pairsOf {
			ofThree, ofTwo := queues(toldOn(version, files))
			for pair := range min(pairs, len(ofThree)+len(ofTwo)) {
				t.Run(fmt.Sprintf("%s/%d", version, pair+1), func(t *testing.T) {
					t.Parallel()
					if pair > 0 || len(ofThree) == 0 {
						tellOnReal(t, startPool(t, version, 1, 1), version, ofTwo, ran[version])
						return
					}
					pool := startPool(t, version, 1, 1, thirdOf[version])
					tellOnReal(t, pool, version, ofThree, ran[version])
					tellOnReal(t, pool, version, ofTwo, ran[version])
				})
			}
		}
	})
	for _, file := range files {
		if why := whyNotOnReal(storyName(file)); why != "" {
			fmt.Printf("not told: %s: %s\n", storyName(file), why)
		}
	}
	fmt.Printf("realtest: %s: %d stories ran; %s: %d stories ran\n", realcluster.Version8, ran[realcluster.Version8].Load(), realcluster.Version9, ran[realcluster.Version9].Load())
}

// whyNotOnReal says why a story is not told; empty: it is.
func whyNotOnReal(name string) string {
	if why := storiesOnReal[name].not; why != "" || os.Getenv("STORY") != "" {
		return why
	}
	if slices.Contains(besideElasticsearch, name) {
		return "Elasticsearch decides nothing in it"
	}
	if slices.Contains(sparedOnReal, name) {
		return "others show the same"
	}
	return ""
}

func storyName(file string) string { return strings.TrimSuffix(filepath.Base(file), ".txtar") }

// toldOn are the stories that are told on a version.
func toldOn(version string, files []string) []string {
	if chosen := os.Getenv("STORY"); chosen != "" && chosen != "all" {
		files = nil
		for name := range strings.SplitSeq(chosen, ",") {
			files = append(files, filepath.Join("testdata/script", name+".txtar"))
		}
	}
	return slices.DeleteFunc(slices.Clone(files), func(file string) bool {
		name := storyName(file)
		on := storiesOnReal[name].on
		if len(on) == 0 {
			on = []string{realcluster.Version8}
		}
		return whyNotOnReal(name) != "" || !slices.Contains(on, version)
	})
}

// queues are the stories that need a third cluster, and those that do not.
func queues(files []string) (ofThree, ofTwo chan string) {
	ofThree, ofTwo = make(chan string, len(files)), make(chan string, len(files))
	for _, file := range files {
		if storiesOnReal[storyName(file)].third != "" {
			ofThree <- file
		} else {
			ofTwo <- file
		}
	}
	close(ofThree)
	close(ofTwo)
	return ofThree, ofTwo
}

// tellOnReal tells the stories of a queue on clusters of one version, one after another, and counts them.
func tellOnReal(t *testing.T, pool *realnodes.Pool, version string, queue <-chan string, told *atomic.Int64) {
	t.Helper()
	for file := range queue {
		s := storiesOnReal[storyName(file)]
		if s.local == "" && s.remote == "" {
			s.local, s.remote = "logs-prod", "metrics-eu"
		}
		behind := []string{s.local, s.remote}
		if s.third != "" {
			behind = append(behind, s.third)
		}
		t.Run(storyName(file), func(t *testing.T) {
			began, prepared := time.Now(), time.Duration(0)
			t.Cleanup(func() {
				t.Logf("%s, %s of them to prepare the clusters", time.Since(began).Round(time.Second), prepared.Round(time.Second))
			})
			pool.Assign(behind...)
			told.Add(1) // here, so that what a filter leaves out does not count
			testscript.Run(t, testscript.Params{
				Files: []string{file},
				Setup: func(env *testscript.Env) error {
					env.Setenv("LOCAL_VERSION", version)
					env.Setenv("REMOTE_VERSION", version)
					err := setTheStage(t, env, func(o sim.Options) sim.Options {
						o.Nodes = pool.Nodes
						return o
					})
					prepared = time.Since(began)
					env.Defer(func() {
						if t.Failed() {
							t.Log("how the clusters stood:\n" + pool.Report())
						}
					})
					return err
				},
				Cmds:      storyWords,
				Condition: condition(true),
			})
		})
		if s.restart {
			if err := pool.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// startPool starts clusters of so many nodes each.
func startPool(t *testing.T, version string, nodes ...int) *realnodes.Pool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	d, err := realcluster.Fetch(ctx, version, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := realnodes.Start(ctx, d, sim.Password, nodes...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pool.Stop(); err != nil {
			t.Error(err)
		}
	})
	return pool
}
