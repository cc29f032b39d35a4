package link

import (
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Texts as 8.19.4 answered them.
const (
	refusedReplication = "action [indices:admin/resolve/cluster] towards remote cluster is unauthorized for user [elastic] with assigned roles " +
		"[superuser] authenticated by API key id [k1] of user [elastic], this action is granted by the index privileges " +
		"[view_index_metadata,manage,read,read_cross_cluster,all]"
	refusedIndex = "action [indices:admin/resolve/cluster] towards remote cluster is unauthorized for user [elastic] with assigned roles " +
		"[superuser] authenticated by API key id [k1] of user [elastic] on indices [a], this action is granted by the index privileges " +
		"[view_index_metadata,manage,read,read_cross_cluster,all]"
	noPrivileges = "action [indices:admin/resolve/cluster] towards remote cluster is unauthorized for user [u] with effective roles [r] because " +
		"no remote indices privileges apply for the target cluster"
	reset   = "Unable to open any proxy connections to cluster [logs] at address [a:9443]: [][a:9443] general node connection failure: handshake failed because connection reset"
	refused = "Unable to open any proxy connections to cluster [logs] at address [a:9443]: [][a:9443] connect_exception: Connection refused: a/10.0.0.1:9443"
)

// seenWell is a connection that works; want is what was approved of it.
func seenWell() (o Observation, want Expectation) {
	o = Observation{
		Alias: "logs", Listed: true,
		Info: elastic.RemoteInfo{Connected: true, Mode: "proxy", ProxyAddress: "a:9443", Sockets: 18, MaxSockets: 18, Credentials: "::es_redacted::"},
	}
	o.Answers = []Answer{{Grant{"a", true}, elastic.Resolved{Known: true, Connected: true, MatchingIndices: new(true), Version: "8.19.4"}}}
	return o, Expectation{ProxyAddress: "a:9443", Skip: new(false), Access: elastic.Access{Search: []string{"a"}}}
}

func (o *Observation) answer(r elastic.Resolved) { o.Answers[0].Resolved = r }

func (o *Observation) search(s elastic.Searched) {
	o.Answers[0].Resolved = elastic.Resolved{Known: true}
	o.Search = &s
	o.Info.Connected = s.Reached
}

func TestJudge(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Observation, *Expectation)
		proof  string
		cause  Cause
	}{
		"matches":         {func(*Observation, *Expectation) {}, "8.19.4; a: matches", ""},
		"matches nothing": {func(o *Observation, _ *Expectation) { o.answer(elastic.Resolved{Known: true, Connected: true}) }, "a: matches nothing yet", ""},
		"a name that is not there": {func(o *Observation, _ *Expectation) {
			o.answer(elastic.Resolved{Known: true, Connected: true, Error: "no such index [a]"})
		}, "a: matches nothing yet", ""},
		"a name that is not there, and not connected": {
			func(o *Observation, _ *Expectation) {
				o.answer(elastic.Resolved{Known: true, Error: "no such index [a]"})
			}, "", CauseUnknown,
		},
		"a name that is not granted": {func(o *Observation, _ *Expectation) { o.answer(elastic.Resolved{Known: true, Error: refusedIndex}) }, "", CauseNotAllowed},
		"unknown alias":              {func(o *Observation, _ *Expectation) { o.answer(elastic.Resolved{}); o.Listed = false }, "", CauseNotSet},
		"forgotten alias":            {func(o *Observation, _ *Expectation) { o.answer(elastic.Resolved{}); o.Listed, o.Set = false, true }, "", CauseForgotten},
		"forgotten by some nodes":    {func(o *Observation, _ *Expectation) { o.answer(elastic.Resolved{}) }, "", CauseForgotten},
		"not listed, but set":        {func(o *Observation, _ *Expectation) { o.Listed, o.Set = false, true }, "", CauseForgotten},
		"not listed":                 {func(o *Observation, _ *Expectation) { o.Listed = false }, "", CauseNotSet},
		"mode sniff":                 {func(o *Observation, _ *Expectation) { o.Info.Mode = "sniff" }, "", CauseNotApproved},
		"another address":            {func(o *Observation, _ *Expectation) { o.Info.ProxyAddress = "b:9443" }, "", CauseNotApproved},
		"down":                       {func(o *Observation, _ *Expectation) { o.Info.Connected = false }, "", CauseUnreachable},
		"skip_unavailable as 8.x resets it": {
			func(o *Observation, _ *Expectation) { o.Info.SkipUnavailable = true }, "", CauseSkip,
		},
		"skip_unavailable as anybody set it": {
			func(o *Observation, want *Expectation) { o.Info.SkipUnavailable, want.Skip = true, nil }, "a: matches", "",
		},
		"a refusal": {func(o *Observation, _ *Expectation) {
			o.answer(elastic.Resolved{Known: true, Error: "unable to find apikey with id k1"})
		}, "", CauseBadKey},
		"no key": {func(o *Observation, _ *Expectation) {
			o.search(elastic.Searched{Known: true, Error: reset})
			o.Info.Credentials = ""
		}, "", CauseNoKey},
		"a key that the nodes have not read": {func(o *Observation, want *Expectation) {
			o.search(elastic.Searched{Known: true, Error: reset})
			o.Info.Credentials, want.Keystore = "", new(true)
		}, "", CauseNotRead},
		"a closed port": {func(o *Observation, _ *Expectation) { o.search(elastic.Searched{Known: true, Error: refused}) }, "", CauseUnreachable},
		"a reset":       {func(o *Observation, _ *Expectation) { o.search(elastic.Searched{Known: true, Error: reset}) }, "", CauseDropped},
		"a reason that is not told": {
			func(o *Observation, _ *Expectation) {
				o.search(elastic.Searched{Known: true, Error: "Unable to connect to [logs]"})
			}, "", CauseNotTold,
		},
		"the same, by certificates": {func(o *Observation, want *Expectation) {
			o.search(elastic.Searched{Known: true, Error: reset})
			o.Info.Credentials, want.Model = "", ModelCertificate
		}, "", CauseUntrusted},
		"a key left in memory, by certificates": {func(o *Observation, want *Expectation) { want.Model = ModelCertificate }, "", CauseStaleKey},
		"certificates before 8.13": {func(o *Observation, want *Expectation) {
			o.Answers, o.NoResolve, o.Search = nil, true, &elastic.Searched{Known: true, Reached: true}
			o.Info.Credentials, want.Model = "", ModelCertificate
		}, "answered a search", ""},
		"certificates before 8.13, of a user without roles there": {func(o *Observation, want *Expectation) {
			o.Answers, o.NoResolve = nil, true
			o.Search = &elastic.Searched{Known: true, Error: "action [indices:data/read/search] is unauthorized for user [bot] on indices [a]"}
			o.Info.Credentials, want.Model = "", ModelCertificate
		}, "may see nothing there", ""},
		"a role that nobody has yet": {func(o *Observation, want *Expectation) {
			o.answer(elastic.Resolved{Known: true, Error: noPrivileges})
			want.Role = "readers"
		}, "until it has the role readers", ""},
		"no role":            {func(o *Observation, _ *Expectation) { o.answer(elastic.Resolved{Known: true, Error: noPrivileges}) }, "", CauseNoPrivileges},
		"an unknown refusal": {func(o *Observation, _ *Expectation) { o.answer(elastic.Resolved{Known: true, Error: "boom"}) }, "", CauseUnknown},
	} {
		o, want := seenWell()
		tt.change(&o, &want)
		v := Judge(o, want)
		if v.Cause != tt.cause || !strings.Contains(v.Proof, tt.proof) || v.Works() == (v.Proof == "") || v.Works() == (v.Trouble != "") {
			t.Errorf("%s: got %+v, want cause %q, proof %q", name, v, tt.cause, tt.proof)
		}
	}
}

// A key for replication alone grants nothing that can be asked for. Its refusal is the proof, and no other one.
func TestReplicationAloneIsProvenByTheRefusalOfItsOwnKeyOnly(t *testing.T) {
	alone := elastic.Access{Replication: []string{"a"}}
	for name, tt := range map[string]struct {
		text   string
		access elastic.Access
		ids    []string
		works  bool
	}{
		"its own key":               {refusedReplication, alone, []string{"k1"}, true},
		"its own key, by an index":  {refusedIndex, alone, []string{"k1"}, true},
		"another key":               {refusedReplication, alone, []string{"k2"}, false},
		"a key that begins alike":   {refusedReplication, alone, []string{"k"}, false},
		"no key is known":           {refusedReplication, alone, nil, false},
		"an empty id":               {strings.ReplaceAll(refusedReplication, "k1", ""), alone, []string{""}, false},
		"search was approved, too":  {refusedReplication, elastic.Access{Search: []string{"b"}, Replication: []string{"a"}}, []string{"k1"}, false},
		"the user lacks a role":     {noPrivileges, alone, []string{"k1"}, false},
		"not by index privileges":   {strings.ReplaceAll(refusedReplication, "granted by the index", "granted by the cluster"), alone, []string{"k1"}, false},
		"the key is not accepted":   {"unable to authenticate user [k1] for action [indices:admin/resolve/cluster]", alone, []string{"k1"}, false},
		"the key is named in words": {"granted by the index privileges, [k1]", alone, []string{"k1"}, false},
	} {
		o, want := seenWell()
		o.Answers = []Answer{{resolvable(tt.access)[0], elastic.Resolved{Known: true, Error: tt.text}}}
		want.Access, want.KeyIDs = tt.access, tt.ids
		v := Judge(o, want)
		if v.Works() != tt.works || tt.works && !strings.Contains(v.Proof, "accepts the key, which is for replication only") {
			t.Errorf("%s: %+v", name, v)
		}
		o.Info.Connected = false
		if v := Judge(o, want); v.Works() {
			t.Errorf("%s, not connected: %+v", name, v)
		}
	}
}

func TestReplicationBesideSearchIsNotAskedFor(t *testing.T) {
	a := elastic.Access{Search: []string{"logs-*", "both"}, Replication: []string{"both", "leader"}}
	if asked := resolvable(a); len(asked) != 2 || asked[0].Pattern != "logs-*" || asked[1].Pattern != "both" {
		t.Errorf("asked for %v", asked)
	}
	o, want := seenWell()
	want.Access = a
	if v := Judge(o, want); !v.Works() || !strings.Contains(v.Proof, "leader: for replication, which a search can't test") || strings.Contains(v.Proof, "both: for") {
		t.Errorf("%+v", v)
	}
}
