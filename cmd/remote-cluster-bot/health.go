package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
)

// healthCommand asks the bot on this host whether it is ready: for a container without a shell or curl.
func healthCommand() *cobra.Command {
	var file string
	var format output
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask the bot on this host whether it is ready",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(file, config.System())
			if err != nil {
				return err
			}
			address, err := healthAddress(c)
			if err != nil {
				return err
			}
			err = askReady(cmd.Context(), address)
			if err != nil && format.format != outputJSON {
				return err
			}
			answer := healthAnswer{Ready: err == nil}
			if err != nil {
				answer.Error = err.Error()
			}
			return errors.Join(format.print(cmd.OutOrStdout(), answer, func(io.Writer) error { return nil }), err)
		},
	}
	cmd.Flags().StringVar(&file, "config", "config.yaml", "the configuration file")
	format.flag(cmd)
	return cmd
}

// healthAnswer is what health prints as JSON; the exit code says the same. As text it prints nothing but an error.
type healthAnswer struct {
	Ready bool   `json:"ready"`
	Error string `json:"error,omitempty"`
}

// healthAddress is where /readyz is served, as seen from this host.
func healthAddress(c *config.Config) (string, error) {
	listen := c.Metrics.Listen
	if listen == "" && c.Slack.Mode == "http" {
		listen = c.Slack.Listen
	}
	if listen == "" {
		return "", fmt.Errorf("in Socket Mode nothing listens unless metrics.listen is set")
	}
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

func askReady(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", http.NoBody)
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}} // no proxy: it is this host
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", resp.Status)
	}
	return nil
}
