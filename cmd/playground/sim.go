package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// simulation says how the stand-ins run as a process of their own.
type simulation struct {
	app         string // where Slack's requests go: the base of the bot's URLs, such as http://127.0.0.1:8080/slack/
	socket      bool
	limits      float64
	latency     time.Duration
	slack       string // addresses; empty ones are any loopback port
	slackPublic string
	act         string
	ece, cloud  string
	control     string
	real        bool // Elasticsearch clusters
}

// simulated is what the one who started the stand-ins has to know. The secrets open nothing but the stand-ins.
type simulated struct {
	SlackAPI     string             `json:"slack_api"`     // slack.api_url of the configuration
	SlackControl string             `json:"slack_control"` // to act as people: POST /act, GET /state, POST /faults
	Channel      string             `json:"channel"`
	Team         string             `json:"team"`
	Elastic      platform.Addresses `json:"elastic"` // with the control endpoint: GET /state, GET /log, POST /faults
	Env          map[string]string  `json:"env"`     // what the example configuration takes from the environment
}

// simCommand runs the world around the bot as a process of its own, for `serve` to be pointed at.
func simCommand() *cobra.Command {
	var o simulation
	cmd := &cobra.Command{
		Use:    "sim",
		Short:  "Run the stand-ins for Slack and Elastic as a process of their own",
		Long:   "Prints one line of JSON with addresses and simulated secrets, and runs until it is told to stop.",
		Args:   cobra.NoArgs,
		Hidden: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.app, "app", "http://127.0.0.1:8080/slack/", "where Slack delivers: the base of the bot's request URLs")
	f.BoolVar(&o.socket, "socket", false, "deliver by Socket Mode instead")
	f.Float64Var(&o.limits, "limits", 1, "Slack's rate limits: 1 is Slack's own, 0 none")
	f.DurationVar(&o.latency, "latency", 0, "of every call to Elastic")
	f.StringVar(&o.slack, "slack-listen", "", "address of Slack's Web API (default any)")
	f.StringVar(&o.slackPublic, "slack-public", "", "what stands before response URLs, where a proxy is in between")
	f.StringVar(&o.act, "slack-control", "", "address of the workspace's control API (default any)")
	f.StringVar(&o.ece, "ece-listen", "", "address of the ECE (default any)")
	f.StringVar(&o.cloud, "cloud-listen", "", "address of Elastic Cloud (default any)")
	f.BoolVar(&o.real, "real", false, "with real Elasticsearch clusters for logs-prod and metrics-eu")
	f.StringVar(&o.control, "elastic-control", "127.0.0.1:0", "address of the control endpoint of Elastic's stand-ins")
	return cmd
}

func (o simulation) run(ctx context.Context, out, progress io.Writer) (err error) {
	so := sim.Options{
		Now: time.Now, Latency: o.latency, SocketMode: o.socket, Limits: o.limits,
		Addrs: platform.DemoAddrs{ECE: o.ece, Cloud: o.cloud},
		Workspace: func(w workspace.Options) workspace.Options {
			w.Addr, w.PublicURL, w.ControlAddr = o.slack, o.slackPublic, o.act
			w.App.CommandURL, w.App.InteractivityURL = o.app+"commands", o.app+"interactivity"
			w.App.OptionsURL, w.App.EventsURL = o.app+"options", o.app+"events"
			return w
		},
	}
	if o.real {
		stop, failed := realNodes(ctx, progress, &so, stage.Platforms.Deployments()...)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	scene, err := sim.Start(ctx, so)
	if err != nil {
		return err
	}
	defer scene.Close()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", o.control)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: scene.World.Control(), ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()

	elastic := scene.World.Addresses()
	elastic.Control = "http://" + listener.Addr().String()
	err = json.NewEncoder(out).Encode(simulated{
		SlackAPI: scene.Slack.APIURL(), SlackControl: scene.Slack.ControlURL(), Channel: sim.Channel,
		Team: scene.Slack.TeamID(), Elastic: elastic, Env: stage.SimulatedSecrets(scene),
	})
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-failed:
		}
	}
	return errors.Join(err, server.Close())
}
