// Package mrkdwn writes text for Slack: it makes outside text fit for markup, and builds the small blocks that carry it.
package mrkdwn

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
)

// Lengths in Unicode code points, from Slack's Block Kit reference, unless they are our own taste.
const (
	MaxText    = 3000 // of a section
	maxPart    = 2600 // of a part of a long text in one block; ours
	MaxHeader  = 150
	MaxOption  = 75
	MaxValue   = 150  // of an option
	MaxSummary = 3500 // of a message's text: chat.update refuses more than 4000
	MaxName    = 120  // of a name in a sentence; ours
	MaxTold    = 600  // of a reason, a finding, a cause; ours
	MaxWhy     = 1200 // of why a change failed, with what to do; ours
	maxPeople  = 8    // users named one by one; ours
)

// Markup is a text object in Slack's mrkdwn. Verbatim keeps Slack from turning bare names and addresses that came
// from outside into links and mentions; what we write as <@…> still works.
func Markup(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, s, false, true)
}

// Plain is a text object without markup, cut to limit. Emoji stay as they were typed.
func Plain(s string, limit int) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, bot.Cut(Clean(s), limit), false, false)
}

// Section is a block of markup.
func Section(s string) slack.Block { return slack.NewSectionBlock(Markup(s), nil, nil) }

// Small is a block of small, grey markup.
func Small(s string) slack.Block { return slack.NewContextBlock("", Markup(s)) }

// Button is a button with a label.
func Button(action, value, label string) *slack.ButtonBlockElement {
	return slack.NewButtonBlockElement(action, value, Plain(label, MaxOption))
}

// Confirm is the question that Slack asks before a button counts.
func Confirm(title, text, yes string, style slack.Style) *slack.ConfirmationBlockObject {
	return slack.NewConfirmationBlockObject(Plain(title, 100), Plain(text, 300), Plain(yes, 30), Plain("Cancel", 30)).WithStyle(style)
}

// Clean turns line breaks, control characters and characters that change the direction of reading into spaces, so that
// outside text can't fake a line of ours. It is for markup and plain text alike, where bot.Escape is for markup alone.
func Clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
	if s = strings.Join(strings.Fields(s), " "); s == "" {
		return "–"
	}
	return s
}

// Line makes one line of outside text fit for markup: cleaned, escaped, and with its escapes no longer than limit. Emoji and
// bold, by which a name in it could look like the bot's own word about a state, show as they are written.
func Line(s string, limit int) string {
	s = withoutEmoji(Clean(s))
	s = boldText.ReplaceAllStringFunc(s, func(bold string) string { return strings.ReplaceAll(bold, "*", "∗") })
	return Escape(s, limit)
}

// Named is a line that is a name which somebody has typed: without anything that Slack would take for markup.
func Named(s string, limit int) string {
	return Escape(strings.NewReplacer("*", "∗", "`", "ˋ").Replace(withoutEmoji(Clean(s))), limit)
}

func withoutEmoji(s string) string {
	return emojiCode.ReplaceAllStringFunc(s, func(code string) string {
		if _, err := strconv.Atoi(strings.Trim(code, ":")); err == nil && len(code) == len(":00:") { // in the middle of a time
			return code
		}
		return ": " + code[1:]
	})
}

var (
	// emojiCode is what Slack shows as an emoji.
	emojiCode = regexp.MustCompile(`:[\p{L}\p{N}_+'-]+:`)
	// boldText is what it shows as bold: the first asterisk begins a word. Those of metrics-* and of expressions don't.
	boldText = regexp.MustCompile(`(?:^|[\s\p{Ps}\p{Pi}"':,;>])\*[^\s*][^*]*\*`)
)

// Verbatim is one line of outside text whose every character counts, such as index patterns: what Slack would take for
// bold, italics or an emoji is set as code.
func Verbatim(s string, limit int) string {
	s = Clean(s)
	if strings.ContainsAny(s, "*_~`") || emojiCode.MatchString(s) {
		return "`" + bot.Cut(strings.Trim(bot.Code(s), "`"), limit) + "`"
	}
	return bot.Cut(bot.Escape(s), limit)
}

// Words is Verbatim for a sentence: only those of its words are set as code that Slack would take for markup.
func Words(s string, limit int) string {
	words := strings.Fields(Clean(s))
	for i, word := range words {
		core := strings.TrimRight(strings.TrimLeft(word, "("), ":;,.)")
		before, after, _ := strings.Cut(word, core)
		words[i] = before + Verbatim(core, limit) + after
	}
	return Within(" ", limit, words...)
}

// Escape makes outside text of several lines fit for markup; its escapes count towards limit.
func Escape(s string, limit int) string { return bot.Cut(bot.Escape(s), limit) }

// Typed is what a person typed, on one line, as theirs: in quotation marks, and without markup, so that they can't look
// like the bot's own.
func Typed(s string, limit int) string { return "“" + Verbatim(s, limit-2) + "”" }

// Quote is outside text of several lines, each behind the mark of a quotation and without markup.
func Quote(s string, limit int) string {
	var out []string
	for part := range strings.SplitSeq(strings.TrimSpace(s), "\n") {
		if strings.TrimSpace(part) != "" {
			out = append(out, Verbatim(part, limit))
		}
		if len(out) == 6 {
			break
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "> " + Within("\n> ", limit, out...)
}

// Within joins as many of the parts as fit into limit, and says if some had to stay out.
func Within(sep string, limit int, parts ...string) string {
	const more = "…"
	var b strings.Builder
	room := limit - utf8.RuneCountInString(sep+more)
	for i, p := range parts {
		n := utf8.RuneCountInString(p)
		if i > 0 {
			n += utf8.RuneCountInString(sep)
		}
		if n > room {
			if i > 0 {
				b.WriteString(sep)
			}
			b.WriteString(more)
			break
		}
		room -= n
		if i > 0 {
			b.WriteString(sep)
		}
		b.WriteString(p)
	}
	return b.String()
}

// Pages joins lines, none longer than maxText, into as few texts of at most maxText as it takes.
func Pages(lines []string) []string {
	var out []string
	for _, p := range lines {
		if last := len(out) - 1; last >= 0 && utf8.RuneCountInString(out[last]+"\n"+p) <= MaxText {
			out[last] += "\n" + p
		} else {
			out = append(out, p)
		}
	}
	return out
}

// Chunks splits outside text so that the escapes of each part are no longer than maxPart; nothing is left out.
func Chunks(s string) []string {
	var out []string
	var b strings.Builder
	n := 0
	for _, r := range s {
		size := utf8.RuneCountInString(bot.Escape(string(r))) + 1 // Escape may put a joiner in
		if n+size > maxPart {
			out = append(out, b.String())
			b.Reset()
			n = 0
		}
		b.WriteRune(r)
		n += size
	}
	return append(out, b.String())
}

// SlackID is the form of Slack's ids.
var SlackID = regexp.MustCompile(`^[A-Z0-9]{2,40}$`)

// User mentions a user; what is not a user's id is shown as text.
func User(id string) string {
	if !SlackID.MatchString(id) {
		return Line(id, 40)
	}
	return "<@" + id + ">"
}

// Channel links a channel; what is not the id of one is shown as text.
func Channel(id string) string {
	if !SlackID.MatchString(id) {
		return Line(id, 40)
	}
	return "<#" + id + ">"
}

// Users are users in one sentence, the last behind the word last; more than a few are counted.
func Users(ids []string, last string) string {
	out := make([]string, 0, maxPeople)
	for i, id := range ids {
		if i == maxPeople {
			out = append(out, fmt.Sprintf("%d more", len(ids)-i))
			break
		}
		out = append(out, User(id))
	}
	if n := len(out) - 1; n > 0 {
		return strings.Join(out[:n], ", ") + " " + last + " " + out[n]
	}
	return strings.Join(out, "")
}

// When is a moment that Slack shows in the reader's own time zone.
func When(t time.Time) string {
	return fmt.Sprintf("<!date^%d^{date_short_pretty} {time}|%s>", t.Unix(), t.UTC().Format("2 Jan 15:04 UTC"))
}

// Took is a duration for people.
func Took(d time.Duration) string {
	switch {
	case d < 0:
		return ""
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	default:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
}

// Plural is a number with its noun.
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Upper gives a sentence a capital. A first word that is more than letters is a name or a pattern, and stays as it is.
func Upper(s string) string {
	first, _, _ := strings.Cut(s, " ")
	if strings.ContainsFunc(strings.TrimRight(first, ",."), func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' }) {
		return s
	}
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

// Link is a link in markup; what is no address of the web stays text.
func Link(address, label string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || strings.ContainsAny(address, "<>| \n") {
		return Line(label, 150)
	}
	return "<" + bot.Escape(u.String()) + "|" + strings.ReplaceAll(Line(label, 150), "|", "/") + ">"
}

// CodeBlock sets outside text as code of several lines.
func CodeBlock(s string, limit int) string {
	s = strings.ReplaceAll(strings.TrimSpace(s), "```", "'''")
	return "```" + Escape(s, limit-6) + "```"
}

// Message is a message of one text.
func Message(say string) bot.Message {
	return bot.Message{Text: say, Blocks: []slack.Block{Section(say)}}
}
