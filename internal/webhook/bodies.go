package webhook

import (
	"maps"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// product names the bot to receivers.
const product = "remote-cluster-bot"

// The types of CloudEvents. A change that receivers would misread gets another number.
const (
	typeOpened   = "com.github.remote-cluster-bot.alert.opened.v1"
	typeResolved = "com.github.remote-cluster-bot.alert.resolved.v1"
)

// cloudEventBody is a CloudEvent 1.0 in structured JSON.
type cloudEventBody struct {
	SpecVersion string    `json:"specversion"`
	ID          string    `json:"id"`
	Source      string    `json:"source"`
	Type        string    `json:"type"`
	Subject     string    `json:"subject"` // the alert: the same when it begins and when it is over
	Time        time.Time `json:"time"`
	ContentType string    `json:"datacontenttype"`
	Data        Alert     `json:"data"`
}

func cloudEvent(env string, e change.OutboxEvent, a Alert) cloudEventBody {
	kind := typeOpened
	if e.Over {
		kind = typeResolved
	}
	return cloudEventBody{
		SpecVersion: "1.0", ID: e.ID, Source: "/" + product + "/" + env, Type: kind, Subject: a.ID, Time: e.At.UTC(),
		ContentType: "application/json", Data: a,
	}
}

func (a Alert) severity() string {
	if a.Critical {
		return "critical"
	}
	return "warning"
}

// Limits of PagerDuty's Events API v2.
const (
	maxDedupKey = 255
	maxSummary  = 1024
)

type pagerDutyBody struct {
	RoutingKey string            `json:"routing_key"`
	Action     string            `json:"event_action"`
	DedupKey   string            `json:"dedup_key"`
	Client     string            `json:"client,omitempty"`
	Payload    *pagerDutyPayload `json:"payload,omitempty"`
}

type pagerDutyPayload struct {
	Summary   string            `json:"summary"`
	Source    string            `json:"source"`
	Severity  string            `json:"severity"`
	Timestamp time.Time         `json:"timestamp"`
	Component string            `json:"component"`
	Class     string            `json:"class"`
	Details   map[string]string `json:"custom_details,omitempty"`
}

func pagerDutyEvent(key secret.Secret, env string, e change.OutboxEvent, a Alert) pagerDutyBody {
	b := pagerDutyBody{RoutingKey: key.Reveal(), Action: "trigger", DedupKey: cut(product+"/"+env+"/"+a.ID, maxDedupKey), Client: product}
	if e.Over {
		b.Action = "resolve"
		return b
	}
	b.Payload = &pagerDutyPayload{
		Summary: cut(a.Summary, maxSummary), Source: product + "/" + env, Severity: a.severity(), Timestamp: a.Since.UTC(),
		Component: a.ID, Class: string(a.Kind), Details: a.Details,
	}
	return b
}

func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	s = s[:most]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s
}

// alertmanagerAlert is a PostableAlert of Alertmanager's API v2.
type alertmanagerAlert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
}

// alertNames follow the names of deploy/prometheus/alerts.yaml.
var alertNames = map[Kind]string{
	Stuck: "RemoteClusterBotChangeStuck", Lost: "RemoteClusterBotConnectionDown", KeyEnds: "RemoteClusterBotKeyEnds",
	EndOverdue: "RemoteClusterBotConnectionOverdue", BreakGlass: "RemoteClusterBotBreakGlass", ReviewOverdue: "RemoteClusterBotReviewOverdue",
}

// alertmanagerAlerts ends an alert that lasts in a while, unless it is told again: so it does not stay for ever where the
// bot is taken away.
func alertmanagerAlerts(env string, e change.OutboxEvent, a Alert, now time.Time) []alertmanagerAlert {
	ends := now.Add(alertmanagerLasts)
	if e.Over {
		ends = e.At
	}
	labels := map[string]string{
		"alertname": alertNames[a.Kind], "alert": a.ID, "severity": a.severity(), "environment": env, "source": product,
	}
	annotations := map[string]string{"summary": a.Summary}
	for name, text := range maps.All(a.Details) {
		annotations[strings.ReplaceAll(name, "-", "_")] = text
	}
	return []alertmanagerAlert{{Labels: labels, Annotations: annotations, StartsAt: a.Since.UTC(), EndsAt: ends.UTC()}}
}
