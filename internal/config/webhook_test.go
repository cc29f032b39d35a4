package config_test

import (
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
)

func TestWebhooksAreChecked(t *testing.T) {
	t.Parallel()
	env := exampleEnv()
	env["WEBHOOK"], env["SHORT"] = "whsec_c2ltdWxhdGVkLXdlYmhvb2stc2VjcmV0LTAxMjM0NTY3ODk=", "whsec_c2hvcnQ="
	const secret = ", secret: { env: WEBHOOK }"
	for hooks, want := range map[string]string{
		"{ name: a, format: pagerduty" + secret + " }":                                               "",
		"{ name: a, format: cloudevents, url: 'https://a.example'" + secret + " }":                   "",
		"{ name: a, format: alertmanager, url: 'https://a.example', alerts: [stuck] }":               "",
		"{ name: a, format: cloudevents" + secret + " }":                                             "webhooks[0].url: must be a URL",
		"{ name: a, format: cloudevents, url: 'http://a.example'" + secret + " }":                    "webhooks[0].url: must begin with https://",
		"{ name: a, format: cloudevents, url: 'https://a.example' }":                                 "webhooks[0].secret: is needed",
		"{ name: a, format: cloudevents, url: 'https://a.example', secret: { env: SHORT } }":         "webhooks[0].secret: must be",
		"{ name: A b, format: pagerduty" + secret + " }":                                             "webhooks[0].name: must be lowercase",
		"{ name: a, format: pager" + secret + ", url: 'https://a.example' }":                         "webhooks[0].format: must be one of cloudevents, pagerduty, alertmanager",
		"{ name: a, format: pagerduty" + secret + ", alerts: [slow] }":                               "webhooks[0].alerts[0]: must be one of",
		"{ name: a, format: pagerduty" + secret + " }, { name: a, format: pagerduty" + secret + " }": "webhooks[1].name: a is named twice",
	} {
		c, err := config.Parse("x.yaml", []byte(string(config.Example)+"\nwebhooks: [ "+hooks+" ]\n"), source(env, nil))
		if want == "" {
			if err != nil || c.Webhooks[0].URL == "" || len(c.Webhooks[0].Alerts) == 0 {
				t.Errorf("%s: %v", hooks, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "c2hvcnQ") {
			t.Errorf("%s: %v", hooks, err)
		}
	}
}
