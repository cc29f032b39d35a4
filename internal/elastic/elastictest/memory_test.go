package elastictest_test

import (
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/elastictest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
)

const (
	id      = "0fb1e2c3d4e5f60718293a4b5c6d7e8f"
	missing = "ffffffffffffffffffffffffffffffff"
)

// The world in memory that link's tests trust.
func TestWorldInMemory(t *testing.T) {
	t.Parallel()
	elastictest.RunPlatform(t, func(*testing.T) elastictest.Fixture {
		p := linktest.NewWorld().AddECE("ece-prod")
		p.AddDeployment(id, "logs-prod", "8.19.3")
		p.AddDeployment("1"+id[1:], "metrics", "8.19.3")
		return elastictest.Fixture{
			Platform: p, Name: "ece-prod", Deployment: id, NameOf: "logs-prod", Others: 1, Missing: missing,
		}
	})
}
