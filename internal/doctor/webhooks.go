package doctor

import (
	"context"
	"maps"
	"slices"
)

// webhooks looks whether the receivers answer. Whether one takes an event is seen only by an event.
func webhooks(ctx context.Context, a *area, all map[string]func(context.Context) error) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := all[name](ctx); err != nil {
			a.warn(name, "look at its url and tls, and whether a firewall lets the bot reach it", "it does not answer: %v", err)
			continue
		}
		a.ok(name, "it answers; whether it takes events is seen at the first one")
	}
}
