package link

import (
	"context"
	"encoding/json"
	"errors"
	"maps"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

const optionSkip = "skip_unavailable"

// settleSkip brings skip_unavailable into effect as it is set. On Elasticsearch 8.x a change that rebuilds a connection
// (its address, server name or sockets) leaves the setting as it is, and resets what is in effect to the default, true,
// even where the setting was sent along. It takes effect again when its value changes (measured on 8.19.4; not on 9.5.3).
func settleSkip(ctx context.Context, local side, alias string, set Settings) error {
	value, ok := set.options(alias)[optionSkip]
	if !ok {
		return nil
	}
	settled, err := skips(ctx, local, alias, value)
	if err != nil || settled {
		return err
	}
	doing := "setting skip_unavailable of " + alias + " on " + local.d.Name + " again"
	for _, s := range []Settings{set.flipped(alias), set} {
		if err := local.es.PutSettings(ctx, s.skipOf(alias)); err != nil {
			return wrapCall(doing, err)
		}
	}
	settled, err = skips(ctx, local, alias, value)
	if err == nil && !settled {
		err = wrapCall(doing, change.Temporary(errors.New("it is not in effect after it was written")))
	}
	return err
}

// skips reports whether skip_unavailable is in effect as value says. An alias that is not listed has none.
func skips(ctx context.Context, local side, alias, value string) (bool, error) {
	all, err := local.es.RemoteInfo(ctx)
	if err != nil {
		return false, wrapCall("reading the remote connections of "+local.d.Name, err)
	}
	info, listed := all[alias]
	return !listed || info.SkipUnavailable == (value == "true"), nil
}

// flipped is s with the opposite skip_unavailable, where that is set.
func (s Settings) flipped(alias string) Settings {
	flip := func(all map[string]json.RawMessage) map[string]json.RawMessage {
		name := remotePrefix + alias + "." + optionSkip
		if _, set := all[name]; !set {
			return all
		}
		all = maps.Clone(all)
		all[name] = rawJSON(plain(all[name]) != "true")
		return all
	}
	return Settings{Persistent: flip(s.Persistent), Transient: flip(s.Transient)}
}

// skipOf is skip_unavailable alone.
func (s Settings) skipOf(alias string) Settings {
	only := func(all map[string]json.RawMessage) map[string]json.RawMessage {
		name := remotePrefix + alias + "." + optionSkip
		if value, set := all[name]; set {
			return map[string]json.RawMessage{name: value}
		}
		return nil
	}
	return Settings{Persistent: only(s.Persistent), Transient: only(s.Transient)}
}

// being reports whether the settings are what want says, or were left while settleSkip was at work on it.
func (s Settings) being(want Settings, alias string) bool {
	return s.same(want) || s.same(want.flipped(alias))
}
