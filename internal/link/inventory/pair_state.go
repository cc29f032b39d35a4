package inventory

import (
	"cmp"
	"context"
	"sync"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// ReadPair reads both sides at once. The deployments may be some seconds old; everything else is read now. It fails
// only if a deployment can't be read: with a *change.InvalidError if there is none.
func (c *Catalog) ReadPair(ctx context.Context, local, remote elastic.Ref) (link.PairState, error) {
	return c.readPair(ctx, local, remote, c.Deployment)
}

// ReadPairFresh is a Survey with nothing remembered.
func (c *Catalog) ReadPairFresh(ctx context.Context, local, remote elastic.Ref) (link.PairState, error) {
	return c.readPair(ctx, local, remote, c.Fresh)
}

func (c *Catalog) readPair(ctx context.Context, local, remote elastic.Ref, get getDeployment) (link.PairState, error) {
	s := link.PairState{Pasting: c.o.Pasting, ShowsKeys: c.o.Pasting}
	var errs [2]error
	var wg sync.WaitGroup
	wg.Go(func() { s.Local, errs[0] = get(ctx, local) })
	wg.Go(func() { s.Remote, errs[1] = get(ctx, remote) })
	wg.Wait()
	if err := missing(local, remote, errs); err != nil {
		return link.PairState{}, err
	}
	s.LocalOn, _ = c.System(local.Platform)
	s.RemoteOn, _ = c.System(remote.Platform)
	readSides(ctx, &s)
	return s, nil
}

// ReadTrust reads how both sides' trust stands. regions are those of the remote side whose authorities count beside
// the deployment's own. With an error comes what could be read.
func (*Catalog) ReadTrust(ctx context.Context, s link.PairState, regions []string) (link.TrustState, error) {
	local, err := sideTrust(ctx, s.LocalOn, s.Local, nil)
	remote, err2 := sideTrust(ctx, s.RemoteOn, s.Remote, regions)
	return link.TrustState{Local: local, Remote: remote}, cmp.Or(err, err2)
}
