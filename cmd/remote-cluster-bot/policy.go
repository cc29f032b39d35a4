package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

// policyCommand shows what the policy would say, without asking anybody for anything.
func policyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "policy", Short: "Show the policy, or try it on a change"}
	var file string
	cmd.PersistentFlags().StringVar(&file, "config", "config.yaml", "the configuration file")
	show := &cobra.Command{
		Use: "show", Short: "Print every rule in words", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(file, config.System())
			if err != nil {
				return err
			}
			for _, w := range c.Rules().Words(func(g policy.Group) string { return g.Name }) {
				printRule(cmd.OutOrStdout(), w)
			}
			return nil
		},
	}
	var t trial
	explain := &cobra.Command{
		Use:   "explain --local PLATFORM/NAME --remote PLATFORM/NAME --user ID",
		Short: "Say which rule decides about a change, and who could approve it; nothing is stored",
		Long: "Looks the deployments up by name or id for their tags; what can't be looked up is taken from the flags. Who\n" +
			"belongs to Slack's groups is asked of Slack.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(file, config.System())
			if err != nil {
				return err
			}
			return t.explain(cmd.Context(), cmd.OutOrStdout(), c)
		},
	}
	f := explain.Flags()
	f.StringVar(&t.local, "local", "", "the local deployment: platform/name or platform/id")
	f.StringVar(&t.remote, "remote", "", "the remote deployment")
	f.StringVar(&t.user, "user", "", "who asks: a Slack user id")
	f.StringVar(&t.kind, "kind", "connect", "connect, update, rotate, disconnect, migrate or adopt")
	f.StringSliceVar(&t.search, "search", nil, "index patterns to search")
	f.StringSliceVar(&t.replication, "replication", nil, "index patterns to replicate")
	for _, needed := range []string{"local", "remote", "user"} {
		_ = explain.MarkFlagRequired(needed) // the flag is there
	}
	cmd.AddCommand(show, explain)
	return cmd
}

func printRule(w io.Writer, words policy.Words) {
	_, _ = fmt.Fprintf(w, "%s: %s\n", words.Rule, words.When)
	for _, s := range words.Says {
		_, _ = fmt.Fprintf(w, "  %s\n", s)
	}
}

// trial is a change that nobody asks for.
type trial struct {
	local, remote, user, kind string
	search, replication       []string
}

func (t trial) explain(ctx context.Context, out io.Writer, c *config.Config) error {
	log := slog.New(slog.DiscardHandler)
	all, err := systems(c.Platforms, dialing{callTimeout: c.Executor.CallTimeout.Std(), now: time.Now, log: log})
	if err != nil {
		return err
	}
	catalog := link.NewCatalog(all, link.CatalogOptions{Now: time.Now})
	defer catalog.Wait()
	local, err := lookUp(ctx, out, catalog, t.local)
	if err != nil {
		return err
	}
	remote, err := lookUp(ctx, out, catalog, t.remote)
	if err != nil {
		return err
	}
	rules := c.Rules()
	prop := change.Proposal{
		Kind: change.Kind("link." + t.kind),
		Traits: link.Traits(link.Survey{Local: local, Remote: remote}, t.kind,
			link.Access{Search: t.search, Replication: t.replication}, rules.Tags()),
	}
	messenger := bot.NewMessenger(bot.MessengerOptions{
		Token: c.Slack.BotToken.Secret().Reveal, APIURL: c.Slack.APIURL, Now: time.Now, Log: log,
	})
	judge := policy.New(rules, policy.NewRoster(messenger, c.Refresh(), time.Now), time.Now)
	e, err := judge.Explain(ctx, prop, change.Actor{User: t.user})
	printExplanation(out, e)
	return err
}

// lookUp finds a deployment by platform and name or id. One that can't be found is taken as it was written, without
// tags, and that is said.
func lookUp(ctx context.Context, out io.Writer, catalog *link.Catalog, text string) (link.Deployment, error) {
	ref, err := link.ParseRef(text)
	if err != nil {
		return link.Deployment{}, err
	}
	if _, ok := catalog.System(ref.Platform); !ok {
		return link.Deployment{}, fmt.Errorf("there is no platform called %s", ref.Platform)
	}
	const most = 100
	for _, d := range catalog.Find(ctx, ref.Deployment, most).Deployments {
		if d.Platform == ref.Platform && (d.Name == ref.Deployment || d.Deployment == ref.Deployment) {
			if whole, err := catalog.Deployment(ctx, d.Ref); err == nil {
				return whole, nil
			}
			return d, nil
		}
	}
	_, _ = fmt.Fprintf(out, "note: %s could not be looked up; it is taken as a name, without tags\n", text)
	return link.Deployment{Ref: ref, Name: ref.Deployment}, nil
}

func printExplanation(w io.Writer, e policy.Explanation) {
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	line("traits:")
	for _, name := range slices.Sorted(maps.Keys(e.Traits)) {
		line("  %s: %s", name, strings.Join(e.Traits[name], ", "))
	}
	for _, p := range e.Passed {
		line("rule %s does not fit: %s", p.Rule, p.Trait)
	}
	if e.Rule != "" {
		line("rule %s decides:", e.Rule)
		for _, s := range e.Says {
			line("  %s", s)
		}
		for _, side := range e.Sides {
			line("  %d of %s could be: %s", side.Count, side.Side, strings.Join(side.Who, ", "))
		}
	}
	if e.Refused != "" {
		line("refused: %s", e.Refused)
		return
	}
	line("it may be asked for")
}
