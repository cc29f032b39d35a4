package stage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// Pair is what is connected, and what is searched through it.
type Pair struct{ local, remote, search, unread string }

// Local is the name of who searches.
func (p Pair) Local() string { return p.local }

// Remote is the name of who is searched.
func (p Pair) Remote() string { return p.remote }

// Indices are what is searched.
func (p Pair) Indices() string { return p.search }

// Deployments are the names of both.
func (p Pair) Deployments() []string { return []string{p.local, p.remote} }

// Platforms is a deployment of the example's ECE and one of its organization of Elastic Cloud.
var Platforms = Pair{local: "logs-prod", remote: "metrics-eu", search: "metrics-*", unread: "billing-*"}

// Transcript tells what happens on the stage.
type Transcript struct {
	*Stage
	Pair
	Out       io.Writer
	Real      bool   // Elasticsearch clusters
	RedisSays string // what a real Redis is; empty: it is inside this process
}

// Patience is for anything that is waited for: it bounds a play that fails.
const Patience = 3 * time.Minute

// Say prints a line.
func (p *Transcript) Say(format string, args ...any) {
	_, _ = fmt.Fprintf(p.Out, format+"\n", args...)
}

func (p *Transcript) scene(title string) {
	p.Say("\n── %s %s", title, strings.Repeat("─", max(3, 76-len([]rune(title)))))
}

// Show prints what somebody sees, indented.
func (p *Transcript) Show(text string) {
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		p.Say("  %s", line)
	}
}

// Connect is the whole story of a connection.
func (p *Transcript) Connect(ctx context.Context) error {
	switch {
	case p.Own && p.RedisSays != "":
		p.Say("Everything below really happens, on this machine: two self-managed clusters, %s, and", p.RedisSays)
		p.Say("the bot. Only Slack is a stand-in.")
	case p.Own:
		p.Say("Everything below really happens, inside this process: a Slack workspace, two self-managed")
		p.Say("clusters, Redis, and the bot.")
	default:
		p.Say("Everything below really happens, inside this process: a Slack workspace, an Elastic Cloud")
		p.Say("Enterprise (ece-prod), an Elastic Cloud organization, Redis, and the bot on its example configuration.")
	}
	if p.Real {
		if err := p.introduce(ctx); err != nil {
			return err
		}
	}
	if err := p.Ask(ctx); err != nil {
		return err
	}
	if err := p.Approve(ctx); err != nil {
		return err
	}
	return p.prove(ctx)
}

// introduce shows that the clusters are real ones.
func (p *Transcript) introduce(ctx context.Context) error {
	where := ", behind simulated platforms"
	if p.Own {
		where = ""
	}
	p.Say("%s and %s are real Elasticsearch clusters%s.", p.local, p.remote, where)
	about, err := p.AboutReal(ctx, p.local, p.remote)
	if err != nil {
		return err
	}
	for _, name := range []string{p.local, p.remote} {
		p.scene("GET / of " + name)
		p.Show(about[name])
	}
	return nil
}

// Ask has Alice type the command and fill the modal.
func (p *Transcript) Ask(ctx context.Context) error {
	alice := p.Slack.User("alice")
	p.scene("Alice types in #clusters: /remote-cluster connect")
	if out, err := alice.Type(ctx, "#clusters", "/remote-cluster connect"); err != nil || out.Problem != "" {
		return fmt.Errorf("typing the command: %w%s", err, out.Problem)
	}
	if _, err := p.Until(ctx, Patience, HasModal("alice")); err != nil {
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
		if err := p.Choose(fill); err != nil {
			return err
		}
	}
	if _, err := p.Until(ctx, Patience, ModalShows("alice", ":9443")); err != nil {
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
	p.Show(state.RenderView(view))
	out, err := modal.Submit(ctx)
	if err != nil || out.Problem != "" || len(out.Errors) > 0 {
		return fmt.Errorf("submitting: %w %s %v", err, out.Problem, out.Errors)
	}
	return nil
}

// Choose picks an option by the beginning of its text.
func (p *Transcript) Choose(fill func() (workspace.Outcome, error)) error {
	out, err := fill()
	if err != nil {
		return err
	}
	if out.Problem != "" {
		return errors.New(out.Problem)
	}
	return nil
}

// Approve waits for the card: Mallory and Alice may not approve, Bob may.
func (p *Transcript) Approve(ctx context.Context) error {
	card, err := p.Card(ctx, "Approve")
	if err != nil {
		return fmt.Errorf("no card appeared: %w", err)
	}
	p.scene("The request appears in #clusters")
	p.Show(p.Slack.State().Transcript([]workspace.Message{card}))

	p.scene("Mallory presses Approve, but is no approver; only Mallory sees the answer")
	if err := p.press(ctx, "mallory", "Approve", "approver"); err != nil {
		return err
	}
	p.scene("Bob presses Approve and confirms")
	if out, err := p.Slack.User("bob").PressConfirm(ctx, card, "Approve"); err != nil || out.Problem != "" {
		return fmt.Errorf("bob approving: %w%s", err, out.Problem)
	}
	if p.Own {
		if err := p.handOver(ctx); err != nil {
			return err
		}
	}
	state, err := p.Until(ctx, Patience, func(s workspace.State) bool { return strings.Contains(Threads(s), "_search") })
	if err != nil {
		p.Show(Threads(state))
		return fmt.Errorf("the connection was not announced: %w", err)
	}
	p.scene("The bot works, and tells the request's thread")
	p.Show(Threads(state))
	return nil
}

// press lets somebody press a button whose answer only they see.
func (p *Transcript) press(ctx context.Context, who, button, answer string) error {
	card, err := p.Card(ctx, button)
	if err != nil {
		return err
	}
	if out, err := p.Slack.User(who).PressConfirm(ctx, card, button); err != nil || out.Problem != "" {
		return fmt.Errorf("%s pressing %s: %w%s", who, button, err, out.Problem)
	}
	state, err := p.Until(ctx, Patience, func(s workspace.State) bool {
		return strings.Contains(s.Transcript(s.Ephemerals(who)), answer)
	})
	if err != nil {
		return fmt.Errorf("%s got no answer: %w", who, err)
	}
	p.Show(state.Transcript(state.Ephemerals(who)))
	return nil
}

// prove: a search on the local cluster finds the remote cluster's documents.
func (p *Transcript) prove(ctx context.Context) error {
	target := p.remote + ":" + p.search
	p.scene("Proof: a cross-cluster search on " + p.local + ", GET " + target + "/_search")
	hits, err := p.Search(ctx, p.local, target)
	if err != nil {
		return err
	}
	for _, h := range hits {
		p.Show(fmt.Sprintf("%s  %s", h.Index, h.Source))
	}
	if len(hits) == 0 {
		return errors.New("the search through the connection returned no document")
	}
	p.scene("What the key may not read stays unread: GET " + p.remote + ":" + p.unread + "/_search")
	if unread, err := p.Search(ctx, p.local, p.remote+":"+p.unread); err == nil && len(unread) > 0 {
		return fmt.Errorf("the key reads %d documents that it must not", len(unread))
	}
	if p.Own {
		p.Show("no document")
	} else {
		p.Show("no document, although metrics-eu holds an index billing-2026")
	}
	p.Say("\nConnected and proven: %d documents of %s read from %s.", len(hits), p.remote, p.local)
	return nil
}

// Card waits for the newest message in the channel that has the button.
func (p *Transcript) Card(ctx context.Context, button string) (workspace.Message, error) {
	var card workspace.Message
	_, err := p.Until(ctx, Patience, func(s workspace.State) bool {
		for _, m := range s.In("#clusters") {
			if strings.Contains(s.Render(m), "[ "+button) {
				card = m
			}
		}
		return card.TS != ""
	})
	return card, err
}

// HasModal looks whether somebody has a modal before them.
func HasModal(user string) func(workspace.State) bool {
	return func(s workspace.State) bool { _, ok := s.Modal(user); return ok }
}

// ModalShows looks whether somebody has a modal with a text before them.
func ModalShows(user, text string) func(workspace.State) bool {
	return func(s workspace.State) bool {
		v, ok := s.Modal(user)
		return ok && strings.Contains(s.RenderView(v), text)
	}
}

// Threads is what stands below the messages of the channel.
func Threads(s workspace.State) string {
	var b strings.Builder
	for _, m := range s.In("#clusters") {
		b.WriteString(s.Transcript(Replies(s, m)))
	}
	return b.String()
}

// Replies is the thread below a message, without the message itself.
func Replies(s workspace.State, m workspace.Message) []workspace.Message {
	return slices.DeleteFunc(s.Thread("#clusters", m.TS), func(r workspace.Message) bool { return r.TS == m.TS })
}
