package bot

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEscapeLeavesNothingThatActs(t *testing.T) {
	cases := map[string]string{
		"a & b":                   "a &amp; b",
		"<!channel> <@U1|x>":      "&lt;!channel&gt; &lt;@U1|x&gt;",
		"<https://evil|bank.com>": "&lt;https://evil|bank.com&gt;",
		"@here @Channel a@b.com":  "@\u2060here @\u2060Channel a@b.com",
		"line\nand\ttab":          "line\nand\ttab",
		"bell\a nul\x00 esc\x1b":  "bell nul esc",
		"in\u202ereverse\u2066":   "inreverse",
		"zero\u200bwidth\ufeff":   "zerowidth",
		"broken \xff byte":        "broken \ufffd byte",
		"häßlich 日本":              "häßlich 日本",
		"a\u2028b":                "ab",
		"👩\u200d🚒":                "👩\u200d🚒",
	}
	for in, want := range cases {
		if got := Escape(in); got != want {
			t.Errorf("%q became %q, not %q", in, got, want)
		}
	}
}

func TestCutLeavesNoHalves(t *testing.T) {
	cases := []struct {
		in    string
		limit int
		want  string
	}{
		{"short", 5, "short"},
		{"longer", 5, "long…"},
		{"日本語日本語", 4, "日本語…"},
		{"abc", 1, "…"},
		{"abc", 0, ""},
		{"abc", -1, ""},
		{"ab&amp;cd", 5, "ab…"},
		{"ab&amp;cd", 8, "ab&amp;…"},
		{"R&D departments", 8, "R&D dep…"},
		{"hello <@U12345> there", 10, "hello …"},
		{"hello <@U12345> there", 18, "hello <@U12345> t…"},
	}
	for _, c := range cases {
		if got := Cut(c.in, c.limit); got != c.want {
			t.Errorf("%q cut to %d is %q, not %q", c.in, c.limit, got, c.want)
		}
	}
}

func TestCodeStaysCode(t *testing.T) {
	cases := map[string]string{
		"prod":         "`prod`",
		"a`b":          "`aˋb`",
		"two\n\nlines": "`two lines`",
		"":             "` `",
		"\n":           "` `",
		"<@U1>":        "`&lt;@U1&gt;`",
	}
	for in, want := range cases {
		if got := Code(in); got != want {
			t.Errorf("%q became %q, not %q", in, got, want)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("a <b> & `c` @here \u202e", 5)
	f.Add("&amp;&lt;", 3)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		escaped := Escape(s)
		if strings.ContainsAny(escaped, "<>\x00\u202e") || !utf8.ValidString(escaped) {
			t.Errorf("escaped: %q", escaped)
		}
		cut := Cut(escaped, limit)
		if n := utf8.RuneCountInString(cut); n > max(limit, 0) && cut != escaped {
			t.Errorf("%d of %d characters", n, limit)
		}
		if code := Code(s); strings.Count(code, "`") != 2 || strings.ContainsAny(code, "<>\n") {
			t.Errorf("code: %q", code)
		}
	})
}
