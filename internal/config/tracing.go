package config

import (
	"fmt"
	"regexp"
	"strings"
)

// OTLP is a collector of OpenTelemetry.
type OTLP struct {
	// Endpoint is a collector that takes OTLP over HTTP, such as https://collector.example.com:4318; /v1/metrics is added
	// where it has no path. Default: what OTEL_EXPORTER_OTLP_METRICS_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT say in the
	// environment, unless OTEL_METRICS_EXPORTER is none. The exporter's other variables hold for what is not given here.
	Endpoint string `yaml:"endpoint"`
	// Headers are sent along with each export, such as an Authorization.
	Headers []Header `yaml:"headers"`
	// TLS says how the collector's certificate is checked.
	TLS *TLS `yaml:"tls"`
}

// Tracing is what happens between a slash command and the last call, exported as OpenTelemetry traces.
type Tracing struct {
	// Endpoint is a collector that takes OTLP over HTTP, such as https://collector.example.com:4318; /v1/traces is added
	// where it has no path. Default: what OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT say in the
	// environment. The exporter's other variables (OTEL_EXPORTER_OTLP_HEADERS and so on) hold for what is not given here.
	Endpoint string `yaml:"endpoint"`
	// Headers are sent along with each export, such as an Authorization.
	Headers []Header `yaml:"headers"`
	// Sample is the part of all traces that is exported, above 0 and up to 1. Default: as OTEL_TRACES_SAMPLER says, else all.
	Sample float64 `yaml:"sample"`
	// TLS says how the collector's certificate is checked.
	TLS *TLS `yaml:"tls"`
}

// Header is a header of HTTP with a secret in it.
type Header struct {
	// Name is the header's name.
	Name string `yaml:"name"`
	// Value is what follows it.
	Value SecretRef `yaml:"value"`
}

// fromEnvironment takes an endpoint from where OpenTelemetry's specification of the OTLP exporter puts it, unless the file
// names one. The environment can also say that nothing is to be exported.
func fromEnvironment(endpoint *string, signal string, lookup func(string) (string, bool)) {
	get := func(name string) string {
		if v, ok := lookup(name); ok {
			return strings.TrimSpace(v)
		}
		return ""
	}
	own := "OTEL_EXPORTER_OTLP_" + strings.ToUpper(signal) + "_ENDPOINT"
	switch {
	case *endpoint != "":
	case strings.EqualFold(get("OTEL_SDK_DISABLED"), "true"), get("OTEL_"+strings.ToUpper(signal)+"_EXPORTER") == "none":
	case get(own) != "":
		*endpoint = get(own)
	case get("OTEL_EXPORTER_OTLP_ENDPOINT") != "": // the base of all signals
		*endpoint = strings.TrimSuffix(get("OTEL_EXPORTER_OTLP_ENDPOINT"), "/") + "/v1/" + signal
	}
}

var headerRule = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

func checkTracing(p *parser, t Tracing) {
	if t.Endpoint == "" {
		if len(t.Headers) > 0 || t.Sample != 0 || t.TLS != nil {
			p.add("tracing.endpoint", "is needed, here or as OTEL_EXPORTER_OTLP_ENDPOINT in the environment: without it nothing is traced")
		}
		return
	}
	if t.Sample < 0 || t.Sample > 1 {
		p.add("tracing.sample", "must lie above 0 and up to 1")
	}
	checkCollector(p, "tracing", t.Endpoint, t.Headers)
}

func checkOTLP(p *parser, o OTLP) {
	if o.Endpoint != "" {
		checkCollector(p, "metrics.otlp", o.Endpoint, o.Headers)
	} else if len(o.Headers) > 0 || o.TLS != nil {
		p.add("metrics.otlp.endpoint", "is needed, here or as OTEL_EXPORTER_OTLP_ENDPOINT in the environment: without it no metrics are exported")
	}
}

func checkCollector(p *parser, at, endpoint string, headers []Header) {
	p.webURL(at+".endpoint", endpoint, &TLS{Insecure: true}) // collectors stand beside what they collect from
	for i, h := range headers {
		at := fmt.Sprintf("%s.headers[%d]", at, i)
		if !headerRule.MatchString(h.Name) {
			p.add(at+".name", "must be a header's name, such as Authorization")
		}
		p.needed(at+".value", h.Value)
	}
}
