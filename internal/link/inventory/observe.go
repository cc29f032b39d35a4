package inventory

import (
	"context"
	"errors"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// Observe uses a connection and reads how it stands. Resolving comes first: it connects, while _remote/info only tells how
// things stand.
func Observe(ctx context.Context, es elastic.Cluster, alias string, ask []link.Grant, now func() time.Time) (link.Observation, error) {
	o := link.Observation{Alias: alias}
	if err := resolve(ctx, &o, es, ask, now); err != nil {
		return o, err
	}
	if o.Mute() {
		s, err := es.ProbeSearch(ctx, alias)
		if err != nil {
			return o, link.WrapCall("searching through "+alias, err)
		}
		o.Search = &s
		if s.Reached && !o.NoResolve { // it has connected meanwhile
			o.Search = nil
			if err := resolve(ctx, &o, es, ask, now); err != nil {
				return o, err
			}
		}
	}
	all, err := es.RemoteInfo(ctx)
	if err != nil {
		return o, link.WrapCall("reading the remote connections", err)
	}
	if o.Info, o.Listed = all[alias]; o.Listed {
		return o, nil
	}
	set, err := es.RemoteSettings(ctx)
	if err != nil {
		return o, link.WrapCall("reading the settings", err)
	}
	o.Set = set.Options(alias)["proxy_address"] != ""
	return o, nil
}

// resolve asks for each pattern on its own, so that people learn which of them match something.
func resolve(ctx context.Context, o *link.Observation, es elastic.RemoteClusters, ask []link.Grant, now func() time.Time) error {
	o.Answers = nil
	for _, g := range ask {
		begun := now()
		r, err := es.Resolve(ctx, o.Alias, []string{g.Pattern})
		if errors.Is(err, elastic.ErrNoResolve) {
			o.NoResolve = true
			return nil
		}
		if err != nil {
			return link.WrapCall("resolving "+g.Pattern+" through "+o.Alias, err)
		}
		o.Latency = max(o.Latency, now().Sub(begun))
		o.Answers = append(o.Answers, link.Answer{Grant: g, Resolved: r})
		if !r.Connected {
			return nil // the others would say the same
		}
	}
	return nil
}
