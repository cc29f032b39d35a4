// Package doctor looks at everything that an operator can get wrong and says how to mend each: Slack's tokens, scopes
// and channel, Redis, the platforms and what their credentials may do, and who approves. It only reads. It must not
// know how the bot carries anything out.
package doctor

import (
	"context"
	"sync"
	"time"
)

// Examine looks at every area at once and reports in a fixed order.
func Examine(ctx context.Context, o Options) Report {
	if o.Within <= 0 {
		o.Within = 30 * time.Second
	}
	var areas []func(context.Context, *area)
	var names []string
	add := func(name string, look func(context.Context, *area)) {
		names, areas = append(names, name), append(areas, look)
	}
	add("slack", o.slack)
	add(areaRedis, o.redis)
	for i, s := range o.Systems {
		add(s.Name, func(ctx context.Context, a *area) { platform(ctx, a, o.Config.Platforms[i], s) })
	}
	add("approvals", o.approvals)
	if o.Collector != nil {
		add("tracing", func(ctx context.Context, a *area) { tracing(ctx, a, o) })
	}

	if len(o.Webhooks) > 0 {
		add("webhooks", func(ctx context.Context, a *area) { webhooks(ctx, a, o.Webhooks) })
	}

	found := make([]area, len(areas))
	var wg sync.WaitGroup
	for i, look := range areas {
		found[i].name = names[i]
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, o.Within)
			defer cancel()
			look(ctx, &found[i])
		})
	}
	wg.Wait()
	var r Report
	for _, a := range found {
		r.Findings = append(r.Findings, a.findings...)
	}
	return r
}
