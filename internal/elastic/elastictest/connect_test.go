package elastictest_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/ece"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/ech"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/es"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
)

// pair is an ECE deployment and one of Elastic Cloud, in one world, reached through the real clients.
func pair(t *testing.T) (local, remote elastic.Platform, logs, archive elastic.Deployment) {
	t.Helper()
	w := platform.NewWorld(platform.Options{Now: time.Now})
	transport := transport.NewTransport(transport.Trust{})
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := w.Close(); err != nil {
			t.Errorf("closing the world: %v", err)
		}
	})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	onECE, err := w.AddECE(platform.Spec{Name: "ece-prod"})
	must(err)
	onECH, err := w.AddCloud(platform.Spec{Name: "ech"})
	must(err)
	_, err = onECE.AddDeployment(platform.DeploymentSpec{Name: "logs", ID: id, Version: "8.19.3"})
	must(err)
	_, err = onECH.AddDeployment(platform.DeploymentSpec{
		Name: "archive", ID: "a" + id[1:], Version: "9.1.0",
		Users:   []cluster.User{{Name: "elastic", Password: password, Roles: []string{"superuser"}}},
		Indices: map[string][]json.RawMessage{"logs-2025": {json.RawMessage(`{"a":1}`)}, "other": {json.RawMessage(`{"a":1}`)}},
	})
	must(err)
	local, err = ece.New(ece.Options{Name: "ece-prod", BaseURL: onECE.URL(), APIKey: secret.New(onECE.Key()), Transport: transport, Now: time.Now})
	must(err)
	remote, err = ech.New(ech.Options{
		Name: "ech", BaseURL: onECH.URL(), APIKey: secret.New(onECH.Key()), Transport: transport, Now: time.Now,
		Credentials: es.Credentials{{Deployment: "*", Username: "elastic", Password: secret.New(password)}},
	})
	must(err)
	logs, err = local.Deployment(t.Context(), id)
	must(err)
	archive, err = remote.Deployment(t.Context(), "a"+id[1:])
	must(err)
	return local, remote, logs, archive
}

// The clients can do all that a connection takes, in the order that Elastic documents.
func TestAConnectionThroughTheClients(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	local, remote, logs, archive := pair(t)
	here, err := local.Cluster(logs)
	if err != nil {
		t.Fatal(err)
	}
	there, err := remote.Cluster(archive)
	if err != nil {
		t.Fatal(err)
	}
	key, err := there.IssueKey(ctx, elastic.KeySpec{Name: "rcb-1", Access: elastic.Access{Search: []string{"logs-*"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := local.StoreSecret(ctx, logs, "cluster.remote.archive.credentials", key.Encoded); err != nil {
		t.Fatal(err)
	}
	text := func(s string) json.RawMessage { return json.RawMessage(`"` + s + `"`) }
	err = here.PutSettings(ctx, elastic.Settings{Persistent: map[string]json.RawMessage{
		"cluster.remote.archive.mode":             text("proxy"),
		"cluster.remote.archive.proxy_address":    text(archive.Endpoint + ":9443"),
		"cluster.remote.archive.server_name":      text(archive.Endpoint),
		"cluster.remote.archive.skip_unavailable": text("false"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := here.Resolve(ctx, "archive", []string{"logs-*"})
	if err != nil || !got.Known || !got.Connected || got.MatchingIndices == nil || !*got.MatchingIndices || got.Version != "9.1.0" {
		t.Errorf("_resolve/cluster: got %+v, %v", got, err)
	}
	info, err := here.RemoteInfo(ctx)
	if i := info["archive"]; err != nil || !i.Connected || i.Credentials == "" || i.SkipUnavailable {
		t.Errorf("_remote/info: got %+v, %v", info["archive"], err)
	}
	searcher, ok := here.(*es.Client)
	if !ok {
		t.Fatalf("the cluster is a %T", here)
	}
	hits, err := searcher.Search(ctx, []string{"archive:logs-*"}, 1)
	if err != nil || hits.Total != 1 || hits.Skipped || len(hits.Indices) != 1 || hits.Indices[0] != "archive:logs-2025" {
		t.Errorf("search: got %+v, %v", hits, err)
	}
	if err := there.InvalidateKeys(ctx, []string{key.ID}); err != nil {
		t.Fatal(err)
	}
	if got, err := here.Resolve(ctx, "archive", []string{"logs-*"}); err != nil || got.Connected || got.Error == "" {
		t.Errorf("after the key was invalidated: got %+v, %v", got, err)
	}
}
