package metrics_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestTheDocsListEveryMetric holds the table of docs/operations.md against the names and labels in this package.
func TestTheDocsListEveryMetric(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string][]string{}
	word := regexp.MustCompile("`([^`]+)`")
	for line := range strings.Lines(string(raw)) {
		cells := strings.Split(line, "|")
		if !strings.HasPrefix(line, "| `rcb_") || len(cells) != 5 {
			continue
		}
		var labels []string
		for _, m := range word.FindAllStringSubmatch(cells[2], -1) {
			labels = append(labels, m[1])
		}
		told[strings.Trim(cells[1], " `")] = labels
		if strings.TrimSpace(cells[3]) == "" {
			t.Errorf("the docs don't say what %s is", cells[1])
		}
	}
	served := metricsHere(t)
	if len(served) < 15 {
		t.Fatalf("only %d metrics were found in the code", len(served))
	}
	for name, labels := range served {
		got, ok := told[name]
		if !ok || !slices.Equal(got, labels) {
			t.Errorf("%s has the labels %v, and the docs (%t) say %v", name, labels, ok, got)
		}
	}
	for name := range told {
		if _, ok := served[name]; !ok {
			t.Errorf("the docs list %s, which is not served", name)
		}
	}
}

// metricsHere are the labels of all metrics by name, as this package's calls of prometheus.New… give them.
func metricsHere(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if name, labels := metricOf(call); name != "" {
					all[name] = labels
				}
			}
			return true
		})
	}
	return all
}

// metricOf reads one call; the name is empty if it makes no metric.
func metricOf(call *ast.CallExpr) (name string, labels []string) {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || !strings.HasPrefix(f.Sel.Name, "New") {
		return "", nil
	}
	for _, arg := range call.Args {
		ast.Inspect(arg, func(n ast.Node) bool {
			switch v := n.(type) {
			case *ast.CallExpr:
				return false // a metric of its own
			case *ast.BasicLit:
				if text, err := strconv.Unquote(v.Value); err == nil && strings.HasPrefix(text, "rcb_") && name == "" {
					name = text
				}
			case *ast.CompositeLit:
				labels = append(labels, labelsIn(v)...)
			}
			return true
		})
	}
	return name, labels
}

// labelsIn reads []string{"state"} and prometheus.Labels{"version": …}.
func labelsIn(list *ast.CompositeLit) []string {
	var all []string
	for _, e := range list.Elts {
		_, isList := list.Type.(*ast.ArrayType)
		if pair, ok := e.(*ast.KeyValueExpr); ok {
			e, isList = pair.Key, true
		}
		if text, ok := e.(*ast.BasicLit); ok && isList && text.Kind == token.STRING {
			if label, err := strconv.Unquote(text.Value); err == nil {
				all = append(all, label)
			}
		}
	}
	return all
}
