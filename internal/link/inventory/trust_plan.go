package inventory

import (
	"context"
	"errors"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// judgeTrust reads how the two sides' trust stands and says what of the terms can't be.
func judgeTrust(ctx context.Context, c *Catalog, s *link.PairState, ask link.ConnectParams) error {
	t, err := c.ReadTrust(ctx, *s, ask.Trust.Regions)
	if none, ok := errors.AsType[*noRegionError](err); ok {
		var wrong change.InvalidError
		wrong.Add(link.FieldRegions, "%s", none.Error())
		return wrong.Check()
	}
	if err != nil {
		return err
	}
	s.Trust = &t
	if err := s.Problems(ask).Check(); err != nil {
		return err
	}
	return link.CheckEntries(*s, ask)
}
