package inventory

import (
	"context"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// Judge reads what else c needs to know, and returns what stands against it.
func Judge(ctx context.Context, c *Catalog, s *link.PairState, ask link.ConnectParams) error {
	if err := s.Problems(ask).Check(); err != nil {
		return err
	}
	if err := s.RequireRead(link.Needs(*s, ask)...); err != nil {
		return err
	}
	if err := JudgeAddress(ctx, c, *s, ask); err != nil {
		return err
	}
	if err := ReadOptional(ctx, s, ask); err != nil {
		return err
	}
	if ask.Identity != nil && ask.Identity.Organization {
		if err := readScope(ctx, s); err != nil {
			return link.WrapCall("reading the organization of "+s.Local.Name, err)
		}
		if err := link.RequireOrganization(*s, ask); err != nil {
			return err
		}
	}
	if ask.Identity != nil {
		if err := readSigning(ctx, s); err != nil {
			return err
		}
		if err := s.Problems(ask).Check(); err != nil {
			return err
		}
	}
	if ask.ByCertificate() {
		return judgeTrust(ctx, c, s, ask)
	}
	return nil
}
