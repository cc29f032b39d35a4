package main

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/app"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/doctor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage/stagetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// clinic is a stage with a configuration in which a mistake can be made.
type clinic struct {
	*testing.T
	*stage.Stage
	text string            // the configuration
	env  map[string]string // its secrets
}

func newClinic(t *testing.T) *clinic {
	t.Helper()
	s := stagetest.New(t, sim.Options{Now: time.Now, Workspace: func(o workspace.Options) workspace.Options {
		o.App.SigningSecret = strings.Repeat("0a", 16)
		return o
	}}, slog.New(slog.DiscardHandler))
	app := s.Slack.App()
	c := &clinic{T: t, Stage: s, text: string(config.Example), env: map[string]string{
		"SLACK_BOT_TOKEN": app.BotToken, "SLACK_SIGNING_SECRET": app.SigningSecret, "SLACK_APP_TOKEN": app.AppToken,
		"ECE_API_KEY": s.ECE.Key(), "EC_API_KEY": s.Cloud.Key(), "EC_ELASTICSEARCH_PASSWORD": sim.Password,
	}}
	c.edit("bot_token:", "api_url: "+s.Slack.APIURL()+"\n  bot_token:")
	c.edit("127.0.0.1:6379", s.Redis.Addr())
	c.edit("https://ece.example.com:12443", s.ECE.URL())
	c.edit("https://api.elastic-cloud.com", s.Cloud.URL())
	c.edit(config.ExampleDeployment, anyID)
	return c
}

// anyID is a pattern over ids, as text of a configuration.
const anyID = `"[0-9a-f]*"`

// edit changes the text of the configuration; old has to stand there.
func (c *clinic) edit(old, text string) {
	c.Helper()
	if !strings.Contains(c.text, old) {
		c.Fatalf("%q does not stand in the configuration", old)
	}
	c.text = strings.Replace(c.text, old, text, 1)
}

func (c *clinic) parse() (*config.Config, error) {
	return config.Parse("config.yaml", []byte(c.text), config.Source{
		ReadFile:  os.ReadFile,
		LookupEnv: func(name string) (string, bool) { v, ok := c.env[name]; return v, ok },
	})
}

func (c *clinic) examine() doctor.Report {
	c.Helper()
	parsed, err := c.parse()
	if err != nil {
		return doctor.Refused(err)
	}
	r, err := app.Examine(c.Context(), parsed, app.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		c.Fatal(err)
	}
	return r
}

// before puts a proxy in front of an address that may change answers.
func (c *clinic) before(address string, change func(*http.Response) error) *httptest.Server {
	c.Helper()
	u, err := url.Parse(address)
	if err != nil {
		c.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(u)
	proxy.ModifyResponse = change
	server := httptest.NewUnstartedServer(proxy)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	c.Cleanup(server.Close)
	return server
}

func (c *clinic) refuses(system, method, path string, status int) {
	c.Helper()
	if _, err := c.World.Faults.Add(fault.Order{
		Match: fault.Match{System: system, Method: method, Path: path}, Effect: fault.Effect{Status: status},
	}); err != nil {
		c.Fatal(err)
	}
}

// dropsProduct puts a proxy before the ECE that drops the header by which Elasticsearch makes itself known.
func (c *clinic) dropsProduct() {
	c.Helper()
	server := c.before(c.ECE.URL(), func(r *http.Response) error { r.Header.Del("X-Elastic-Product"); return nil })
	server.Start()
	c.edit(c.ECE.URL(), server.URL)
}

func (c *clinic) scopes(without ...string) {
	c.Slack.SetApp(func(a *workspace.App) {
		a.Scopes = nil
		for _, s := range bot.Scopes() {
			if !strings.Contains(strings.Join(without, " "), s) {
				a.Scopes = append(a.Scopes, s)
			}
		}
	})
}

func (c *clinic) realRedis(flags ...string) {
	c.Helper()
	c.edit(c.Redis.Addr(), storetest.Real(c.T, flags...).Addr)
}

// policy puts rules in place of the list of approvers.
func (c *clinic) policy(group string) {
	i, j := strings.Index(c.text, "\napprovals:"), strings.Index(c.text, "\nplatforms:")
	c.text = c.text[:i] + `
policy:
  groups:
    owners: { ` + group + ` }
  rules:
    - name: all
      approve: [ { group: owners, count: 2 } ]
` + c.text[j:]
}

// emergencies lets members of a user group approve alone, which others review.
func (c *clinic) emergencies(may string, reviewers ...string) {
	members := []string{may}
	if may == "" {
		members = nil
	}
	c.Slack.AddGroup(workspace.Group{ID: "S0ONCALL", Handle: "oncall", Members: members})
	c.Slack.AddGroup(workspace.Group{ID: "S0SECURITY", Handle: "security", Members: reviewers})
	c.policy("users: [U0BOB, U0CAROL, U0ALICE]")
	c.edit("groups:", "groups:\n    oncall: { user_group: S0ONCALL }\n    security: { user_group: S0SECURITY }")
	c.edit("approve:", "break_glass: { groups: [oncall], review: { group: security } }\n      approve:")
}

// mistake is one thing done wrong, and the finding that names it.
type mistake struct {
	seed        func(*clinic)
	area, check string
	level       doctor.Level
	say         string
}

const socketMode = "mode: socket\n  app_token: { env: SLACK_APP_TOKEN }\n  #"

var mistakes = map[string]mistake{
	"the bot token is revoked":               {func(c *clinic) { c.env["SLACK_BOT_TOKEN"] = "xoxb-old" }, "slack", "token", doctor.Bad, "refuses the bot token"},
	"the app token stands for the bot token": {func(c *clinic) { c.env["SLACK_BOT_TOKEN"] = c.Slack.App().AppToken }, "slack", "token form", doctor.Bad, "does not begin with xoxb-"},
	"a scope is missing":                     {func(c *clinic) { c.scopes("chat:write") }, "slack", "scopes", doctor.Bad, "lacks chat:write"},
	"the scope of pictures is missing":       {func(c *clinic) { c.scopes("files:write") }, "slack", "scopes", doctor.Warning, "lacks files:write (without it, map answers with a list"},
	"a scope is too much": {func(c *clinic) {
		c.Slack.SetApp(func(a *workspace.App) { a.Scopes = append(a.Scopes, "admin") })
	}, "slack", "scopes", doctor.Warning, "more than it needs: admin"},
	"the client secret stands for the signing secret": {func(c *clinic) { c.env["SLACK_SIGNING_SECRET"] = "hunter2" }, "slack", "signing secret", doctor.Bad, "32 hexadecimal"},
	"the bot was not invited":                         {func(c *clinic) { c.edit("C0CLUSTERS", "C0GENERAL") }, "slack", "channel", doctor.Bad, "not in C0GENERAL"},
	"the channel does not exist":                      {func(c *clinic) { c.edit("C0CLUSTERS", "C0NOWHERE") }, "slack", "channel", doctor.Bad, "no channel C0NOWHERE"},
	"the app is in another workspace":                 {func(c *clinic) { c.edit("channel:", "teams: [T0OTHER]\n  channel:") }, "slack", "teams", doctor.Bad, "not one of the teams"},
	"Slack's API is out of reach":                     {func(c *clinic) { c.edit(c.Slack.APIURL(), "http://127.0.0.1:1/") }, "slack", "reach", doctor.Bad, "can't be asked"},
	"the app token is of another app":                 {func(c *clinic) { c.edit("mode: http", socketMode); c.env["SLACK_APP_TOKEN"] = "xapp-other" }, "slack", "app token", doctor.Bad, "opens no socket"},
	"Redis is down":                                   {func(c *clinic) { c.Redis.Close() }, "redis", "reach", doctor.Bad, "can't be reached"},
	"Redis throws keys away":                          {func(c *clinic) { c.realRedis("--maxmemory-policy", "allkeys-lru") }, "redis", "eviction", doctor.Bad, "allkeys-lru"},
	"Redis keeps nothing on disk":                     {func(c *clinic) { c.realRedis("--appendonly", "no") }, "redis", "durability", doctor.Bad, "appendonly is no"},
	"Redis writes once a second":                      {func(c *clinic) { c.realRedis("--appendfsync", "everysec") }, "redis", "durability", doctor.Warning, "everysec"},
	"the clocks differ":                               {func(c *clinic) { c.Redis.SetTime(time.Now().Add(time.Hour)) }, "redis", "clock", doctor.Warning, "apart"},
	"the ECE has another address":                     {func(c *clinic) { c.edit(c.ECE.URL(), "http://127.0.0.1:1") }, "ece-prod", "reach", doctor.Bad, "no answer"},
	"the URL is not that of the API":                  {func(c *clinic) { c.edit(c.ECE.URL(), c.ECE.URL()+"/console") }, "ece-prod", "reach", doctor.Bad, "no such API"},
	"the ECE's key is wrong":                          {func(c *clinic) { c.env["ECE_API_KEY"] = "bm90LWEta2V5" }, "ece-prod", "reach", doctor.Bad, "the key is refused"},
	"the ECE's authority is unknown": {func(c *clinic) {
		server := c.before(c.ECE.URL(), nil)
		server.StartTLS()
		c.edit(c.ECE.URL(), server.URL)
	}, "ece-prod", "reach", doctor.Bad, "unknown authority"},
	"the certificate is for another name": {func(c *clinic) {
		server := c.before(c.ECE.URL(), nil)
		server.StartTLS()
		ca := filepath.Join(c.TempDir(), "ca.pem")
		if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
			c.Fatal(err)
		}
		c.edit(c.ECE.URL(), server.URL)
		c.edit("elasticsearch: proxy", "elasticsearch: proxy\n    tls: { ca_file: "+ca+", server_name: ece.internal }")
	}, "ece-prod", "reach", doctor.Bad, "not ece.internal"},
	"certificates are not checked":              {func(c *clinic) { c.edit("elasticsearch: proxy", "elasticsearch: proxy\n    tls: { insecure: true }") }, "ece-prod", "certificate", doctor.Warning, "any certificate"},
	"nobody can see how an ECE answers outside": {func(*clinic) {}, "ece-prod", "proxies", doctor.Unknown, "answer on 9443"},
	"the ECE's key may not read keystores":      {func(c *clinic) { c.refuses("ece-prod", "GET", "**/keystore", 403) }, "ece-prod", "keystore", doctor.Bad, "role does not allow"},
	"the ECE's key lacks elevated permissions":  {func(c *clinic) { c.refuses("ece-prod", "GET", "**/keystore", 449) }, "ece-prod", "keystore", doctor.Bad, "elevated permissions"},
	"the ECE's key may not see the platform":    {func(c *clinic) { c.refuses("ece-prod", "GET", "**/allocators", 403) }, "ece-prod", "egress", doctor.Bad, "role does not allow"},
	"a proxy drops the product header":          {(*clinic).dropsProduct, "ece-prod", "product header", doctor.Bad, "any_product: true"},
	"no credential matches":                     {func(c *clinic) { c.edit(anyID, `"shop-*"`) }, "elastic-cloud", "credentials", doctor.Bad, "no credential matches any"},
	"some have no credential":                   {func(c *clinic) { c.edit(anyID, `"`+c.Deployment("metrics-eu").ID()+`"`) }, "elastic-cloud", "credentials", doctor.Warning, "archive-us"},
	"a password for every deployment":           {func(c *clinic) { c.edit(anyID, `"*"`) }, "elastic-cloud", "credentials", doctor.Warning, "anyone who can create a deployment"},
	"the password is wrong":                     {func(c *clinic) { c.env["EC_ELASTICSEARCH_PASSWORD"] = "old" }, "elastic-cloud", "credentials", doctor.Bad, "refuses the credential"},
	"the user may only read":                    {func(c *clinic) { c.edit("username: remote-cluster-bot", "username: "+platform.DemoWeakUser) }, "elastic-cloud", "privileges", doctor.Bad, "lacks manage_security"},
	"an API key shall issue keys": {func(c *clinic) {
		c.edit("username: remote-cluster-bot\n        password:", "api_key:")
	}, "elastic-cloud", "issuing", doctor.Bad, "needs a user"},
	"nobody could approve an approver's request": {func(c *clinic) { c.edit("count: 1", "count: 2") }, "approvals", "rule approvers", doctor.Warning, "can ask for nothing"},
	"a user group does not exist":                {func(c *clinic) { c.policy("user_group: S0NOWHERE") }, "approvals", "group owners", doctor.Bad, "no_such_subteam"},
	"a user group is empty": {func(c *clinic) {
		c.Slack.AddGroup(workspace.Group{ID: "S0EMPTY", Handle: "owners"})
		c.policy("user_group: S0EMPTY")
	}, "approvals", "group owners", doctor.Bad, "nobody belongs"},
	"groups may not be read": {func(c *clinic) {
		c.scopes("usergroups:read")
		c.policy("user_group: S0OWNERS")
	}, "approvals", "group owners", doctor.Bad, "missing_scope"},
	"a rule needs more people than there are": {func(c *clinic) {
		c.Slack.AddGroup(workspace.Group{ID: "S0ONE", Handle: "owners", Members: []string{"bob"}})
		c.policy("user_group: S0ONE")
	}, "approvals", "rule all", doctor.Bad, "2 member(s) of owners must approve"},
	"a rule is for a deployment that is not there": {func(c *clinic) {
		c.policy("users: [U0BOB, U0CAROL, U0ALICE]")
		c.edit("approve:", "match: { local.name: [logs-*, log-prod] }\n      approve:")
	}, "approvals", "rule all", doctor.Warning, "called log-prod"},
	"nobody reviews what was approved alone": {func(c *clinic) { c.emergencies("bob") }, "approvals", "rule all", doctor.Bad, "nobody belongs to security"},
	"who approves alone reviews it alone":    {func(c *clinic) { c.emergencies("bob", "bob") }, "approvals", "rule all", doctor.Bad, "only U0BOB belongs to security"},
	"nobody may approve alone":               {func(c *clinic) { c.emergencies("", "bob") }, "approvals", "rule all", doctor.Warning, "nobody can approve alone"},
	"no collector takes the traces": {func(c *clinic) {
		c.edit("environment:", "tracing: { endpoint: \"http://127.0.0.1:1\" }\nenvironment:")
	}, "tracing", "collector", doctor.Warning, "no traces arrive"},
	"the collector wants a token": {func(c *clinic) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "who are you?", http.StatusUnauthorized) }))
		c.Cleanup(server.Close)
		c.edit("environment:", "tracing: { endpoint: \""+server.URL+"\" }\nenvironment:")
	}, "tracing", "collector", doctor.Warning, "401"},
	"a secret is not set": {func(c *clinic) { delete(c.env, "EC_API_KEY") }, "configuration", "platforms[1].api_key", doctor.Bad, "EC_API_KEY is not set"},
}

func TestDoctorFindsEachMistake(t *testing.T) {
	t.Parallel()
	for name, m := range mistakes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClinic(t)
			m.seed(c)
			before := worldState(c.World.State())
			r := c.examine()
			found := false
			for _, f := range r.Findings {
				if f.Area == m.area && f.Check == m.check && f.Level == m.level && strings.Contains(f.Say, m.say) {
					found = true
					if f.Mend == "" {
						t.Errorf("%q does not say how to mend it", f.Say)
					}
				}
			}
			var text bytes.Buffer
			if err := r.Write(&text); err != nil {
				t.Fatal(err)
			}
			if !found {
				t.Errorf("no finding %s/%s (%s) %q in\n%s", m.area, m.check, m.level, m.say, &text)
			}
			if m.level == doctor.Bad && r.Healthy() {
				t.Error("the report is healthy all the same")
			}
			for _, secret := range c.env {
				if len(secret) > 3 && strings.Contains(text.String(), secret) {
					t.Errorf("the report holds a secret:\n%s", &text)
				}
			}
			unchanged(t, before, worldState(c.World.State()))
		})
	}
}

func unchanged(t *testing.T, before, after map[string]string) {
	t.Helper()
	for name, was := range before {
		if after[name] != was {
			t.Errorf("the doctor changed %s:\n%s\n%s", name, was, after[name])
		}
	}
}

func TestDoctorFindsNothingBadWhereAllIsWell(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	c.realRedis("--appendfsync", "always")
	var exported []string
	to := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		exported = append(exported, string(raw))
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(to.Close)
	c.edit("environment:", "tracing: { endpoint: \""+to.URL+"\" }\nenvironment:")
	r := c.examine()
	if len(exported) != 1 || exported[0] != "" {
		t.Errorf("the collector was sent %q, want one export of nothing", exported)
	}
	for _, f := range r.Findings {
		if f.Check == "access" || f.Check == "proxies" { // the test's Redis asks for no password; nobody sees how an ECE answers outside
			continue
		}
		if f.Level != doctor.OK {
			t.Errorf("%+v", f)
		}
	}
	if posts := c.Slack.Calls("chat.postMessage"); len(posts) > 0 {
		t.Errorf("the doctor posted %d messages", len(posts))
	}
}

func TestAnyProductMakesUpForADroppedHeader(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	c.dropsProduct()
	c.edit("# any_product: true", "any_product: true")
	for _, f := range c.examine().Findings {
		if f.Area == "ece-prod" && f.Check != "proxies" && f.Level != doctor.OK {
			t.Errorf("%+v", f)
		}
	}
}

// Elastic Cloud's deployments are reached directly, and what drops the header stands before them.
func TestAnyProductHoldsForElasticCloudToo(t *testing.T) {
	t.Parallel()
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) }))
	t.Cleanup(bare.Close)
	c := newClinic(t)
	for _, without := range []bool{false, true} {
		if without {
			c.edit("# add_filters: true", "any_product: true")
		}
		parsed, err := c.parse()
		if err != nil {
			t.Fatal(err)
		}
		parsed.Platforms[1].Credentials[0].Deployment = "*"
		all, err := app.Systems(parsed, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		cluster, err := all[1].Cluster(elastic.Deployment{Name: "logs", ServiceURL: bare.URL})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := cluster.RemoteInfo(t.Context()); (err == nil) != without {
			t.Errorf("any_product %t: %v", without, err)
		}
	}
}

func TestDoctorsExitCodeAndJSON(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte("environment: demo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := run(t, "doctor", "--config", file, "-o", "json")
	if err == nil {
		t.Error("a configuration without anything in it passed")
	}
	var r doctor.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || r.Healthy() || len(r.Findings) < 3 {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := run(t, "doctor", "--config", file+".none"); err == nil || !strings.Contains(out, "--config") {
		t.Errorf("a missing file: %v\n%s", err, out)
	}
}
