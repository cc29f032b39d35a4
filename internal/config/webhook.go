package config

import (
	"fmt"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/webhook"
)

func texts[T ~string](all []T) []string {
	out := make([]string, len(all))
	for i, one := range all {
		out[i] = string(one)
	}
	return out
}

func (p *parser) checkWebhooks(all []Webhook) {
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
