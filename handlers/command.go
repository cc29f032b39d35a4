package handlers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
)

// subcommands are all of them, in the order in which help shows them.
func subcommands() []subcommand {
	all := []subcommand{
		{"connect", "[local] to [remote] as [alias] for [2 weeks]", "connect a local cluster to a remote one, for a while or for good. Name the deployments here or choose them in the form", (*Handlers).connectCommand},
		{"list", "[platform or deployment]", "all remote connections of all local clusters, with their status", (*Handlers).listCommand},
		{"map", "[deployment]", "a picture of who can read whom, colored by status", (*Handlers).mapCommand},
		{"review", "[deployment]", "what each connection is for and who uses it: keep, narrow or end it", (*Handlers).reviewCommand},
		{"status", "[deployment/alias]", "details of one connection, and what you can do next", inspectCommand("status")},
		{"diagnose", "[deployment/alias]", "find the root cause of a problem and propose a fix", inspectCommand("diagnose")},
	}
	for _, f := range changeForms() {
		all = append(all, subcommand{f.verb, f.args, f.does, formCommand(f)})
	}
	return append(all, []subcommand{
		{"history", "[deployment|alias]", "past requests: who asked, who decided, and how each ended", (*Handlers).historyCommand},
		{"policy", "", "who may make requests, and who has to approve them", (*Handlers).policyCommand},
		{"help", "", "show this", (*Handlers).helpCommand},
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
		return h.hint("There is nothing between the quotes. Put a name there, or leave them out."), nil
	}
	for i, word := range typed {
		for _, w := range subcommands() {
			if w.name == strings.ToLower(word) {
				if err := h.mayRead(ctx, c.User.ID); w.reads() && err != nil {
					return reply(h.say(ctx, err, textFormat{})), nil
				}
				return w.run(h, ctx, c, slices.Delete(slices.Clone(typed), i, i+1)), nil
			}
		}
	}
	return h.unknown(typed), nil
}

func (h *Handlers) helpCommand(context.Context, bot.Command, []string) bot.Answer {
	return reply(h.help())
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
	s := "There is no " + bot.Code(bot.Cut(mrkdwn.Clean(typed[at]), 40)) + "."
	if near != "" {
		others := slices.Delete(slices.Clone(typed), at, at+1)
		s += " Did you mean " + bot.Code(bot.Cut(mrkdwn.Clean(strings.Join(append([]string{h.o.Command, near}, others...), " ")), 150)) + "?"
	}
	return h.hint(s)
}

// help is written from the words, so that it can't forget one.
func (h *Handlers) help() string {
	out := []string{"*Connect Elasticsearch clusters, with approval*"}
	for _, w := range subcommands() {
		out = append(out, fmt.Sprintf("• %s  %s", bot.Code(strings.TrimSpace(h.o.Command+" "+w.name+" "+w.args)), w.does))
	}
	return strings.Join(append(append(out, whereToSee...), notHere...), "\n")
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
