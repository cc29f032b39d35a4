// Package sim sets the scene: a Slack workspace with people in it and Elastic's platforms with clusters on them, all
// on loopback inside this process. The demo plays on it and the stories are told on it. Only those may import it.
package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// The channel of the scene, and the password of the users of every cluster.
const (
	Channel  = "C0CLUSTERS"
	Password = "simulated-elasticsearch-password"
)

// Options say how the scene behaves. Now is required.
type Options struct {
	Now        func() time.Time
	Latency    time.Duration      // of every call to Elastic
	Addrs      platform.DemoAddrs // fixed addresses; empty ones are any loopback port
	SocketMode bool
	Limits     float64 // Slack's rate limits: 1 is Slack's own, 0 none
	// Nodes gives deployments real nodes, by name; nil, or nil for a name: the cluster is simulated.
	Nodes     func(deployment string) platform.Nodes
	Observe   func(platform.Options) platform.Options
	Workspace func(workspace.Options) workspace.Options
}

// Scene is what a bot meets.
type Scene struct {
	Slack *workspace.Workspace
	World *platform.World
	ECE   *platform.Platform
	Cloud *platform.Platform

	addrs platform.DemoAddrs
}

// realPlanTime is how long a plan takes that real nodes need to read: they look at their files twice a second.
const realPlanTime = 2 * time.Second

// Start sets the scene. Close it.
func Start(ctx context.Context, o Options) (*Scene, error) {
	ws := workspace.Options{
		Now: o.Now, TeamName: "Example", Limits: o.Limits,
		App: workspace.App{
			SocketMode: o.SocketMode,
			// With its history the bot finds a post again whose answer was lost.
			Scopes: append([]string{"channels:history", "groups:history"}, workspace.DefaultScopes...),
		},
		Users: []workspace.Person{
			{ID: "U0ALICE", Handle: "alice", Name: "Alice"},
			{ID: "U0BOB", Handle: "bob", Name: "Bob"},
			{ID: "U0CAROL", Handle: "carol", Name: "Carol"},
			{ID: "U0MALLORY", Handle: "mallory", Name: "Mallory"},
		},
		Channels: []workspace.Channel{
			{ID: Channel, Name: "clusters", Members: []string{"alice", "bob", "carol", "mallory"}, BotIn: true},
			{ID: "C0GENERAL", Name: "general", Members: []string{"alice", "bob", "carol", "mallory"}},
		},
	}
	if o.Workspace != nil {
		ws = o.Workspace(ws)
	}
	po := platform.Options{Now: o.Now, Latency: o.Latency, KeystoreDelay: 200 * time.Millisecond, PlanTime: 500 * time.Millisecond}
	if o.Nodes != nil {
		po.Nodes, po.PlanTime, po.KeystoreDelay = o.Nodes, realPlanTime, 0 // real nodes take their own time
	}
	if o.Observe != nil {
		po = o.Observe(po)
	}
	s := &Scene{addrs: o.Addrs, Slack: workspace.New(ws), World: platform.NewWorld(po)}
	if err := errors.Join(s.Slack.Start(ctx), s.build()); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close ends everything.
func (s *Scene) Close() {
	s.Slack.Close()
	_ = s.World.Close()
}

func (s *Scene) build() error {
	err := s.World.AddDemo(platform.DemoOptions{Password: Password, Addrs: s.addrs})
	s.ECE, s.Cloud = s.World.Platform("ece-prod"), s.World.Platform("elastic-cloud")
	return err
}

// Deployment finds a deployment by name on any platform; nil if there is none.
func (s *Scene) Deployment(name string) *platform.Deployment {
	for _, p := range s.World.Platforms() {
		if d := p.Deployment(name); d != nil {
			return d
		}
	}
	return nil
}

// Found is what a search answers.
type Found struct {
	Hits []Hit
	// Skipped are the remote clusters that were left out, as skip_unavailable asks for it, by alias, with the reason that
	// Elasticsearch gives in _clusters alone: the search itself succeeds.
	Skipped map[string]string
}

// Hit is a document that a search found.
type Hit struct {
	Index  string          `json:"_index"`
	Source json.RawMessage `json:"_source"`
}

// Search runs a search on a deployment's own Elasticsearch, as its superuser would from Kibana. target may go
// through an alias: "metrics-eu:metrics-*".
func (s *Scene) Search(ctx context.Context, deployment, target string) ([]Hit, error) {
	return s.SearchAs(ctx, "elastic", deployment, target)
}

// SearchAs is Search by a user of the cluster.
func (s *Scene) SearchAs(ctx context.Context, user, deployment, target string) ([]Hit, error) {
	found, err := s.Find(ctx, user, deployment, target)
	return found.Hits, err
}

// Find is SearchAs that tells of skipped clusters, too.
func (s *Scene) Find(ctx context.Context, user, deployment, target string) (Found, error) {
	d := s.Deployment(deployment)
	if d == nil {
		return Found{}, fmt.Errorf("there is no deployment %s", deployment)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.ServiceURL()+"/"+target+"/_search", http.NoBody)
	if err != nil {
		return Found{}, err
	}
	req.SetBasicAuth(user, d.Cluster().Password(user))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return Found{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return Found{}, err
	}
	if resp.StatusCode != http.StatusOK {
		return Found{}, fmt.Errorf("searching %s: %s: %s", target, resp.Status, strings.TrimSpace(string(raw)))
	}
	var answer struct {
		Hits struct {
			Hits []Hit `json:"hits"`
		} `json:"hits"`
		Clusters struct {
			Details map[string]struct {
				Status   string `json:"status"`
				Failures []struct {
					Reason struct {
						Reason string `json:"reason"`
					} `json:"reason"`
				} `json:"failures"`
			} `json:"details"`
		} `json:"_clusters"`
	}
	err = json.Unmarshal(raw, &answer)
	found := Found{Hits: answer.Hits.Hits, Skipped: map[string]string{}}
	for alias, c := range answer.Clusters.Details {
		if c.Status == "skipped" && len(c.Failures) > 0 {
			found.Skipped[alias] = c.Failures[0].Reason.Reason
		}
	}
	return found, err
}
