package link_test

import (
	"errors"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
)

func TestVerifyTellsWhatTheConnectionSees(t *testing.T) {
	s := newScene()
	s.c.Access = elastic.Access{Search: []string{"logs-*", "metrics-*"}, Replication: []string{"logs-*", "follow-*"}}
	s.applyAll(t, link.StepIssueKey, link.StepSetRemote)
	step := s.step(link.StepVerify)
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
		"nothing is set": {func(*scene) {}, "does not know the alias"},
		"no key":         {func(s *scene) { s.point() }, "have no key for logs"},
		"key revoked":    {func(s *scene) { s.grant(); s.remote.Invalidate(); s.point() }, "does not accept the key"},
		"remote stopped": {func(s *scene) {
			s.grant()
			s.point()
			s.remote.Edit(func(d *elastic.Deployment) { d.Status = "stopped" })
			s.ece.SetEgress("10.0.0.7")
		}, "10.0.0.7"},
		"another server name": {func(s *scene) { s.grant(); s.c.ServerName = "other"; s.point() }, "is for another name"},
		"transport port":      {func(s *scene) { s.grant(); s.c.ProxyAddress = "logs.cloud.example:9400"; s.point() }, "Use port 9443"},
		"key covers less":     {func(s *scene) { s.grant(); s.point(); s.c.Access.Search = []string{"secret"} }, "Not granted"},
		"address changed":     {func(s *scene) { s.grant(); s.point(); s.local.Set("logs", "proxy_address", "x:9443") }, "points to x:9443, not to"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene()
			tt.wrong(s)
			err := s.apply(t.Context(), link.StepVerify)
			if !change.IsTemporary(err) {
				t.Fatalf("got %v, want a temporary error", err)
			}
			contains(t, said(err), tt.say)
		})
	}
}

func (s *scene) grant() { must(s, link.StepIssueKey) }
func (s *scene) point() { must(s, link.StepSetRemote) }

func must(s *scene, step string) {
	if err := s.apply(background(), step); err != nil {
		panic(err)
	}
}

func TestVerifyMakesSlowNodesReadTheirKeystoreOnce(t *testing.T) {
	s := newScene()
	s.local.SlowNodes()
	s.applyAll(t, link.StepIssueKey, link.StepSetRemote)
	looks := 0
	for ; ; looks++ {
		err := s.apply(t.Context(), link.StepVerify) // a new instance each time, as after a crash
		if err == nil {
			break
		}
		if !change.IsTemporary(err) || looks > 5 {
			t.Fatalf("look %d: %v", looks, err)
		}
	}
	if looks != 3 || s.w.Count("ReloadSecureSettings") != 1 {
		t.Errorf("%d looks, %d reloads", looks, s.w.Count("ReloadSecureSettings"))
	}
}

func TestAReloadThatFailsIsNotTheEnd(t *testing.T) {
	s := newScene()
	s.local.SlowNodes()
	s.applyAll(t, link.StepIssueKey, link.StepSetRemote)
	s.w.Fail(linktest.Fault{Call: "ReloadSecureSettings", Err: linktest.Forbidden("x", "y")})
	for range 5 {
		if err := s.apply(t.Context(), link.StepVerify); !change.IsTemporary(err) {
			t.Fatalf("got %v, want a temporary error", err)
		}
	}
	if n := s.w.Count("ReloadSecureSettings"); n != 1 {
		t.Errorf("%d reloads, want 1", n)
	}
}

func TestVerifyErrorsOfCalls(t *testing.T) {
	for _, call := range []string{"Resolve", "RemoteInfo", "Deployment"} {
		s := newScene()
		s.grant()
		s.point()
		s.w.Fail(linktest.Fault{Call: call, Times: 1})
		if err := s.apply(t.Context(), link.StepVerify); !change.IsTemporary(err) {
			t.Errorf("%s unavailable: got %v, want a temporary error", call, err)
		}
		s.w.Fail(linktest.Fault{Call: call, Times: 1, Err: linktest.Forbidden("ES", call)})
		err := s.apply(t.Context(), link.StepVerify)
		if err == nil || change.IsTemporary(err) {
			t.Errorf("%s forbidden: got %v, want a final error", call, err)
		}
		contains(t, said(err), "does not let the bot do this")
	}
}

func TestVerifyHasPatience(t *testing.T) {
	s := newScene()
	p, ok := s.step(link.StepVerify).Step.(change.StepTimeouter)
	if !ok || p.StepTimeout() != 2*time.Minute {
		t.Error("verify waits for two minutes if nothing else is said")
	}
}

func TestCheckLooksAtTheWorldAndChangesNothing(t *testing.T) {
	s := newScene()
	step := s.step(link.StepCheck)
	if err := step.Apply(t.Context(), nil, nil); err != nil {
		t.Fatal(err)
	}
	contains(t, finding(step), "8.15.1", "8.15.3", "logs is free")
	if err := step.Undo(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	s.clean(t)

	s.local.Put(entry, "theirs")
	err := s.apply(t.Context(), link.StepCheck)
	if err == nil || change.IsTemporary(err) {
		t.Fatalf("got %v, want a final error", err)
	}
	contains(t, said(err), "holds a key for logs already")

	s.w.Fail(linktest.Fault{Call: "SecretNames", Times: 1})
	if err := s.apply(t.Context(), link.StepCheck); !change.IsTemporary(err) {
		t.Errorf("got %v: a keystore that can't be read is not an empty one", err)
	}

	s.ech.Remove("d-remote")
	err = s.apply(t.Context(), link.StepCheck)
	contains(t, said(err), "There is no deployment d-remote on cloud")
	if _, ok := errors.AsType[*change.InvalidError](err); !ok || change.IsTemporary(err) {
		t.Errorf("got %v", err)
	}
}
