package link

import (
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Problems are what keeps any change of an existing connection from being planned.
func (e ConnectionState) Problems(managed bool) *change.InvalidError {
	var wrong change.InvalidError
	switch {
	case e.ReadError(PartLocalCluster, PartSettings) != nil: // what is there is not known; see requireReachable
	case !e.Exists() && e.Managed == nil:
		wrong.Add(FieldAlias, "%s knows no remote cluster %s", e.PairState.Local.Name, e.Alias)
	case managed && e.Managed == nil:
		wrong.Add(FieldAlias, "%s was made by hand: adopt it first, so that the bot knows the remote side and what its key may read", e.Alias)
	case managed && !e.HasRemote():
		wrong.Add(FieldRemote, "the remote deployment %s is gone", e.Managed.To())
	}
	return &wrong
}

// Refusal is what makes a kind of change one that is not for this connection, whatever is filled in.
func (e ConnectionState) Refusal(k change.Kind) *change.InvalidError {
	wrong := e.Problems(k == KindRotate || k == KindUpdate)
	seen := !e.Exists() || e.HasRemote()
	switch k {
	case KindRotate, KindUpdate:
		e.keyed(wrong)
	case KindAdopt:
		switch {
		case e.Managed != nil:
			wrong.Add(FieldAlias, "%s is managed by the bot already", e.Alias)
		case strings.HasSuffix(e.Alias, elastic.ProbeSuffix):
			note(wrong, FieldAlias, elastic.CheckAlias(e.Alias))
		case !seen:
			wrong.Add(FieldAlias, "%s points to no deployment that the bot can see (%s)", e.Alias, e.Aliases[e.Alias])
		}
	case KindMigrate:
		switch {
		case e.Exists() && (e.HasKey || e.Info.Credentials != ""):
			wrong.Add(FieldAlias, "%s uses an API key already", e.Alias)
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
