package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestTheDemoOfSelfManagedClustersEndsWithASearch(t *testing.T) {
	var out bytes.Buffer
	cmd := root()
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"--self-managed"})
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{
		"The work waits for a person", "•••• (left out of this transcript)", "GET archive-dc:products-*/_search", "products-2025",
		"Connected and proven: 3 documents of archive-dc read from search-dc",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out.String())
		}
	}
}
