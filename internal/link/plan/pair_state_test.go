package plan_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
)

func (s *scene) survey(t *testing.T) link.PairState {
	t.Helper()
	found, err := s.catalog.ReadPair(t.Context(), s.c.Local, s.c.Remote)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestSurveyReadsBothSides(t *testing.T) {
	s := newScene()
	s.local.Set("one", "mode", "proxy")
	s.local.Set("one", "proxy_address", "one:9443")
	s.local.Put("cluster.remote.two.credentials", "x")
	s.local.Put("xpack.something.else", "x")
	s.remote.SetRulesets(elastic.Ruleset{ID: "1"})
	s.remote.SetLicense(elastic.License{Type: "trial", Active: true})
	s.ece.SetEgress("10.0.0.2", "10.0.0.1")
	got := s.survey(t)
	if got.Local.Name != "search-onprem" || got.Remote.Endpoint != "logs.cloud.example" {
		t.Errorf("deployments: %v, %v", got.Local, got.Remote)
	}
	if diff := cmp.Diff(map[string]string{"one": "one:9443"}, got.Aliases); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"two"}, got.Stored); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"10.0.0.1", "10.0.0.2"}, got.Egress); diff != "" {
		t.Error(diff)
	}
	if len(got.Rulesets) != 1 || got.LocalLicense.Type != "enterprise" || got.RemoteLicense.Type != "trial" || len(got.Unread) > 0 {
		t.Errorf("%+v", got)
	}
}

func TestSurveyNamesWhatItCouldNotRead(t *testing.T) {
	s := newScene()
	for _, call := range []string{"RemoteSettings", "SecretNames", "License", "Rulesets", "Egress"} {
		s.w.Fail(linktest.Fault{Call: call})
	}
	got := s.survey(t)
	for _, p := range []link.Part{
		link.PartSettings, link.PartKeystore, link.PartLocalLicense, link.PartRemoteLicense, link.PartRulesets, link.PartEgress,
	} {
		if got.ReadError(p) == nil {
			t.Errorf("%q is not named", p)
		}
	}
	s.w.Heal()
	s.remote.WithoutCredentials()
	got = s.survey(t)
	if len(got.Unread) != 1 || got.Unread[0].Part != link.PartRemoteCluster {
		t.Errorf("unread: %v", got.Unread)
	}
	contains(t, problem(t, got.Problems(s.c), link.FieldRemote), "no credentials")
}

func TestSurveyWithoutADeploymentNamesTheField(t *testing.T) {
	s := newScene()
	s.c.Local.Platform = "x"
	s.ech.Remove("d-remote")
	_, err := s.catalog.ReadPair(t.Context(), s.c.Local, s.c.Remote)
	contains(t, problem(t, err, link.FieldLocal), "no platform")
	contains(t, problem(t, err, link.FieldRemote), "no deployment")
}

func TestMissingElevatedPermissionsAreNamed(t *testing.T) {
	s := newScene()
	s.w.Fail(linktest.Fault{Call: "Deployment", Err: &elastic.CallError{System: "ece", Status: elastic.StatusNotElevated}})
	_, err := s.catalog.ReadPair(t.Context(), s.c.Local, s.c.Remote)
	say, ok := errors.AsType[*change.ExplainedError](err)
	if !ok {
		t.Fatalf("got %v, want words for people", err)
	}
	contains(t, say.Say, "elevated permissions")
}

func TestPrefillFitsTheRemote(t *testing.T) {
	s := newScene()
	got := link.Prefill(s.survey(t))
	want := link.ConnectParams{
		Local: s.local.Ref(), Remote: s.remote.Ref(), Alias: "logs",
		ProxyAddress: "logs.cloud.example:9443", ServerName: "logs.cloud.example", SkipUnavailable: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s.local.Set("logs", "proxy_address", "x:9443")
	s.local.Put("cluster.remote.logs-2.credentials", "x")
	if got := link.Prefill(s.survey(t)); got.Alias != "logs-3" {
		t.Errorf("alias %q is taken", got.Alias)
	}
}

func TestPrefilledAliasesAreValid(t *testing.T) {
	for name, want := range map[string]string{
		"Logs (EU) prod": "logs-eu-prod", "  --__Ünï ": "n", "日本": "remote", "signing": "remote", "a_b-c": "a_b-c",
		strings.Repeat("long ", 50): strings.Repeat("long-", 19)[:94],
	} {
		got := link.Prefill(link.PairState{Remote: elastic.Deployment{Name: name}}).Alias
		if got != want || elastic.CheckAlias(got) != nil {
			t.Errorf("%q: got %q, want %q: %v", name, got, want, elastic.CheckAlias(got))
		}
	}
}

func TestElasticsearchIsAskedForAVersionThatThePlatformDoesNotTell(t *testing.T) {
	s := newScene()
	told := s.survey(t).Remote.Version
	s.remote.Edit(func(d *elastic.Deployment) { d.Version = "" })
	fresh, err := s.catalog.ReadPairFresh(t.Context(), s.c.Local, s.c.Remote)
	if err != nil || fresh.Remote.Version != told || s.w.Count("Version") != 1 {
		t.Errorf("got %q (%v), want %q, asked once and not %d times", fresh.Remote.Version, err, told, s.w.Count("Version"))
	}
	if err := fresh.Problems(s.c).Check(); err != nil {
		t.Error(err)
	}
	s.w.Fail(linktest.Fault{Call: "Version", Hang: true}) // no reason to fail as a whole
	silent, err := s.catalog.ReadPairFresh(t.Context(), s.c.Local, s.c.Remote)
	if err != nil || silent.Remote.Version != "" {
		t.Errorf("got %q, %v", silent.Remote.Version, err)
	}
}
