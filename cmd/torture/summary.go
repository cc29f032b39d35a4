package main

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// summary is what came of all rounds.
type summary struct {
	mu         sync.Mutex
	rounds     int
	counts     map[string]int
	ends       map[string]int
	overs      map[bool][]time.Duration // by whether queues were full
	wentOn     map[bool][]time.Duration
	unmeasured int
	drains     []time.Duration
	handed     []time.Duration
	undrained  int
	doubled    int64
	strays     int
	violations []string
}

func newSummary() *summary {
	return &summary{
		counts: map[string]int{}, ends: map[string]int{}, overs: map[bool][]time.Duration{}, wentOn: map[bool][]time.Duration{},
	}
}

func (t *summary) add(round int, s *stage, overs []takeOver, found findings) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rounds++
	for k, n := range s.line.counts {
		t.counts[k] += n
	}
	for _, o := range overs {
		if o.took == 0 {
			t.unmeasured++
			continue
		}
		t.overs[s.saturated] = append(t.overs[s.saturated], o.took)
		if o.wentOn > 0 {
			t.wentOn[s.saturated] = append(t.wentOn[s.saturated], o.wentOn)
		}
	}
	for state, n := range s.ends {
		t.ends[state] += n
	}
	t.handed = append(t.handed, s.handed...)
	t.drains = append(t.drains, s.line.drains...)
	t.undrained += s.line.undrained
	t.doubled += s.balancer.doubled.Load()
	t.strays += s.strays
	for _, v := range found {
		t.violations = append(t.violations, fmt.Sprintf("round %d: %s", round, v))
	}
}

func (t *summary) print(o options) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Printf("\ntorture: %d rounds, seed %d\n", t.rounds, o.seed)
	for _, k := range slices.Sorted(maps.Keys(t.counts)) {
		fmt.Printf("  %-16s %d\n", k, t.counts[k])
	}
	fmt.Printf("  %-16s %d (given to a second replica as well)\n", "clicks doubled", t.doubled)
	fmt.Printf("  %-16s %d (given up, and taken in hand late)\n", "stray forms", t.strays)
	for _, k := range slices.Sorted(maps.Keys(t.ends)) {
		fmt.Printf("  ended %-10s %d\n", k, t.ends[k])
	}
	for _, saturated := range []bool{false, true} {
		name := map[bool]string{false: "take-overs", true: "  queues full"}[saturated]
		fmt.Printf("  %-16s %s; went on %s\n", name, figures(t.overs[saturated]), figures(t.wentOn[saturated]))
	}
	fmt.Printf("  %-16s %v, calls %v; %d more take-overs while Redis was away\n", "leases", o.lease, o.call, t.unmeasured)
	fmt.Printf("  stops            median %.1fs, max %.1fs; %d had to be killed\n", median(t.drains).Seconds(), longest(t.drains).Seconds(), t.undrained)
	fmt.Printf("  given back       %d claims taken up by the next worker: median %.2fs, max %.2fs\n", len(t.handed), median(t.handed).Seconds(), longest(t.handed).Seconds())
	fmt.Printf("  violations       %d\n", len(t.violations))
	for _, v := range t.violations {
		fmt.Printf("    %s\n", v)
	}
}

func figures(of []time.Duration) string {
	return fmt.Sprintf("%d: median %.1fs, p95 %.1fs, max %.1fs", len(of), median(of).Seconds(), quantile(of, .95).Seconds(), longest(of).Seconds())
}

func longest(of []time.Duration) time.Duration {
	if len(of) == 0 {
		return 0
	}
	return slices.Max(of)
}
