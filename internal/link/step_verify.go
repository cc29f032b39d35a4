package link

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// What verify notes.
const (
	evWithoutKey = "look_without_key_" // and its number
	evReloaded   = "reloaded"          // the nodes were told to read their keystore again
)

// reloadAfter is how many looks without a key verify gives the nodes before it tells them to read their keystore again.
// From 8.14 on they do that by themselves, but when is documented nowhere.
const reloadAfter = 3

// verifyStep proves the connection: writing settings is answered with 200 whatever comes of it. It changes nothing.
type verifyStep struct {
	work
	suffix   string // of the step's name, where a change has several
	patience time.Duration
	finding  string
}

func (v *verifyStep) Name() string { return StepVerify + v.suffix }

func (v *verifyStep) Title() string {
	if v.suffix != "" {
		return "Verify the connection " + v.c.Alias
	}
	return "Verify the connection"
}

// Patience is how long a connection may take to come up.
func (v *verifyStep) Patience() time.Duration { return v.patience }

func (v *verifyStep) calls(s Survey) []change.PlannedCall {
	var calls []change.PlannedCall
	get := func(path string) {
		calls = append(calls, change.PlannedCall{Step: v.Name(), System: elasticsearchOf(s.Local), Method: "GET", Path: path})
	}
	for _, g := range v.asked(s.Local) {
		get("/_resolve/cluster/" + v.c.Alias + ":" + g.pattern)
	}
	get("/_remote/info")
	return calls
}

// grant is one pattern of an access list.
type grant struct {
	pattern string
	search  bool // it may be searched, and not only replicated
}

// granted returns every pattern once.
func (a Access) granted() []grant {
	var all []grant
	seen := map[string]bool{}
	for _, p := range a.Search {
		if !seen[p] {
			seen[p] = true
			all = append(all, grant{pattern: p, search: true})
		}
	}
	for _, p := range a.Replication {
		if !seen[p] {
			seen[p] = true
			all = append(all, grant{pattern: p})
		}
	}
	return all
}

// asked are the patterns to resolve. Under the certificate model the list of what may be read is not ours: without one
// everything is asked for. Clusters before 8.13 can't be asked.
func (v *verifyStep) asked(local Deployment) []grant {
	if version, err := ParseVersion(local.Version); err == nil && !version.AtLeast(resolveMajor, resolveMinor) {
		return nil
	}
	all := v.c.Access.granted()
	if len(all) == 0 {
		all = []grant{{pattern: "*", search: true}}
	}
	return all
}

func (v *verifyStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	local, err := v.local(ctx)
	if err != nil {
		return err
	}
	// Resolving comes first: it connects, while _remote/info only tells how things stand.
	seen, trouble, err := v.resolve(ctx, local)
	if err != nil {
		return err
	}
	all, err := local.es.RemoteInfo(ctx)
	if err != nil {
		return attempt("reading the remote connections of "+local.d.Name, err)
	}
	info, known := all[v.c.Alias]
	if known && info.Credentials == "" && !v.c.byCertificate() {
		if err := v.reload(ctx, local, had, note); err != nil {
			return err
		}
	}
	if why := v.notYet(info, known, trouble); why != "" {
		return v.explain(ctx, local, why, Symptoms{
			Alias: v.c.Alias, Address: v.c.ProxyAddress, NoKey: known && info.Credentials == "" && !v.c.byCertificate(), Model: v.c.Model,
		})
	}
	v.finding = fmt.Sprintf("connected over %d of %d sockets", info.Sockets, info.MaxSockets)
	if seen != "" {
		v.finding += ", " + seen
	}
	return nil
}

// resolve asks for every pattern on its own, so that people learn which of them match something. trouble is the first
// thing that went wrong.
func (v *verifyStep) resolve(ctx context.Context, local side) (seen, trouble string, err error) {
	var says []string
	version := ""
	for _, g := range v.asked(local.d) {
		r, err := local.es.Resolve(ctx, v.c.Alias, []string{g.pattern})
		if err != nil {
			return "", "", attempt("resolving "+g.pattern+" through "+v.c.Alias+" on "+local.d.Name, err)
		}
		say, bad := g.judge(r, v.c.Model)
		if v.c.Role != nil && causeOf(bad) == CauseNoPrivileges {
			// The role was written just now, and nobody has it yet. Whether the key opens the connection, _remote/info tells.
			return "the bot's own user may see nothing through it until it is given the role " + v.c.Role.Name, "", nil
		}
		if bad != "" {
			return "", bad, nil // the others would say the same
		}
		says = append(says, say)
		if r.Version != "" {
			version = r.Version
		}
	}
	if version != "" {
		says = append([]string{"the remote cluster is at " + version}, says...)
	}
	return strings.Join(says, "; "), "", nil
}

// judge says what an answer means for one pattern; bad is what keeps it from being a proof.
func (g grant) judge(r Resolved, m Model) (say, bad string) {
	matches := r.MatchingIndices != nil && *r.MatchingIndices
	switch {
	case !r.Known:
		return "", "the local cluster does not know the alias yet"
	case r.Connected && nothingThere(r.Error):
		return g.pattern + ": matches nothing yet", ""
	case r.Connected && !g.search && causeOf(r.Error) == CauseNotAllowed:
		// Resolving wants view_index_metadata, which a key for replication alone does not have.
		return g.pattern + ": for replication, what it matches can't be asked for", ""
	case m == ModelCertificate && causeOf(r.Error) == CauseNotAllowed:
		// What a user may read there is decided by the remote cluster's roles of the same names, for each user anew.
		return g.pattern + ": the bot's own user may not see it there", ""
	case r.Error != "":
		return "", r.Error
	case !r.Connected:
		return "", "the remote cluster is not connected"
	case matches:
		return g.pattern + ": matches", ""
	}
	return g.pattern + ": matches nothing yet", ""
}

// nothingThere reports whether an error only says that a concrete name does not exist on the remote cluster.
func nothingThere(text string) bool {
	return strings.Contains(text, "no such index") || strings.Contains(text, "index_not_found_exception")
}

// notYet says what is missing for the connection to be proven; empty if nothing is.
func (v *verifyStep) notYet(info RemoteInfo, known bool, trouble string) string {
	switch {
	case !known:
		return "_remote/info does not list " + v.c.Alias + " yet"
	case trouble != "":
		return trouble
	case info.Mode != "proxy":
		return "the connection is in mode " + info.Mode + ", not proxy"
	case info.ProxyAddress != v.c.ProxyAddress:
		return "the connection points to " + info.ProxyAddress
	case info.Credentials == "" && !v.c.byCertificate():
		return "the connection uses no key"
	case info.Credentials != "" && v.c.byCertificate():
		return "the local keystore holds a key for this alias, so the connection does not use certificates"
	case !info.Connected:
		return "the connection is down"
	}
	return ""
}

// reload tells the nodes to read their keystore again, once, after they had some looks' time to do so by themselves.
func (v *verifyStep) reload(ctx context.Context, local side, had change.Evidence, note change.Note) error {
	if had[evReloaded] != "" {
		return nil
	}
	// One key a look: what is noted under a key once keeps its value.
	for n := 1; n < reloadAfter; n++ {
		if look := evWithoutKey + strconv.Itoa(n); had[look] == "" {
			return note(ctx, change.Evidence{look: "true"})
		}
	}
	if err := note(ctx, change.Evidence{evReloaded: "true"}); err != nil {
		return err
	}
	// Only a help: whether it worked or not, the next look decides.
	return change.Temporary(attempt("making the nodes of "+local.d.Name+" read their keystore again",
		local.es.ReloadSecureSettings(ctx)))
}

// explain makes the error of a connection that is not up: worth another look until the executor's patience ends, and
// then the reason why everything is taken back.
func (v *verifyStep) explain(ctx context.Context, local side, why string, s Symptoms) error {
	if egress, err := local.Egress(ctx); err == nil { // only a help for people
		s.Egress = egress
	}
	d := Diagnose(why, s)
	return change.Waiting(&change.ExplainedError{
		Say: d.Say + " " + d.Fix,
		Err: fmt.Errorf("%w: %s", errNotConnected, why),
	})
}

var errNotConnected = errors.New("not connected yet")

// Undo does nothing: Apply changed nothing.
func (*verifyStep) Undo(context.Context, change.Evidence) error { return nil }

// Finding says what the proof saw.
func (v *verifyStep) Finding() string { return v.finding }
