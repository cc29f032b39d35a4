package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
)

// asBefore compares the whole world with how it stood at the beginning: "undone exactly".
func (s *story) asBefore([]string) error {
	if s.before == nil {
		return errors.New("the story has no beginning")
	}
	now := worldState(s.World.State())
	var changed []error
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if now[name] != s.before[name] {
			changed = append(changed, fmt.Errorf("%s has changed:\nbefore %s\nnow    %s", name, s.before[name], now[name]))
		}
	}
	if len(changed) == 0 && len(now) != len(s.before) {
		return errors.New("something no longer exists")
	}
	return errors.Join(changed...)
}

// worldState is what a rollback has to bring back, each part of it by name. Keys that were taken back remain as invalid
// ones, and a platform gives every trust that it is sent a uid of its own.
func worldState(w platform.State) map[string]string {
	out := map[string]string{}
	for _, p := range w.Platforms {
		out["network filters of "+p.Name] = text(p.Rulesets)
		for _, d := range p.Deployments {
			valid := 0
			for _, k := range d.Cluster.Keys {
				if k.Valid {
					valid++
				}
			}
			for part, holds := range map[string]any{
				"settings": d.Cluster.Settings, "keystore": d.Cluster.Keystore, "loaded keystore": d.Cluster.Loaded, "valid keys": valid,
				"roles": d.Cluster.RolesHold, "filters": d.Cluster.Filters, "trust on the nodes": d.Cluster.Trust,
				"trust": withoutUIDs(d.Trust), "plan": d.Plan,
			} {
				out[part+" of "+d.Name] = text(holds)
			}
		}
	}
	return out
}

func text(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func withoutUIDs(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := maps.Clone(v)
		delete(out, "uid")
		for name, in := range out {
			out[name] = withoutUIDs(in)
		}
		return out
	case []any:
		out := slices.Clone(v)
		for i, in := range out {
			out[i] = withoutUIDs(in)
		}
		return out
	}
	return v
}

// What a rollback could leave behind unseen is seen.
func TestSameSeesEveryLeftover(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*platform.State){
		"a role of another body":     func(w *platform.State) { w.Platforms[0].Deployments[0].Cluster.RolesHold["r"] = cluster.Role{} },
		"a detached filter":          func(w *platform.State) { w.Platforms[1].Rulesets = append(w.Platforms[1].Rulesets, "left") },
		"an account that is trusted": trustsAlso("accounts"),
		"an external trust":          trustsAlso("external"),
		"a direct trust":             trustsAlso("direct"),
		"another plan": func(w *platform.State) {
			w.Platforms[0].Deployments[0].Plan = map[string]any{"autoscaling_enabled": true}
		},
		"a key that nodes still have": func(w *platform.State) { w.Platforms[0].Deployments[0].Cluster.Loaded = []string{"left"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scene, err := sim.Start(t.Context(), sim.Options{Now: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			defer scene.Close()
			w := scene.World.State()
			before := worldState(w)
			if !maps.Equal(before, worldState(scene.World.State())) {
				t.Fatal("it changes by itself")
			}
			leave(&w)
			if maps.Equal(before, worldState(w)) {
				t.Error("not seen")
			}
		})
	}
}

func trustsAlso(list string) func(*platform.State) {
	return func(w *platform.State) {
		trust, ok := w.Platforms[0].Deployments[0].Trust.(map[string]any)
		if !ok {
			panic("a trust is an object")
		}
		entries, _ := trust[list].([]any)
		trust[list] = append(entries, map[string]any{"name": "left"})
	}
}
