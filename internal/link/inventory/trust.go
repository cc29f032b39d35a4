package inventory

import (
	"cmp"
	"context"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// environment is what the configuration says of a platform, or else what the platform suggests. A suggestion that can't
// be read is no obstacle: a person knows the id, and confirms it in any case.
func environment(ctx context.Context, on link.System, trusts elastic.Trusts, d elastic.Deployment) link.SideTrust {
	if on.EnvironmentID != "" {
		return link.SideTrust{On: link.SystemLabel(on), Environment: elastic.Environment{ID: on.EnvironmentID, CA: on.EnvironmentCA, Source: "the bot's configuration", Certain: true}}
	}
	e, err := trusts.Environment(ctx, d)
	if err != nil {
		e = elastic.Environment{}
	}
	if len(on.EnvironmentCA) > 0 {
		e.CA, e.Confirmed = on.EnvironmentCA, true
	}
	return link.SideTrust{On: link.SystemLabel(on), Environment: e, Unread: err}
}

// readScope reads the organization or ECE that a remote cluster filter knows the local deployment by.
func readScope(ctx context.Context, s *link.PairState) error {
	trusts, ok := s.LocalOn.Platform.(elastic.Trusts)
	if !ok {
		return nil
	}
	e := environment(ctx, s.LocalOn, trusts, s.Local)
	s.LocalScope = e.Environment
	return e.Unread
}

// regionalTries is how many deployments of a region are asked for its authorities: one that is broken is not to be in
// the way of the others, and a platform that is out of order is not to be asked about all it has.
const regionalTries = 5

// regional reads the authorities of a region, which all deployments there share, from the first one that answers.
func regional(ctx context.Context, on link.System, trusts elastic.Trusts, region string, of []elastic.Deployment) ([]string, error) {
	var last error
	tries := 0
	for _, d := range of {
		if d.Region != region || tries == regionalTries {
			continue
		}
		tries++
		pems, err := trusts.Authorities(ctx, d)
		if err == nil && len(pems) > 0 {
			return pems, nil
		}
		if err != nil {
			last = link.WrapCall("reading the certificate authorities of "+region+" from "+d.Name, err)
		}
	}
	return nil, cmp.Or[error](last, &noRegionError{region: region, on: link.SystemLabel(on)})
}

// noRegionError says that nothing in a region tells its certificate authorities.
type noRegionError struct{ region, on string }

func (e *noRegionError) Error() string {
	return fmt.Sprintf("%s has no deployment in %s, so the certificates of that region are unknown", e.on, e.region)
}
