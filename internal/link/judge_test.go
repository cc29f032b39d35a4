package link

import (
	"strings"
	"testing"
)

func TestWhatAnAnswerProves(t *testing.T) {
	yes, no := true, false
	denied := "action [x] towards remote cluster is unauthorized for user [u] on indices [a]"
	tests := map[string]struct {
		answer   Resolved
		search   bool
		say, bad string
	}{
		"matches":                   {Resolved{Known: true, Connected: true, MatchingIndices: &yes}, true, "a: matches", ""},
		"matches nothing":           {Resolved{Known: true, Connected: true, MatchingIndices: &no}, true, "a: matches nothing yet", ""},
		"not said":                  {Resolved{Known: true, Connected: true}, true, "a: matches nothing yet", ""},
		"a name that is not there":  {Resolved{Known: true, Connected: true, Error: "no such index [a]"}, true, "a: matches nothing yet", ""},
		"the same, not connected":   {Resolved{Known: true, Error: "no such index [a]"}, true, "", "no such index [a]"},
		"unknown alias":             {Resolved{}, true, "", "does not know the alias"},
		"not connected":             {Resolved{Known: true}, true, "", "not connected"},
		"an error":                  {Resolved{Known: true, Connected: true, Error: "boom"}, true, "", "boom"},
		"search denied":             {Resolved{Known: true, Connected: true, Error: denied}, true, "", denied},
		"replication can't resolve": {Resolved{Known: true, Connected: true, Error: denied}, false, "a: for replication", ""},
		"replication is down":       {Resolved{Known: true, Error: denied}, false, "", denied},
	}
	for name, tt := range tests {
		say, bad := grant{pattern: "a", search: tt.search}.judge(tt.answer, ModelKey)
		if !strings.HasPrefix(say, tt.say) || (say == "") != (tt.say == "") || !strings.Contains(bad, tt.bad) || (bad == "") != (tt.bad == "") {
			t.Errorf("%s: got %q, %q", name, say, bad)
		}
	}
}

func TestWhatIsMissingForAProof(t *testing.T) {
	v := &verifyStep{work: work{c: Connect{Alias: "logs", ProxyAddress: "a:9443"}}}
	good := RemoteInfo{Connected: true, Mode: "proxy", ProxyAddress: "a:9443", Credentials: "::es_redacted::"}
	if why := v.notYet(good, true, ""); why != "" {
		t.Errorf("nothing is missing, but: %s", why)
	}
	for want, spoil := range map[string]func(*RemoteInfo){
		"is down":         func(i *RemoteInfo) { i.Connected = false },
		"mode sniff":      func(i *RemoteInfo) { i.Mode = "sniff" },
		"points to b:9":   func(i *RemoteInfo) { i.ProxyAddress = "b:9" },
		"uses no key":     func(i *RemoteInfo) { i.Credentials = "" },
		"connection uses": func(i *RemoteInfo) { i.Credentials, i.Connected = "", false },
	} {
		bad := good
		spoil(&bad)
		if why := v.notYet(bad, true, ""); !strings.Contains(why, want) {
			t.Errorf("got %q, want %q", why, want)
		}
	}
	if why := v.notYet(good, true, "boom"); why != "boom" {
		t.Error(why)
	}
	if v.notYet(good, false, "") == "" {
		t.Error("an alias that is not listed is no proof")
	}
}
