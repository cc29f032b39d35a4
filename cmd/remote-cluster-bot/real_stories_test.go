package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/realcluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/realnodes"
)

// realVerifyWithin is the least that the bot waits for a connection of real nodes: they have to read their keystore.
const realVerifyWithin = 20 * time.Second

// TestStoriesOnRealClusters tells the same stories with real Elasticsearch nodes behind the platforms, one after another
// on one pair of clusters for each version: `make realtest`. STORY=NAME,NAME tells
// these alone, STORY=all also those of pendingOnReal.
func TestStoriesOnRealClusters(t *testing.T) {
	if os.Getenv("REALTEST") != "run" {
		t.Skip("needs real clusters: make realtest")
	}
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(storiesOnReal)), slices.Collect(maps.Keys(pendingOnReal))) {
		if !slices.Contains(files, "testdata/script/"+name+".txtar") {
			t.Errorf("there is no story %s", name)
		}
	}
	ran := map[string]int{}
	var mu sync.Mutex
	t.Run("versions", func(t *testing.T) {
		for _, version := range []string{realcluster.Version8, realcluster.Version9} {
			t.Run(version, func(t *testing.T) {
				t.Parallel()
				n := tellOnReal(t, version, files)
				mu.Lock()
				defer mu.Unlock()
				ran[version] = n
			})
		}
	})
	for _, file := range files {
		if why := whyNotOnReal(storyName(file)); why != "" {
			fmt.Printf("not told: %s: %s\n", storyName(file), why)
		}
	}
	fmt.Printf("realtest: %s: %d stories ran; %s: %d stories ran\n", realcluster.Version8, ran[realcluster.Version8], realcluster.Version9, ran[realcluster.Version9])
}

// whyNotOnReal says why a story is not told; empty: it is.
func whyNotOnReal(name string) string {
	if why := storiesOnReal[name].not; why != "" || os.Getenv("STORY") != "" {
		return why
	}
	return pendingOnReal[name]
}

func storyName(file string) string { return strings.TrimSuffix(filepath.Base(file), ".txtar") }

// tellOnReal tells stories on one pair of clusters, one after another, and returns how many.
func tellOnReal(t *testing.T, version string, files []string) (told int) {
	t.Helper()
	if chosen := os.Getenv("STORY"); chosen != "" && chosen != "all" {
		files = nil
		for name := range strings.SplitSeq(chosen, ",") {
			files = append(files, filepath.Join("testdata/script", name+".txtar"))
		}
	}
	files = slices.DeleteFunc(slices.Clone(files), func(file string) bool {
		name := storyName(file)
		on := storiesOnReal[name].on
		if len(on) == 0 {
			on = []string{realcluster.Version8}
		}
		return whyNotOnReal(name) != "" || !slices.Contains(on, version)
	})
	if len(files) == 0 {
		return 0
	}
	pool := startPool(t, version)
	for _, file := range files {
		s := storiesOnReal[storyName(file)]
		if s.local == "" {
			s.local, s.remote = "logs-prod", "metrics-eu"
		}
		t.Run(storyName(file), func(t *testing.T) {
			began, prepared := time.Now(), time.Duration(0)
			t.Cleanup(func() {
				t.Logf("%s, %s of them to prepare the clusters", time.Since(began).Round(time.Second), prepared.Round(time.Second))
			})
			pool.Assign(s.local, s.remote)
			told++ // here, so that what a filter leaves out does not count
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
					return err
				},
				Cmds:      storyWords,
				Condition: condition(true),
			})
		})
	}
	return told
}

// startPool starts a pair of clusters.
func startPool(t *testing.T, version string) *realnodes.Pool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	d, err := realcluster.Fetch(ctx, version, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := realnodes.Start(ctx, d, sim.Password, 2)
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
