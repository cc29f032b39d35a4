package config_test

import (
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
)

func TestVariablesTakeThePlaceOfWhatTheFileSays(t *testing.T) {
	t.Parallel()
	env := exampleEnv()
	maps.Copy(env, map[string]string{
		"RCB_SLACK_CHANNEL": " C0OTHER ", "RCB_EXECUTOR_WORKERS": "9", "RCB_EXECUTOR_LEASE": "5s", "RCB_WATCH_EVERY": "1d",
		"RCB_METRICS_PPROF": "true", "RCB_TRACING_ENDPOINT": "http://127.0.0.1:4318", "RCB_TRACING_SAMPLE": "0.5",
		"RCB_REDIS_TLS_SERVER_NAME": "redis.internal", "RCB_REDIS_TLS_INSECURE": "true", "RCB_APPROVALS_COUNT": "2", "RCB_POLICY_REFRESH": "9s",
	})
	c, err := config.Parse("x.yaml", config.Example, source(env, nil))
	if err != nil {
		t.Fatal(err)
	}
	if c.Slack.Channel != "C0OTHER" || c.Executor.Workers != 9 || c.Executor.Lease.Std() != 5*time.Second || c.Watch.Every.Std() != 24*time.Hour ||
		!c.Metrics.Pprof || c.Tracing.Sample != 0.5 {
		t.Errorf("read %+v %+v %+v", c.Slack, c.Executor, c.Tracing)
	}
	if c.Redis.TLS == nil || c.Redis.TLS.ServerName != "redis.internal" {
		t.Errorf("a section that only the environment speaks of: %+v", c.Redis.TLS)
	}
	if c.Redis.TLS != nil && c.Redis.TLS.Insecure || c.Approvals.Count != 1 || c.Policy != nil || c.Audit.Ship != nil {
		t.Errorf("the environment may not say this: %+v %+v", c.Redis.TLS, c.Approvals)
	}
}

func TestAVariableThatCantBeReadIsAProblemOfItsField(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"RCB_EXECUTOR_WORKERS": "executor.workers: RCB_EXECUTOR_WORKERS in the environment: must be a number",
		"RCB_WATCH_EVERY":      "watch.every: RCB_WATCH_EVERY in the environment: a time span needs a unit",
		"RCB_METRICS_PPROF":    "metrics.pprof: RCB_METRICS_PPROF in the environment: must be true or false",
		"RCB_TRACING_SAMPLE":   "tracing.sample: RCB_TRACING_SAMPLE in the environment: must be a number",
		"RCB_SLACK_MODE":       "slack.mode: must be one of http, socket",
	} {
		env := exampleEnv()
		env[name] = canary
		_, err := config.Parse("x.yaml", config.Example, source(env, nil))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// No two fields share a variable, and what may not be said there has none.
func TestVariablesAreUnambiguous(t *testing.T) {
	t.Parallel()
	of := map[string]string{}
	var walk func(t *testing.T, s reflect.Type, path string)
	walk = func(t *testing.T, s reflect.Type, path string) {
		t.Helper()
		for f := range s.Fields() {
			name, in := f.Tag.Get("yaml"), f.Type
			if name == "" {
				continue
			}
			at := strings.TrimPrefix(path+"."+name, ".")
			if in.Kind() == reflect.Pointer {
				in = in.Elem()
			}
			if in.Kind() == reflect.Struct && in != reflect.TypeFor[config.SecretRef]() {
				walk(t, in, at)
				continue
			}
			variable := config.EnvironmentName(at, f.Type)
			if variable == "" {
				continue
			}
			if other, twice := of[variable]; twice {
				t.Errorf("%s is of %s and of %s", variable, other, at)
			}
			of[variable] = at
		}
	}
	walk(t, reflect.TypeFor[config.Config](), "")
	if len(of) < 30 || of["RCB_SLACK_CHANNEL"] != "slack.channel" {
		t.Errorf("%d variables: %v", len(of), of)
	}
}
