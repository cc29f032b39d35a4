package realnodes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/realcluster"
)

// ForgetAlias makes the nodes forget an alias that is set, as they do by themselves where they read a new key for it while
// its settings are being applied. That takes long where the remote side says nothing: for a moment the alias leads to such
// a side.
func (c *Cluster) ForgetAlias(alias string) error {
	ctx, cancel := context.WithTimeout(c.pool.ctx, joinWithin)
	defer cancel()
	if err := c.Settled(ctx); err != nil {
		return err
	}
	entry := "cluster.remote." + alias + ".credentials"
	key := c.secrets[entry]
	var all struct{ Persistent map[string]json.RawMessage }
	if err := c.call(ctx, http.MethodGet, "/_cluster/settings?flat_settings=true", nil, &all); err != nil {
		return err
	}
	maps.DeleteFunc(all.Persistent, func(name string, _ json.RawMessage) bool {
		return !strings.HasPrefix(name, "cluster.remote."+alias+".")
	})
	if key == nil || len(all.Persistent) == 0 {
		return fmt.Errorf("%s has no remote cluster %s with a key", c.Name(), alias)
	}
	set := func(settings any) error {
		return c.call(ctx, http.MethodPut, "/_cluster/settings", map[string]any{"persistent": settings}, nil)
	}
	if err := errors.Join(c.read(ctx, entry, nil), set(map[string]any{"cluster.remote." + alias + ".*": nil})); err != nil {
		return err
	}
	stop, err := c.silence(ctx)
	if err != nil {
		return err
	}
	applied := make(chan error, 1)
	go func() { applied <- set(all.Persistent) }()
	for listed := false; !listed && err == nil; {
		var info map[string]any
		err = c.call(ctx, http.MethodGet, "/_remote/info", nil, &info)
		_, listed = info[alias]
	}
	return errors.Join(err, c.read(ctx, entry, key), <-applied, stop())
}

// read changes the keystore, and has the nodes read it.
func (c *Cluster) read(ctx context.Context, entry string, value *string) error {
	if err := c.real.SetSecret(ctx, entry, value); err != nil {
		return err
	}
	return c.call(ctx, http.MethodPost, "/_nodes/reload_secure_settings", nil, nil)
}

// silence lets every host that the nodes know lead to a place that accepts connections and says nothing, until stop is
// called.
func (c *Cluster) silence(ctx context.Context) (stop func() error, err error) {
	addr := fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(63), rand.IntN(256), 1+rand.IntN(254)) //nolint:gosec // no secret; no node is there
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(addr, fmt.Sprint(realcluster.PortRemoteCluster)))
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			if _, err := l.Accept(); err != nil {
				return
			}
		}
	}()
	c.pool.mu.Lock()
	hosts := maps.Clone(c.pool.hosts)
	c.pool.mu.Unlock()
	elsewhere := map[string]string{}
	for host := range hosts {
		elsewhere[host] = addr
	}
	return func() error { return errors.Join(l.Close(), c.real.SetHosts(hosts)) }, c.real.SetHosts(elsewhere)
}
