package inventory

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// readBoth fills in what a survey reads, and the connection's own part of it.
func readBoth(ctx context.Context, e *link.ConnectionState) {
	hasRemote := e.HasRemote() // asked before: it copies all of e, which is being filled in below
	told := false              // how connections stand
	var wg sync.WaitGroup
	wg.Go(func() {
		if hasRemote {
			readSides(ctx, &e.PairState)
		} else {
			readLocal(ctx, &e.PairState)
		}
	})
	wg.Go(func() {
		if es, err := e.LocalOn.Cluster(e.PairState.Local); err == nil {
			if info, err := es.RemoteInfo(ctx); err == nil {
				e.Info, e.Listed = info[e.Alias]
				told = true
			}
		}
	})
	if hasRemote {
		wg.Go(func() { readKeys(ctx, e) })
	}
	wg.Wait()
	e.Own = e.Settings.Of(e.Alias)
	e.Forgotten = told && !e.Listed && e.Own.Options(e.Alias)["proxy_address"] != ""
	remember(ctx, e)
	e.HasKey = slices.Contains(e.Stored, e.Alias)
}

func readKeys(ctx context.Context, e *link.ConnectionState) {
	if e.Managed == nil || e.Managed.KeyName == "" {
		return
	}
	remote, err := e.RemoteOn.Cluster(e.Remote)
	if err == nil {
		e.Keys, err = remote.ActiveKeys(ctx, e.Managed.KeyName)
	}
	e.KeysUnread = err
}

// remember adds to the alias's settings what the bot has set and no answer shows, unless the remote cluster says that
// the local one does not sign.
func remember(ctx context.Context, e *link.ConnectionState) {
	if e.Managed == nil || e.Own.Empty() || e.Managed.Settings[link.OptionCertificate] == "" {
		return
	}
	local, err := e.LocalOn.Cluster(e.PairState.Local)
	if err != nil {
		return
	}
	if got, err := local.Resolve(ctx, e.Alias, []string{"*"}); err == nil && strings.Contains(got.Error, link.NotSigned) {
		return
	}
	signing := elastic.Settings{Persistent: map[string]json.RawMessage{}}
	for _, option := range []string{link.OptionCertificate, link.OptionSigningKey} {
		if value := e.Managed.Settings[option]; value != "" {
			signing.Persistent[elastic.RemotePrefix+e.Alias+"."+option] = elastic.RawJSON(value)
		}
	}
	e.Own = e.Own.With(signing)
}
