package config_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
)

func TestNothingIsLetGoThatIsNotSignedAndElsewhere(t *testing.T) {
	t.Parallel()
	const key = "MC4CAQAwBQYDK2VwBCIEIH4d8lhr45FrUX4U+4RH/bqlllvwSBHvDQZeOPUF4bTY"
	env := exampleEnv()
	env["K"], env["BAD"] = key, key[8:]
	const signed = "checkpoint: { key: { env: K } }"
	for audit, want := range map[string]string{
		signed:                                                     "",
		signed + ", keep: 400d, export: a":                         "",
		"keep: 400d, export: a":                                    "audit.keep: needs audit.checkpoint",
		signed + ", keep: 400d":                                    "audit.keep: needs audit.ship or audit.export",
		signed + ", keep: 1h, export: a":                           "audit.keep: must lie between",
		"checkpoint: { every: 3 }":                                 "audit.checkpoint.key: is needed",
		"checkpoint: { key: { env: BAD } }":                        "audit.checkpoint.key: must be an Ed25519 key",
		signed[:len(signed)-2] + ", every: -1 }":                   "audit.checkpoint.every: must be 1",
		signed[:len(signed)-2] + ", webhook: 'http://a.example' }": "audit.checkpoint.webhook: must begin with https://",
		signed + ", keep: 4xd":                                     "a time span needs a unit",
	} {
		c, err := config.Parse("x.yaml", []byte(string(config.Example)+"\naudit: { "+audit+" }\n"), source(env, nil))
		if want == "" {
			if err != nil || c.Audit.Checkpoint.Every != 100 || !slices.Contains([]time.Duration{0, 400 * 24 * time.Hour}, c.Audit.Keep.Std()) {
				t.Errorf("%s: %v", audit, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), key[8:]) {
			t.Errorf("%s: %v", audit, err)
		}
	}
}
