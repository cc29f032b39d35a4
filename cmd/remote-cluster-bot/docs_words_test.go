package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestTroubleshootingQuotesTheBot: people search the page for what they read, so what it quotes in its first column as
// the bot's words has to be what some text in the code says. A … stands for what the text fills in.
func TestTroubleshootingQuotesTheBot(t *testing.T) {
	t.Parallel()
	said := textsInTheCode(t)
	quote := regexp.MustCompile(`"([^"]+)"`)
	found := 0
	for _, cells := range rowsOf(t, "../../docs/troubleshooting.md") {
		for _, m := range quote.FindAllStringSubmatch(cells[0], -1) {
			found++
			parts := strings.Split(m[1], "…")
			if !slices.ContainsFunc(said, func(text string) bool { return holds(text, parts) }) {
				t.Errorf("nothing in the code says %q", m[1])
			}
		}
	}
	if found < 15 {
		t.Errorf("only %d quotations were found", found)
	}
}

// holds reports whether all parts stand in text, one behind the other.
func holds(text string, parts []string) bool {
	for _, p := range parts {
		_, rest, ok := strings.Cut(text, strings.TrimSpace(p))
		if !ok {
			return false
		}
		text = rest
	}
	return true
}

// rowsOf returns the cells of all rows of a page's tables.
func rowsOf(t *testing.T, page string) [][]string {
	t.Helper()
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]string
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| ---") {
			all = append(all, strings.Split(strings.Trim(line, "| "), " | "))
		}
	}
	return all
}

// goFiles are those of the product, parsed.
func goFiles(t *testing.T, root string) []*ast.File {
	t.Helper()
	var all []*ast.File
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "sim") {
			return fs.SkipDir
		}
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		all = append(all, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// textsInTheCode are all strings of the product; one that is put together is one text.
func textsInTheCode(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, f := range goFiles(t, "../..") {
		ast.Inspect(f, func(n ast.Node) bool {
			switch v := n.(type) {
			case *ast.BinaryExpr:
				if v.Op == token.ADD {
					all = append(all, joined(v))
				}
			case *ast.BasicLit:
				all = append(all, joined(v))
			}
			return true
		})
	}
	return all
}

func joined(e ast.Expr) string {
	switch v := e.(type) {
	case *ast.BinaryExpr:
		return joined(v.X) + joined(v.Y)
	case *ast.BasicLit:
		if text, err := strconv.Unquote(v.Value); err == nil && v.Kind == token.STRING {
			return text
		}
	}
	return "\x00"
}

// TestEveryAlertSaysWhatToDo: each stands in docs/operations.md, and no other.
func TestEveryAlertSaysWhatToDo(t *testing.T) {
	t.Parallel()
	var told []string
	for _, cells := range rowsOf(t, "../../docs/operations.md") {
		if name := strings.Trim(cells[0], "`"); strings.HasPrefix(name, "RemoteClusterBot") && len(cells) == 2 && cells[1] != "" {
			told = append(told, name)
		}
	}
	var alerts []string
	for _, m := range regexp.MustCompile(`(?m)^ +- alert: (\w+)$`).FindAllSubmatch(deployed(t, "prometheus/alerts.yaml"), -1) {
		alerts = append(alerts, string(m[1]))
	}
	if len(alerts) == 0 || !slices.Equal(told, alerts) {
		t.Errorf("the docs tell of %v,\nand there are %v", told, alerts)
	}
}

// TestEveryStepIsExplained: docs/architecture.md says of each step what it does and how it is taken back.
func TestEveryStepIsExplained(t *testing.T) {
	t.Parallel()
	told := map[string]bool{}
	for _, cells := range rowsOf(t, "../../docs/architecture.md") {
		if len(cells) == 3 {
			told[strings.Trim(cells[0], "`")] = true
		}
	}
	steps := 0
	for _, f := range goFiles(t, "../../internal/link") {
		ast.Inspect(f, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok || len(v.Values) != 1 || !strings.HasPrefix(v.Names[0].Name, "Step") {
				return true
			}
			steps++
			if name := joined(v.Values[0]); !told[name] {
				t.Errorf("nothing is said of the step %s", name)
			}
			return true
		})
	}
	if steps < 15 {
		t.Errorf("only %d steps were found", steps)
	}
}

// TestTheTreeNamesEveryPackage: a folder of CONTRIBUTING's table stands for what lies below it.
func TestTheTreeNamesEveryPackage(t *testing.T) {
	t.Parallel()
	told := map[string]bool{}
	for _, cells := range rowsOf(t, "../../CONTRIBUTING.md") {
		for _, m := range regexp.MustCompile("`([a-z/-]+)`").FindAllStringSubmatch(cells[0], -1) {
			told[m[1]] = true
		}
	}
	files, err := filepath.Glob("../../*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, deeper := range []string{"../../*/*/*.go", "../../internal/*/*/*.go"} {
		more, err := filepath.Glob(deeper)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, more...)
	}
	if len(files) < 100 {
		t.Fatalf("only %d files were found", len(files))
	}
	missing := map[string]bool{}
	for _, f := range files {
		dir := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(f)), "../../")
		if parent, _, _ := strings.Cut(dir, "/"); !told[dir] && !told[parent] && !told[filepath.ToSlash(filepath.Dir(dir))] {
			missing[dir] = true
		}
	}
	for dir := range missing {
		t.Errorf("CONTRIBUTING's tree does not name %s", dir)
	}
}
