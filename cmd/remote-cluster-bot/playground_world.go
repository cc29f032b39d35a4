package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
)

// inherit makes what people had connected by hand before there was a bot, so that the first list shows something, and
// there is something to diagnose, adopt and migrate: on security-siem two aliases by certificate and one by key.
// The world of the stories and of the transcript begins empty.
func (s *testEnv) inherit(ctx context.Context) error {
	siem, metrics, archive := s.Deployment("security-siem"), s.Deployment("metrics-eu"), s.Deployment("archive-us")
	for _, remote := range []*platform.Deployment{metrics, archive} {
		if err := platform.Befriend(siem, remote); err != nil {
			return err
		}
	}
	var key struct{ ID, Encoded string }
	err := asSuperuser(ctx, archive, http.MethodPost, "/_security/cross_cluster/api_key",
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
		if err := asSuperuser(ctx, siem, http.MethodPut, "/_cluster/settings", settings, nil); err != nil {
			return fmt.Errorf("the alias %s: %w", one.alias, err)
		}
	}
	return nil
}

// asSuperuser calls a deployment's Elasticsearch as a person would from Kibana.
func asSuperuser(ctx context.Context, d *platform.Deployment, method, path, body string, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, d.ServiceURL()+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth("elastic", d.Cluster().Password("elastic"))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s of %s: %s: %s", method, path, d.Name(), resp.Status, raw)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(raw, into)
}
