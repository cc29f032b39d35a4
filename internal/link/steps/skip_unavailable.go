package steps

import (
	"context"
	"errors"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// settleSkip brings skip_unavailable into effect as it is set. On Elasticsearch 8.x a change that rebuilds a connection
// (its address, server name or sockets) leaves the setting as it is, and resets what is in effect to the default, true,
// even where the setting was sent along. It takes effect again when its value changes (measured on 8.19.4; not on 9.5.3).
func settleSkip(ctx context.Context, local side, alias string, set elastic.Settings) error {
	value, ok := set.Options(alias)[elastic.OptionSkip]
	if !ok {
		return nil
	}
	settled, err := skips(ctx, local, alias, value)
	if err != nil || settled {
		return err
	}
	doing := "setting skip_unavailable of " + alias + " on " + local.d.Name + " again"
	for _, s := range []elastic.Settings{set.SkipFlipped(alias), set} {
		if err := local.es.PutSettings(ctx, s.OnlySkip(alias)); err != nil {
			return link.WrapCall(doing, err)
		}
	}
	settled, err = skips(ctx, local, alias, value)
	if err == nil && !settled {
		err = link.WrapCall(doing, change.Temporary(errors.New("it is not in effect after it was written")))
	}
	return err
}

// skips reports whether skip_unavailable is in effect as value says. An alias that is not listed has none.
func skips(ctx context.Context, local side, alias, value string) (bool, error) {
	all, err := local.es.RemoteInfo(ctx)
	if err != nil {
		return false, link.WrapCall("reading the remote connections of "+local.d.Name, err)
	}
	info, listed := all[alias]
	return !listed || info.SkipUnavailable == (value == "true"), nil
}
