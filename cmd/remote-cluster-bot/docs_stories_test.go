package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheProcedureIsProvenByStories reads the table of docs/elastic-procedure.md: each row names stories, and each story
// that it names is there. A name may hold a *.
func TestTheProcedureIsProvenByStories(t *testing.T) {
	t.Parallel()
	rows := proofs(t, "elastic-procedure.md", "", 3)
	for of, names := range rows {
		for _, story := range names {
			found, err := filepath.Glob("testdata/script/" + story + ".txtar")
			if err != nil || len(found) == 0 {
				t.Errorf("%q names the story %s, which is not there", of, story)
			}
		}
	}
	if len(rows) < 14 {
		t.Errorf("the table has %d rows that can be read", len(rows))
	}
}

// TestWhatHoldsIsProven likewise, by stories and tests, for docs/security.md.
func TestWhatHoldsIsProven(t *testing.T) {
	t.Parallel()
	there := everyTest(t)
	rows := proofs(t, "security.md", "## What the tests prove", 4)
	for of, names := range rows {
		for _, name := range names {
			if !there[name] {
				t.Errorf("%q names %s, which is not there", of, name)
			}
		}
	}
	if len(rows) < 24 {
		t.Errorf("the table has %d rows that can be read", len(rows))
	}
}

// proofs reads a table of a page, from a heading on: the names in the last cell of each row, by its first.
func proofs(t *testing.T, page, from string, columns int) map[string][]string {
	t.Helper()
	raw, err := os.ReadFile("../../docs/" + page)
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(raw), from)
	if !found {
		t.Fatalf("%s has no %q", page, from)
	}
	name := regexp.MustCompile("`([A-Za-z0-9_*]+)`")
	rows := map[string][]string{}
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		first := strings.TrimSpace(cells[0])
		if !strings.HasPrefix(line, "| ") || len(cells) != columns || first == "" || strings.Contains(first, "the page") || strings.HasPrefix(first, "---") {
			continue
		}
		for _, m := range name.FindAllStringSubmatch(cells[columns-1], -1) {
			rows[first] = append(rows[first], m[1])
		}
		if len(rows[first]) == 0 {
			t.Errorf("nothing proves %q", first)
		}
	}
	return rows
}

// everyTest are the names of all stories and of all tests of Go.
func everyTest(t *testing.T) map[string]bool {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	all := map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && (name == ".git" || name == "node_modules" || name == "out"):
			return filepath.SkipDir
		case strings.HasSuffix(name, ".txtar"):
			all[strings.TrimSuffix(name, ".txtar")] = true
		case strings.HasSuffix(name, "_test.go"):
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, m := range declared.FindAllSubmatch(text, -1) {
				all[string(m[1])] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
