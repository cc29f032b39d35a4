package plaintext

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
)

var (
	markup = regexp.MustCompile(`<([^<>\n]+)>`)
	bold   = regexp.MustCompile(`(^|[^\w*])\*([^*\n]+)\*`)
	code   = regexp.MustCompile("`[^`]+`")
	emoji  = regexp.MustCompile(`:([a-z0-9_+-]+):`)
)

// emojis are those that chat-ops messages use; others stay as they are written.
var emojis = map[string]string{
	"white_check_mark": "✅", "heavy_check_mark": "✔", "x": "❌", "warning": "⚠", "hourglass_flowing_sand": "⏳",
	"hourglass": "⌛", "lock": "🔒", "unlock": "🔓", "rotating_light": "🚨", "link": "🔗", "key": "🔑", "eyes": "👀",
	"tada": "🎉", "no_entry": "⛔", "information_source": "ℹ", "white_circle": "○", "large_green_circle": "●",
	"leftwards_arrow_with_hook": "↩", "arrows_counterclockwise": "🔄", "mag": "🔍", "electric_plug": "🔌",
}

// Markup turns Slack's markup into what a reader sees: mentions by name, links as label (url), no asterisks.
func (r Reader) Markup(text string) string {
	text = markup.ReplaceAllStringFunc(text, func(found string) string { return r.reference(found[1 : len(found)-1]) })
	const star = "\x00" // asterisks in code are no markup
	text = code.ReplaceAllStringFunc(text, func(found string) string { return strings.ReplaceAll(found, "*", star) })
	text = strings.ReplaceAll(bold.ReplaceAllString(text, "$1$2"), star, "*")
	return withEmoji(unescape(text))
}

func unescape(text string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text)
}

func withEmoji(text string) string {
	return emoji.ReplaceAllStringFunc(text, func(found string) string { return cmp.Or(emojis[found[1:len(found)-1]], found) })
}

// reference is what stands between < and >.
func (r Reader) reference(inner string) string {
	what, label, labeled := strings.Cut(inner, "|")
	switch {
	case strings.HasPrefix(what, "@"):
		return "@" + r.User(what[1:])
	case strings.HasPrefix(what, "#"):
		return "#" + r.Channel(what[1:])
	case strings.HasPrefix(what, "!subteam^"):
		return "@" + r.Group(strings.TrimPrefix(what, "!subteam^"))
	case strings.HasPrefix(what, "!date^") && labeled:
		return label
	case strings.HasPrefix(what, "!"):
		return "@" + what[1:]
	case labeled && label != what:
		return label + " (" + what + ")"
	default:
		return what
	}
}

// text is a text object as read.
func (r Reader) text(o object) string {
	if field.Str(o, "type") == "mrkdwn" {
		return r.Markup(field.Str(o, "text"))
	}
	return withEmoji(field.Str(o, "text"))
}

// rich is rich_text as lines.
func (r Reader) rich(o object) string {
	var lines []string
	for _, e := range field.Objects(field.List(o, "elements")) {
		switch field.Str(e, "type") {
		case "rich_text_list":
			for i, item := range field.Objects(field.List(e, "elements")) {
				mark := "• "
				if field.Str(e, "style") == "ordered" {
					mark = strconv.Itoa(i+1) + ". "
				}
				lines = append(lines, mark+r.inline(item))
			}
		case "rich_text_quote":
			lines = append(lines, "> "+r.inline(e))
		case "rich_text_preformatted":
			lines = append(lines, Indent(r.inline(e), "    "))
		default:
			lines = append(lines, strings.TrimRight(r.inline(e), "\n"))
		}
	}
	return strings.Join(lines, "\n")
}

func (r Reader) inline(o object) string {
	var out strings.Builder
	for _, e := range field.Objects(field.List(o, "elements")) {
		switch field.Str(e, "type") {
		case "text":
			out.WriteString(field.Str(e, "text"))
		case "link":
			out.WriteString(r.reference(field.Str(e, "url") + "|" + cmp.Or(field.Str(e, "text"), field.Str(e, "url"))))
		case "user":
			out.WriteString("@" + r.User(field.Str(e, "user_id")))
		case "usergroup":
			out.WriteString("@" + r.Group(field.Str(e, "usergroup_id")))
		case "channel":
			out.WriteString("#" + r.Channel(field.Str(e, "channel_id")))
		case "broadcast":
			out.WriteString("@" + field.Str(e, "range"))
		case "emoji":
			out.WriteString(withEmoji(":" + field.Str(e, "name") + ":"))
		case "date":
			out.WriteString(cmp.Or(field.Str(e, "fallback"), field.Str(e, "format")))
		case "color":
			out.WriteString(field.Str(e, "value"))
		}
	}
	return out.String()
}

// Indent puts something before each line.
func Indent(text, by string) string {
	return by + strings.ReplaceAll(text, "\n", "\n"+by)
}
