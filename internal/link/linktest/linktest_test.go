package linktest_test

import (
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/elastictest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
)

// The world in memory is trusted because it passes the suite that the real platforms pass.
func TestPlatformsBehaveAsRealOnesDo(t *testing.T) {
	elastictest.RunPlatform(t, func(*testing.T) elastictest.Fixture {
		w := linktest.NewWorld()
		p := w.AddECE("ece-prod")
		p.AddDeployment("d3adb33fd3adb33f", "search-onprem", "8.15.1")
		p.AddDeployment("0therother0other", "metrics", "8.15.1")
		p.SetEgress("10.0.0.1")
		return elastictest.Fixture{
			Platform: p, Name: "ece-prod", Deployment: "d3adb33fd3adb33f", NameOf: "search-onprem", Others: 1, Missing: "missing",
		}
	})
}
