package config_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
)

// destination is where a signal goes by the file and the environment.
type destination struct {
	file string
	env  map[string]string
	want string
}

func (d destination) config(t *testing.T, name string) *config.Config {
	t.Helper()
	env := exampleEnv()
	maps.Copy(env, d.env)
	got, err := config.Parse("x.yaml", []byte(string(config.Example)+d.file), source(env, nil))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return got
}

// refused looks that a line is refused for that reason, and that no secret is told.
func refused(t *testing.T, line, want string) {
	t.Helper()
	_, err := config.Parse("x.yaml", []byte(string(config.Example)+"\n"+line+"\n"), source(exampleEnv(), nil))
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), canary) {
		t.Errorf("%s: %v", line, err)
	}
}

func TestTracesGoWhereTheFileOrElseTheEnvironmentSays(t *testing.T) {
	t.Parallel()
	const inFile = "\ntracing: { endpoint: \"https://file:4318\", sample: 0.5 }\n"
	for name, c := range map[string]destination{
		"nowhere":       {"", nil, ""},
		"file":          {inFile, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://env:4318"}, "https://file:4318"},
		"environment":   {"", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://env:4318/base/"}, "http://env:4318/base/v1/traces"},
		"traces alone":  {"", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://env", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://t/x"}, "http://t/x"},
		"disabled":      {"", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://env", "OTEL_SDK_DISABLED": "true"}, ""},
		"other signals": {"", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://env", "OTEL_TRACES_EXPORTER": "none"}, ""},
	} {
		if got := c.config(t, name).Tracing.Endpoint; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestMetricsGoWhereTheFileOrElseTheEnvironmentSays(t *testing.T) {
	t.Parallel()
	const inFile = "\nmetrics: { otlp: { endpoint: \"https://file:4318\" } }\n"
	for name, c := range map[string]destination{
		"nowhere":       {"", nil, ""},
		"file":          {inFile, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://env:4318"}, "https://file:4318"},
		"environment":   {"", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://env:4318"}, "http://env:4318/v1/metrics"},
		"metrics alone": {"", map[string]string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://m/x"}, "http://m/x"},
		"traces alone":  {"", map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://t/x"}, ""},
		"disabled":      {"", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://env", "OTEL_METRICS_EXPORTER": "none"}, ""},
	} {
		if got := c.config(t, name).Metrics.OTLP.Endpoint; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	for text, want := range map[string]string{
		`{ endpoint: "collector:4318" }`:                                           "metrics.otlp.endpoint: must be a URL",
		`{ headers: [{ name: Authorization, value: { env: ECE_API_KEY } }] }`:      "metrics.otlp.endpoint: is needed",
		`{ endpoint: "https://c", headers: [{ name: Authorization }] }`:            "metrics.otlp.headers[0].value: is needed",
		`{ endpoint: "https://c", headers: [{ name: A, value: x` + canary + ` }]}`: "a secret does not stand in the file",
	} {
		refused(t, "metrics: { otlp: "+text+" }", want)
	}
}

func TestTracingSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{ sample: 0.5 }`:                       "tracing.endpoint: is needed",
		`{ endpoint: "collector:4318" }`:        "tracing.endpoint: must be a URL",
		`{ endpoint: "https://u:p@c" }`:         "tracing.endpoint: must not hold a user",
		`{ endpoint: "https://c", sample: 10 }`: "tracing.sample: must lie above 0 and up to 1",
		`{ endpoint: "https://c", headers: [{ name: "a b", value: { env: ECE_API_KEY } }] }`:          "tracing.headers[0].name: must be a header's name",
		`{ endpoint: "https://c", headers: [{ name: Authorization }] }`:                               "tracing.headers[0].value: is needed",
		`{ endpoint: "https://c", headers: [{ name: Authorization, value: Bearer-` + canary + ` }] }`: "a secret does not stand in the file",
	} {
		refused(t, "tracing: "+text, want)
	}
}
