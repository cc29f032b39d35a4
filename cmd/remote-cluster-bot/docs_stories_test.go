package main

import (
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
	raw, err := os.ReadFile("../../docs/elastic-procedure.md")
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile("`([a-z0-9_*]+)`")
	rows := 0
	for line := range strings.Lines(string(raw)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if !strings.HasPrefix(line, "| ") || len(cells) != 3 || strings.Contains(cells[0], "the page") || strings.HasPrefix(strings.TrimSpace(cells[0]), "---") {
			continue
		}
		rows++
		stories := name.FindAllStringSubmatch(cells[2], -1)
		if len(stories) == 0 {
			t.Errorf("no story proves %q", cells[0])
		}
		for _, story := range stories {
			found, err := filepath.Glob("testdata/script/" + story[1] + ".txtar")
			if err != nil || len(found) == 0 {
				t.Errorf("%q names the story %s, which is not there", cells[0], story[1])
			}
		}
	}
	if rows < 14 {
		t.Errorf("the table has %d rows that can be read", rows)
	}
}
