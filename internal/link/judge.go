package link

import (
	"fmt"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Expectation is what an observation is judged by: what was approved, and what else is known of the connection.
type Expectation struct {
	Model        Model
	ProxyAddress string         // empty: any
	Skip         *bool          // skip_unavailable as approved; nil: any
	Access       elastic.Access // that was approved
	KeyIDs       []string       // of the keys that were issued for it
	Role         string         // that was written just now, so that nobody has it yet
	Keystore     *bool          // the platform lists a key for the alias; nil: not known
}

// Verdict is what an observation comes to.
type Verdict struct {
	Proof   string // what was proven, for people; empty where Cause is set
	Trouble string // why nothing is proven: Elasticsearch's own words, or a finding
	Cause   Cause  // of the trouble; empty: the connection is proven
}

// Works reports whether the connection is proven.
func (v Verdict) Works() bool { return v.Cause == "" }

// Judge says whether an observation proves a connection. It has to be the one that was approved. Then what the remote cluster
// has answered counts, then how the local one has set the connection up, then why the remote one was not reached.
func Judge(o Observation, want Expectation) Verdict {
	says, text := o.answers(want)
	cause := Cause("")
	if text != "" {
		cause = CauseOf(text).Under(want.Model)
	}
	if cause == CauseNotSet && (o.Set || o.Listed) {
		text, cause = o.forgotten(), CauseForgotten
	}
	settled := func(v Verdict) bool { return v.Cause != "" }
	told := Verdict{Trouble: text, Cause: cause}
	changed, setup := o.changed(want), o.setup(want)
	switch {
	case settled(changed):
		return changed
	case settled(told) && !cause.generic():
		return told
	case settled(setup):
		return setup
	case settled(told):
		return told
	case !o.Info.Connected:
		return Verdict{Trouble: "the connection is down", Cause: CauseUnreachable}
	case want.Skip != nil && o.Info.SkipUnavailable != *want.Skip:
		return Verdict{
			Trouble: fmt.Sprintf("skip_unavailable is %t in effect but was approved as %t", o.Info.SkipUnavailable, *want.Skip),
			Cause:   CauseSkip,
		}
	}
	if v := o.Version(); v != "" {
		says = append([]string{"the remote cluster runs " + v}, says...)
	}
	return Verdict{Proof: strings.Join(says, "; ")}
}

// changed finds that the connection is another one than was approved.
func (o Observation) changed(want Expectation) Verdict {
	switch {
	case !o.Listed:
	case o.Info.Mode != "proxy":
		return Verdict{Trouble: "it is in mode " + o.Info.Mode + ", not proxy", Cause: CauseNotApproved}
	case want.ProxyAddress != "" && o.Info.ProxyAddress != want.ProxyAddress:
		return Verdict{Trouble: "it points to " + o.Info.ProxyAddress + ", not to " + want.ProxyAddress, Cause: CauseNotApproved}
	}
	return Verdict{}
}

// setup finds what is wrong with how the local cluster has the connection set up.
func (o Observation) setup(want Expectation) Verdict {
	byCertificate := want.Model == ModelCertificate
	keyed := o.Info.Credentials != ""
	switch {
	case !o.Listed && o.Set:
		return Verdict{Trouble: o.forgotten(), Cause: CauseForgotten}
	case !o.Listed:
		return Verdict{Trouble: "_remote/info does not list " + o.Alias, Cause: CauseNotSet}
	case !byCertificate && keyed && !o.Info.Connected && IsTransportPort(o.Info.ProxyAddress):
		return Verdict{Trouble: "the connection has a key, and points to " + o.Info.ProxyAddress, Cause: CausePort}
	case !byCertificate && !keyed && want.Keystore != nil && *want.Keystore:
		return Verdict{Trouble: "the keystore holds " + elastic.CredentialsName(o.Alias) + ", but the nodes use no key", Cause: CauseNotRead}
	case !byCertificate && !keyed:
		return Verdict{Trouble: "the connection uses no key", Cause: CauseNoKey}
	case byCertificate && keyed:
		return Verdict{Trouble: "the nodes have a key for " + o.Alias + ", so the connection does not use certificates", Cause: CauseStaleKey}
	}
	return Verdict{}
}

// forgotten says how it shows that nodes do not know an alias that is set.
func (o Observation) forgotten() string {
	if o.Listed {
		return o.Alias + " is set, but not every node knows it"
	}
	return o.Alias + " is set, but _remote/info does not list it"
}

// answers says what the remote cluster's answers prove, or the first text that keeps them from proving anything.
func (o Observation) answers(want Expectation) (says []string, trouble string) {
	for _, a := range o.Answers {
		say, bad := a.judge(want)
		if bad == unreached {
			break // the search says why
		}
		if bad != "" {
			return nil, bad
		}
		says = append(says, say)
		if say == want.withoutRole() {
			return says, ""
		}
	}
	if o.Search != nil {
		say, bad := want.searched(*o.Search)
		if bad != "" {
			return nil, bad
		}
		says = append(says, say)
	}
	for _, g := range Grants(want.Access) {
		if !g.search && len(want.Access.Search) > 0 {
			says = append(says, g.Pattern+": for replication, which a search can't test")
		}
	}
	return says, ""
}

// unreached stands for an answer that does not say why the remote cluster was not reached.
const unreached = "the remote cluster was not reached"

// judge says what an answer proves for its pattern; bad is what keeps it from being a proof.
func (a Answer) judge(want Expectation) (say, bad string) {
	cause := Cause("")
	if a.Error != "" {
		cause = CauseOf(a.Error)
	}
	switch {
	case !a.Known:
		return "", "no such remote cluster: [the local cluster does not know the alias]"
	case want.Role != "" && cause == CauseNoPrivileges:
		return want.withoutRole(), ""
	case a.Connected && nothingThere(a.Error):
		return a.Pattern + ": matches nothing yet", ""
	case !a.search && want.replicates(a.Error):
		return "the remote cluster accepts the key, which is for replication only, so a search can't test it", ""
	case want.Model == ModelCertificate && cause == CauseNotAllowed:
		// What a user may read there is decided by the remote cluster's roles of the same names, for each user anew.
		return a.Pattern + ": the bot's own user may not be allowed to see it", ""
	case a.Error != "":
		return "", a.Error
	case !a.Connected:
		return "", unreached
	case a.MatchingIndices != nil && *a.MatchingIndices:
		return a.Pattern + ": matches", ""
	}
	return a.Pattern + ": matches nothing yet", ""
}

// replicates reports whether a refusal proves a connection for replication alone. Resolving and searching want privileges
// that such a key does not have, so a refusal is all that can be had of it. It is a proof only where it comes from the
// remote cluster's privileges, and names the very key that was issued for the connection.
func (want Expectation) replicates(text string) bool {
	named := func(id string) bool {
		return id != "" && strings.Contains(text, "authenticated by API key id ["+id+"]")
	}
	return len(want.Access.Search) == 0 && len(want.Access.Replication) > 0 &&
		strings.Contains(text, "granted by the index privileges") && slices.ContainsFunc(want.KeyIDs, named)
}

// withoutRole is what is said where the bot's own user lacks the role that was written just now. Whether the key opens the
// connection, _remote/info tells.
func (want Expectation) withoutRole() string {
	return "the bot's own user may see nothing until it has the role " + want.Role
}

// searched says what a search through the alias proves, or what is wrong.
func (want Expectation) searched(s elastic.Searched) (say, bad string) {
	switch {
	case !s.Known:
		return "", "no such remote cluster: [the local cluster does not know the alias]"
	case s.Reached:
		return "the remote cluster answered a search", ""
	case want.Model == ModelCertificate && CauseOf(s.Error) == CauseNotAllowed:
		return "the remote cluster answered a search, and the bot's own user may see nothing there", ""
	case want.Role != "" && CauseOf(s.Error) == CauseNoPrivileges:
		return want.withoutRole(), ""
	case want.replicates(s.Error):
		return "the remote cluster accepts the key, which is for replication only, so a search can't test it", ""
	}
	return "", s.Error
}
