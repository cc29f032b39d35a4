// Package query is the language in which deployments are searched: Elasticsearch's, as far as the Swagger has it.
package query

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// nestedPaths are the parts of a deployment's document that only a nested query sees into.
var nestedPaths = []string{"resources.elasticsearch", "resources.kibana", "metadata.tags"}

// Document is what a search looks at: the fields of a deployment, or of one nested object below a path.
type Document struct {
	root map[string]any
	at   string // of a nested object: its path
}

// New reads a document back from JSON, so that every value is of a JSON type.
func New(shown map[string]any) *Document {
	raw, err := json.Marshal(shown)
	if err != nil {
		return &Document{}
	}
	d := &Document{}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if dec.Decode(&d.root) != nil {
		return &Document{}
	}
	return d
}

// Values returns the values of a field as text. A field with .keyword is taken whole; without it, text fields hold words.
func (d *Document) Values(field string) []string {
	path, keyword := strings.CutSuffix(field, ".keyword")
	inside := path
	if d.at != "" {
		var ok bool
		if inside, ok = strings.CutPrefix(path, d.at+"."); !ok {
			return nil
		}
	} else {
		for _, n := range nestedPaths {
			if strings.HasPrefix(path, n+".") {
				return nil
			}
		}
	}
	var out []string
	collect(d.root, strings.Split(inside, "."), &out)
	if !keyword && isText(path) {
		var words []string
		for _, v := range out {
			words = append(words, tokens(v)...)
		}
		return words
	}
	return out
}

// isText tells which fields are analyzed: the names for people.
func isText(path string) bool {
	return path == "name" || strings.HasSuffix(path, ".cluster_name")
}

func tokens(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

func collect(v any, path []string, out *[]string) {
	switch v := v.(type) {
	case []any:
		for _, in := range v {
			collect(in, path, out)
		}
	case map[string]any:
		if len(path) > 0 {
			collect(v[path[0]], path[1:], out)
		}
	case nil:
	default:
		if len(path) == 0 {
			*out = append(*out, fmt.Sprint(v))
		}
	}
}

// nested returns the objects below a nested path.
func (d *Document) nested(path string) []*Document {
	var found []any
	var walk func(v any, path []string)
	walk = func(v any, path []string) {
		switch v := v.(type) {
		case []any:
			for _, in := range v {
				walk(in, path)
			}
		case map[string]any:
			if len(path) == 0 {
				found = append(found, v)
				return
			}
			walk(v[path[0]], path[1:])
		}
	}
	walk(d.root, strings.Split(path, "."))
	var out []*Document
	for _, f := range found {
		if m, ok := f.(map[string]any); ok {
			out = append(out, &Document{root: m, at: path})
		}
	}
	return out
}

// everyField are the fields that a query string without a field looks at.
var everyField = []string{"name", "name.keyword", "id", "alias"}
