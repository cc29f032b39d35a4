package plan_test

import (
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

func TestVerifyTellsWhatTheConnectionSees(t *testing.T) {
	s := newScene()
	s.c.Access = elastic.Access{Search: []string{"logs-*", "metrics-*"}, Replication: []string{"logs-*", "follow-*"}}
	s.applyAll(t, steps.StepIssueKey, steps.StepSetRemote)
	step := s.step(steps.StepVerify)
	for range 2 { // looking again changes nothing
		if err := step.Apply(t.Context(), nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	contains(t, finding(step), "18 of 18 sockets", "8.15.3", "logs-*: matches;", "metrics-*: matches nothing yet", "follow-*: for replication")
	if err := step.Undo(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyWaitsWithADiagnosis(t *testing.T) {
	tests := map[string]struct {
		wrong func(*scene)
		say   string
	}{
		"nothing is set": {func(*scene) {}, "doesn't know the alias"},
		"no key":         {func(s *scene) { s.point() }, "have no key for logs"},
		"key revoked":    {func(s *scene) { s.grant(); s.remote.Invalidate(); s.point() }, "does not accept the key"},
		"remote stopped": {func(s *scene) {
			s.grant()
			s.point()
			s.remote.Edit(func(d *elastic.Deployment) { d.Status = "stopped" })
			s.ece.SetEgress("10.0.0.7")
		}, "10.0.0.7"},
		"another server name": {func(s *scene) { s.grant(); s.c.ServerName = "other"; s.point() }, "does not match the configured"},
		"transport port":      {func(s *scene) { s.grant(); s.c.ProxyAddress = "logs.cloud.example:9400"; s.point() }, "Use port 9443"},
		"key covers less":     {func(s *scene) { s.grant(); s.point(); s.c.Access.Search = []string{"secret"} }, "Access denied"},
		"address changed":     {func(s *scene) { s.grant(); s.point(); s.local.Set("logs", "proxy_address", "x:9443") }, "points to x:9443, not to"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene()
			tt.wrong(s)
			err := s.apply(t.Context(), steps.StepVerify)
			if !change.IsTemporary(err) {
				t.Fatalf("got %v, want a temporary error", err)
			}
			contains(t, said(err), tt.say)
		})
	}
}

func (s *scene) grant() { must(s, steps.StepIssueKey) }

func (s *scene) point() { must(s, steps.StepSetRemote) }

func must(s *scene, step string) {
	if err := s.apply(background(), step); err != nil {
		panic(err)
	}
}

func TestVerifyMakesSlowNodesReadTheirKeystoreOnce(t *testing.T) {
	s := newScene()
	s.local.SlowNodes()
	s.w.Fail(linktest.Fault{Call: "ReloadSecureSettings", Lie: true, Times: 1}) // they do not have it yet
	s.applyAll(t, steps.StepIssueKey, steps.StepSetRemote)
	looks := 0
	for ; ; looks++ {
		err := s.apply(t.Context(), steps.StepVerify) // a new instance each time, as after a crash
		if err == nil {
			break
		}
		if !change.IsTemporary(err) || looks > 5 {
			t.Fatalf("look %d: %v", looks, err)
		}
	}
	if looks != 3 || s.w.Count("ReloadSecureSettings") != 1+1 {
		t.Errorf("%d looks, %d reloads", looks, s.w.Count("ReloadSecureSettings"))
	}
}

func TestAReloadThatFailsIsNotTheEnd(t *testing.T) {
	s := newScene()
	s.local.SlowNodes()
	s.w.Fail(linktest.Fault{Call: "ReloadSecureSettings", Err: linktest.Forbidden("x", "y")})
	s.applyAll(t, steps.StepIssueKey, steps.StepSetRemote)
	for range 5 {
		if err := s.apply(t.Context(), steps.StepVerify); !change.IsTemporary(err) {
			t.Fatalf("got %v, want a temporary error", err)
		}
	}
	if n := s.w.Count("ReloadSecureSettings"); n != 1+1 {
		t.Errorf("%d reloads, want 2", n)
	}
}

// A connection that Elasticsearch has made without its key while its nodes read their keystore, or an alias that they have
// forgotten: another reload does not help, a change of its settings does. What they have forgotten shows at once.
func TestVerifyHasAConnectionMadeAnew(t *testing.T) {
	for race, looks := range map[linktest.Race]int{linktest.RaceLost: 3, linktest.RaceKeyless: 6} {
		t.Run(string(race), func(t *testing.T) {
			s := newScene()
			s.local.RaceNext(race)
			s.applyAll(t, steps.StepIssueKey, steps.StepSetRemote)
			set := s.local.Settings("logs")
			if is := s.lookUntilItWorks(t, 10); is != looks || s.w.Count("ReloadSecureSettings") != looks/3 {
				t.Errorf("%d looks, %d reloads", is, s.w.Count("ReloadSecureSettings"))
			}
			if is := s.local.Settings("logs"); !maps.Equal(is, set) {
				t.Errorf("the settings are %v, and were %v", is, set)
			}
		})
	}
}

// lookUntilItWorks verifies until that succeeds, with a new instance each time as after a crash, and returns how often it
// did not.
func (s *scene) lookUntilItWorks(t *testing.T, most int) (looks int) {
	t.Helper()
	for ; ; looks++ {
		err := s.apply(t.Context(), steps.StepVerify)
		if err == nil {
			return looks
		}
		if !change.IsTemporary(err) && !errors.Is(err, linktest.ErrCrashed) || looks > most {
			t.Fatalf("look %d: %v", looks, err)
		}
		s.w.Restart()
	}
}

// Nodes that have not read their keystore by the first reload get another one.
func TestVerifyReloadsAgainAfterItHasHadTheConnectionMadeAnew(t *testing.T) {
	s := newScene()
	s.local.SlowNodes()
	s.w.Fail(linktest.Fault{Call: "ReloadSecureSettings", Lie: true, Times: 2})
	s.applyAll(t, steps.StepIssueKey, steps.StepSetRemote)
	if looks := s.lookUntilItWorks(t, 12); looks != 9 || s.w.Count("ReloadSecureSettings") != 1+2 {
		t.Errorf("%d looks, %d reloads", looks, s.w.Count("ReloadSecureSettings"))
	}
}

// Whatever it is that does not come up, the connection is made anew twice at most.
func TestVerifyHelpsANumberOfTimes(t *testing.T) {
	s := newScene()
	s.point() // and there is no key
	for range 40 {
		if err := s.apply(t.Context(), steps.StepVerify); !change.IsTemporary(err) {
			t.Fatalf("got %v, want a temporary error", err)
		}
	}
	if reloads, puts := s.w.Count("ReloadSecureSettings"), s.w.Count("PutSettings"); reloads != 1+2 || puts != 1+2*(2+2) { // each time another number of sockets, then skip_unavailable, which 8.x has reset
		t.Errorf("%d reloads, %d changes of settings", reloads, puts)
	}
}

// Settings that somebody has changed are not written over.
func TestVerifyMakesNothingAnewThatIsNotAsApproved(t *testing.T) {
	s := newScene()
	s.point()
	s.local.Set("logs", "proxy_address", "x:9443")
	for range 20 {
		if err := s.apply(t.Context(), steps.StepVerify); !change.IsTemporary(err) {
			t.Fatalf("got %v, want a temporary error", err)
		}
	}
	if puts := s.w.Count("PutSettings"); puts != 1 {
		t.Errorf("%d changes of settings", puts)
	}
}

// A crash at any moment leaves settings that the next worker ends, or that undoing removes.
func TestVerifyOutlivesACrashWhileItMakesAConnectionAnew(t *testing.T) {
	for crash := 1; ; crash++ {
		s := newScene()
		s.local.RaceNext(linktest.RaceLost)
		s.applyAll(t, steps.StepIssueKey, steps.StepSetRemote)
		set := s.local.Settings("logs")
		for range 2 {
			if err := s.apply(t.Context(), steps.StepVerify); !change.IsTemporary(err) {
				t.Fatal(err)
			}
		}
		s.w.CrashAfter(crash)
		err := s.apply(t.Context(), steps.StepVerify)
		if !s.w.Restart() {
			if crash < 10 {
				t.Fatalf("only %d calls", crash)
			}
			return
		}
		if err == nil {
			t.Fatal("the connection came up by itself")
		}
		if crash%2 == 0 {
			s.lookUntilItWorks(t, 12)
			if is := s.local.Settings("logs"); !maps.Equal(is, set) {
				t.Errorf("crash %d: the settings are %v, and were %v", crash, is, set)
			}
		}
		for _, name := range []string{steps.StepVerify, steps.StepSetRemote, steps.StepIssueKey} {
			if err := s.undo(t.Context(), name); err != nil {
				t.Errorf("crash %d: %s: %v", crash, name, err)
			}
		}
		s.clean(t)
	}
}

// An alias that was there before the request is as it was after a crash in the middle, too.
func TestUndoOfVerifyWritesTheSettingsBack(t *testing.T) {
	h := newFixture(t)
	h.connect()
	r, err := h.propose(plan.NewRotatePlanner(h.roster, h.o()), map[string]any{"local": h.local.Ref(), "alias": "logs"})
	if err != nil {
		t.Fatal(err)
	}
	set := h.local.Settings("logs")
	for _, verify := range h.steps(r) {
		if verify.Name() != steps.StepVerify {
			continue
		}
		h.local.Set("logs", "proxy_socket_connections", "19")
		if err := verify.Undo(t.Context(), change.Evidence{}); err != nil || h.local.Settings("logs")["persistent proxy_socket_connections"] != "19" {
			t.Errorf("it has changed nothing: %v, %v", err, h.local.Settings("logs"))
		}
		crashed := change.Evidence{"look_without_connection_3": "no_key"}
		h.w.Fail(linktest.Fault{Call: "PutSettings", Times: 1, Err: linktest.Forbidden("x", "y")})
		contains(t, leftover(t, verify.Undo(t.Context(), crashed)).Command, "PUT /_cluster/settings", "cluster.remote.logs.proxy_address")
		if err := verify.Undo(t.Context(), crashed); err != nil {
			t.Fatal(err)
		}
		if is := h.local.Settings("logs"); !maps.Equal(is, set) || h.skips() {
			t.Errorf("the settings are %v, and were %v; skip_unavailable in effect: %t", is, set, h.skips())
		}
		h.local.Set("logs", "proxy_address", "else.example:9443")
		if err := verify.Undo(t.Context(), crashed); err != nil || h.local.Settings("logs")["persistent proxy_address"] != "else.example:9443" {
			t.Errorf("somebody else's settings: %v, %v", err, h.local.Settings("logs"))
		}
	}
}

func TestVerifyErrorsOfCalls(t *testing.T) {
	for _, call := range []string{"Resolve", "RemoteInfo", "Deployment"} {
		s := newScene()
		s.grant()
		s.point()
		s.w.Fail(linktest.Fault{Call: call, Times: 1})
		if err := s.apply(t.Context(), steps.StepVerify); !change.IsTemporary(err) {
			t.Errorf("%s unavailable: got %v, want a temporary error", call, err)
		}
		s.w.Fail(linktest.Fault{Call: call, Times: 1, Err: linktest.Forbidden("ES", call)})
		err := s.apply(t.Context(), steps.StepVerify)
		if err == nil || change.IsTemporary(err) {
			t.Errorf("%s forbidden: got %v, want a final error", call, err)
		}
		contains(t, said(err), "does not permit the bot to do this")
	}
}

func TestVerifyHasPatience(t *testing.T) {
	s := newScene()
	p, ok := s.step(steps.StepVerify).Step.(change.StepTimeouter)
	if !ok || p.StepTimeout() != 2*time.Minute {
		t.Error("verify waits for two minutes if nothing else is said")
	}
}

func TestCheckLooksAtTheWorldAndChangesNothing(t *testing.T) {
	s := newScene()
	step := s.step(steps.StepCheck)
	if err := step.Apply(t.Context(), nil, nil); err != nil {
		t.Fatal(err)
	}
	contains(t, finding(step), "8.15.1", "8.15.3", "logs is free")
	if err := step.Undo(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	s.clean(t)

	s.local.Put(entry, "theirs")
	err := s.apply(t.Context(), steps.StepCheck)
	if err == nil || change.IsTemporary(err) {
		t.Fatalf("got %v, want a final error", err)
	}
	contains(t, said(err), "already has a key for logs")

	s.w.Fail(linktest.Fault{Call: "SecretNames", Times: 1})
	if err := s.apply(t.Context(), steps.StepCheck); !change.IsTemporary(err) {
		t.Errorf("got %v: a keystore that can't be read is not an empty one", err)
	}

	s.ech.Remove("d-remote")
	err = s.apply(t.Context(), steps.StepCheck)
	contains(t, said(err), "There is no deployment d-remote on cloud")
	if _, ok := errors.AsType[*change.InvalidError](err); !ok || change.IsTemporary(err) {
		t.Errorf("got %v", err)
	}
}
