package inventory

import (
	"context"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

func sideTrust(ctx context.Context, on link.System, d elastic.Deployment, regions []string) (link.SideTrust, error) {
	trusts, ok := on.Platform.(elastic.Trusts)
	if !ok {
		return link.SideTrust{}, link.UserError("The bot can't change the trust of deployments on "+link.SystemLabel(on)+" trust.", "%s has no trust settings", on.Name)
	}
	t := environment(ctx, on, trusts, d)
	var err error
	if t.Trusted, err = trusts.Trust(ctx, d); err != nil {
		return t, link.WrapCall("reading whom "+d.Name+" trusts", err)
	}
	own, err := authoritiesOf(ctx, on, trusts, d, regions)
	t.Authorities = slices.Concat(t.Environment.CA, own) // those of the environment need not tell which are coming
	return t, err
}

// authoritiesOf reads those of a deployment and of every other region.
func authoritiesOf(ctx context.Context, on link.System, trusts elastic.Trusts, d elastic.Deployment, regions []string) ([]string, error) {
	all, err := trusts.Authorities(ctx, d)
	if err != nil {
		return nil, link.WrapCall("reading the certificate authorities of "+d.Name, err)
	}
	var others []elastic.Deployment
	for _, region := range regions {
		if region == d.Region {
			continue
		}
		if others == nil {
			if others, err = allOf(ctx, on); err != nil {
				return nil, link.WrapCall("looking for deployments of "+link.SystemLabel(on), err)
			}
			slices.SortFunc(others, func(a, b elastic.Deployment) int { return strings.Compare(a.Deployment, b.Deployment) })
		}
		pems, err := regional(ctx, on, trusts, region, others)
		if err != nil {
			return nil, err
		}
		all = append(all, pems...)
	}
	return all, nil
}
