package doctor

import (
	"slices"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
)

func TestWhoElseCouldReachRedisIsSeen(t *testing.T) {
	t.Parallel()
	env := config.Source{LookupEnv: func(name string) (string, bool) {
		return map[string]string{"SHORT": "hunter2", "LONG": "a-long-password-of-redis"}[name], !strings.HasPrefix(name, "RCB_")
	}}
	for redis, want := range map[string][]string{
		`{ addresses: ["redis:6379"] }`:                                                    {"access"},
		`{ addresses: ["redis:6379"], password: { env: LONG } }`:                           {"encryption"},
		`{ addresses: ["redis:6379"], password: { env: LONG }, tls: {} }`:                  nil,
		`{ addresses: ["127.0.0.1:6379"], password: { env: LONG } }`:                       nil,
		`{ addresses: ["localhost:6379"], password: { env: SHORT } }`:                      {"secret"},
		`{ addresses: ["10.0.0.1:6379", "b:1"], cluster: true, password: { env: SHORT } }`: {"encryption", "secret"},
	} {
		c, err := config.Parse("x.yaml", []byte(`environment: test
slack: { bot_token: { env: LONG }, signing_secret: { env: LONG }, channel: C0123ABCD }
redis: `+redis+`
approvals: { approvers: [U0BOB, U0CAROL] }
platforms: [ { name: ece, kind: ece, url: "https://ece.example.com", api_key: { env: LONG } } ]
`), env)
		if err != nil {
			t.Fatal(err)
		}
		var a area
		redisAccess(&a, c.Redis)
		var got []string
		for _, f := range a.findings {
			got = append(got, f.Check)
			if f.Level != Warning || f.Mend == "" {
				t.Errorf("%s: %+v", redis, f)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", redis, got, want)
		}
	}
}
