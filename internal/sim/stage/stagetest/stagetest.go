// Package stagetest sets stages for tests, and records what is said on them for the contract tests.
package stagetest

import (
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/recording"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// recordTo is for the contract tests, which hold what the stories say against Elastic's and Slack's descriptions.
var recordTo = flag.String("record", os.Getenv("STORIES_RECORDED"), "write what every story says to Slack and Elastic into this folder")

// Record makes a scene write down all that is said on it, if that is wanted. Call finish when the scene has ended.
func Record(o sim.Options, story string) (_ sim.Options, finish func() error, _ error) {
	if *recordTo == "" {
		return o, func() error { return nil }, nil
	}
	out, err := os.Create(filepath.Join(*recordTo, story+".jsonl"))
	if err != nil {
		return o, nil, err
	}
	w := recording.NewWriter(out, story)
	observe := o.Observe
	o.Observe = func(p platform.Options) platform.Options {
		if observe != nil {
			p = observe(p)
		}
		first := p.OnExchange
		p.OnExchange = func(x fault.Exchange) {
			if first != nil {
				first(x)
			}
			w.Exchange(x)
		}
		return p
	}
	workspaceOf := o.Workspace
	o.Workspace = func(ws workspace.Options) workspace.Options {
		if workspaceOf != nil {
			ws = workspaceOf(ws)
		}
		ws.OnCall, ws.OnDelivery = w.Call, w.Delivery
		return ws
	}
	return o, func() error {
		if err := w.Err(); err != nil {
			return err
		}
		return out.Close()
	}, nil
}

// New is a stage for a test that is no story. It ends with the test, and what is said on it is recorded likewise.
func New(t *testing.T, o sim.Options, log *slog.Logger) *stage.Stage {
	t.Helper()
	o, recorded, err := Record(o, regexp.MustCompile(`\W+`).ReplaceAllString(t.Name(), "_")+"-"+strconv.FormatInt(stages.Add(1), 10))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := recorded(); err != nil {
			t.Error("recording: ", err)
		}
	})
	s, err := stage.New(t.Context(), o, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// stages counts them: one test may set several.
var stages atomic.Int64
