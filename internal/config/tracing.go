package config

import (
	"fmt"
	"regexp"
	"strings"
)

// followEnvironment takes the endpoint from where OpenTelemetry's specification of the OTLP exporter puts it, unless
// the file names one. The environment can also say that nothing is to be traced.
func (t *Tracing) followEnvironment(lookup func(string) (string, bool)) {
	get := func(name string) string {
		if v, ok := lookup(name); ok {
			return strings.TrimSpace(v)
		}
		return ""
	}
	switch {
	case t.Endpoint != "":
	case strings.EqualFold(get("OTEL_SDK_DISABLED"), "true"), get("OTEL_TRACES_EXPORTER") == "none":
	case get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "":
		t.Endpoint = get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	case get("OTEL_EXPORTER_OTLP_ENDPOINT") != "": // the base of all signals
		t.Endpoint = strings.TrimSuffix(get("OTEL_EXPORTER_OTLP_ENDPOINT"), "/") + "/v1/traces"
	}
}

var headerRule = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

func (p *parser) checkTracing(t Tracing) {
	if t.Endpoint == "" {
		if len(t.Headers) > 0 || t.Sample != 0 || t.TLS != nil {
			p.add("tracing.endpoint", "is needed, here or as OTEL_EXPORTER_OTLP_ENDPOINT in the environment: without it nothing is traced")
		}
		return
	}
	p.webURL("tracing.endpoint", t.Endpoint, &TLS{Insecure: true}) // collectors stand beside what they collect from
	if t.Sample < 0 || t.Sample > 1 {
		p.add("tracing.sample", "must lie above 0 and up to 1")
	}
	for i, h := range t.Headers {
		at := fmt.Sprintf("tracing.headers[%d]", i)
		if !headerRule.MatchString(h.Name) {
			p.add(at+".name", "must be a header's name, such as Authorization")
		}
		p.needed(at+".value", h.Value)
	}
}
