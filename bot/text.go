package bot

import (
	"strings"
	"unicode/utf8"
)

// Escape makes text from outside safe in mrkdwn: no mention, link or markup of Slack's comes out of it, and no
// character that hides or reorders what people read. It is not idempotent: & becomes &amp; every time.
// Slack's docs: "Formatting message text", escaping text.
func Escape(s string) string {
	var b strings.Builder
	b.Grow(len(s) + len(s)/8)
	for i, r := range s {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '@' && callsEveryone(s[i+1:]):
			b.WriteString("@" + wordJoiner)
		case hidden(r):
		default:
			b.WriteRune(r) // an invalid byte comes as U+FFFD
		}
	}
	return b.String()
}

// wordJoiner is not seen and keeps "@here" from being the word that Slack may turn into a mention where names
// are linked.
const wordJoiner = "\u2060"

func callsEveryone(rest string) bool {
	for _, word := range [...]string{"here", "channel", "everyone", "group"} {
		if len(rest) >= len(word) && strings.EqualFold(rest[:len(word)], word) {
			return true
		}
	}
	return false
}

// hidden tells of characters that nobody sees and that change what everybody sees: controls but newline and
// tab, bidirectional marks and overrides, line separators, tags, byte order marks. Joiners (U+200C, U+200D) stay:
// names and emoji are written with them.
func hidden(r rune) bool {
	switch {
	case r == '\n', r == '\t':
		return false
	case r < 0x20, r >= 0x7f && r <= 0x9f:
		return true
	case r == 0x061c, r == 0x200b, r == 0x200e, r == 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f,
		r == 0xfeff, r >= 0xfff9 && r <= 0xfffb, r >= 0xe0000 && r <= 0xe007f:
		return true
	}
	return false
}

// Cut shortens s to at most limit code points, the last of them an ellipsis. It never leaves half of an escaped
// character ("&am") or of a mention or link ("<@U0"), so it may be used on what Escape returned.
func Cut(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	if limit <= 0 {
		return ""
	}
	keep := 0 // bytes of the first limit-1 code points
	for range limit - 1 {
		_, size := utf8.DecodeRuneInString(s[keep:])
		keep += size
	}
	head := s[:keep]
	if open := strings.LastIndexByte(head, '<'); open >= 0 && !strings.Contains(head[open:], ">") {
		head = head[:open]
	}
	const longest = len("&amp;")
	if amp := strings.LastIndexByte(head, '&'); amp >= 0 && len(head)-amp < longest && !strings.Contains(head[amp:], ";") {
		head = head[:amp]
	}
	return head + "…"
}

// Code shows s as inline code, on one line. s is escaped; backticks become a look-alike, as Slack knows no way
// to have one inside code.
func Code(s string) string {
	s = strings.Join(strings.FieldsFunc(Escape(s), func(r rune) bool { return r == '\n' || r == '\t' }), " ")
	s = strings.ReplaceAll(s, "`", "ˋ")
	if strings.TrimSpace(s) == "" {
		return "` `"
	}
	return "`" + s + "`"
}
