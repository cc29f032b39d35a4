package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// demoCommand plays a connect from the slash command to a search that finds documents, without any network.
func demoCommand() *cobra.Command {
	var interactive, transcript, ui, logs, real, own bool
	var page pageOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Play a connect offline, from slash command to verified search",
		Long: "Starts a Slack workspace, an ECE, an Elastic Cloud and Redis inside this process, and the bot itself on its\n" +
			"example configuration. Ends with exit code 0 only if a search through the new connection returned documents.\n\n" +
			"In a terminal it opens a page in the browser instead, on which you play yourself: --ui. --transcript prints.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log := slog.New(slog.DiscardHandler)
			if logs {
				log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			}
			played := ui || !transcript && !interactive && !own && isTerminal(os.Stdout) && cmd.OutOrStdout() == os.Stdout
			if err := page.check(played, cmd.Flags().Changed); err != nil {
				return err
			}
			if own && (played || interactive) {
				return errors.New("--self-managed prints a transcript: use it with --transcript")
			}
			if played {
				botLog := io.Discard
				if logs {
					botLog = cmd.ErrOrStderr()
				}
				page.real = real
				return runPlayground(cmd.Context(), cmd.OutOrStdout(), log, botLog, page)
			}
			return runDemo(cmd, log, interactive, real, own)
		},
	}
	cmd.Flags().BoolVar(&ui, "ui", false, "play in the browser; the default in a terminal")
	cmd.Flags().StringVar(&page.addr, "addr", "127.0.0.1:0", "where the page listens: a loopback address; port 0 takes a free one")
	cmd.Flags().BoolVar(&page.open, "open", true, "open the page in a browser")
	cmd.Flags().IntVar(&page.approvals, "approvals", 1, "how many must approve in the browser: 1 or 2")
	cmd.Flags().BoolVar(&transcript, "transcript", false, "print the story; the default without a terminal")
	cmd.Flags().BoolVar(&interactive, "interactive", false, "type commands, fill the modal and press buttons yourself")
	cmd.Flags().BoolVar(&real, "real", false, "with real Elasticsearch clusters for logs-prod and metrics-eu; needs Maven and Java, and fetches up to 100 MB once")
	cmd.Flags().BoolVar(&own, "self-managed", false, "with self-managed clusters, whose keystore a person edits; with --real, nothing but Slack is a stand-in")
	cmd.Flags().BoolVar(&logs, "log", false, "print the bot's log to standard error")
	cmd.MarkFlagsMutuallyExclusive("ui", "transcript", "interactive")
	return cmd
}

func runDemo(cmd *cobra.Command, log *slog.Logger, interactive, real, own bool) (err error) {
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	o := sim.Options{Now: time.Now, Limits: 1, SocketMode: false}
	if real {
		names := playedReal
		if own {
			names = []string{ownLocal, ownRemote}
		}
		stop, failed := realNodes(ctx, cmd.ErrOrStderr(), &o, names...)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	s, err := newStage(ctx, o, log)
	if err != nil {
		return err
	}
	defer s.Close()
	play := platformPair
	if own {
		if err := s.ownClusters(); err != nil {
			return err
		}
		play = demoPair{local: ownLocal, remote: ownRemote, search: "products-*", unread: "staff-*"}
	}
	c, err := s.config(nil)
	if err != nil {
		return err
	}
	a, err := s.enter(ctx, c)
	if err != nil {
		return err
	}
	p := &demoSession{testEnv: s, demoPair: play, out: cmd.OutOrStdout(), real: real}
	if interactive {
		p.converse(ctx, cmd.InOrStdin())
	} else {
		err = p.connect(ctx)
	}
	return errors.Join(err, a.leave())
}

// demoPair is what is connected, and what is searched through it.
type demoPair struct{ local, remote, search, unread string }

// platformPair is a deployment of the example's ECE and one of its organization of Elastic Cloud.
var platformPair = demoPair{local: "logs-prod", remote: "metrics-eu", search: "metrics-*", unread: "billing-*"}

// demoSession tells what happens on the stage.
type demoSession struct {
	*testEnv
	demoPair
	out  io.Writer
	real bool // Elasticsearch clusters
}

const patience = 3 * time.Minute // for anything that the demo waits for: it bounds a demo that fails

func (p *demoSession) say(format string, args ...any) {
	_, _ = fmt.Fprintf(p.out, format+"\n", args...)
}

func (p *demoSession) scene(title string) {
	p.say("\n── %s %s", title, strings.Repeat("─", max(3, 76-len([]rune(title)))))
}

// show prints what somebody sees, indented.
func (p *demoSession) show(text string) {
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		p.say("  %s", line)
	}
}

// connect is the whole story of a connection.
func (p *demoSession) connect(ctx context.Context) error {
	if p.own {
		p.say("remote-cluster-bot demo: everything below really happens, inside this process: a Slack workspace, two self-managed")
		p.say("clusters, Redis, and the bot.")
	} else {
		p.say("remote-cluster-bot demo: everything below really happens, inside this process: a Slack workspace, an Elastic Cloud")
		p.say("Enterprise (ece-prod), an Elastic Cloud organization, Redis, and the bot on its example configuration.")
	}
	if p.real {
		if err := p.introduce(ctx); err != nil {
			return err
		}
	}
	if err := p.ask(ctx); err != nil {
		return err
	}
	if err := p.approve(ctx); err != nil {
		return err
	}
	return p.prove(ctx)
}

// introduce shows that the clusters are real ones.
func (p *demoSession) introduce(ctx context.Context) error {
	where := ", behind simulated platforms"
	if p.own {
		where = ""
	}
	p.say("%s and %s are real Elasticsearch clusters%s.", p.local, p.remote, where)
	about, err := p.aboutReal(ctx, p.local, p.remote)
	if err != nil {
		return err
	}
	for _, name := range []string{p.local, p.remote} {
		p.scene("GET / of " + name)
		p.show(about[name])
	}
	return nil
}

// ask: Alice types the command and fills the modal.
func (p *demoSession) ask(ctx context.Context) error {
	alice := p.Slack.User("alice")
	p.scene("Alice types in #clusters: /remote-cluster connect")
	if out, err := alice.Type(ctx, "#clusters", "/remote-cluster connect"); err != nil || out.Problem != "" {
		return fmt.Errorf("typing the command: %w%s", err, out.Problem)
	}
	if _, err := p.until(ctx, patience, hasModal("alice")); err != nil {
		return fmt.Errorf("no modal opened: %w", err)
	}
	modal := alice.Modal()
	fills := []func() (workspace.Outcome, error){
		func() (workspace.Outcome, error) { return modal.Choose(ctx, "Local deployment", p.local[:6], p.local) },
		func() (workspace.Outcome, error) {
			return modal.Choose(ctx, "Remote deployment", p.remote[:4], p.remote)
		},
	}
	for _, fill := range fills {
		if err := p.choose(fill); err != nil {
			return err
		}
	}
	if _, err := p.until(ctx, patience, modalShows("alice", ":9443")); err != nil {
		return fmt.Errorf("the modal did not fill the address in: %w", err)
	}
	if _, err := modal.Fill(ctx, "Indices that may be searched", p.search); err != nil {
		return err
	}
	if _, err := modal.Fill(ctx, "What is it for?", "The shop's dashboards need the host metrics (OPS-1234)."); err != nil {
		return err
	}
	state := p.Slack.State()
	view, _ := state.Modal("alice")
	p.show(state.RenderView(view))
	out, err := modal.Submit(ctx)
	if err != nil || out.Problem != "" || len(out.Errors) > 0 {
		return fmt.Errorf("submitting: %w %s %v", err, out.Problem, out.Errors)
	}
	return nil
}

// choose picks an option by the beginning of its text.
func (p *demoSession) choose(fill func() (workspace.Outcome, error)) error {
	out, err := fill()
	if err != nil {
		return err
	}
	if out.Problem != "" {
		return errors.New(out.Problem)
	}
	return nil
}

// approve: the card appears, Mallory and Alice may not approve, Bob may.
func (p *demoSession) approve(ctx context.Context) error {
	card, err := p.card(ctx, "Approve")
	if err != nil {
		return fmt.Errorf("no card appeared: %w", err)
	}
	p.scene("The request appears in #clusters")
	p.show(p.Slack.State().Transcript([]workspace.Message{card}))

	p.scene("Mallory presses Approve, but is no approver; only Mallory sees the answer")
	if err := p.press(ctx, "mallory", "Approve", "approver"); err != nil {
		return err
	}
	p.scene("Bob presses Approve and confirms")
	if out, err := p.Slack.User("bob").PressConfirm(ctx, card, "Approve"); err != nil || out.Problem != "" {
		return fmt.Errorf("bob approving: %w%s", err, out.Problem)
	}
	if p.own {
		if err := p.handOver(ctx); err != nil {
			return err
		}
	}
	state, err := p.until(ctx, patience, func(s workspace.State) bool { return strings.Contains(threads(s), "_search") })
	if err != nil {
		p.show(threads(state))
		return fmt.Errorf("the connection was not announced: %w", err)
	}
	p.scene("The bot works, and tells the request's thread")
	p.show(threads(state))
	return nil
}

// press lets somebody press a button whose answer only they see.
func (p *demoSession) press(ctx context.Context, who, button, answer string) error {
	card, err := p.card(ctx, button)
	if err != nil {
		return err
	}
	if out, err := p.Slack.User(who).PressConfirm(ctx, card, button); err != nil || out.Problem != "" {
		return fmt.Errorf("%s pressing %s: %w%s", who, button, err, out.Problem)
	}
	state, err := p.until(ctx, patience, func(s workspace.State) bool {
		return strings.Contains(s.Transcript(s.Ephemerals(who)), answer)
	})
	if err != nil {
		return fmt.Errorf("%s got no answer: %w", who, err)
	}
	p.show(state.Transcript(state.Ephemerals(who)))
	return nil
}

// prove: a search on the local cluster finds the remote cluster's documents.
func (p *demoSession) prove(ctx context.Context) error {
	target := p.remote + ":" + p.search
	p.scene("Proof: a cross-cluster search on " + p.local + ", GET " + target + "/_search")
	hits, err := p.Search(ctx, p.local, target)
	if err != nil {
		return err
	}
	for _, h := range hits {
		p.show(fmt.Sprintf("%s  %s", h.Index, h.Source))
	}
	if len(hits) == 0 {
		return errors.New("the search through the connection returned no document")
	}
	p.scene("What the key may not read stays unread: GET " + p.remote + ":" + p.unread + "/_search")
	if unread, err := p.Search(ctx, p.local, p.remote+":"+p.unread); err == nil && len(unread) > 0 {
		return fmt.Errorf("the key reads %d documents that it must not", len(unread))
	}
	if p.own {
		p.show("no document")
	} else {
		p.show("no document, although metrics-eu holds an index billing-2026")
	}
	p.say("\nConnected and proven: %d documents of %s read from %s. Try it yourself: make demo ARGS=--interactive", len(hits), p.remote, p.local)
	return nil
}

// card waits for the newest message in the channel that has the button.
func (p *demoSession) card(ctx context.Context, button string) (workspace.Message, error) {
	var card workspace.Message
	_, err := p.until(ctx, patience, func(s workspace.State) bool {
		for _, m := range s.In("#clusters") {
			if strings.Contains(s.Render(m), "[ "+button) {
				card = m
			}
		}
		return card.TS != ""
	})
	return card, err
}

func hasModal(user string) func(workspace.State) bool {
	return func(s workspace.State) bool { _, ok := s.Modal(user); return ok }
}

func modalShows(user, text string) func(workspace.State) bool {
	return func(s workspace.State) bool {
		v, ok := s.Modal(user)
		return ok && strings.Contains(s.RenderView(v), text)
	}
}

// threads is what stands below the messages of the channel.
func threads(s workspace.State) string {
	var b strings.Builder
	for _, m := range s.In("#clusters") {
		b.WriteString(s.Transcript(replies(s, m)))
	}
	return b.String()
}

// replies is the thread below a message, without the message itself.
func replies(s workspace.State, m workspace.Message) []workspace.Message {
	return slices.DeleteFunc(s.Thread("#clusters", m.TS), func(r workspace.Message) bool { return r.TS == m.TS })
}

// isTerminal reports whether a person is there to type. The null device is a character device, too.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}
