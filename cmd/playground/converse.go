package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

const converseHelp = `You are alice in #clusters. Words:
  /remote-cluster connect        type a slash command
  be bob                         act as somebody else: alice asks, bob and carol approve, mallory is a stranger
  look                           what you see: the modal if one is open, else the channel with its threads
  choose FIELD = TEXT            pick an option; what stands after = is typed first (choose Local deployment = logs-prod)
  fill FIELD = TEXT              type into a field (fill Alias = metrics)
  submit, close                  of the modal
  press BUTTON                   on the modal, or on the newest message that has it; asks where Slack would
  search DEPLOYMENT TARGET       search on a cluster (search logs-prod metrics-eu:metrics-*)
  help, quit`

// converse lets a person play in the terminal.
func converse(ctx context.Context, p *stage.Transcript, in io.Reader) {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(in); s.Scan(); {
			select {
			case lines <- s.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	c := &conversation{Transcript: p, me: "alice", lines: lines}
	p.Say("%s", converseHelp)
	for {
		_, _ = fmt.Fprintf(p.Out, "\n%s> ", c.me)
		select {
		case <-ctx.Done():
			return
		case line, ok := <-lines:
			if !ok || strings.TrimSpace(line) == "quit" {
				return
			}
			c.do(ctx, strings.TrimSpace(line))
		}
	}
}

type conversation struct {
	*stage.Transcript
	me    string
	lines <-chan string
}

const settle = 1500 * time.Millisecond // how long a person waits before looking

func (c *conversation) do(ctx context.Context, line string) {
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	user := c.Slack.User(c.me)
	var out workspace.Outcome
	var err error
	switch {
	case line == "":
		return
	case strings.HasPrefix(line, "/"):
		out, err = user.Type(ctx, "#clusters", line)
	case word == "help":
		c.Say("%s", converseHelp)
		return
	case word == "look":
		c.look()
		return
	case word == "be":
		if c.Slack.State().UserID(rest) == "" {
			c.Say("There is nobody called %s.", rest)
			return
		}
		c.me = rest
		return
	case word == "choose", word == "fill":
		out, err = c.field(ctx, word, rest)
	case word == "submit":
		out, err = user.Modal().Submit(ctx)
	case word == "close":
		out, err = user.Modal().Close(ctx)
	case word == "press":
		out, err = c.pressed(ctx, rest)
	case word == "search":
		c.search(ctx, rest)
		return
	default:
		c.Say("%q is not a word here; help lists them.", word)
		return
	}
	c.after(ctx, out, err)
}

// after tells what came of it: at once what Slack said, and then what appears.
func (c *conversation) after(ctx context.Context, out workspace.Outcome, err error) {
	if err != nil {
		c.Say("%v", err)
		return
	}
	if out.Shown != "" {
		c.Show(out.Shown)
	}
	seq := c.Slack.State().Seq
	if _, err := c.Until(ctx, settle, func(s workspace.State) bool { return s.Seq > seq+50 }); err != nil && ctx.Err() != nil {
		return
	}
	c.look()
}

func (c *conversation) field(ctx context.Context, word, rest string) (workspace.Outcome, error) {
	name, text, ok := strings.Cut(rest, "=")
	if !ok {
		return workspace.Outcome{}, fmt.Errorf("say %s FIELD = TEXT", word)
	}
	name, text = strings.TrimSpace(name), strings.TrimSpace(text)
	modal := c.Slack.User(c.me).Modal()
	if word == "fill" {
		return modal.Fill(ctx, name, text)
	}
	return modal.Choose(ctx, name, text, text)
}

func (c *conversation) pressed(ctx context.Context, button string) (workspace.Outcome, error) {
	user := c.Slack.User(c.me)
	if _, ok := c.Slack.State().Modal(c.me); ok {
		return c.confirmed(ctx, user.Modal(), button)
	}
	s := c.Slack.State()
	messages := s.In("#clusters")
	for _, m := range s.In("#clusters") {
		messages = append(messages, stage.Replies(s, m)...)
	}
	messages = append(messages, s.Ephemerals(c.me)...)
	for _, m := range slices.Backward(messages) {
		if strings.Contains(strings.ToLower(s.Render(m)), "[ "+strings.ToLower(button)) {
			return c.confirmed(ctx, user.On(m), button)
		}
	}
	return workspace.Outcome{}, fmt.Errorf("no message has a button %q", button)
}

func (c *conversation) confirmed(ctx context.Context, screen *workspace.Screen, button string) (workspace.Outcome, error) {
	out, err := screen.Press(ctx, button)
	if err != nil || out.Confirm == nil {
		return out, err
	}
	c.Show(fmt.Sprintf("%s\n%s\n[ %s ] [ %s ]  (yes/no)", out.Confirm.Title, out.Confirm.Text, out.Confirm.Yes, out.Confirm.No))
	select {
	case <-ctx.Done():
		return workspace.Outcome{}, ctx.Err()
	case answer := <-c.lines:
		if !strings.HasPrefix(strings.ToLower(strings.TrimSpace(answer)), "y") {
			return workspace.Outcome{Shown: "Not pressed."}, nil
		}
	}
	return screen.PressConfirm(ctx, button)
}

func (c *conversation) look() {
	s := c.Slack.State()
	if v, ok := s.Modal(c.me); ok {
		c.Show(s.RenderView(v))
		return
	}
	for _, m := range s.In("#clusters") {
		c.Show(s.Transcript([]workspace.Message{m}))
		c.Show(s.Transcript(stage.Replies(s, m)))
	}
	if own := s.Ephemerals(c.me); len(own) > 0 {
		c.Show(s.Transcript(own[len(own)-1:]))
	}
	if dm := s.DM(c.me); len(dm) > 0 {
		c.Show(s.Transcript(dm[len(dm)-1:]))
	}
}

func (c *conversation) search(ctx context.Context, rest string) {
	deployment, target, _ := strings.Cut(rest, " ")
	hits, err := c.Search(ctx, deployment, strings.TrimSpace(target))
	if err != nil {
		c.Say("%v", err)
		return
	}
	for _, h := range hits {
		c.Show(fmt.Sprintf("%s  %s", h.Index, h.Source))
	}
	c.Say("%d document(s)", len(hits))
}
