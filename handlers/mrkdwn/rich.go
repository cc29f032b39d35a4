package mrkdwn

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"

	"github.com/slack-go/slack"
)

// Cell is one cell of a data table, made of markup: those cells know rich text and no markup.
func Cell(markup string) *slack.DataTableRichTextCell {
	return slack.NewDataTableRichTextCell(slack.NewRichTextSection(rich(cmp.Or(markup, "–"), slack.RichTextSectionTextStyle{})...))
}

// Heads are the cells of a table's first row, which are plain text.
func Heads(names ...string) []slack.DataTableCell {
	cells := make([]slack.DataTableCell, 0, len(names))
	for _, name := range names {
		cells = append(cells, slack.NewDataTableRawTextCell(name))
	}
	return cells
}

// markupParts are what the bot writes as markup: code, bold and struck text, a user, a user group, a channel, a moment, a
// link, an emoji. The sign of bold or struck text begins a word: those of metrics-* do not.
var markupParts = regexp.MustCompile("`([^`]+)`" +
	`|(^|[\s(])(?:\*([^*\s][^*\n]*)\*|~([^~\s][^~\n]*)~)` +
	`|<@([A-Z0-9]+)>|<!subteam\^([A-Z0-9]+)>|<#([A-Z0-9]+)>|<!date\^(\d+)\^([^|>]*)\|([^>]*)>|<(https?://[^|>]+)\|([^>]*)>|:([a-z][a-z0-9_+-]*):`)

var unescape = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// rich is markup as rich text.
func rich(s string, style slack.RichTextSectionTextStyle) []slack.RichTextSectionElement {
	var out []slack.RichTextSectionElement
	from := 0
	for _, m := range markupParts.FindAllStringSubmatchIndex(s, -1) {
		at := func(group int) string {
			if m[2*group] < 0 {
				return ""
			}
			return s[m[2*group]:m[2*group+1]]
		}
		out = append(out, richWords(s[from:m[0]]+at(2), style)...)
		out = append(out, richPart(at, style)...)
		from = m[1]
	}
	return append(out, richWords(s[from:], style)...)
}

func richWords(s string, style slack.RichTextSectionTextStyle) []slack.RichTextSectionElement {
	if s == "" {
		return nil
	}
	return []slack.RichTextSectionElement{slack.NewRichTextSectionTextElement(unescape.Replace(s), styled(style))}
}

// richPart is one match of markupParts.
func richPart(at func(group int) string, style slack.RichTextSectionTextStyle) []slack.RichTextSectionElement {
	var one slack.RichTextSectionElement
	switch {
	case at(1) != "":
		style.Code = true
		return richWords(at(1), style)
	case at(3) != "":
		style.Bold = true
		return rich(at(3), style)
	case at(4) != "":
		style.Strike = true
		return rich(at(4), style)
	case at(5) != "":
		one = slack.NewRichTextSectionUserElement(at(5), styled(style))
	case at(6) != "":
		one = slack.NewRichTextSectionUserGroupElement(at(6))
	case at(7) != "":
		one = slack.NewRichTextSectionChannelElement(at(7), styled(style))
	case at(8) != "":
		seconds, _ := strconv.ParseInt(at(8), 10, 64) // digits, as the expression says
		fallback := at(10)
		one = slack.NewRichTextSectionDateElement(seconds, at(9), nil, &fallback)
	case at(11) != "":
		one = slack.NewRichTextSectionLinkElement(unescape.Replace(at(11)), unescape.Replace(at(12)), styled(style))
	default:
		one = slack.NewRichTextSectionEmojiElement(at(13), 0, styled(style))
	}
	return []slack.RichTextSectionElement{one}
}

func styled(style slack.RichTextSectionTextStyle) *slack.RichTextSectionTextStyle {
	if style == (slack.RichTextSectionTextStyle{}) {
		return nil
	}
	return &style
}
