package steps

import (
	"context"
	"errors"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// settle brings an alias into effect as it is set, where Elasticsearch does not do that by itself.
//
// Nodes that read a new key for an alias while its settings are being applied close its connection by the settings from
// before. Without settings from before they then do not know the alias, and no reload brings it back: only a change of its
// settings does (measured on 8.19.4 and 9.5.3).
func settle(ctx context.Context, local side, alias string, set elastic.Settings) error {
	if set.Options(alias)["proxy_address"] == "" {
		return nil
	}
	_, listed, err := listing(ctx, local, alias)
	if err == nil && !listed {
		err = reconnect(ctx, local, alias, set)
	}
	if err != nil {
		return err
	}
	return settleSkip(ctx, local, alias, set)
}

// settleSkip brings skip_unavailable into effect as it is set. On Elasticsearch 8.x a change that rebuilds a connection
// (its address, server name or sockets) leaves the setting as it is, and resets what is in effect to the default, true,
// even where the setting was sent along. It takes effect again when its value changes (measured on 8.19.4; not on 9.5.3).
func settleSkip(ctx context.Context, local side, alias string, set elastic.Settings) error {
	value, ok := set.Options(alias)[elastic.OptionSkip]
	if !ok {
		return nil
	}
	settled := func() (bool, error) {
		info, listed, err := listing(ctx, local, alias)
		return !listed || info.SkipUnavailable == (value == "true"), err
	}
	if done, err := settled(); err != nil || done {
		return err
	}
	doing := "setting skip_unavailable of " + alias + " on " + local.d.Name + " again"
	for _, s := range []elastic.Settings{set.SkipFlipped(alias), set} {
		if err := local.es.PutSettings(ctx, s.Only(alias, elastic.OptionSkip)); err != nil {
			return link.WrapCall(doing, err)
		}
	}
	done, err := settled()
	if err == nil && !done {
		err = link.WrapCall(doing, change.Temporary(errors.New("it is not in effect after it was written")))
	}
	return err
}

// reconnecting are the settings that have nodes make a connection anew, in order: another number of sockets, then the one
// that is set.
func reconnecting(alias string, set elastic.Settings) [2]elastic.Settings {
	more := set.OneSocketMore(alias)
	return [2]elastic.Settings{more.Only(alias, elastic.OptionSockets), more.BackTo(set).Only(alias, elastic.OptionSockets)}
}

// reconnect has the nodes make the connection of an alias anew.
func reconnect(ctx context.Context, local side, alias string, set elastic.Settings) error {
	doing := "having the nodes of " + local.d.Name + " make the connection " + alias + " anew"
	for _, s := range reconnecting(alias, set) {
		if err := local.es.PutSettings(ctx, s); err != nil {
			return link.WrapCall(doing, err)
		}
	}
	_, listed, err := listing(ctx, local, alias)
	if err == nil && !listed {
		err = link.WrapCall(doing, change.Temporary(errors.New("they still don't know it")))
	}
	return err
}

func listing(ctx context.Context, local side, alias string) (info elastic.RemoteInfo, listed bool, err error) {
	all, err := local.es.RemoteInfo(ctx)
	info, listed = all[alias]
	return info, listed, link.WrapCall("reading the remote connections of "+local.d.Name, err)
}
