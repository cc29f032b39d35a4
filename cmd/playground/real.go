package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/realcluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/realnodes"
)

// realStart is how long nodes may take to be fetched and to start.
const realStart = 15 * time.Minute

// realNodes starts real clusters behind deployments of these names, and tells progress of it. The caller stops them.
func realNodes(ctx context.Context, progress io.Writer, o *sim.Options, names ...string) (stop func() error, err error) {
	ctx, cancel := context.WithTimeout(ctx, realStart)
	defer cancel()
	d, err := realcluster.Fetch(ctx, realcluster.Version8, progress)
	if err != nil {
		return nil, err
	}
	_, _ = fmt.Fprintf(progress, "starting %d clusters of Elasticsearch %s (half a minute, and half a gigabyte of memory each)\n", len(names), d.Version)
	began := time.Now()
	pool, err := realnodes.Start(ctx, d, sim.Password, slices.Repeat([]int{1}, len(names))...)
	if err != nil {
		return nil, err
	}
	_, _ = fmt.Fprintf(progress, "started in %s\n", time.Since(began).Round(time.Second))
	pool.Assign(names...)
	o.Nodes = pool.Nodes
	return pool.Stop, nil
}
