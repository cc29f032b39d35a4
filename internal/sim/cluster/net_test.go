package cluster

import (
	"fmt"
	"testing"
)

// A call costs the same however many clusters there are beside those that it is about: benchmarks and demos have thousands.
func TestACallCostsNoMoreAmongManyClusters(t *testing.T) {
	l := newLab(t, "8.17", "8.18")
	cost := func() float64 { return testing.AllocsPerRun(10, func() { l.remote.Running() }) }
	alone := cost()
	for i := range 50 {
		c, err := l.net.Add(Spec{Host: fmt.Sprintf("other-%d.example", i), Version: "8.17"})
		if err != nil {
			t.Fatal(err)
		}
		c.settings.persistent["cluster.remote.m.mode"] = "proxy"
		c.settings.persistent["cluster.remote.m.proxy_address"] = "logs.ece.example:9443"
		c.Running()
	}
	if among := cost(); among != alone {
		t.Errorf("a call allocates %v times among 52 clusters, %v among 2", among, alone)
	}
}
