package workspace

import (
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

// mrkdwn turns Slack's markup into what a reader sees: mentions by name, links as label (url), no asterisks.
func (s State) mrkdwn(text string) string {
	text = markup.ReplaceAllStringFunc(text, func(found string) string { return s.reference(found[1 : len(found)-1]) })
	const star = "\x00" // asterisks in code are no markup
	text = code.ReplaceAllStringFunc(text, func(found string) string { return strings.ReplaceAll(found, "*", star) })
	text = strings.ReplaceAll(bold.ReplaceAllString(text, "$1$2"), star, "*")
	return withEmoji(unescape(text))
}

func unescape(text string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text)
}

func withEmoji(text string) string {
	return emoji.ReplaceAllStringFunc(text, func(found string) string { return orElse(emojis[found[1:len(found)-1]], found) })
}

// reference is what stands between < and >.
func (s State) reference(inner string) string {
	what, label, labelled := strings.Cut(inner, "|")
	switch {
	case strings.HasPrefix(what, "@"):
		return "@" + s.userName(what[1:])
	case strings.HasPrefix(what, "#"):
		return "#" + s.channelName(what[1:])
	case strings.HasPrefix(what, "!subteam^"):
		return "@" + s.groupName(strings.TrimPrefix(what, "!subteam^"))
	case strings.HasPrefix(what, "!date^") && labelled:
		return label
	case strings.HasPrefix(what, "!"):
		return "@" + what[1:]
	case labelled && label != what:
		return label + " (" + what + ")"
	default:
		return what
	}
}

func (s State) userName(id string) string {
	for _, p := range s.Users {
		if p.ID == id {
			return p.Handle
		}
	}
	return id
}

func (s State) channelName(id string) string {
	for _, c := range s.Channels {
		if c.ID == id {
			return orElse(c.Name, "direct message")
		}
	}
	return id
}

func (s State) groupName(id string) string {
	for _, g := range s.Groups {
		if g.ID == id {
			return g.Handle
		}
	}
	return id
}

// text is a text object as read.
func (s State) text(o object) string {
	if field.Str(o, "type") == "mrkdwn" {
		return s.mrkdwn(field.Str(o, "text"))
	}
	return withEmoji(field.Str(o, "text"))
}

// rich is rich_text as lines.
func (s State) rich(o object) string {
	var lines []string
	for _, e := range field.Objects(field.List(o, "elements")) {
		switch field.Str(e, "type") {
		case "rich_text_list":
			for i, item := range field.Objects(field.List(e, "elements")) {
				mark := "• "
				if field.Str(e, "style") == "ordered" {
					mark = strconv.Itoa(i+1) + ". "
				}
				lines = append(lines, mark+s.inline(item))
			}
		case "rich_text_quote":
			lines = append(lines, "> "+s.inline(e))
		case "rich_text_preformatted":
			lines = append(lines, indent(s.inline(e), "    "))
		default:
			lines = append(lines, strings.TrimRight(s.inline(e), "\n"))
		}
	}
	return strings.Join(lines, "\n")
}

func (s State) inline(o object) string {
	var out strings.Builder
	for _, e := range field.Objects(field.List(o, "elements")) {
		switch field.Str(e, "type") {
		case "text":
			out.WriteString(field.Str(e, "text"))
		case "link":
			out.WriteString(s.reference(field.Str(e, "url") + "|" + orElse(field.Str(e, "text"), field.Str(e, "url"))))
		case "user":
			out.WriteString("@" + s.userName(field.Str(e, "user_id")))
		case "usergroup":
			out.WriteString("@" + s.groupName(field.Str(e, "usergroup_id")))
		case "channel":
			out.WriteString("#" + s.channelName(field.Str(e, "channel_id")))
		case "broadcast":
			out.WriteString("@" + field.Str(e, "range"))
		case "emoji":
			out.WriteString(withEmoji(":" + field.Str(e, "name") + ":"))
		case "date":
			out.WriteString(orElse(field.Str(e, "fallback"), field.Str(e, "format")))
		case "color":
			out.WriteString(field.Str(e, "value"))
		}
	}
	return out.String()
}

func indent(text, by string) string {
	return by + strings.ReplaceAll(text, "\n", "\n"+by)
}
