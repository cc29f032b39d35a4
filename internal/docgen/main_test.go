package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
)

func TestTheReferenceIsFresh(t *testing.T) {
	t.Parallel()
	files, err := generate("../config")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("../../docs", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("docs/%s does not say what the code says: run make docs", name)
		}
	}
}

func TestSentencesLeaveTheGoNameOut(t *testing.T) {
	t.Parallel()
	for comment, want := range map[string]string{
		"Mode is how Slack is met.":       "How Slack is met.",
		"Mode are two words.":             "Two words.",
		"Mode says when it begins.":       "When it begins.",
		"Mode says that anybody may ask.": "Whether anybody may ask.",
	} {
		if got, err := sentence(comment, "Mode"); err != nil || got != want {
			t.Errorf("%q becomes %q (%v), want %q", comment, got, err, want)
		}
	}
	for _, comment := range []string{"", "Modes are two.", "Mode encrypts it."} {
		if got, err := sentence(comment, "Mode"); err == nil {
			t.Errorf("%q passes, as %q", comment, got)
		}
	}
}

// TestTheSchemaKnowsTheExample walks the example through the schema: every field of it is there.
func TestTheSchemaKnowsTheExample(t *testing.T) {
	t.Parallel()
	files, err := generate("../config")
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	var example any
	if err := json.Unmarshal(files["config.schema.json"], &schema); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(config.Example, &example); err != nil {
		t.Fatal(err)
	}
	walk(t, "", schema, example)
}

func walk(t *testing.T, path string, schema map[string]any, value any) {
	t.Helper()
	switch v := value.(type) {
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		if properties == nil { // a secret
			return
		}
		for name, inner := range v {
			s, ok := properties[name].(map[string]any)
			if !ok {
				t.Errorf("the schema has no %s.%s", path, name)
				continue
			}
			walk(t, path+"."+name, s, inner)
		}
	case []any:
		items, _ := schema["items"].(map[string]any)
		for _, inner := range v {
			walk(t, path+"[]", items, inner)
		}
	}
}
