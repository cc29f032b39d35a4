package handlers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

// subcommands are all of them, in the order in which help shows them.
func subcommands() []subcommand {
	all := []subcommand{
		{"connect", "[local] to [remote] as [alias] for [2 weeks]", "connect a local cluster to a remote one, for a while or for good. Name the deployments here or choose them in the form", func(h *Handlers) runCommand { return h.connect.connectCommand }},
		{"list", "[platform or deployment]", "all remote connections of all local clusters, with their status", func(h *Handlers) runCommand { return h.list.listCommand }},
		{"map", "[deployment]", "a picture of who can read whom, colored by status", func(h *Handlers) runCommand { return h.maps.mapCommand }},
		{"review", "[deployment]", "what each connection is for and who uses it: keep, narrow or end it", func(h *Handlers) runCommand { return h.review.reviewCommand }},
		{"status", "[deployment/alias]", "details of one connection, and what you can do next", func(h *Handlers) runCommand { return h.inspect.inspectCommand("status") }},
		{"diagnose", "[deployment/alias]", "find the root cause of a problem and propose a fix", func(h *Handlers) runCommand { return h.inspect.inspectCommand("diagnose") }},
	}
	for _, f := range forms.Changes() {
		all = append(all, subcommand{f.Verb, f.Args, f.Does, func(h *Handlers) runCommand { return h.changes.formCommand(f) }})
	}
	return append(all, []subcommand{
		{"history", "[deployment|alias]", "past requests: who asked, who decided, and how each ended", func(h *Handlers) runCommand { return h.history.historyCommand }},
		{"policy", "", "who may make requests, and who has to approve them", func(h *Handlers) runCommand { return h.policyCommand }},
		{"help", "", "show this", func(h *Handlers) runCommand { return h.helpCommand }},
	}...)
}

// synonyms are words that people try, and what they are called here. They are guesses: who wrote "delete" is asked first.
var synonyms = map[string]string{"delete": "disconnect", "remove": "disconnect", "show": "status", "ls": "list", "add": "connect", "create": "connect", "prolong": "extend"}

// command answers the slash command. The first word that is one of ours is what is asked for, wherever it stands.
func (h *Handlers) command(ctx context.Context, c bot.Command) (bot.Answer, error) {
	typed := tokens(c.Text)
	if len(typed) == 0 {
		return h.helpCommand(ctx, c, nil), nil
	}
	if slices.Contains(typed, "") {
		return h.tell.Hint("There is nothing between the quotes. Put a name there, or leave them out."), nil
	}
	for i, word := range typed {
		for _, w := range subcommands() {
			if w.name == strings.ToLower(word) {
				if err := h.readers.mayRead(ctx, c.User.ID); w.reads() && err != nil {
					return reply.Text(h.tell.Say(ctx, err, reply.Format{})), nil
				}
				return w.run(h)(ctx, c, slices.Delete(slices.Clone(typed), i, i+1)), nil
			}
		}
	}
	return h.unknown(typed), nil
}

func (h *Handlers) helpCommand(context.Context, bot.Command, []string) bot.Answer {
	return reply.Text(h.help())
}

// unknown says which word is none of ours, and what was probably meant, with the names that were typed beside it.
func (h *Handlers) unknown(typed []string) bot.Answer {
	at, near := 0, ""
	for i, word := range typed {
		if near = nearest(strings.ToLower(word)); near != "" {
			at = i
			break
		}
	}
	s := "There is no command " + bot.Code(bot.Cut(mrkdwn.Clean(typed[at]), 40)) + "."
	if near != "" {
		others := slices.Delete(slices.Clone(typed), at, at+1)
		s += " Did you mean " + bot.Code(bot.Cut(mrkdwn.Clean(strings.Join(append([]string{h.o.Command, near}, others...), " ")), 150)) + "?"
	}
	return h.tell.Hint(s)
}

// help is written from the words, so that it can't forget one.
func (h *Handlers) help() string {
	out := []string{"*Connect Elasticsearch clusters, with approval*"}
	for _, w := range subcommands() {
		out = append(out, fmt.Sprintf("• %s  %s", bot.Code(strings.TrimSpace(h.o.Command+" "+w.name+" "+w.args)), w.does))
	}
	return strings.Join(append(append(out, whereToSee...), forms.NotHere...), "\n")
}

// quotes are those that keep a name together, straight or as phones and other languages write them; any of the same row
// closes it.
var quotes = []string{`"“”„`, "'‘’‚"}

// tokens splits what was typed at spaces. A quote begins a name only where a word begins: "bob's" is one word.
func tokens(s string) []string {
	var out []string
	var b strings.Builder
	closing, begun := "", false
	end := func() {
		if begun {
			out = append(out, b.String())
		}
		b.Reset()
		begun = false
	}
	for _, r := range s {
		opens := slices.IndexFunc(quotes, func(row string) bool { return strings.ContainsRune(row, r) })
		switch {
		case closing != "" && strings.ContainsRune(closing, r):
			closing = ""
		case closing == "" && !begun && opens >= 0:
			closing, begun = quotes[opens], true
		case closing == "" && unicode.IsSpace(r):
			end()
		default:
			begun = true
			b.WriteRune(r)
		}
	}
	end()
	return out
}

// nearest is the verb that was probably meant, if one is near enough.
func nearest(typed string) string {
	if verb, ok := synonyms[typed]; ok {
		return verb
	}
	best, found := 3, ""
	for _, w := range subcommands() {
		d := distance(typed, w.name)
		if len(typed) >= 2 && strings.HasPrefix(w.name, typed) {
			d = 1
		}
		if d < best && d < len(w.name) {
			best, found = d, w.name
		}
	}
	return found
}

// Subcommands returns what can be typed behind the command, in the order of help.
func Subcommands() []string {
	var all []string
	for _, w := range subcommands() {
		all = append(all, w.name)
	}
	return all
}

// whereToSee is where people find what was made, in Kibana's and the consoles' own words.
var whereToSee = []string{
	"In Kibana, _Stack Management → Remote Clusters_ lists a cluster's connections. _Security → Roles_ and _API keys_ show what they may read.",
	"In the consoles of Elastic Cloud and ECE, a deployment's _Security_ page shows its remote connections, keys and trust. The platform's " +
		"_Network security_ page shows the filters.",
}

// policyCommand shows the rules in words, in their order.
func (h *Handlers) policyCommand(_ context.Context, c bot.Command, _ []string) bot.Answer {
	return h.tell.Later(c, func(context.Context) bot.Message { return h.policy() })
}

func (h *Handlers) policy() bot.Message {
	const most = 45
	say := "*Who may make requests, and who has to approve.* The first matching rule decides. If no rule matches, the request is refused."
	blocks := []slack.Block{mrkdwn.Section(say)}
	said := []string{say}
	for i, w := range h.o.Rules.Describe(groupWords) {
		if i == most {
			blocks = append(blocks, mrkdwn.Small("… and more; see the configuration"))
			break
		}
		var lines []string
		for _, s := range w.Says {
			lines = append(lines, "• "+s)
		}
		text := mrkdwn.Within("\n", mrkdwn.MaxText-10, append([]string{"*" + mrkdwn.Line(w.Rule, 60) + "*: " + mrkdwn.Verbatim(w.When, 600)}, lines...)...)
		blocks = append(blocks, mrkdwn.Section(text))
		said = append(said, text)
	}
	return bot.Message{Text: mrkdwn.Within("\n", mrkdwn.MaxSummary, said...), Blocks: blocks}
}

// groupWords names a group and whom it holds. The answer is ephemeral, so nobody is called by it.
func groupWords(g policy.Group) string {
	var who []string
	if len(g.Users) > 0 {
		who = append(who, mrkdwn.Users(g.Users, "and"))
	}
	if mrkdwn.SlackID.MatchString(g.UserGroup) {
		who = append(who, "<!subteam^"+g.UserGroup+">")
	}
	if g.Channel != "" {
		who = append(who, "members of "+mrkdwn.Channel(g.Channel))
	}
	return mrkdwn.Line(g.Name, 60) + " (" + strings.Join(who, ", ") + ")"
}

// subcommand is something that can be typed behind the command.
type subcommand struct {
	name, args, does string
	run              func(*Handlers) runCommand
}

// reads reports whether a subcommand shows what there is.
func (w subcommand) reads() bool {
	return !slices.Contains([]string{"connect", "policy", "help"}, w.name)
}

// Usage is a word behind the slash command, for those who list them elsewhere than in Slack.
type Usage struct {
	Name string // "connect"
	Args string // "[local] to [remote] as [alias]"
	Does string // what it does, in a sentence without a capital
}

// Usages are all words, in the order in which help shows them.
func Usages() []Usage {
	var out []Usage
	for _, w := range subcommands() {
		out = append(out, Usage{Name: w.name, Args: w.args, Does: w.does})
	}
	return out
}
