// Package metrics counts what the bot does, for Prometheus. It listens at the seams: around the store and the queue,
// and where bot tells of acks and calls. The parts that do the work know nothing of it.
package metrics

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

// Metrics are all counters of one process.
type Metrics struct {
	registry *prometheus.Registry
	now      func() time.Time

	moves     *prometheus.CounterVec
	approval  prometheus.Histogram
	start     prometheus.Histogram
	steps     *prometheus.HistogramVec
	retries   *prometheus.CounterVec
	takeOvers prometheus.Counter
	acks      *prometheus.HistogramVec
	calls     *prometheus.HistogramVec
	behind    prometheus.Gauge
	reduced   prometheus.Counter
	checks    *prometheus.CounterVec
	rotations *prometheus.CounterVec
	endings   *prometheus.CounterVec
	reviews   *prometheus.CounterVec
	events    *prometheus.CounterVec
}

// Options are what Metrics need.
type Options struct {
	Version string
	Now     func() time.Time
	// Depths reads how much waits, at each scrape.
	Depths func(context.Context) (store.Depths, error)
}

// StatusSummary is how the managed connections are.
type StatusSummary struct {
	Managed     int
	Problems    map[string]int // by kind
	OldestCheck time.Time      // of the connection that was checked longest ago; zero: there is none
}

// New returns counters that stand at zero.
func New(o Options) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(), now: o.Now,
		moves: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rcb_requests_total", Help: "Requests that came into a state, by this replica.",
		}, []string{"state"}),
		approval: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "rcb_approval_seconds", Help: "From a request to its last approval.",
			Buckets: []float64{10, 60, 300, 900, 3600, 4 * 3600, 24 * 3600, 72 * 3600},
		}),
		start: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "rcb_start_delay_seconds", Help: "From the last approval until a worker begins.",
			Buckets: []float64{.005, .01, .02, .05, .1, .5, 1, 5, 30, 300},
		}),
		steps: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "rcb_step_seconds", Help: "How long a step took, all its attempts together.",
			Buckets: []float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300},
		}, []string{"step", "state"}),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rcb_step_retries_total", Help: "Attempts of a step after its first.",
		}, []string{"step"}),
		takeOvers: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rcb_takeovers_total", Help: "Requests taken over from a worker that fell silent.",
		}),
		acks: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "rcb_ack_seconds", Help: "How long Slack waited for the answer to an event; it gives up after 3 s.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2, 3},
		}, []string{"what"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "rcb_slack_call_seconds", Help: "Calls to Slack; outcome limited is Slack asking for patience.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"method", "outcome"}),
		behind: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "rcb_audit_behind_seconds", Help: "Age of the oldest audit entry that could not be shipped; 0: none waits.",
		}),
		reduced: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rcb_audit_refused_total", Help: "Audit entries that Elasticsearch refused; only their text and hash were shipped.",
		}),
		checks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rcb_connection_checks_total", Help: "Checks of managed connections, by this replica: healthy, problems, or failed (it could not be checked).",
		}, []string{"outcome"}),
		endings: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rcb_endings_due_total", Help: "Connections whose end has come: standing (removed under the approval of the connection), asked (needs approval), or failed.",
		}, []string{"outcome"}),
		rotations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rcb_rotations_due_total", Help: "Rotations that the bot asked for by itself: asked, standing (under an approval from before), or failed (came to nothing).",
		}, []string{"outcome"}),
		reviews: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rcb_access_reviews_total", Help: "Access reviews of connections: asked (people were asked whether one is still needed), or kept (somebody said so).",
		}, []string{"outcome"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rcb_webhook_deliveries_total", Help: "Attempts to tell a webhook of an alert: delivered, failed (it is tried again), or refused (dropped).",
		}, []string{"webhook", "outcome"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "rcb_build_info", Help: "Always 1.", ConstLabels: prometheus.Labels{"version": o.Version},
	})
	build.Set(1)
	m.registry.MustRegister(
		m.moves, m.approval, m.start, m.steps, m.retries, m.takeOvers, m.acks, m.calls, m.behind, m.reduced, m.checks, m.rotations, m.endings, m.reviews, m.events, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	if o.Depths != nil {
		m.registry.MustRegister(&waiting{read: o.Depths})
	}
	for _, outcome := range []string{"healthy", "problems", "failed"} {
		m.checks.WithLabelValues(outcome)
	}
	for _, s := range change.States() {
		m.moves.WithLabelValues(string(s)) // so that an increase from nothing shows
	}
	return m
}

// Gatherer hands out what Handler serves.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// Acked hears that an event was answered; what is its kind and name as the router has them.
func (m *Metrics) Acked(what string, took time.Duration) {
	m.acks.WithLabelValues(what).Observe(took.Seconds())
}

// Called hears of a call to Slack; outcome is "ok" or the kind of its error.
func (m *Metrics) Called(method, outcome string, took time.Duration) {
	m.calls.WithLabelValues(method, outcome).Observe(took.Seconds())
}

// AuditShipped hears that audit entries were shipped, and how many of them had been refused as a whole.
func (m *Metrics) AuditShipped(refused int) { m.reduced.Add(float64(refused)) }

// AuditBehind hears how old the oldest audit entry is that waits to be shipped; 0: none waits.
func (m *Metrics) AuditBehind(by time.Duration) { m.behind.Set(max(by.Seconds(), 0)) }

// Checked hears of a look at a managed connection.
func (m *Metrics) Checked(outcome string) { m.checks.WithLabelValues(outcome).Inc() }

// EndingDue counts a connection whose end has come, or an attempt to remove it that came to nothing.
func (m *Metrics) EndingDue(outcome string) { m.endings.WithLabelValues(outcome).Inc() }

// RotationDue counts a rotation that the bot asked for by itself, or one that came to nothing.
func (m *Metrics) RotationDue(outcome string) { m.rotations.WithLabelValues(outcome).Inc() }

// AccessReviewed counts that people were asked whether a connection is still needed, or that somebody kept it.
func (m *Metrics) AccessReviewed(outcome string) { m.reviews.WithLabelValues(outcome).Inc() }

// Webhook hears of an attempt to tell a webhook of an alert.
func (m *Metrics) Webhook(name, outcome string) { m.events.WithLabelValues(name, outcome).Inc() }

// Webhooks serves how many events wait for each webhook, which read tells at each scrape.
func (m *Metrics) Webhooks(read func(context.Context) (map[string]int64, error)) {
	m.registry.MustRegister(&outboxes{read: read})
}

// outboxes reads what waits when it is asked for it.
type outboxes struct {
	read func(context.Context) (map[string]int64, error)
}

var outboxDesc = prometheus.NewDesc("rcb_webhook_waiting", "Events that wait to be delivered to a webhook.", []string{"webhook"}, nil)

// Describe names the gauge.
func (*outboxes) Describe(c chan<- *prometheus.Desc) { c <- outboxDesc }

// Collect asks Redis. What can't be read is left out: rcb_redis_up says why.
func (o *outboxes) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeWithin) //nolint:forbidigo // a scrape brings no context
	defer cancel()
	waiting, err := o.read(ctx)
	if err != nil {
		return
	}
	for name, n := range waiting {
		c <- prometheus.MustNewConstMetric(outboxDesc, prometheus.GaugeValue, float64(n), name)
	}
}

// Watch serves how the managed connections are, which read tells at each scrape.
func (m *Metrics) Watch(read func(context.Context) (StatusSummary, error)) {
	m.registry.MustRegister(&watched{read: read, now: m.now})
}

// watched reads how connections stand when it is asked for it.
type watched struct {
	read func(context.Context) (StatusSummary, error)
	now  func() time.Time
}

var (
	managedDesc  = prometheus.NewDesc("rcb_connections_managed", "Connections that the bot made or adopted, and watches.", nil, nil)
	problemsDesc = prometheus.NewDesc("rcb_connection_problems",
		"Problems of managed connections that are told of in Slack: down, degraded, expiring (its key) or drifted.", []string{"kind"}, nil)
	oldestCheckDesc = prometheus.NewDesc("rcb_oldest_check_seconds",
		"Age of the last check of the managed connection that was checked longest ago; 0: there is none.", nil, nil)
)

// Describe names the gauges.
func (*watched) Describe(c chan<- *prometheus.Desc) {
	c <- managedDesc
	c <- problemsDesc
	c <- oldestCheckDesc
}

// Collect asks Redis, for no longer than a scrape may take. What can't be read is left out: rcb_redis_up says why.
func (w *watched) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeWithin) //nolint:forbidigo // a scrape brings no context
	defer cancel()
	s, err := w.read(ctx)
	if err != nil {
		return
	}
	c <- prometheus.MustNewConstMetric(managedDesc, prometheus.GaugeValue, float64(s.Managed))
	age := 0.0
	if !s.OldestCheck.IsZero() {
		age = max(w.now().Sub(s.OldestCheck).Seconds(), 0)
	}
	c <- prometheus.MustNewConstMetric(oldestCheckDesc, prometheus.GaugeValue, age)
	for trouble, n := range s.Problems {
		c <- prometheus.MustNewConstMetric(problemsDesc, prometheus.GaugeValue, float64(n), trouble)
	}
}

const scrapeWithin = 2 * time.Second

// waiting reads the depths of the queues when it is asked for them.
type waiting struct {
	read func(context.Context) (store.Depths, error)
}

var (
	openDesc = prometheus.NewDesc("rcb_requests_waiting",
		"Requests by what they wait for: approval, window (approved, and it has yet to open), worker (approved), "+
			"work (in a worker's hands), operator (can't be read and was put aside), card (Slack is behind).",
		[]string{"for"}, nil)
	reviewsDesc = prometheus.NewDesc("rcb_reviews_waiting",
		"Requests that somebody approved alone and others have yet to review: due, or overdue.", []string{"state"}, nil)
	redisDesc = prometheus.NewDesc("rcb_redis_up", "Whether Redis answered at this scrape.", nil, nil)
)

// Describe names the gauges.
func (*waiting) Describe(c chan<- *prometheus.Desc) { c <- openDesc; c <- reviewsDesc; c <- redisDesc }

// Collect asks Redis, for no longer than a scrape may take.
func (w *waiting) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeWithin) //nolint:forbidigo // a scrape brings no context
	defer cancel()
	d, err := w.read(ctx)
	up := 1.0
	if err != nil {
		up = 0
	}
	c <- prometheus.MustNewConstMetric(redisDesc, prometheus.GaugeValue, up)
	if err != nil {
		return
	}
	for name, n := range map[string]int64{
		"approval": d.Pending, "window": d.Early, "worker": d.Ready, "work": d.InHand, "person": d.Waiting, "operator": d.Aside, "card": d.Unannounced,
	} {
		c <- prometheus.MustNewConstMetric(openDesc, prometheus.GaugeValue, float64(n), name)
	}
	for state, n := range map[string]int64{"due": max(d.Reviews-d.Overdue, 0), "overdue": d.Overdue} {
		c <- prometheus.MustNewConstMetric(reviewsDesc, prometheus.GaugeValue, float64(n), state)
	}
}
