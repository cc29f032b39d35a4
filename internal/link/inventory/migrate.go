package inventory

import (
	"context"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Migratable returns the aliases of a local deployment that use certificates and lead to a deployment that the bot can
// see, sorted.
func (r *Connections) Migratable(ctx context.Context, local elastic.Ref) []string {
	var aliases []string
	for _, c := range r.List(ctx, local.String()).Connections {
		if c.Local.Ref == local && !c.Gone && !c.Unread && c.Model() == ByCertificate && c.Remote != nil {
			aliases = append(aliases, c.Alias)
		}
	}
	slices.Sort(aliases)
	return aliases
}
