package storetest

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
)

// clusterNodes is the least that Redis Cluster takes: a majority of masters has to see one that fails.
const clusterNodes = 3

// Cluster starts a Redis Cluster of three masters, and returns them once each knows of all slots. Their clients speak to
// the one server alone. It skips the test where there is no redis-server.
func Cluster(tb testing.TB) []Server {
	tb.Helper()
	nodes := make([]Server, clusterNodes)
	for i := range nodes {
		// By default the bus listens 10000 ports above, which there may not be.
		nodes[i] = Real(tb, "--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(freePort(tb)), "--cluster-node-timeout", "60000")
	}
	const slots = 16384
	for i, n := range nodes {
		ctx := tb.Context()
		first, last := i*slots/clusterNodes, (i+1)*slots/clusterNodes-1
		if err := n.Client.Do(ctx, "cluster", "addslotsrange", first, last).Err(); err != nil {
			tb.Skipf("this Redis has no ADDSLOTSRANGE: %v", err)
		}
		if err := n.Client.Do(ctx, "cluster", "set-config-epoch", i+1).Err(); err != nil {
			tb.Fatal(err)
		}
		host, port, err := net.SplitHostPort(n.Addr)
		if err != nil {
			tb.Fatal(err)
		}
		if err := nodes[0].Client.Do(ctx, "cluster", "meet", host, port, busOf(n)).Err(); err != nil {
			tb.Fatal(err)
		}
	}
	for _, n := range nodes {
		settled(tb, n)
	}
	return nodes
}

func busOf(n Server) string {
	flags := n.Process.flags
	for i, f := range flags {
		if f == "--cluster-port" {
			return flags[i+1]
		}
	}
	return ""
}

// settled waits until a node sees the whole cluster.
func settled(tb testing.TB, n Server) {
	tb.Helper()
	Until(tb, "the cluster is whole", func() error {
		info, err := n.Client.ClusterInfo(tb.Context()).Result()
		for _, want := range []string{"cluster_state:ok", "cluster_known_nodes:" + strconv.Itoa(clusterNodes), "cluster_slots_ok:16384"} {
			if err == nil && !strings.Contains(info, want) {
				err = fmt.Errorf("no %s in %s", want, info)
			}
		}
		return err
	})
}
