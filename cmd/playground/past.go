package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
)

// inherit makes what people had connected by hand before there was a bot, so that the first list shows something, and
// there is something to diagnose, adopt and migrate: on security-siem two aliases by certificate and one by key.
// The world of the stories and of the transcript begins empty.
func inherit(ctx context.Context, s *stage.Stage) error {
	siem, metrics, archive := s.Deployment("security-siem"), s.Deployment("metrics-eu"), s.Deployment("archive-us")
	for _, remote := range []*platform.Deployment{metrics, archive} {
		if err := platform.Befriend(siem, remote); err != nil {
			return err
		}
	}
	var key struct{ ID, Encoded string }
	err := stage.AsSuperuser(ctx, archive, http.MethodPost, "/_security/cross_cluster/api_key",
		`{"name":"siem-archive","expiration":"40d","access":{"search":[{"names":["logs-*"]}]}}`, &key)
	if err != nil {
		return err
	}
	siem.Cluster().PatchKeystore(map[string]*string{"cluster.remote.archive-logs.credentials": &key.Encoded})
	for _, one := range []struct {
		alias  string
		remote *platform.Deployment
		port   int
	}{
		{"metrics", metrics, cluster.PortTransport}, {"archive", archive, cluster.PortTransport}, {"archive-logs", archive, cluster.PortRemoteCluster},
	} {
		host := one.remote.Endpoint()
		settings := fmt.Sprintf(`{"persistent":{"cluster.remote.%[1]s.mode":"proxy","cluster.remote.%[1]s.proxy_address":"%[2]s:%[3]d","cluster.remote.%[1]s.server_name":"%[2]s"}}`,
			one.alias, host, one.port)
		if err := stage.AsSuperuser(ctx, siem, http.MethodPut, "/_cluster/settings", settings, nil); err != nil {
			return fmt.Errorf("the alias %s: %w", one.alias, err)
		}
	}
	return nil
}
