package doctor

import "context"

// tracing looks whether the collector takes traces. Without it the bot works all the same.
func tracing(ctx context.Context, a *area, o Options) {
	if err := o.Collector(ctx); err != nil {
		a.warn("collector", "look at tracing.endpoint (OTLP over HTTP, mostly port 4318), headers and tls, or at OTEL_EXPORTER_OTLP_… in the environment",
			"no traces arrive at %s: %s", o.Config.Tracing.Endpoint, o.Scrub(err.Error()))
		return
	}
	a.ok("collector", "the collector takes traces")
}
