package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/app"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/cli"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

// policyCommand shows what the policy would say, without asking anybody for anything.
func policyCommand() *cobra.Command {
	cmd := cli.Group("policy", "Show the policy, or try it on a change")
	var file string
	var shown, explained output
	cmd.PersistentFlags().StringVar(&file, "config", "config.yaml", "the configuration file")
	show := &cobra.Command{
		Use: "show", Short: "Print every rule in words, and the hash by which the audit names the policy", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(file, config.System())
			if err != nil {
				return err
			}
			result := struct {
				Policy string            `json:"policy"` // its hash
				Rules  []policy.RuleText `json:"rules"`
			}{c.Rules().Hash(), c.Rules().Describe(func(g policy.Group) string { return g.Name })}
			return shown.print(cmd.OutOrStdout(), result, func(w io.Writer) error {
				for _, r := range result.Rules {
					printRule(w, r)
				}
				_, err := fmt.Fprintln(w, "policy", result.Policy)
				return err
			})
		},
	}
	var t explainInput
	explain := &cobra.Command{
		Use:   "explain --local PLATFORM/NAME --remote PLATFORM/NAME --user ID",
		Short: "Say which rule decides about a change, and who could approve it; nothing is stored",
		Long: "Looks the deployments up by name or id for their tags, and whether the bot can issue a key; what can't be looked\n" +
			"up is taken from the flags. Access that is not given counts as everything. The members of Slack's groups are read from\n" +
			"Slack.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(file, config.System())
			if err != nil {
				return err
			}
			notes := cmd.OutOrStdout()
			if explained.format == outputJSON {
				notes = cmd.ErrOrStderr()
			}
			e, err := t.explain(cmd.Context(), notes, c)
			if err != nil {
				return err
			}
			return explained.print(cmd.OutOrStdout(), e, func(w io.Writer) error { printExplanation(w, e); return nil })
		},
	}
	shown.flag(show)
	explained.flag(explain)
	f := explain.Flags()
	f.StringVar(&t.local, "local", "", "the local deployment: platform/name or platform/id")
	f.StringVar(&t.remote, "remote", "", "the remote deployment")
	f.StringVar(&t.user, "user", "", "who asks: a Slack user id")
	f.StringVar(&t.kind, "kind", "connect", strings.Join(plan.KindNames(), ", "))
	f.StringSliceVar(&t.search, "search", nil, "index patterns to search")
	f.StringSliceVar(&t.replication, "replication", nil, "index patterns to replicate")
	f.StringVar(&t.model, "model", "", "the security model: api_key or certificate (default api_key)")
	f.StringVar(&t.key, "key", "", "of a connect: issued or pasted (default: as the bot's credentials have it)")
	f.StringVar(&t.address, "address", link.AddressPlatform, "whose address it goes to: "+strings.Join(policy.Values(policy.TraitAddress), ", "))
	f.IntVar(&t.days, "expires-after", 90, "days after which the key ends; 0: never")
	f.StringVar(&t.until, "until", "", "how long it lasts, such as 2w, or when it ends, such as 2026-12-24 (default: no end)")
	f.BoolVar(&t.trustAll, "trust-all", false, "under the certificate model: trust every cluster of the remote side")
	f.StringSliceVar(&t.also, "also", nil, "what else the request changes: "+strings.Join(policy.Values(policy.TraitAlso), ", "))
	for _, needed := range []string{"local", "remote", "user"} {
		_ = explain.MarkFlagRequired(needed) // the flag is there
	}
	cmd.AddCommand(show, explain)
	return cmd
}

func printRule(w io.Writer, words policy.RuleText) {
	_, _ = fmt.Fprintf(w, "%s: %s\n", words.Rule, words.When)
	for _, s := range words.Says {
		_, _ = fmt.Fprintf(w, "  %s\n", s)
	}
}

// explainInput is a change that nobody asks for.
type explainInput struct {
	local, remote, user, kind string
	model, key, address       string
	until                     string
	ends                      time.Time // until, read
	search, replication, also []string
	days                      int
	trustAll                  bool
}

// check says what is wrong with the flags: a word that no change has would be judged, and mislead.
func (t *explainInput) check() error {
	var wrong []error
	one := func(flag, value string, of ...string) {
		if !slices.Contains(of, value) {
			wrong = append(wrong, fmt.Errorf("--%s %s: it is one of %s", flag, value, strings.Join(of, ", ")))
		}
	}
	one("kind", t.kind, plan.KindNames()...)
	if t.model != "" {
		one("model", t.model, string(link.ModelKey), string(link.ModelCertificate))
	}
	if t.key != "" {
		one("key", t.key, policy.Values(policy.TraitKey)...)
	}
	one("address", t.address, policy.Values(policy.TraitAddress)...)
	for _, a := range t.also {
		one("also", a, policy.Values(policy.TraitAlso)...)
	}
	if change.Kind("link."+t.kind) != link.KindConnect && t.key != "" {
		wrong = append(wrong, errors.New("--key is for --kind connect alone: only there a person can make it"))
	}
	if err := t.readUntil(); err != nil {
		wrong = append(wrong, fmt.Errorf("--until: %w", err))
	}
	if t.key != "" && t.model == string(link.ModelCertificate) {
		wrong = append(wrong, errors.New("--key: under the certificate model there is none"))
	}
	return errors.Join(wrong...)
}

func (t *explainInput) readUntil() (err error) {
	t.ends, err = link.ParseUntil(t.until, time.Now())
	return err
}

// traits are those that the change would have.
func (t *explainInput) traits(s link.PairState, tags []string) map[string][]string {
	c := link.ConnectParams{
		Access: elastic.Access{Search: t.search, Replication: t.replication}, Model: link.Model(t.model), Restart: slices.Contains(t.also, "restart"),
	}
	c.ExpiryDays, c.Until = t.days, t.ends
	if c.ByCertificate() {
		c.Trust = &link.TrustOptions{All: t.trustAll}
	}
	if slices.Contains(t.also, "filter") {
		c.Filter = &link.FilterOptions{}
	}
	if slices.Contains(t.also, "identity") {
		c.Identity = &link.IdentityOptions{}
	}
	if slices.Contains(t.also, "role") {
		c.Role = &link.RoleOptions{}
	}
	traits := link.TraitsOf(c, t.kind, s, tags)
	traits[policy.TraitAddress] = []string{t.address}
	if t.key != "" {
		traits[policy.TraitKey] = []string{t.key}
	}
	return traits
}

func (t *explainInput) explain(ctx context.Context, notes io.Writer, c *config.Config) (policy.Explanation, error) {
	var none policy.Explanation
	if err := t.check(); err != nil {
		return none, cli.AsUsage(err)
	}
	log := slog.New(slog.DiscardHandler)
	all, err := app.Systems(c, log)
	if err != nil {
		return none, err
	}
	catalog := inventory.NewCatalog(all, inventory.CatalogOptions{Now: time.Now, Pasting: c.Keys.Encryption.Given()})
	defer catalog.Wait()
	local, err := lookUp(ctx, notes, catalog, t.local)
	if err != nil {
		return none, err
	}
	remote, err := lookUp(ctx, notes, catalog, t.remote)
	if err != nil {
		return none, err
	}
	rules := c.Rules()
	survey, err := catalog.ReadPair(ctx, local.Ref, remote.Ref)
	if err != nil {
		_, _ = fmt.Fprintln(notes, "note: whether the bot can issue a key could not be looked up; it is taken for issued")
		survey = link.PairState{Local: local, Remote: remote}
	}
	prop := change.Proposal{Kind: change.Kind("link." + t.kind), Traits: t.traits(survey, rules.Tags())}
	messenger := bot.NewMessenger(bot.MessengerOptions{
		Token: c.Slack.BotToken.Secret().Reveal, APIURL: c.Slack.APIURL, Now: time.Now, Log: log,
	})
	judge := policy.New(rules, policy.NewGroupCache(messenger, c.Refresh(), time.Now), time.Now)
	return judge.Explain(ctx, prop, change.Actor{User: t.user})
}

// lookUp finds a deployment by platform and name or id. One that can't be found is taken as it was written, without
// tags, and that is said.
func lookUp(ctx context.Context, out io.Writer, catalog *inventory.Catalog, text string) (elastic.Deployment, error) {
	ref, err := elastic.ParseRef(text)
	if err != nil {
		return elastic.Deployment{}, err
	}
	if _, ok := catalog.System(ref.Platform); !ok {
		return elastic.Deployment{}, fmt.Errorf("there is no platform called %s", ref.Platform)
	}
	const most = 100
	for _, d := range catalog.Find(ctx, ref.Deployment, most).Deployments {
		if d.Platform == ref.Platform && (d.Given() == ref.Deployment || d.Deployment == ref.Deployment) {
			if whole, err := catalog.Deployment(ctx, d.Ref); err == nil {
				return whole, nil
			}
			return d, nil
		}
	}
	_, _ = fmt.Fprintf(out, "note: %s could not be looked up; it is taken as a name, without tags\n", text)
	return elastic.Deployment{Ref: ref, Name: ref.Deployment}, nil
}

func printExplanation(w io.Writer, e policy.Explanation) {
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	line("traits:")
	for _, name := range slices.Sorted(maps.Keys(e.Traits)) {
		line("  %s: %s", name, strings.Join(e.Traits[name], ", "))
	}
	for _, p := range e.Skipped {
		line("rule %s does not fit: %s", p.Rule, p.Trait)
	}
	if e.ByItself != nil {
		line("rule %s lets the bot do it:", e.ByItself.Rule)
		for _, s := range e.ByItself.Says {
			line("  %s", s)
		}
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
	switch a := e.Alone; {
	case a == nil:
	case a.Refused != "":
		line("nobody could approve it alone in an emergency: %s", a.Refused)
	default:
		line("in an emergency, one of these could approve it alone: %s", strings.Join(a.Who, ", "))
		line("  and one of these would review it: %s", strings.Join(a.Reviewers, ", "))
	}
	if e.Refused != "" {
		line("refused: %s", e.Refused)
		return
	}
	line("it may be asked for")
}
