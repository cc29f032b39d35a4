package contract

import (
	"os"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/realcluster"
)

// TestRealElasticsearch makes the same calls to a pair of real, secured clusters and to a simulated pair, and compares
// what they answer, request by request. What differs must be in real/differences.md, with the reason, and what stands
// there must still differ.
func TestRealElasticsearch(t *testing.T) {
	if os.Getenv("REALTEST") != "run" {
		t.Skip("needs real clusters: make realtest")
	}
	known := knownDifferences(t)
	for _, version := range []string{realcluster.Version8, realcluster.Version9} {
		t.Run(version, func(t *testing.T) {
			comparePairs(t, version, known)
		})
	}
}

func comparePairs(t *testing.T, version string, known []knownDifference) {
	t.Helper()
	real, standIn := realPair(t, version), standInPair(t, version)
	met, seen := make([]bool, len(known)), map[string]bool{}
	for _, s := range steps() {
		if s.on9 && version != realcluster.Version9 {
			continue
		}
		a, b := real.take(t, s), standIn.take(t, s)
		if s.do != nil {
			continue
		}
		if seen[s.name] {
			t.Fatalf("two steps are called %q", s.name)
		}
		seen[s.name] = true
		for _, d := range differences(a, b) {
			found := false
			for i, k := range known {
				if k.covers(version, s.name, d.at) {
					met[i], found = true, true
				}
			}
			if !found {
				t.Errorf("| %s | %s | %s | %s | %s | ? |", version, s.name, d.at, d.real, d.standIn)
			}
		}
	}
	for i, k := range known {
		if k.version.covers(version) && !k.atTimes && !met[i] {
			t.Errorf("no longer a difference: | %s | %s | %s |", k.version, k.step, k.at)
		}
	}
}
