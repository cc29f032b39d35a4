package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/webhook"
)

// hooksOf are the webhooks of a configuration.
func hooksOf(c *config.Config) ([]webhook.Hook, error) {
	var all []webhook.Hook
	for _, w := range c.Webhooks {
		t, err := trust(w.TLS)
		if err != nil {
			return nil, fmt.Errorf("webhook %s: %w", w.Name, err)
		}
		h := webhook.Hook{
			Name: w.Name, URL: w.URL, Format: webhook.Format(w.Format), Secret: w.Secret.Secret(),
			Client: &http.Client{
				Transport: transport.NewTransport(t), Timeout: c.Executor.CallTimeout.Std(),
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // what is signed goes where it was meant to
			},
		}
		for _, kind := range w.Alerts {
			h.Kinds = append(h.Kinds, webhook.Kind(kind))
		}
		all = append(all, h)
	}
	return all, nil
}

// alerts are what people are paged for.
type alerts struct {
	*base
	monitor *monitor.Monitor
}

// newWebhooks returns nil where the configuration has none.
func (a alerts) newWebhooks() (*webhook.Sender, error) {
	hooks, err := hooksOf(a.config)
	if err != nil || len(hooks) == 0 {
		return nil, err
	}
	names := make([]string, len(hooks))
	for i, h := range hooks {
		names[i] = h.Name
	}
	a.metrics.Webhooks(func(ctx context.Context) (map[string]int64, error) { return a.store.EventsWaiting(ctx, names...) })
	return webhook.New(webhook.Options{
		Hooks: hooks, Env: a.config.Environment, Outbox: a.store, Open: a.openAlerts, Owner: a.owner, Now: time.Now, Log: a.log,
		OnDelivery: a.metrics.Webhook, Backoff: webhook.Backoff(executor.Exponential(time.Second, 5*time.Minute, mathrand.Float64)),
		Every: webhooksEvery(a.config.Watch.Every.Std()),
	}), nil
}

// webhooksEvery is how often is looked for what people are paged for: as often as connections can change their state.
func webhooksEvery(watch time.Duration) time.Duration {
	return min(max(watch/180, 100*time.Millisecond), 5*time.Second)
}

// mostStuck is how many stuck requests are told of by themselves: more than anybody can look at.
const mostStuck = 1000

// keyEndsWithin is how soon a key ends of which people are paged.
const keyEndsWithin = 24 * time.Hour

// openAlerts is everything that people are to be paged for now. All of it is in Redis: no cluster is asked.
func (a alerts) openAlerts(ctx context.Context) ([]webhook.Alert, error) {
	stuck, err := a.stuckAlerts(ctx)
	if err != nil {
		return nil, err
	}
	troubled, err := a.monitor.Troubled(ctx)
	if err != nil {
		return nil, err
	}
	reviews, err := a.store.Reviews(ctx, mostStuck)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return slices.Concat(stuck, connectionAlerts(troubled, now), reviewAlerts(reviews, now)), nil
}

// reviewAlerts are those of what somebody approved alone and others have yet to review.
func reviewAlerts(open []*change.Request, now time.Time) []webhook.Alert {
	var all []webhook.Alert
	for _, r := range open {
		v := r.Review()
		details := map[string]string{"request": r.ID, "by": v.Broken.By.User, "reason": v.Broken.Reason, "due": v.Due.UTC().Format(time.RFC3339)}
		what := v.Broken.By.User + " approved alone: “" + r.Proposal.Title + "”"
		all = append(all, webhook.Alert{
			ID: "break_glass/" + r.ID, Kind: webhook.BreakGlass, Since: v.Broken.At, Details: details,
			Summary: "In an emergency " + what + ". It has to be reviewed.",
		})
		if v.Overdue(now) {
			all = append(all, webhook.Alert{
				ID: "review_overdue/" + r.ID, Kind: webhook.ReviewOverdue, Since: v.Due, Details: details, Summary: "Nobody has reviewed in time what " + what + ".",
			})
		}
	}
	return all
}

// connectionAlerts are those of managed connections.
func connectionAlerts(troubled []monitor.Troubled, now time.Time) []webhook.Alert {
	var all []webhook.Alert
	for _, t := range troubled {
		id := alertID(t.Name.String())
		what := fmt.Sprintf("%s → %s (alias %s)", t.Local, t.Remote, t.Name.Alias)
		details := map[string]string{"local": t.Local, "remote": t.Remote, "alias": t.Name.Alias, "connection": t.Name.String()}
		if p, ok := t.Problem(diagnose.ProblemDown); ok {
			all = append(all, webhook.Alert{
				ID: "lost/" + id, Kind: webhook.Lost, Summary: "The connection " + what + " does not work: " + p.Say, Since: p.Since, Critical: true, Details: details,
			})
		}
		if p, ok := t.Problem(diagnose.ProblemOverdue); ok {
			all = append(all, webhook.Alert{
				ID: "end_overdue/" + id, Kind: webhook.EndOverdue, Summary: "The connection " + what + " should have ended: " + p.Say, Since: p.Since, Details: details,
			})
		}
		if !t.Expires.IsZero() && t.Expires.Sub(now) < keyEndsWithin {
			all = append(all, webhook.Alert{
				ID: "key_ends/" + id, Kind: webhook.KeyEnds, Since: t.Expires.Add(-keyEndsWithin), Details: details,
				Summary: fmt.Sprintf("The key of the connection %s ends on %s.", what, t.Expires.UTC().Format("2006-01-02 15:04 MST")),
			})
		}
	}
	return all
}

func (a alerts) stuckAlerts(ctx context.Context) ([]webhook.Alert, error) {
	stuck, err := a.store.Stuck(ctx, mostStuck)
	if err != nil {
		return nil, err
	}
	var all []webhook.Alert
	for id, since := range stuck {
		r, err := a.store.Get(ctx, id)
		if errors.Is(err, change.ErrNotFound) {
			continue
		}
		alert := webhook.Alert{ID: "stuck/" + id, Kind: webhook.Stuck, Since: since, Critical: true, Details: map[string]string{"request": id}}
		switch {
		case errors.Is(err, change.ErrUnavailable):
			return nil, err
		case err != nil: // of a newer version, or damaged: that it is stuck is known all the same
			alert.Summary = "The request " + id + " could not be rolled back."
		default:
			alert.Summary = "Rolling back “" + r.Proposal.Title + "” failed: " + r.Outcome.Why
			for _, left := range r.Outcome.Leftovers {
				alert.Details["left"] = strings.TrimSpace(alert.Details["left"] + "\n" + left.What)
			}
		}
		all = append(all, alert)
	}
	aside, err := a.store.PutAside(ctx, mostStuck)
	for _, x := range aside {
		all = append(all, webhook.Alert{
			ID: "stuck/" + x.ID, Kind: webhook.Stuck, Since: x.Since, Critical: true, Details: map[string]string{"request": x.ID},
			Summary: "The request " + x.ID + " can't be read and was put aside: requeue or resolve it in Slack, or with remote-cluster-bot aside.",
		})
	}
	return all, err
}

// alertID is a name without what separates words.
func alertID(name string) string { return strings.Join(strings.Fields(name), "%20") }

// answers says whether the receiver of a webhook answers at all. Nothing is told to it.
func answers(ctx context.Context, h webhook.Hook, log *slog.Logger) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, h.URL, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := h.Client.Do(req)
	if err != nil {
		return err
	}
	log.DebugContext(ctx, "a webhook answers", "webhook", h.Name, "status", resp.StatusCode)
	return resp.Body.Close()
}
