package main

import (
	"encoding/json"
	"go/ast"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// deadPhrases read like translated English. They are kept out.
var deadPhrases = regexp.MustCompile(`(?i)\b(` + strings.Join([]string{
	`nothing is the matter`, `what is the matter`, `mend it`, `mend what`, `taken back`, `takes? (all|everything) back`,
	`whoever`, `shut out`, `shuts? .{1,20} out`, `hand it in`, `handed in`, `what it wants`, `of its own accord`,
	`trouble of its own`, `wants elevated`, `by whom`, `has to be mended`, `people decide`, `only people know`,
	`a person can know`, `nobody but a person`, `is in place, says`, `ran out before`, `looked after`, `beside the connection`,
	`is proven beside`, `as it was approved`, `shows? it to nobody`, `shows nobody`, `made anew`, `connect anew`,
	`left alone`, `goes on trusting`, `goes too`, `it is meant`, `lock(s|ed)? everybody`, `lets? everybody`,
	`the world has moved`, `our fault`, `the bot's memory`, `counts once`, `have it withdrawn`,
}, "|") + `)\b`)

// TestNoTextHasADeadPhrase: what people read is plain English, in the code, the stories, the documents and what is
// deployed.
func TestNoTextHasADeadPhrase(t *testing.T) {
	t.Parallel()
	read := 0
	for _, text := range textsInTheCode(t) {
		read++
		if m := deadPhrases.FindString(text); m != "" {
			t.Errorf("%q in the text %q", m, text)
		}
	}
	for _, dir := range []string{"testdata/script", "../../docs", "../../deploy"} {
		for name, text := range textFiles(t, dir) {
			read++
			for line := range strings.Lines(text) {
				if m := deadPhrases.FindString(line); m != "" {
					t.Errorf("%s: %q in %s", name, m, line)
				}
			}
		}
	}
	if read < 2000 {
		t.Errorf("only %d texts were read", read)
	}
}

// textFiles are the stories, the pages and what is deployed below dir.
func textFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		switch filepath.Ext(path) {
		case ".txtar", ".md", ".yaml", ".json", ".tpl", ".txt":
			raw, err := os.ReadFile(path)
			all[path] = string(raw)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

const maxWords = 25

// TestNoSentenceInSlackIsLong: nobody reads a long sentence on a phone.
func TestNoSentenceInSlackIsLong(t *testing.T) {
	t.Parallel()
	read := 0
	check := func(where, text string) {
		read++
		for _, s := range sentences(text) {
			if n := len(strings.Fields(s)); n > maxWords {
				t.Errorf("%s: %d words: %s", where, n, s)
			}
		}
	}
	for _, dir := range []string{"handlers", "internal/link", "internal/change", "internal/policy", "internal/elastic"} {
		for _, f := range goFiles(t, "../../"+dir) {
			ast.Inspect(f, func(n ast.Node) bool {
				switch v := n.(type) {
				case *ast.BinaryExpr:
					if v.Op == token.ADD {
						check(dir, strings.ReplaceAll(joined(v), "\x00", "…"))
						return false
					}
				case *ast.BasicLit:
					check(dir, strings.ReplaceAll(joined(v), "\x00", ""))
				}
				return true
			})
		}
	}
	for _, dir := range []string{"../../handlers/testdata", "../../handlers/notify/testdata", "../../handlers/monitor/testdata"} {
		for name, raw := range textFiles(t, dir) {
			if strings.Contains(name, "nasty") { // of names that somebody made up to break a message
				continue
			}
			var doc any
			if err := json.Unmarshal([]byte(raw), &doc); err != nil {
				t.Fatal(name, err)
			}
			blockTexts(doc, func(text string) { check(name, text) })
		}
	}
	if read < 2000 {
		t.Errorf("only %d texts were read", read)
	}
}

var (
	codeShown   = regexp.MustCompile("(?s)```.*?```|`[^`]*`|<[^>]*>")
	sentenceEnd = regexp.MustCompile(`[.!?](\s|_|\*|$)|\n|\\n|·|• | \| `)
)

// sentences are those of a text, without code.
func sentences(text string) []string {
	return sentenceEnd.Split(codeShown.ReplaceAllString(text, "x"), -1)
}

// blockTexts are the texts of blocks. The summary of a card, which repeats its fields, is outside of them.
func blockTexts(doc any, each func(string)) {
	switch v := doc.(type) {
	case []any:
		for _, x := range v {
			blockTexts(x, each)
		}
	case map[string]any:
		for key, x := range v {
			if s, ok := x.(string); ok && key == "text" && v["type"] != nil {
				each(s)
			}
			blockTexts(x, each)
		}
	}
}
