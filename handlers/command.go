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
	return []subcommand{
		{"connect", "[local] to [remote] as [alias] for [2 weeks]", "connect a local cluster to a remote one, for a time or without an end; deployments by name or id, or chosen in the form", (*Handlers).connectCommand},
		{"list", "[platform or deployment]", "all remote connections of all local clusters, and how they stand", (*Handlers).listCommand},
		{"map", "[deployment]", "a picture of who reads whom, coloured by how it stands", (*Handlers).mapCommand},
		{"status", "[deployment/alias]", "everything about one connection, and what can be done next", inspectCommand("status")},
		{"diagnose", "[deployment/alias]", "what is the matter with a connection, and how to mend it", inspectCommand("diagnose")},
		{"rotate", "[deployment/alias]", "a new key in place of the old one, without a failed search", formCommand("rotate")},
		{"update", "[deployment/alias]", "change what a connection's key may read, or its settings; add a role or a network filter", formCommand("update")},
		{"extend", "[deployment/alias] until [2026-12-24]", "give a connection another end, or none", formCommand("extend")},
		{"disconnect", "[deployment/alias]", "end a connection and remove its key", formCommand("disconnect")},
		{"migrate", "[deployment/alias]", "from TLS certificates to API keys, one alias or all of a deployment", formCommand("migrate")},
		{"adopt", "[deployment/alias]", "take a connection that was made by hand under management", formCommand("adopt")},
		{"history", "[deployment|alias]", "what was asked for, who decided what, and how it ended", (*Handlers).historyCommand},
		{"policy", "", "who may ask, and who has to approve", (*Handlers).policyCommand},
		{"help", "", "show this", (*Handlers).helpCommand},
	}
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
		return h.hint("There is nothing between the quotes: put a name there, or leave them out."), nil
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
	out := []string{"*Connect Elasticsearch clusters, with others' approval*"}
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
