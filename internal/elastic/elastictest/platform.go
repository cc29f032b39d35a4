// Package elastictest holds every link.Platform against one suite, whatever is behind it, and has a server that
// compares requests whole.
package elastictest

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// Fixture is a platform in a world of its own.
type Fixture struct {
	Platform elastic.Platform
	Name     string // what the platform calls itself in a Ref

	// Deployment is the id of a started deployment whose Elasticsearch can be reached and is connected to nothing.
	Deployment string
	// NameOf is its name; no other deployment's name contains it.
	NameOf string
	// Others is how many deployments there are beside it.
	Others int
	// Missing is an id that no deployment has.
	Missing string
	// NoPlatform: the clusters are self-managed: they have no region, and no resources with references.
	NoPlatform bool
	// NoKeystore: nobody writes their keystores.
	NoKeystore bool
	// NoKeys: the credential for Elasticsearch may not issue keys.
	NoKeys bool
}

// RunPlatform holds a platform, and the cluster behind it, to what link expects. It changes the world.
func RunPlatform(t *testing.T, start func(t *testing.T) Fixture) {
	t.Helper()
	for name, test := range map[string]func(suite){
		"DeploymentTellsWhatAConnectionNeeds": deploymentIsWhole,
		"MissingDeploymentIsNotFound":         missingDeployment,
		"SearchFindsByPartOfNameAndId":        searchFinds,
		"SearchKeepsTheLimit":                 searchLimit,
		"KeystoreMerges":                      keystoreMerges,
		"KeystoreRemovalForgives":             keystoreForgives,
		"NetworkSecurityCanBeRead":            networkSecurity,
		"SettingsComeAndGo":                   settings,
		"BadSettingsAreRefused":               badSettings,
		"UnknownAliasIsNoError":               unknownAlias,
		"KeysAreFoundByTheirExactName":        keysByName,
		"KeysOfOneNameAreAllFound":            keysOfOneName,
		"InvalidatedKeysAreGone":              keysInvalidated,
		"SecureSettingsReload":                reload,
		"LicenseIsTold":                       license,
		"NothingIsSentAfterTheEnd":            canceled,
	} {
		t.Run(name, func(t *testing.T) { test(suite{Fixture: start(t), T: t}) })
	}
}

// suite is one test of a platform.
type suite struct {
	Fixture
	*testing.T
}

func (s suite) deployment() elastic.Deployment {
	s.Helper()
	d, err := s.Platform.Deployment(s.Context(), s.Deployment)
	if err != nil {
		s.Fatalf("reading the deployment: %v", err)
	}
	return d
}

func (s suite) cluster() elastic.Cluster {
	s.Helper()
	c, err := s.Platform.Cluster(s.deployment())
	if err != nil {
		s.Fatalf("reaching the cluster: %v", err)
	}
	return c
}

func deploymentIsWhole(s suite) {
	d := s.deployment()
	if want := (elastic.Ref{Platform: s.Name, Deployment: s.Deployment}); d.Ref != want || d.Name != s.NameOf {
		s.Errorf("got %v %q, want %v %q", d.Ref, d.Name, want, s.NameOf)
	}
	for what, value := range map[string]string{
		"RefID": d.RefID, "ClusterID": d.ClusterID, "Region": d.Region, "Version": d.Version, "Endpoint": d.Endpoint,
		"TakesKeysAt": d.TakesKeysAt(),
	} {
		if value == "" && (!s.NoPlatform || what != "RefID" && what != "Region") {
			s.Errorf("%s is empty", what)
		}
	}
	if strings.ContainsAny(d.Endpoint, ":/") {
		s.Errorf("Endpoint %q is more than a host name", d.Endpoint)
	}
	if d.Status != "started" || !d.Healthy || d.Pending {
		s.Errorf("status %q, healthy %v, pending %v: want a started, healthy deployment at rest", d.Status, d.Healthy, d.Pending)
	}
}

func missingDeployment(s suite) {
	if _, err := s.Platform.Deployment(s.Context(), s.Missing); !elastic.IsNotFound(err) {
		s.Errorf("got %v, want a call that found nothing", err)
	}
}

func searchFinds(s suite) {
	half := len(s.NameOf) / 2
	for _, text := range []string{s.NameOf, s.NameOf[:half], s.NameOf[half:], s.Deployment, s.Deployment[:8], ""} {
		found, err := s.Platform.Search(s.Context(), text, 100)
		if err != nil {
			s.Fatalf("searching %q: %v", text, err)
		}
		if !slices.ContainsFunc(found, func(d elastic.Deployment) bool { return d.Deployment == s.Deployment }) {
			s.Errorf("searching %q does not find %s", text, s.NameOf)
		}
		for _, d := range found {
			if !strings.Contains(d.Name, text) && !strings.Contains(d.Deployment, text) {
				s.Errorf("searching %q finds %s (%s)", text, d.Name, d.Deployment)
			}
			if d.Platform != s.Name {
				s.Errorf("found %v, want platform %s", d.Ref, s.Name)
			}
		}
	}
	for _, text := range []string{"no such name", `wild*?"card\`, "<script>"} {
		if found, err := s.Platform.Search(s.Context(), text, 100); err != nil || len(found) > 0 {
			s.Errorf("searching %q: got %v, %v, want nothing", text, found, err)
		}
	}
}

func searchLimit(s suite) {
	for _, limit := range []int{1, s.Others + 1, s.Others + 10} {
		found, err := s.Platform.Search(s.Context(), "", limit)
		if want := min(limit, s.Others+1); err != nil || len(found) != want {
			s.Errorf("limit %d: got %d, %v, want %d", limit, len(found), err, want)
		}
	}
}

const entry = "cluster.remote.conform.credentials"

// skipWithoutKeystore holds a platform that writes no keystore to saying so, and ends the test.
func (s suite) skipWithoutKeystore() {
	s.Helper()
	if !s.NoKeystore {
		return
	}
	hand, ok := s.Platform.(elastic.HandKeystores)
	if !ok || !hand.ByHand(s.deployment()) {
		s.Fatal("it does not say that people edit its keystores")
	}
	if nodes, err := hand.ReadSecrets(s.Context(), s.deployment()); err != nil || len(nodes) == 0 {
		s.Errorf("what its nodes have read: %v, %v", nodes, err)
	}
	if err := s.Platform.StoreSecret(s.Context(), s.deployment(), entry, secret.New("x")); err == nil {
		s.Error("stored a secret all the same")
	}
	s.SkipNow()
}

func (s suite) names(d elastic.Deployment) []string {
	s.Helper()
	names, err := s.Platform.SecretNames(s.Context(), d)
	if err != nil {
		s.Fatalf("reading the keystore: %v", err)
	}
	slices.Sort(names)
	return names
}

func keystoreMerges(s suite) {
	s.skipWithoutKeystore()
	d := s.deployment()
	before := s.names(d)
	for _, name := range []string{entry, "cluster.remote.conform2.credentials", entry} {
		if err := s.Platform.StoreSecret(s.Context(), d, name, secret.New("VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6")); err != nil {
			s.Fatalf("storing %s: %v", name, err)
		}
	}
	want := slices.Sorted(slices.Values(append(slices.Clone(before), entry, "cluster.remote.conform2.credentials")))
	if diff := cmp.Diff(want, s.names(d)); diff != "" {
		s.Errorf("names (-want +got):\n%s", diff)
	}
}

func keystoreForgives(s suite) {
	s.skipWithoutKeystore()
	d := s.deployment()
	before := s.names(d)
	if err := s.Platform.RemoveSecret(s.Context(), d, entry); err != nil {
		s.Errorf("removing what is not there: %v", err)
	}
	if err := s.Platform.StoreSecret(s.Context(), d, entry, secret.New("VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6")); err != nil {
		s.Fatalf("storing: %v", err)
	}
	for range 2 {
		if err := s.Platform.RemoveSecret(s.Context(), d, entry); err != nil {
			s.Errorf("removing: %v", err)
		}
		if diff := cmp.Diff(before, s.names(d)); diff != "" {
			s.Errorf("names (-want +got):\n%s", diff)
		}
	}
}

func networkSecurity(s suite) {
	rules, err := s.Platform.Rulesets(s.Context(), s.deployment())
	if err != nil {
		s.Errorf("reading the rulesets: %v", err)
	}
	for _, r := range rules {
		if r.ID == "" {
			s.Errorf("a ruleset without an id: %+v", r)
		}
	}
	addresses, err := s.Platform.Egress(s.Context())
	if err != nil || slices.Contains(addresses, "") {
		s.Errorf("egress: got %q, %v", addresses, err)
	}
}
