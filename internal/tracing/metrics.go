package tracing

import (
	"context"
	"fmt"
	"time"

	prom "github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// lastWithin bounds the export at the end.
const lastWithin = 3 * time.Second

// ExportMetrics exports to o.Endpoint what Prometheus would scrape, under the same names, until ctx ends, and once more
// then: as often as OTEL_METRIC_EXPORT_INTERVAL says, or once a minute.
func ExportMetrics(ctx context.Context, from prom.Gatherer, o Options) error {
	if o.Scrub == nil {
		o.Scrub = func(s string) string { return s }
	}
	url, client, err := o.destination("/v1/metrics")
	if err != nil {
		return err
	}
	to := []otlpmetrichttp.Option{otlpmetrichttp.WithEndpointURL(url)}
	if client != nil {
		to = append(to, otlpmetrichttp.WithHTTPClient(client))
	}
	exporter, err := otlpmetrichttp.New(ctx, to...)
	if err != nil {
		return fmt.Errorf("OpenTelemetry: %w", err)
	}
	of, err := describe(o)
	if err != nil {
		return err
	}
	told := &patientMetrics{Exporter: exporter, arrival: arrival{o: o, what: "metrics"}}
	read := metric.NewPeriodicReader(told, metric.WithProducer(prometheus.NewMetricProducer(prometheus.WithGatherer(from))))
	all := metric.NewMeterProvider(metric.WithReader(read), metric.WithResource(of))
	<-ctx.Done()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWithin)
	defer cancel()
	if err := all.Shutdown(ctx); err != nil {
		told.tell(ctx, err)
	}
	return nil
}

// patientMetrics loses what can't be exported: the next export has it all.
type patientMetrics struct {
	metric.Exporter
	arrival
}

func (p *patientMetrics) Export(ctx context.Context, all *metricdata.ResourceMetrics) error {
	p.tell(ctx, p.Exporter.Export(ctx, all))
	return nil
}
