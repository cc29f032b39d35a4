package config

import (
	"fmt"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/webhook"
)

// Webhook is a receiver of alerts: of each it is told once when it begins, and once when it is over.
type Webhook struct {
	// Name is short and stable: it is a part of Redis keys. Lowercase letters, digits and dashes.
	Name string `yaml:"name"`
	// URL is where events are posted. Default for pagerduty: https://events.pagerduty.com/v2/enqueue.
	URL string `yaml:"url"`
	// Format is "cloudevents" (JSON, signed as Standard Webhooks says), "pagerduty" (Events API v2) or "alertmanager" (API v2).
	Format string `yaml:"format"`
	// Secret is what cloudevents are signed with (whsec_ and base64), the routing key of pagerduty, or a bearer token for
	// alertmanager, where there may be none.
	Secret SecretRef `yaml:"secret"`
	// Alerts are those that it is told of: stuck (a change could not be rolled back, or can't be read), lost (a connection
	// does not work), key_ends (a key ends within a day), end_overdue (a connection should have ended, and is still there),
	// break_glass (somebody approved alone, and others have yet to review it), review_overdue (nobody has, in time).
	// Default all.
	Alerts []string `yaml:"alerts"`
	// TLS says how its certificate is checked.
	TLS *TLS `yaml:"tls"`
}

func texts[T ~string](all []T) []string {
	out := make([]string, len(all))
	for i, one := range all {
		out[i] = string(one)
	}
	return out
}

func checkWebhooks(p *parser, all []Webhook) {
	var names []string
	for i, w := range all {
		at := fmt.Sprintf("webhooks[%d]", i)
		if !nameRule.MatchString(w.Name) {
			p.add(at+".name", "must be lowercase letters, digits and dashes, such as on-call")
		}
		if slices.Contains(names, w.Name) {
			p.add(at+".name", "%s is named twice", w.Name)
		}
		names = append(names, w.Name)
		p.oneOf(at+".format", w.Format, texts(webhook.Formats())...)
		p.webURL(at+".url", w.URL, w.TLS)
		for j, a := range w.Alerts {
			p.oneOf(fmt.Sprintf("%s.alerts[%d]", at, j), a, texts(webhook.Kinds())...)
		}
		if webhook.Format(w.Format) != webhook.Alertmanager {
			p.needed(at+".secret", w.Secret)
		}
		if webhook.Format(w.Format) == webhook.CloudEvents && !w.Secret.Secret().Empty() {
			if _, err := webhook.ParseSigningSecret(w.Secret.Secret()); err != nil {
				p.add(at+".secret", "%v", err)
			}
		}
	}
}
