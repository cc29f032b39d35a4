package main

import (
	"context"
	"fmt"
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

// realStory is how a story is told on real clusters.
type realStory struct {
	local, remote string   // the deployments that have real nodes; logs-prod and metrics-eu if empty
	on            []string // the versions that it is told on; 8.19 alone if empty
	not           string   // why it is not told; empty: it is
}

// The versions that a story is told on, where it is not 8.19 alone.
var (
	on9   = []string{realcluster.Version9}
	onAll = []string{realcluster.Version8, realcluster.Version9}
)

// storiesOnReal are those that differ from most.
var storiesOnReal = map[string]realStory{
	"cloud_to_cloud":              {local: "metrics-eu", remote: "sales-us"},
	"cloud_to_cloud_certificates": {local: "metrics-eu", remote: "sales-us"},
	"cloud_to_ece":                {local: "metrics-eu", remote: "security-siem"},
	"cloud_to_ece_certificates":   {local: "metrics-eu", remote: "security-siem"},
	"cloud_to_ece_undone":         {local: "metrics-eu", remote: "security-siem"},
	"cloud_to_ece_untrusted":      {local: "metrics-eu", remote: "security-siem"},
	"ece_to_ece":                  {local: "security-siem", remote: "trials-lab"},
	"ece_to_ece_certificates":     {local: "security-siem", remote: "trials-lab"},
	"ece_to_ece_undone":           {local: "security-siem", remote: "trials-lab"},

	"certificates":                 searchOld,
	"certificates_accounts":        searchOld,
	"certificates_id":              searchOld,
	"certificates_plan_fails":      searchOld,
	"certificates_undo_plan_fails": searchOld,
	"certificates_undone":          searchOld,
	"disconnect_cleans":            searchOld,
	"disconnect_shared":            searchOld,
	"disconnect_undone":            searchOld,
	"disconnect_unseen":            searchOld,
	"watch_certificate_expiry":     searchOld,

	"identity":         {local: "reports-eu", remote: "orders-eu", on: on9},
	"identity_undone":  {local: "reports-eu", remote: "orders-eu", on: on9},
	"identity_refused": {local: "shop", remote: "orders-eu", on: on9},
	"identity_by_hand": {not: "real nodes have no directory /app/config for an uploaded authority"},

	"disconnect":           {not: "cross-cluster replication, and so a follower, is not on Maven Central"},
	"old_version":          {not: "there are no real nodes below 8.14"},
	"incompatible":         {not: "there are no real nodes of versions that do not understand each other"},
	"migrate_many":         {not: "three clusters"},
	"migrate_rules":        {not: "three clusters"},
	"migrate_trust_undone": {not: "three clusters"},
	"help":                 {not: "no cluster"},

	"connect":     {on: onAll},
	"migrate":     {on: onAll},
	"replication": {on: onAll},
	"role":        {on: onAll},
	"rotate":      {on: onAll},
	"undo_fails":  {on: onAll},
	"update":      {on: onAll},
}

// searchOld are stories whose local side is below 8.14 on the stand-in, and chooses certificates on purpose on real nodes.
var searchOld = realStory{local: "search-old", remote: "metrics-eu"}

// realVerifyWithin is the least that the bot waits for a connection of real nodes: they have to read their keystore.
const realVerifyWithin = 20 * time.Second

// TestStoriesOnRealClusters tells the same stories with real Elasticsearch nodes behind the platforms, one after another
// on one pair of clusters for each version: `make realtest`. STORY=NAME tells one alone, STORY=NAME,NAME several.
func TestStoriesOnRealClusters(t *testing.T) {
	if os.Getenv("REALTEST") != "run" {
		t.Skip("needs real clusters: make realtest")
	}
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for name := range storiesOnReal {
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
		if name := storyName(file); storiesOnReal[name].not != "" {
			fmt.Printf("not told: %s: %s\n", name, storiesOnReal[name].not)
		}
	}
	fmt.Printf("realtest: %s: %d stories ran; %s: %d stories ran\n", realcluster.Version8, ran[realcluster.Version8], realcluster.Version9, ran[realcluster.Version9])
}

func storyName(file string) string { return strings.TrimSuffix(filepath.Base(file), ".txtar") }

// tellOnReal tells stories on one pair of clusters, one after another, and returns how many.
func tellOnReal(t *testing.T, version string, files []string) (told int) {
	t.Helper()
	chosen := strings.FieldsFunc(os.Getenv("STORY"), func(r rune) bool { return r == ',' })
	if len(chosen) > 0 {
		files = nil
		for _, name := range chosen {
			files = append(files, filepath.Join("testdata/script", name+".txtar"))
		}
	}
	files = slices.DeleteFunc(slices.Clone(files), func(file string) bool {
		s := storiesOnReal[storyName(file)]
		if len(s.on) == 0 {
			s.on = []string{realcluster.Version8}
		}
		return s.not != "" || !slices.Contains(s.on, version)
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
			began := time.Now()
			t.Cleanup(func() { t.Logf("%s", time.Since(began).Round(time.Second)) })
			pool.Assign(s.local, s.remote)
			testscript.Run(t, testscript.Params{
				Files: []string{file},
				Setup: func(env *testscript.Env) error {
					env.Setenv("LOCAL_VERSION", version)
					env.Setenv("REMOTE_VERSION", version)
					return setTheStage(t, env, func(o sim.Options) sim.Options {
						o.Nodes = pool.Nodes
						return o
					})
				},
				Cmds:      storyWords,
				Condition: condition(true),
			})
		})
		told++
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
