package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

func pointed() map[string]string {
	return map[string]string{
		"persistent mode": "proxy", "persistent proxy_address": "logs.cloud.example:9443",
		"persistent server_name": "logs.cloud.example", "persistent skip_unavailable": "false",
	}
}

func (s *scene) set(t *testing.T, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, s.local.Settings("logs")); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestPointWritesEverythingInOneCall(t *testing.T) {
	s := newScene()
	s.c.ProxySockets, s.c.Compress, s.c.PingSchedule = 9, "indexing_data", "30s"
	s.applyAll(t, steps.StepSetRemote, steps.StepSetRemote)
	want := pointed()
	want["persistent proxy_socket_connections"] = "9"
	want["persistent transport.compress"] = "indexing_data"
	want["persistent transport.ping_schedule"] = "30s"
	s.set(t, want)
	if n := s.w.Count("PutSettings"); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}

func TestUndoOfPointPutsBackWhatWasThere(t *testing.T) {
	s := newScene()
	s.local.Set("other", "mode", "proxy")
	s.local.Set("other", "proxy_address", "other:9443")
	s.applyAll(t, steps.StepSetRemote)
	for range 2 {
		if err := s.undo(t.Context(), steps.StepSetRemote); err != nil {
			t.Fatal(err)
		}
	}
	s.set(t, map[string]string{})
	if len(s.local.Settings("other")) != 2 {
		t.Error("another alias was touched")
	}
}

func TestUndoOfAPointThatNeverBeganTouchesNothing(t *testing.T) {
	s := newScene()
	s.local.Set("logs", "mode", "proxy")
	if err := s.undo(t.Context(), steps.StepSetRemote); err != nil {
		t.Fatal(err)
	}
	if len(s.w.Calls()) != 0 {
		t.Errorf("something was touched: %v", s.w.Calls())
	}
}

func TestPointLeavesTheSameSettingsOfSomebodyElseOnUndo(t *testing.T) {
	s := newScene()
	for option, value := range pointed() {
		s.local.Set("logs", option[len("persistent "):], value)
	}
	s.applyAll(t, steps.StepSetRemote)
	if err := s.undo(t.Context(), steps.StepSetRemote); err != nil {
		t.Fatal(err)
	}
	s.set(t, pointed())
}

func TestPointRefusesAnAliasThatWasTakenMeanwhile(t *testing.T) {
	s := newScene()
	s.local.Set("logs", "mode", "proxy")
	s.local.Set("logs", "proxy_address", "elsewhere:9443")
	err := s.apply(t.Context(), steps.StepSetRemote)
	if err == nil || change.IsTemporary(err) {
		t.Fatalf("got %v, want a final error", err)
	}
	contains(t, said(err), "Someone else", "elsewhere:9443")
	if err := s.undo(t.Context(), steps.StepSetRemote); err != nil {
		t.Fatal(err)
	}
	if s.w.Count("PutSettings") != 0 {
		t.Error("it wrote all the same")
	}
}

func TestUndoOfPointLeavesWhatSomebodyChangedSince(t *testing.T) {
	s := newScene()
	s.applyAll(t, steps.StepSetRemote)
	s.local.Set("logs", "transport.compress", "true")
	err := s.undo(t.Context(), steps.StepSetRemote)
	left := leftover(t, err)
	contains(t, left.What, "cluster.remote.logs.*", "ece-prod/d-local")
	contains(t, left.Command, "PUT /_cluster/settings\n", `"cluster.remote.logs.transport.compress":null`, `"cluster.remote.logs.mode":null`)
	contains(t, left.Cause, "someone changed")
	if change.IsTemporary(err) {
		t.Error("no other try mends that")
	}
	if len(s.local.Settings("logs")) != 5 {
		t.Error("their settings were touched")
	}
}

func TestPointHealsAndUndoesAfterAnyFault(t *testing.T) {
	faults := map[string]linktest.Fault{
		"unavailable":           {},
		"answer lost, not done": {Err: linktest.NoAnswer("x", "y")},
		"answer lost, but done": {Err: linktest.NoAnswer("x", "y"), After: true},
		"forbidden":             {Err: linktest.Forbidden("x", "y")},
		"the read back":         {Skip: 1},
	}
	for _, call := range []string{"Deployment", "RemoteSettings", "PutSettings", "Note"} {
		for name, f := range faults {
			f.Call, f.Times = call, 1
			t.Run(call+" "+name, func(t *testing.T) {
				s := newScene()
				s.w.Fail(f)
				err := s.apply(t.Context(), steps.StepSetRemote)
				if err != nil && call != "Note" && change.IsTemporary(err) == (name == "forbidden") {
					t.Errorf("temporary is %v: %v", change.IsTemporary(err), err)
				}
				s.w.Heal()
				s.applyAll(t, steps.StepSetRemote)
				s.set(t, pointed())
				if err := s.undo(t.Context(), steps.StepSetRemote); err != nil {
					t.Fatal(err)
				}
				s.clean(t)
			})
			t.Run("undo after half "+call+" "+name, func(t *testing.T) {
				s := newScene()
				s.w.Fail(f)
				_ = s.apply(t.Context(), steps.StepSetRemote)
				s.w.Heal()
				if err := s.undo(t.Context(), steps.StepSetRemote); err != nil {
					t.Fatal(err)
				}
				s.clean(t)
			})
		}
	}
}

func TestPointReadsBackWhatItWrote(t *testing.T) {
	s := newScene()
	s.w.Fail(linktest.Fault{Call: "PutSettings", Times: 1, Lie: true})
	if err := s.apply(t.Context(), steps.StepSetRemote); !change.IsTemporary(err) {
		t.Errorf("nothing was written: got %v, want a temporary error", err)
	}
	s.w.Fail(linktest.Fault{Call: "RemoteSettings", Skip: 1, Times: 1, Meanwhile: func() {
		s.local.Set("logs", "proxy_address", "elsewhere:9443")
	}})
	err := s.apply(t.Context(), steps.StepSetRemote)
	if err == nil || change.IsTemporary(err) {
		t.Errorf("somebody wrote over it: got %v, want a final error", err)
	}
	contains(t, said(err), "elsewhere:9443")

	s = newScene()
	s.applyAll(t, steps.StepSetRemote)
	s.w.Fail(linktest.Fault{Call: "PutSettings", Lie: true})
	contains(t, leftover(t, s.undo(t.Context(), steps.StepSetRemote)).Cause, "still set")
}

func TestUndoOfPointNamesWhatItCouldNotTakeBack(t *testing.T) {
	for _, call := range []string{"Deployment", "RemoteSettings", "PutSettings"} {
		s := newScene()
		s.applyAll(t, steps.StepSetRemote)
		s.w.Fail(linktest.Fault{Call: call})
		err := s.undo(t.Context(), steps.StepSetRemote)
		contains(t, leftover(t, err).Command, `"cluster.remote.logs.proxy_address":null`)
		if !change.IsTemporary(err) {
			t.Errorf("%s: %v is worth another try", call, err)
		}
	}
}

// Nodes that read a key while its alias is being set forget the alias. From 9.5 on they tell what they have read: the bot
// waits for them, though not for ever.
func TestPointWaitsForNodesThatHaveNotReadTheKey(t *testing.T) {
	for late, waits := range map[int]int{0: 0, 2: 2, 100: 5} {
		s := newScene()
		s.local.LateNode(late)
		s.applyAll(t, steps.StepIssueKey)
		looks := 0
		for ; ; looks++ {
			err := s.apply(t.Context(), steps.StepSetRemote)
			if err == nil {
				break
			}
			if !change.IsWaiting(err) || len(s.local.Settings("logs")) > 0 {
				t.Fatalf("late by %d, look %d: %v, %v", late, looks, err, s.local.Settings("logs"))
			}
			contains(t, said(err), "node-2 of search-onprem has not read the key yet")
		}
		if looks != waits {
			t.Errorf("late by %d: %d looks, want %d", late, looks, waits)
		}
		s.set(t, pointed())
	}
}
