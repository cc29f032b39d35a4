package config_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

const canary = "canary-7c1e"

func source(env, files map[string]string) config.Source {
	return config.Source{
		ReadFile: func(name string) ([]byte, error) {
			if text, ok := files[name]; ok {
				return []byte(text), nil
			}
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		},
		LookupEnv: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
	}
}

func exampleEnv() map[string]string {
	return map[string]string{
		"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s", "ECE_API_KEY": "e", "EC_API_KEY": "c",
		"EC_ELASTICSEARCH_PASSWORD": "p",
	}
}

func TestExampleIsAValidConfiguration(t *testing.T) {
	t.Parallel()
	c, err := config.Parse("example.yaml", config.Example, source(exampleEnv(), nil))
	if err != nil {
		t.Fatal(err)
	}
	if c.Slack.BotToken.Secret().Reveal() != "xoxb-1" || c.Platforms[1].Credentials[0].Password.Secret().Reveal() != "p" {
		t.Error("secrets were not read from the environment")
	}
	if c.Slack.APIURL != "https://slack.com/api/" || c.Approvals.Wait.Std() != 24*time.Hour || c.Platforms[1].Elasticsearch != "direct" {
		t.Errorf("defaults are missing: %+v", c)
	}
}

func TestEveryProblemIsReportedAtOnceWithItsPlace(t *testing.T) {
	t.Parallel()
	raw := `environment: "Prod!"
slack:
  mode: carrier-pigeon
  bot_token: ` + canary + `
  signing_secret: { env: NOT_SET }
  channel: "#clusters"
  color: blue
redis:
  addresses: [localhost, "b:1"]
  timeout: 3
approvals:
  approvers: [bob, U0BOB, U0BOB]
  count: 7
platforms:
  - { name: a, kind: ece, url: "ftp://x", api_key: { file: /run/none } }
  - { name: a, kind: ech, url: "https://u:` + canary + `@x", api_key: { file: /run/empty }, elasticsearch: proxy, strong_identity: true,
      credentials: [ { username: u }, { username: u, password: { env: E }, api_key: { env: E } } ] }
executor: { lease: 5s, call_timeout: 5s, workers: 0x }
`
	_, err := config.Parse("rcb.yaml", []byte(raw), source(map[string]string{"E": "v"}, map[string]string{"/run/empty": " \n"}))
	var all *config.Error
	if !errors.As(err, &all) {
		t.Fatalf("got %v, want a *config.Error", err)
	}
	want := []string{
		"line 1: environment: name this installation with lowercase letters, digits and dashes, such as production",
		"line 3: slack.mode: must be one of http, socket",
		"line 4: a secret does not stand in the file: write {env: NAME} or {file: PATH}",
		"line 5: slack.signing_secret: the environment variable NOT_SET is not set",
		"line 6: slack.channel: must be the id of a channel, such as C0123ABCD (in Slack: channel details, at the bottom)",
		"line 7: there is no field color here",
		"line 9: redis.addresses[0]: must be host:port",
		"line 9: redis.addresses: several addresses need cluster: true or a sentinel_master",
		"line 10: a time span needs a unit, such as 90s, 15m, 24h or 30d",
		"line 12: approvals.approvers[0]: must be the id of a Slack user, such as U0123ABCD",
		"line 12: approvals.approvers[2]: U0BOB is named twice",
		"line 12: approvals.approvers: 7 of 3 approvers must agree: that is impossible",
		"line 15: platforms[0].api_key: the secret's file /run/none does not exist",
		"line 15: platforms[0].url: must be a URL that begins with https://",
		"line 16: platforms[1].api_key: the secret is empty",
		"line 16: platforms[1].name: there are two platforms called a",
		"line 16: platforms[1].url: must not hold a user or password",
		"line 16: platforms[1].elasticsearch: Elastic Cloud has no proxy to Elasticsearch: use direct",
		"line 16: platforms[1].strong_identity: is for an ECE; Elastic Cloud can do it anyway",
		"line 17: platforms[1].credentials[0]: username and password go together",
		"line 17: platforms[1].credentials[1]: needs either username and password, or api_key",
		"line 18: this takes a whole number, not text",
		// one problem a line is enough where the line can't be read
	}
	got := make([]string, 0, len(all.Problems))
	for _, p := range all.Problems {
		got = append(got, p.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if strings.Contains(err.Error(), canary) {
		t.Errorf("an error holds a secret:\n%v", err)
	}
}

func TestPlainHTTPIsRefused(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]bool{
		"url: http://ece.example.com:12443":                          false,
		"url: http://ece.example.com:12443, tls: { insecure: true }": true,
		"url: http://127.0.0.1:12443":                                true,
	} {
		raw := strings.Replace(string(config.Example), "url: https://ece.example.com:12443", "X", 1)
		before, after, _ := strings.Cut(raw, "    X\n")
		fields := strings.ReplaceAll(url, ", ", "\n    ")
		_, err := config.Parse("x.yaml", []byte(before+"    "+fields+"\n"+after), source(exampleEnv(), nil))
		if (err == nil) != want || err != nil && !strings.Contains(err.Error(), "platforms[0].url: must begin with https://") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestBrokenFilesAreRefusedWithoutTheirContent(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"", "\t" + canary, "slack: [" + canary, canary, "slack: {bot_token: [" + canary + "]}", "a: &a [*a]"} {
		_, err := config.Parse("x", []byte(raw), source(nil, nil))
		if err == nil {
			t.Errorf("%q was accepted", raw)
		}
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("%q: the error holds the content: %v", raw, err)
		}
	}
}

func TestSecretsAreReadFromFilesAndNeverPrinted(t *testing.T) {
	t.Parallel()
	raw := strings.Replace(string(config.Example), "{ env: SLACK_BOT_TOKEN }", "{ file: /run/token }", 1)
	c, err := config.Parse("x", []byte(raw), source(exampleEnv(), map[string]string{"/run/token": canary + "\n"}))
	if err != nil {
		t.Fatal(err)
	}
	if c.Slack.BotToken.Secret().Reveal() != canary {
		t.Error("the file's secret was not read, or not trimmed")
	}
	if printed := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(printed, canary) {
		t.Error("printing the configuration prints a secret")
	}
}

func TestSecretsInFilesAreReadAgain(t *testing.T) {
	t.Parallel()
	files := map[string]string{"/run/token": "old"}
	s := source(exampleEnv(), files)
	raw := strings.Replace(string(config.Example), "{ env: SLACK_BOT_TOKEN }", "{ file: /run/token }", 1)
	c, err := config.Parse("x", []byte(raw), s)
	if err != nil {
		t.Fatal(err)
	}
	held := c.Slack.BotToken.Secret()
	if changed, err := c.RereadSecrets(s); err != nil || len(changed) != 0 {
		t.Errorf("nothing changed, but: %v, %v", changed, err)
	}
	files["/run/token"] = canary
	changed, err := c.RereadSecrets(s)
	if diff := cmp.Diff([]string{"slack.bot_token"}, changed); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if held.Reveal() != canary {
		t.Error("who held the secret holds the old one")
	}
	delete(files, "/run/token")
	if _, err := c.RereadSecrets(s); err == nil || strings.Contains(err.Error(), canary) || held.Reveal() != canary {
		t.Errorf("a file that is away for a moment: %v", err)
	}
	if printed := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(printed, canary) {
		t.Error("printing the configuration prints a secret")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(config.Example)
	f.Add([]byte("platforms: [{credentials: [{}]}]"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := config.Parse("x", raw, source(nil, nil))
		if (c == nil) == (err == nil) {
			t.Error("want either a configuration or an error")
		}
	})
}

// withPolicy is the example with a policy in the place of its approvals.
func withPolicy(t *testing.T, policy string) string {
	t.Helper()
	head, rest, ok := strings.Cut(string(config.Example), "\napprovals:")
	_, tail, ok2 := strings.Cut(rest, "\nplatforms:")
	if !ok || !ok2 {
		t.Fatal("the example has another form")
	}
	return head + "\n" + policy + "\nplatforms:" + tail
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	// The one that the example has in comments.
	var lines []string
	for line := range strings.Lines(string(config.Example)) {
		if text, ok := strings.CutPrefix(line, "# "); ok && (len(lines) > 0 || strings.HasPrefix(text, "policy:")) {
			lines = append(lines, text)
		} else if len(lines) > 0 {
			break
		}
	}
	c, err := config.Parse("c.yaml", []byte(withPolicy(t, strings.Join(lines, ""))), source(exampleEnv(), nil))
	if err != nil {
		t.Fatal(err)
	}
	r := c.Rules().Rules[0]
	if r.Name != "production" || len(r.Sides) != 2 || !r.Direct || r.Window == nil || len(r.Remind) != 2 || c.Rules().Rules[1].Wait != 24*time.Hour || c.Rules().Rules[1].BreakGlass == nil {
		t.Errorf("%+v", r)
	}
}

func TestWhatIsWrongWithAPolicyIsNamedWithItsPlace(t *testing.T) {
	t.Parallel()
	_, err := config.Parse("c.yaml", []byte(withPolicy(t, `policy:
  groups:
    owners: { users: [bob] }
    empty: {}
  rules:
    - name: first
      approve: [{ group: owners, count: 2 }]
      window: { days: [monday], from: "9", to: "17:00", zone: Europe/Atlantis }
    - name: second
      match: { local.platform: ece-test }
      approve: [{ group: strangers }]
      ask_by: pigeon
`)), source(exampleEnv(), nil))
	e, ok := errors.AsType[*config.Error](err)
	if !ok {
		t.Fatal(err)
	}
	for _, want := range []string{
		"policy.groups.owners.users[0]: must be the id of a Slack user",
		"policy.groups.empty: is nobody",
		"policy.rules[0].approve: nobody can fulfil this: 2 of owners",
		"policy.rules[0].window.days: \"monday\" is none of",
		"policy.rules[0].window.from: must be a time of day",
		"policy.rules[0].window.zone: no time zone",
		"policy.rules[1].match: can never match: rule first comes first",
		"policy.rules[1].match.local.platform: \"ece-test\" can never match",
		"policy.rules[1].approve[0].group: there is no group strangers",
		"policy.rules[1].ask_by: must be one of channel, dm",
	} {
		if !strings.Contains(e.Error(), want) {
			t.Errorf("%q is not reported in\n%v", want, e)
		}
	}
	for _, p := range e.Problems {
		if p.Line == 0 {
			t.Errorf("%s: without its line", p)
		}
	}
}

func TestAnEmergencyHasItsDefaults(t *testing.T) {
	t.Parallel()
	text := `policy:
  groups:
    owners: { users: [U0BOB, U0CAROL] }
    security: { user_group: S0SECURITY }
  rules:
    - name: owners
      approve: [{ group: owners }]
      break_glass: { groups: [owners], LONGESTreview: { group: GROUP } }
`
	with := func(longest, group string) (*config.Config, error) {
		return config.Parse("c.yaml", []byte(withPolicy(t, strings.NewReplacer("LONGEST", longest, "GROUP", group).Replace(text))), source(exampleEnv(), nil))
	}
	c, err := with("", "security")
	if err != nil {
		t.Fatal(err)
	}
	want := &policy.BreakGlass{Groups: []string{"owners"}, Longest: 4 * time.Hour, Review: policy.Review{Group: "security", Within: 24 * time.Hour}}
	if diff := cmp.Diff(want, c.Rules().Rules[0].BreakGlass); diff != "" {
		t.Error(diff)
	}
	_, err = with("longest: 4d, ", "strangers")
	for _, wrong := range []string{
		"policy.rules[0].break_glass.longest: must lie between 1m and 72h",
		"policy.rules[0].break_glass.review.group: there is no group strangers",
	} {
		if err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%q is not reported in\n%v", wrong, err)
		}
	}
}

func TestPrivateHosts(t *testing.T) {
	t.Parallel()
	with := func(hosts string) error {
		text := strings.Replace(string(config.Example), "    kind: ech\n", "    kind: ech\n    private_hosts: "+hosts+"\n", 1)
		_, err := config.Parse("example.yaml", []byte(text), source(exampleEnv(), nil))
		return err
	}
	if err := with(`[{ region: aws-eu-west-1, hosts: ["*.vpce.example.com", es.example.com] }, { hosts: [all.example.com] }]`); err != nil {
		t.Error(err)
	}
	for wrong, say := range map[string]string{
		`[{ region: aws-eu-west-1 }]`:             "name at least one host",
		`[{ hosts: ["es.example.com:9443"] }]`:    "without a port",
		`[{ hosts: ["https://es.example.com"] }]`: "without a port",
		`[{ hosts: ["*"] }]`:                      "must be a host name",
		`[{ hosts: ["a.*.example.com"] }]`:        "must be a host name",
	} {
		if err := with(wrong); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%s: got %v, want %q", wrong, err, say)
		}
	}
}

func TestTheSelfManagedExampleIsAValidConfiguration(t *testing.T) {
	t.Parallel()
	env := exampleEnv()
	env["ELASTICSEARCH_PASSWORD"], env["KEYSTORE_HOOK_SECRET"] = "p", strings.Repeat("s", 32)
	c, err := config.Parse("example.yaml", config.ExampleSelfManaged(), source(env, nil))
	if err != nil {
		t.Fatal(err)
	}
	p := c.Platforms[0]
	if len(c.Platforms) != 1 || p.Kind != "self_managed" || len(p.Clusters) != 2 || p.KeystoreHook.Timeout.Std() != 2*time.Minute || c.Watch.Every == 0 {
		t.Errorf("got %+v", c)
	}
}

const dataCentre = `
platforms:
  - name: dc
    kind: self_managed
    tls: { ca_file: /ca.pem }
    credentials: [{ username: u, password: { env: PW } }]
    clusters:
      - { name: search, url: "https://search.example.com:9200", address: "search.example.com:9443" }
      - { name: logs, url: "https://logs.example.com:9200", tls: { ca_file: /other.pem } }
`

func TestSelfManagedClusters(t *testing.T) {
	t.Parallel()
	before, _, _ := strings.Cut(string(config.Example), "\nplatforms:")
	env := exampleEnv()
	env["PW"] = "p"
	c, err := config.Parse("dc.yaml", []byte(before+dataCentre), source(env, nil))
	if err != nil {
		t.Fatal(err)
	}
	p := c.Platforms[0]
	if p.Elasticsearch != "direct" || p.Clusters[0].TLS.CAFile != "/ca.pem" || p.Clusters[1].TLS.CAFile != "/other.pem" || p.Credentials[0].Deployment != "*" {
		t.Errorf("got %+v", p)
	}
	for wrong, say := range map[string]string{
		"clusters:\n      - { name: Search, url: \"https://a:9200\" }": "must be lowercase letters",
		"clusters: []": "name at least one cluster",
		"url: https://dc.example.com\n    clusters:\n      - { name: a, url: \"https://a:9200\" }":                                                             "is not for self_managed",
		"clusters:\n      - { name: a, url: \"https://a:9200\" }\n      - { name: a, url: \"https://b:9200\" }":                                                "two clusters called a",
		"clusters:\n      - { name: a, url: \"http://a:9200\" }":                                                                                               "must begin with https://",
		"clusters:\n      - { name: a, url: \"https://a:9200\", address: a }":                                                                                  "host:port",
		"clusters:\n      - { name: a, url: \"https://a:9200\", address: \"h:9443\" }\n      - { name: b, url: \"https://b:9200\", address: \"h:9444\" }":      "another cluster has the host name h",
		"clusters:\n      - { name: a, url: \"https://a:9200\", signing: { certificate: /etc/x.crt, key: x.key, identity: 'CN=a', authority_file: /ca.pem } }": "signing.certificate: name a file below",
		"clusters:\n      - { name: a, url: \"https://a:9200\", signing: { certificate: x.crt, key: ../x.key, identity: 'CN=a', authority_file: /ca.pem } }":   "signing.key: name a file below",
		"clusters:\n      - { name: a, url: \"https://a:9200\", signing: { certificate: x.crt, key: x.key, identity: 'CN=(', authority_file: /ca.pem } }":      "signing.identity: must be a regular expression",
		"clusters:\n      - { name: a, url: \"https://a:9200\", signing: { certificate: x.crt, key: x.key, identity: 'CN=.*', authority_file: /ca.pem } }":     "signing.identity: fits any certificate",
		"clusters:\n      - { name: a, url: \"https://a:9200\", signing: { certificate: x.crt, key: x.key, identity: 'CN=a' } }":                               "signing.authority_file: name a file",
	} {
		head, _, _ := strings.Cut(dataCentre, "clusters:")
		_, err := config.Parse("dc.yaml", []byte(before+head+wrong+"\n"), source(env, nil))
		if err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%s: got %v, want %q", wrong, err, say)
		}
	}
}

// Nobody has to know Go, or how it reads YAML, to understand what is wrong; and each fault is said once.
func TestProblemsAreSaidInPlainWordsAndOnce(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"environment: [a]":                      "line 1: this takes text, not a list",
		"environment: {a: b}":                   "line 1: this takes text, not a set of fields",
		"slack: text":                           "line 1: this takes a set of fields, not text",
		"platforms: {}":                         "line 1: this takes a list, not a set of fields",
		"executor: { workers: many }":           "line 1: this takes a whole number, not text",
		"slack: { color: red }":                 "line 1: there is no field color here",
		"environment: a\nenvironment: b":        "line 2: environment is listed twice: see line 1, too",
		"slack: { bot_token: { file: /none } }": "line 1: slack.bot_token: the secret's file /none does not exist",
	} {
		_, err := config.Parse("x.yaml", []byte(raw), source(nil, nil))
		if err == nil || strings.Count(err.Error(), "\n  "+want+"\n") != 1 && !strings.HasSuffix(err.Error(), "\n  "+want) {
			t.Errorf("%s: %v", raw, err)
		}
		for _, gos := range []string{"unmarshal", "!!", "struct", "config.", "open /"} {
			if err != nil && strings.Contains(err.Error(), gos) {
				t.Errorf("%s: %q in %v", raw, gos, err)
			}
		}
	}
	_, err := config.Parse("x.yaml", []byte("environment: demo\nslack: [1]\n"), source(nil, nil))
	if strings.Contains(err.Error(), "slack.channel") {
		t.Errorf("what follows from a fault is said as another: %v", err)
	}
}

func TestTheExampleInSocketMode(t *testing.T) {
	t.Parallel()
	env := exampleEnv()
	env["SLACK_APP_TOKEN"] = "xapp-1"
	delete(env, "SLACK_SIGNING_SECRET")
	for _, example := range [][]byte{config.Example, config.ExampleSelfManaged()} {
		c, err := config.Parse("x.yaml", config.InSocketMode(example), source(env, nil))
		if strings.Contains(string(example), "self_managed") {
			continue // its platforms name other secrets: TestTheSelfManagedExampleIsAValidConfiguration
		}
		if err != nil || c.Slack.Mode != "socket" || !c.Slack.AppToken.Given() {
			t.Errorf("%+v, %v", c, err)
		}
	}
	if text := string(config.InSocketMode(config.ExampleSelfManaged())); !strings.Contains(text, "mode: socket") || !strings.Contains(text, "app_token") || strings.Contains(text, "SLACK_SIGNING_SECRET") {
		t.Error(text)
	}
}
