package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
)

// valid are values to which the tests add.
const valid = `
image: { repository: example.com/bot }
config:
  environment: e
  slack: { bot_token: { env: A }, signing_secret: { env: B }, channel: C0X }
  redis: { addresses: ["redis:6380"] }
  approvals: { approvers: [U0BOB] }
  platforms: [{ name: p, kind: ech, api_key: { env: C }, credentials: [{ username: u, password: { env: D } }] }]
`

func TestValuesWithAMistakeAreRefused(t *testing.T) {
	if _, err := render(chart, []byte(valid)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, put, want string }{
		"a misspelt value":               {"image:", "replica: 3\nimage:", "replica"},
		"no image":                       {"repository: example.com/bot", "tag: x", "image.repository"},
		"a misspelt field of the config": {"environment: e", "environment: e\n  environ: e", "environ"},
		"a config without an answer":     {"redis: { addresses: [\"redis:6380\"] }", "log: {}", "redis"},
		"a listener nobody reaches":      {"channel: C0X", "channel: C0X, listen: \"127.0.0.1:8080\"", "listen"},
		"a secret in the file":           {"{ env: A }", "xoxb-1", "bot_token"},
		"no limit of memory":             {"image:", "resources: { limits: { memory: null } }\nimage:", "memory"},
		"an ingress without a host":      {"image:", "ingress: { enabled: true }\nimage:", "ingress.host"},
	} {
		t.Run(name, func(t *testing.T) {
			values := strings.Replace(valid, c.old, c.put, 1)
			if values == valid {
				t.Fatal("nothing was changed")
			}
			if _, err := render(chart, []byte(values)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v does not name %s", err, c.want)
			}
		})
	}
}

func TestValuesInTheDocsAreValid(t *testing.T) {
	page, err := os.ReadFile("../../docs/kubernetes.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllStringSubmatch(string(page), -1)
	if len(blocks) < 3 {
		t.Fatalf("only %d pieces were found", len(blocks))
	}
	for _, block := range blocks {
		values := block[1]
		if strings.HasPrefix(values, "apiVersion:") { // an object of an operator's, whose types are not here
			continue
		}
		if !strings.HasPrefix(values, "# values.yaml\n") { // a piece
			values = valid + values
		}
		r, err := render(chart, []byte(values))
		if err != nil {
			t.Fatalf("%v\nin:\n%s", err, values)
		}
		parses(t, only[*core.ConfigMap](t, objects(t, r)).Data["config.yaml"])
	}
}

func TestMemoryLimitOfGoLeavesRoomBelowThePods(t *testing.T) {
	for limit, want := range map[string]string{"256Mi": "230MiB", "1Gi": "921MiB", "500M": "429MiB", "2G": "1716MiB"} {
		r, err := render(chart, []byte(valid+"resources: { limits: { memory: "+limit+" } }\n"))
		if err != nil {
			t.Fatal(err)
		}
		env := only[*apps.Deployment](t, objects(t, r)).Spec.Template.Spec.Containers[0].Env
		if !slices.Contains(env, core.EnvVar{Name: "GOMEMLIMIT", Value: want}) {
			t.Errorf("%s: %v", limit, env)
		}
	}
}

func TestNetworkPolicyLetsTheBotReachItsRedis(t *testing.T) {
	r, err := render(chart, []byte(valid))
	if err != nil {
		t.Fatal(err)
	}
	n := only[*networking.NetworkPolicy](t, objects(t, r))
	if !slices.ContainsFunc(n.Spec.Egress[1].Ports, func(p networking.NetworkPolicyPort) bool { return p.Port.IntValue() == 6380 }) {
		t.Errorf("nothing opens 6380: %v", n.Spec.Egress[1].Ports)
	}
}

// TestConfigIsCheckedOnceItsSecretsAreThere: an external Secret is fetched by the install itself.
func TestConfigIsCheckedOnceItsSecretsAreThere(t *testing.T) {
	for add, want := range map[string]string{
		"": "pre-install,pre-upgrade",
		"secrets: { external: { store: { name: vault } } }\n": "post-install,pre-upgrade",
	} {
		r, err := render(chart, []byte(valid+add))
		if err != nil {
			t.Fatal(err)
		}
		all := objects(t, r)
		if got := only[*batch.Job](t, all).Annotations["helm.sh/hook"]; got != want {
			t.Errorf("the check runs at %s, not %s", got, want)
		}
		var texts []string
		for _, o := range all {
			if c, ok := o.(*core.ConfigMap); ok {
				texts = append(texts, c.Data["config.yaml"])
			}
		}
		if len(texts) != 2 || texts[0] != texts[1] {
			t.Errorf("what is checked is not what is run: %q", texts)
		}
	}
	r, err := render(chart, []byte(valid+"checkConfig: false\n"))
	if err != nil || len(r.hooks) > 0 {
		t.Error(r.hooks, err)
	}
}

func TestSocketModeOpensNoPortToSlack(t *testing.T) {
	r, err := render(chart, valueFiles(t)["socket"])
	if err != nil {
		t.Fatal(err)
	}
	all := objects(t, r)
	ports := only[*core.Service](t, all).Spec.Ports
	if len(ports) != 1 || ports[0].Name != "metrics" || len(only[*networking.NetworkPolicy](t, all).Spec.Ingress) != 1 {
		t.Errorf("%v", ports)
	}
	if strings.Contains(r.notes, "/slack/") {
		t.Error(r.notes)
	}
}
