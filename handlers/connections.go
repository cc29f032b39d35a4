package handlers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// atOnce is how long a listing may take before what there is is shown.
const atOnce = 1800 * time.Millisecond

// known is how long a listing may take that somebody waits for to choose from: what was read before is enough.
const known = 700 * time.Millisecond

// finder finds connections and deployments by what people type.
type finder struct {
	connections Connections
	directory   Directory
	command     string
}

// choose finds the connection that words name, in any order: "logs-prod/metrics-eu", "metrics-eu logs-prod", an alias,
// or the name of either side. why says why there is not exactly one.
func (h *finder) whichConnection(ctx context.Context, args []string) (n link.Name, why string) {
	l := h.listWithin(ctx, known)
	found := matching(l.Connections, args)
	if len(found) == 0 && len(l.Missing)+len(l.Down) > 0 {
		l = h.listWithin(ctx, 3*time.Second)
		found = matching(l.Connections, args)
	}
	typed := "“" + bot.Cut(mrkdwn.Clean(strings.Join(args, " ")), 60) + "”"
	switch {
	case len(found) == 1:
		return found[0].Name(), ""
	case len(found) > 1:
		return n, mrkdwn.Plural(len(found), "connection", "connections") + " fit " + typed + ": choose one."
	}
	why = "There is no connection " + typed + "."
	if near := nearestConnection(l.Connections, args); near != "" {
		why += " Did you mean " + near + "?"
	}
	if len(l.Missing)+len(l.Down) > 0 {
		why += " Some clusters did not answer."
	}
	return n, why
}

// matching are the connections that all words fit.
func matching(all []inventory.Connection, args []string) []inventory.Connection {
	words := namesIn(args)
	fits := func(c inventory.Connection, word string) bool { return slices.Contains(connectionNames(c), word) }
	return slices.DeleteFunc(slices.Clone(all), func(c inventory.Connection) bool {
		return slices.ContainsFunc(words, func(w string) bool { return !fits(c, w) })
	})
}

// namesIn are the names that were typed: "a/b" are two.
func namesIn(args []string) []string {
	var words []string
	for _, a := range args {
		words = append(words, strings.FieldsFunc(strings.ToLower(a), func(r rune) bool { return r == '/' })...)
	}
	return words
}

// connectionNames are the words by which a connection may be called.
func connectionNames(c inventory.Connection) []string {
	words := []string{c.Alias, c.Local.Given(), c.Local.Deployment, c.Local.Platform}
	if c.Remote != nil {
		words = append(words, c.Remote.Given(), c.Remote.Deployment, c.Remote.Platform)
	}
	for i := range words {
		words[i] = strings.ToLower(words[i])
	}
	return words
}

// nearestConnection is the connection that was probably meant, if its names are near enough to what was typed, in
// whichever order.
func nearestConnection(all []inventory.Connection, args []string) string {
	best, found := nearEnough, ""
	for _, c := range all {
		edits := 0
		for _, word := range namesIn(args) {
			_, d := nearestOf(connectionNames(c), word)
			edits += d
		}
		if edits < best {
			best, found = edits, shortName(c)
		}
	}
	return found
}

// shortName is how people type a connection: "logs-prod/metrics-eu".
func shortName(c inventory.Connection) string {
	return cmp.Or(c.Local.Name, c.Local.Deployment) + "/" + c.Alias
}

func (h *finder) listWithin(ctx context.Context, d time.Duration) inventory.Listing {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return h.connections.List(ctx, "")
}

// suggestConnections lists the connections that fit what was typed.
func (h *finder) suggestConnections(ctx context.Context, s bot.Suggestion) (bot.Answer, error) {
	l := h.listWithin(ctx, known)
	out, room := options{Options: []*slack.OptionBlockObject{}}, newRoom()
	typed := strings.ToLower(strings.TrimSpace(s.Typed))
	for _, c := range l.Connections {
		if len(out.Options) == forms.MaxOptions || !strings.Contains(strings.ToLower(shortName(c)+" "+strings.Join(connectionNames(c), " ")), typed) {
			continue
		}
		if o, ok := connectionOption(c); ok {
			option := slack.NewOptionBlockObject(o.Value, mrkdwn.Plain(o.Text, mrkdwn.MaxOption), nil)
			if !room.take(option) {
				break
			}
			out.Options = append(out.Options, option)
		}
	}
	if n := len(l.Missing) + len(l.Down); n > 0 && len(out.Options) < forms.MaxOptions {
		out.Options = append(out.Options, slack.NewOptionBlockObject(forms.DownPrefix, mrkdwn.Plain(fmt.Sprintf("%d did not answer: the list is incomplete", n), mrkdwn.MaxOption), nil))
	}
	return bot.Answer{Body: out}, nil
}

func connectionOption(c inventory.Connection) (bot.Option, bool) {
	value := c.Name().String()
	if len(value) > mrkdwn.MaxValue {
		return bot.Option{}, false
	}
	text := shortName(c)
	if c.Remote != nil && c.Remote.Name != c.Alias {
		text += " → " + c.Remote.Name
	}
	return bot.Option{Value: value, Text: bot.Cut(mrkdwn.Clean(text), mrkdwn.MaxOption)}, true
}

// listed are the connections that fit some words: of the local clusters that they name, or else those that they name
// themselves, by alias or remote side. near is the name that was probably meant where nothing fits.
func (h *finder) listed(ctx context.Context, text string) (l inventory.Listing, near string) {
	l = h.connections.List(ctx, text)
	words := namesIn(strings.Fields(text))
	if len(words) == 0 || l.Asked > 0 {
		return l, ""
	}
	all := h.connections.List(ctx, "")
	if found := matching(all.Connections, words); len(found) > 0 {
		all.Connections = found
		return all, ""
	}
	names := h.deploymentNames(ctx)
	for _, c := range all.Connections {
		names = append(names, connectionNames(c)...)
	}
	for _, word := range words {
		if name, edits := nearestOf(names, word); edits > 0 && edits < nearEnough {
			return l, name
		}
	}
	return l, ""
}

// didYouMean names the command that was probably meant; empty where there is no guess.
func (h *finder) didYouMean(verb, near string) string {
	if near == "" {
		return ""
	}
	return ". Did you mean " + bot.Code(mrkdwn.Clean(h.command+" "+verb+" "+near)) + "?"
}

// distance is the number of edits between two words (Levenshtein).
func distance(a, b string) int {
	if len(a) > 40 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := before
			if a[i] != b[j] {
				d = 1 + min(before, row[j], row[j+1])
			}
			before, row[j+1] = row[j+1], d
		}
	}
	return row[len(b)]
}

// nearEnough is how many edits are too many for a guess.
const nearEnough = 4

// nearestOf is the name that is nearest to a word, and by how many edits. A word that would have to be typed anew is
// near to nothing.
func nearestOf(names []string, word string) (string, int) {
	const far = 1000
	best, found := far, ""
	for _, name := range names {
		if d := distance(word, name); d < best && d < len(word) {
			best, found = d, name
		}
	}
	return found, best
}

// deploymentNames are those of all platforms, in lower case, as far as they can be listed now.
func (h *finder) deploymentNames(ctx context.Context) []string {
	var names []string
	for _, d := range h.directory.Find(ctx, "", 0).Deployments {
		names = append(names, strings.ToLower(d.Given()))
	}
	return names
}
