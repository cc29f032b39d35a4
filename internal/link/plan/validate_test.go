package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

func TestAliases(t *testing.T) {
	for _, good := range []string{"a", "logs", "logs-eu_1", "0logs", strings.Repeat("a", 100)} {
		if err := elastic.CheckAlias(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "Logs", "-logs", "_logs", "logs.eu", "logs eu", "lögs", "logs\n", "node", "signing",
		strings.Repeat("a", 101),
	} {
		if elastic.CheckAlias(bad) == nil {
			t.Errorf("%q passes", bad)
		}
	}
}

func TestAddresses(t *testing.T) {
	tests := map[string]string{ // empty: good
		"logs.es.example:9443":         "",
		"10.0.0.1:9443":                "",
		"[2001:db8::1]:9443":           "",
		"logs.es.example:443":          "",
		"":                             "required",
		"logs.es.example":              "such as logs.es.example:9443",
		"logs.es.example:":             "not a port",
		"logs.es.example:9400":         "use 9443",
		"logs.es.example:9300":         "use 9443",
		"logs.es.example:0":            "not a port",
		"logs.es.example:99999":        "not a port",
		"https://logs.es.example:9443": `leave "https://" out`,
		"logs.es.example:9443/":        "leave out the /",
		"logs_x.example:9443":          "not a host name",
		"user@logs.example:9443":       "not a host name",
		":9443":                        "not a host name",
		"2001:db8::1:9443":             "host:port",
	}
	for address, want := range tests {
		err := elastic.CheckAddress(address)
		switch {
		case want == "" && err != nil:
			t.Errorf("%q: %v", address, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: got %v, want %q", address, err, want)
		}
	}
}

func TestServerNames(t *testing.T) {
	if err := elastic.CheckServerName("logs.es.example"); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "https://logs", "logs:9443", "logs/", "lo gs", "-logs", "*.example", strings.Repeat("a.", 130)} {
		if elastic.CheckServerName(bad) == nil {
			t.Errorf("%q passes", bad)
		}
	}
}

func TestIndexPatterns(t *testing.T) {
	for _, good := range []string{"logs-*", "*", ".ds-logs", "a+b", "logs-2026.01.02", strings.Repeat("a", 255)} {
		if err := link.CheckPattern(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", ".", "..", "-logs", "_all", "+logs", "Logs", "remote:logs", "a b", `a\b`, "a/b", "a?", `a"`, "<logs>",
		"a|b", "a#b", "a,b", "a\x00b", strings.Repeat("a", 256),
	} {
		if link.CheckPattern(bad) == nil {
			t.Errorf("%q passes", bad)
		}
	}
}

func TestPatternsAreReadFromText(t *testing.T) {
	got := link.ParsePatterns(" logs-*,metrics-*\n\ttraces-*  logs-* ,, ")
	if diff := cmp.Diff([]string{"logs-*", "metrics-*", "traces-*"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := link.ParsePatterns("\"logs-*\", “metrics-*” ‘traces-*’ 'logs-*"); strings.Join(got, " ") != "logs-* metrics-* traces-*" {
		t.Errorf("quoted: %q", got)
	}
	if got := link.ParsePatterns(`""`); len(got) != 0 {
		t.Errorf("nothing in quotes: %q", got)
	}
	if got := link.ParsePatterns(" \n,"); len(got) != 0 {
		t.Errorf("got %q of nothing", got)
	}
}

func TestVersions(t *testing.T) {
	v, err := elastic.ParseVersion("9.1.0-SNAPSHOT")
	if err != nil || v.String() != "9.1.0" || !v.AtLeast(8, 14) || !v.AtLeast(9, 1) || v.AtLeast(9, 2) {
		t.Errorf("got %v, %v", v, err)
	}
	for _, bad := range []string{"", "8", "8.14", "8.x.1", "8.14.-1", "v8.14.0", "8.14.0.1"} {
		if _, err := elastic.ParseVersion(bad); err == nil {
			t.Errorf("%q passes", bad)
		}
	}
}

// The rows are those of Elastic's table for cross-cluster search.
func TestCompatibleVersions(t *testing.T) {
	tests := map[string]struct{ yes, no string }{
		"8.14": {"8.13 8.14 8.15 8.19", "8.12 9.0"},
		"8.15": {"8.14 8.15 8.19", "8.13 9.0"},
		"8.17": {"8.16 8.17 8.19", "8.15 9.0"},
		"8.18": {"8.17 8.18 8.19 9.0", "8.16 9.1 9.3"},
		"8.19": {"8.18 8.19 9.0 9.1 9.3", "8.17"},
		"9.0":  {"8.18 9.0 9.1 9.3", "8.17 8.19"},
		"9.1":  {"9.0 9.1 9.3", "8.18 8.19"},
		"9.3":  {"9.2 9.3 9.4", "9.1 8.19 10.0"},
	}
	for local, tt := range tests {
		l := version(t, local)
		for remote := range strings.FieldsSeq(tt.yes) {
			if ok, why := elastic.Compatible(l, version(t, remote)); !ok || why != "" {
				t.Errorf("%s → %s: %v %q", local, remote, ok, why)
			}
		}
		for remote := range strings.FieldsSeq(tt.no) {
			if ok, why := elastic.Compatible(l, version(t, remote)); ok || !strings.Contains(why, remote) {
				t.Errorf("%s → %s: %v %q", local, remote, ok, why)
			}
		}
	}
}

func TestWhyVersionsDoNotFitIsSaid(t *testing.T) {
	for pair, want := range map[string]string{
		"9.1 8.19":  "9.1 can't search 8.x clusters, and the remote cluster runs 8.19; of 9.x, only 9.0 can, and only 8.18",
		"9.0 8.19":  "of 8.x, 9.0 can search only 8.18, and the remote cluster runs 8.19",
		"8.17 9.0":  "8.17 can't search 9.x clusters, and the remote cluster runs 9.0; of 8.x, only 8.19 can, and 8.18 only 9.0",
		"8.18 9.1":  "of 9.x, 8.18 can search only 9.0, and the remote cluster runs 9.1; 8.19 can search all",
		"7.17 8.18": "the local cluster runs 7.17, which Elastic's compatibility table doesn't cover: it begins at 8",
		"8.18 7.17": "the remote cluster runs 7.17, which Elastic's compatibility table doesn't cover: it begins at 8",
		"9.3 10.0":  "the remote cluster runs 10.0, which Elastic's compatibility table doesn't cover: it ends at 9",
	} {
		local, remote, _ := strings.Cut(pair, " ")
		if _, why := elastic.Compatible(version(t, local), version(t, remote)); why != want {
			t.Errorf("%s: %s", pair, why)
		}
	}
}

// A follower is never behind its leader; how far it is ahead does not count.
func TestVersionsThatReplicate(t *testing.T) {
	for pair, want := range map[string]bool{
		"8.17 8.17": true, "8.19 8.15": true, "9.1 8.19": true, "8.15 8.17": false, "8.19 9.0": false,
	} {
		local, remote, _ := strings.Cut(pair, " ")
		if ok, why := elastic.Replicable(version(t, local), version(t, remote)); ok != want || (why == "") != want {
			t.Errorf("%s: %v %q", pair, ok, why)
		}
	}
}

// What is granted decides which of Elastic's rules counts.
func TestVersionsAreJudgedByWhatIsGranted(t *testing.T) {
	search, follow := []string{"logs-*"}, []string{"copied-*"}
	const forSearch, forFollowing = "not supported for search", "not supported for replication: the local cluster (follower) runs"
	for name, tt := range map[string]struct {
		local, remote string
		access        elastic.Access
		say, not      string
	}{
		"a follower behind its leader":           {"8.15.0", "8.17.0", elastic.Access{Replication: follow}, forFollowing, forSearch},
		"search across the same":                 {"8.15.0", "8.17.0", elastic.Access{Search: search}, "", "work together"},
		"a follower far ahead":                   {"8.19.0", "8.15.0", elastic.Access{Replication: follow}, "", "work together"},
		"search far ahead":                       {"8.19.0", "8.15.0", elastic.Access{Search: search}, forSearch, forFollowing},
		"both, of which one fits":                {"8.19.0", "8.15.0", elastic.Access{Search: search, Replication: follow}, forSearch, forFollowing},
		"nothing said, as under certificates":    {"8.19.0", "8.15.0", elastic.Access{}, forSearch, forFollowing},
		"both, and the follower behind its lead": {"8.18.0", "9.1.0", elastic.Access{Search: search, Replication: follow}, forFollowing, "nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene()
			s.local.Edit(func(d *elastic.Deployment) { d.Version = tt.local })
			s.remote.Edit(func(d *elastic.Deployment) { d.Version = tt.remote })
			s.c.Access = tt.access
			said := strings.Join(link.Warnings(s.survey(t), s.c), "\n")
			contains(t, said, tt.say)
			if strings.Contains(said, tt.not) {
				t.Errorf("it says %s", said)
			}
		})
	}
}

func version(t *testing.T, minor string) elastic.Version {
	t.Helper()
	v, err := elastic.ParseVersion(minor + ".0")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestEveryProblemOfAConnectIsNamedAtOnce(t *testing.T) {
	if err := newScene().c.Check(); err != nil {
		t.Fatal(err)
	}
	bad := link.ConnectParams{
		Alias: "X", ProxyAddress: "logs", ServerName: "a:1", ExpiryDays: -1, ProxySockets: -1, Compress: "yes", PingSchedule: "soon",
	}
	err := bad.Check()
	for _, field := range []string{
		link.FieldLocal, link.FieldRemote, link.FieldAlias, link.FieldAddress, link.FieldServerName, link.FieldSearch,
		link.FieldExpiry, link.FieldSockets, link.FieldCompress, link.FieldPing,
	} {
		problem(t, err, field)
	}
	c := newScene().c
	c.Remote, c.ExpiryDays, c.ProxySockets = c.Local, link.MaxExpiryDays+1, link.MaxProxySockets+1
	c.Access = elastic.Access{Search: make([]string, link.MaxPatterns+1), Replication: []string{"A", "b:c"}}
	contains(t, problem(t, c.Check(), link.FieldRemote), "itself")
	contains(t, problem(t, c.Check(), link.FieldSearch), "at most")
	contains(t, problem(t, c.Check(), link.FieldReplication), "lower-case")
	problem(t, c.Check(), link.FieldExpiry)
	problem(t, c.Check(), link.FieldSockets)
}

func TestUnknownParametersAreRefused(t *testing.T) {
	if _, err := link.ParseConnectParams([]byte(`{"alias":"logs","sniff":true}`)); err == nil {
		t.Error("an unknown parameter passes")
	}
}
