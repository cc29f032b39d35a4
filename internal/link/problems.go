package link

import (
	"errors"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Problems says what stands against c in the world as s found it, by field. What s could not read is not a problem
// here: anyone who needs it asks Why.
func (s PairState) Problems(c ConnectParams) *change.InvalidError {
	var wrong change.InvalidError
	reach, pasted := s.ReadError(PartRemoteCluster), s.WantsPasted()
	if pasted || c.ByCertificate() { // then nothing is asked of the remote cluster itself
		reach = nil
	}
	ProblemsOf(&wrong, FieldLocal, s.Local, s.ReadError(PartLocalCluster), c.Model)
	ProblemsOf(&wrong, FieldRemote, s.Remote, reach, c.Model)
	if c.ByCertificate() {
		trustProblems(s, &wrong, c)
	}
	if s.CantIssue != nil && !pasted && !c.ByCertificate() {
		wrong.Add(FieldRemote, "the bot can't create a key on %s: %s", s.Remote.Name, s.CantIssue)
	}
	s.keystoreProblems(&wrong, c)
	s.keyServerProblems(&wrong, c)
	if s.Local.ClusterID != "" && s.Local.ClusterID == s.Remote.ClusterID {
		wrong.Add(FieldRemote, "this is the local cluster itself")
	}
	s.FilterProblems(&wrong, c)
	directionProblems(s, &wrong, c)
	restartProblems(s, &wrong, c)
	identityProblems(s, &wrong, c)
	if address, used := s.Aliases[c.Alias]; used {
		if address == "" {
			address = "an unknown address"
		}
		wrong.Add(FieldAlias, "%s is already in use on %s: it points to %s", c.Alias, s.Local.Name, address)
	} else if slices.Contains(s.Stored, c.Alias) {
		wrong.Add(FieldAlias, "the keystore of %s already has a key for %s; choose another alias, or remove %s first",
			s.Local.Name, c.Alias, elastic.CredentialsName(c.Alias))
	}
	return &wrong
}

// keystoreProblems say that no key can be stored on the local side.
func (s PairState) keystoreProblems(wrong *change.InvalidError, c ConnectParams) {
	if c.ByCertificate() {
		return
	}
	s.HandProblems(wrong)
	if s.KeystoreByHand() && s.WantsPasted() {
		wrong.Add(FieldLocal, "the bot can neither create the key on %s nor store it in the keystore of %s, so it can't help with this connection",
			s.Remote.Name, s.Local.Name)
	}
}

// HandProblems say that a person would have to store a key on the local side, and can't be shown one.
func (s PairState) HandProblems(wrong *change.InvalidError) {
	if s.KeystoreByHand() && !s.ShowsKeys {
		wrong.Add(FieldLocal, "the bot can't store a key in the keystore of %s: its configuration has no keystore_hook. It also has no "+
			"keys.encryption, which is required to show the key to a person", s.Local.Name)
	}
}

// KeystoreByHand reports whether a person has to put the key into the keystores of the local side.
func (s PairState) KeystoreByHand() bool {
	hand, ok := s.LocalOn.Platform.(elastic.HandKeystores)
	return ok && hand.ByHand(s.Local)
}

// KeystoreFields say that a person is shown the key, where that is so.
func (s PairState) KeystoreFields() []change.Field {
	if !s.KeystoreByHand() {
		return nil
	}
	return []change.Field{{Label: "Keystore", Value: "by hand: an approver of the local side sees the key once, in private, and puts it " +
		"into the keystore of each node of " + s.Local.Name}}
}

// keyServerProblems say that the remote side takes no keys.
func (s PairState) keyServerProblems(wrong *change.InvalidError, c ConnectParams) {
	if s.Remote.NoKeyServer && !c.ByCertificate() {
		wrong.Add(FieldRemote, "%s accepts no API key connections: remote_cluster_server.enabled is false on its nodes, or the bot's configuration "+
			"has no address for it. Its owners must set that to true in elasticsearch.yml and restart the nodes", s.Remote.Name)
	}
}

// ProblemsOf says what keeps one deployment from being a side of a connection.
func ProblemsOf(wrong *change.InvalidError, field string, d elastic.Deployment, reach error, m Model) {
	switch d.Status {
	case "stopped", "stopping":
		wrong.Add(field, "%s is %s", d.Name, d.Status)
		return // its version and credentials are beside the point
	}
	v, err := elastic.ParseVersion(d.Version)
	switch {
	case err != nil:
		wrong.Add(field, "neither the platform nor Elasticsearch reports the version of %s; it may still be starting for the first time", d.Name)
	case m == ModelCertificate && !v.AtLeast(elastic.ProxyMajor, elastic.ProxyMinor):
		wrong.Add(field, "%s runs %s: the proxy mode requires %d.%d or later", d.Name, v, elastic.ProxyMajor, elastic.ProxyMinor)
	case m != ModelCertificate && !v.AtLeast(elastic.KeyMajor, elastic.KeyMinor):
		wrong.Add(field, "%s runs %s: API keys require %d.%d or later on both sides. Use TLS certificates for older clusters",
			d.Name, v, elastic.KeyMajor, elastic.KeyMinor)
	}
	if errors.Is(reach, elastic.ErrNoCredentials) {
		wrong.Add(field, "the bot has no credentials for Elasticsearch of %s", d.Name)
	}
}

// Problems are what keeps any change of an existing connection from being planned.
func (e ConnectionState) Problems(managed bool) *change.InvalidError {
	var wrong change.InvalidError
	switch {
	case e.ReadError(PartLocalCluster, PartSettings) != nil: // what is there is not known; see requireReachable
	case !e.Exists() && e.Managed == nil:
		wrong.Add(FieldAlias, "%s has no remote cluster %s", e.PairState.Local.Name, e.Alias)
	case managed && e.Managed == nil:
		wrong.Add(FieldAlias, "%s was created by hand: adopt it first, so that the bot knows the remote side and what the key may read", e.Alias)
	case managed && !e.HasRemote():
		wrong.Add(FieldRemote, "the remote deployment %s no longer exists", e.Managed.To())
	}
	return &wrong
}

// Refusal is what makes a kind of change one that is not for this connection, whatever is filled in.
func (e ConnectionState) Refusal(k change.Kind) *change.InvalidError {
	wrong := e.Problems(k == KindRotate || k == KindUpdate || k == KindExtend)
	seen := !e.Exists() || e.HasRemote()
	switch k {
	case KindRotate, KindUpdate:
		e.keyed(wrong)
	case KindExtend:
		if len(wrong.Problems) == 0 && !e.Exists() && e.ReadError(PartLocalCluster, PartSettings) == nil {
			wrong.Add(FieldAlias, "%s no longer has a remote cluster %s", e.PairState.Local.Name, e.Alias)
		}
	case KindAdopt:
		switch {
		case e.Managed != nil:
			wrong.Add(FieldAlias, "%s is already managed by the bot", e.Alias)
		case strings.HasSuffix(e.Alias, elastic.ProbeSuffix):
			note(wrong, FieldAlias, elastic.CheckAlias(e.Alias))
		case !seen:
			wrong.Add(FieldAlias, "%s points to no deployment that the bot can see (%s)", e.Alias, e.Aliases[e.Alias])
		}
	case KindMigrate:
		switch {
		case e.Exists() && (e.HasKey || e.Info.Credentials != ""):
			wrong.Add(FieldAlias, "%s already uses an API key", e.Alias)
		case !seen:
			wrong.Add(FieldAlias, "%s points to no deployment that the bot can see (%s)", e.Alias, e.Aliases[e.Alias])
		}
	}
	return wrong
}

// WhyNot says why a kind of change is not for this connection, before anybody fills in a form; empty: it is.
func (e ConnectionState) WhyNot(k change.Kind) string {
	wrong := e.Refusal(k)
	if len(wrong.Problems) == 0 {
		return ""
	}
	return wrong.Problems[0].Say
}

// keyed adds a problem where a change is for connections by key alone.
func (e ConnectionState) keyed(wrong *change.InvalidError) {
	if e.ByCertificate() {
		wrong.Add(FieldAlias, "%s uses certificates: migrate it to an API key first", e.Alias)
	}
}
