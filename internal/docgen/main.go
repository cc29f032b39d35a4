// Command docgen writes docs/configuration.md and docs/config.schema.json from the types of package config and their
// comments, so that neither can say anything else than the code.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
)

func main() {
	source := flag.String("source", "internal/config", "the folder of package config")
	out := flag.String("out", "docs", "where to write")
	flag.Parse()
	if err := write(*source, *out); err != nil {
		fmt.Fprintln(os.Stderr, "docgen:", err)
		os.Exit(1)
	}
}

func write(source, out string) error {
	files, err := generate(source)
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(out, name), text, 0o644); err != nil { //nolint:gosec // documentation is for everybody
			return err
		}
	}
	return nil
}

// generate returns the files by name.
func generate(source string) (map[string][]byte, error) {
	c, err := readComments(source)
	if err != nil {
		return nil, err
	}
	schema, err := c.schemaOf(reflect.TypeFor[config.Config]())
	if err != nil {
		return nil, err
	}
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = "Configuration of remote-cluster-bot"
	var raw bytes.Buffer
	enc := json.NewEncoder(&raw)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(schema); err != nil {
		return nil, err
	}
	page, err := c.page()
	return map[string][]byte{"config.schema.json": raw.Bytes(), "configuration.md": page}, err
}

// comments are the documentation of types and of their fields ("Slack", "Slack.Mode").
type comments map[string]string

func readComments(folder string) (comments, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	c := comments{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.TYPE {
				c.types(g)
			}
		}
	}
	return c, nil
}

func (c comments) types(g *ast.GenDecl) {
	for _, s := range g.Specs {
		t, ok := s.(*ast.TypeSpec)
		if !ok {
			continue
		}
		c[t.Name.Name] = flat(g.Doc.Text())
		fields, ok := t.Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, f := range fields.Fields.List {
			for _, n := range f.Names {
				c[t.Name.Name+"."+n.Name] = flat(f.Doc.Text())
			}
		}
	}
}

func flat(text string) string { return strings.Join(strings.Fields(text), " ") }

var (
	secretRef = reflect.TypeFor[config.SecretRef]()
	duration  = reflect.TypeFor[config.Duration]()
	patterns  = reflect.TypeFor[config.Patterns]()
	approval  = reflect.TypeFor[config.PolicyApproval]()
)

// schemaOf returns the JSON Schema of a type as the YAML has it.
func (c comments) schemaOf(t reflect.Type) (map[string]any, error) {
	switch t {
	case secretRef:
		one := func(name string) map[string]any {
			return map[string]any{
				"type": "object", "required": []string{name}, "additionalProperties": false,
				"properties": map[string]any{name: map[string]any{"type": "string"}},
			}
		}
		return map[string]any{"oneOf": []any{one("env"), one("file")}}, nil
	case duration:
		return map[string]any{"type": "string", "pattern": `^(([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+|[0-9]+d)$`}, nil
	case patterns:
		list := map[string]any{"type": "array", "items": map[string]any{"type": "string"}}
		return map[string]any{"oneOf": []any{map[string]any{"type": "string"}, list}}, nil
	case approval:
		sides, err := c.schemaOf(reflect.TypeFor[[]config.PolicySide]())
		return map[string]any{"oneOf": []any{map[string]any{"const": "standing"}, sides}}, err
	}
	switch t.Kind() { //nolint:exhaustive // what else a configuration could hold is refused
	case reflect.Pointer:
		return c.schemaOf(t.Elem())
	case reflect.String:
		return map[string]any{"type": "string"}, nil
	case reflect.Bool:
		return map[string]any{"type": "boolean"}, nil
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}, nil
	case reflect.Float64:
		return map[string]any{"type": "number"}, nil
	case reflect.Slice:
		items, err := c.schemaOf(t.Elem())
		return map[string]any{"type": "array", "items": items}, err
	case reflect.Map:
		values, err := c.schemaOf(t.Elem())
		return map[string]any{"type": "object", "additionalProperties": values}, err
	case reflect.Struct:
		return c.object(t)
	}
	return nil, fmt.Errorf("nothing is known of %s in a schema", t)
}

func (c comments) object(t reflect.Type) (map[string]any, error) {
	properties := map[string]any{}
	for _, f := range fieldsOf(t) {
		s, err := c.schemaOf(f.Type)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", t.Name(), f.Name, err)
		}
		text, err := c.of(t, f)
		if err != nil {
			return nil, err
		}
		s["description"] = text
		if words := choices(text); len(words) > 0 && f.Type.Kind() == reflect.String {
			s["examples"] = words
		}
		properties[yamlName(f)] = s
	}
	return map[string]any{"type": "object", "additionalProperties": false, "properties": properties}, nil
}

// of is a field's documentation, which has to exist.
func (c comments) of(t reflect.Type, f reflect.StructField) (string, error) {
	text, err := sentence(c[t.Name()+"."+f.Name], f.Name)
	if err != nil {
		return "", fmt.Errorf("%s.%s: %w", t.Name(), f.Name, err)
	}
	return text, nil
}

// sentence says of a field what its comment does without the field's Go name, which operators don't know: "Mode is …"
// becomes "…", "Window says when …" becomes "When …", "Cluster says that …" becomes "Whether …".
func sentence(comment, name string) (string, error) {
	rest, ok := strings.CutPrefix(comment, name+" ")
	if !ok {
		return "", fmt.Errorf("the comment %q does not begin with %s", comment, name)
	}
	for _, v := range []struct{ verb, instead string }{
		{"is ", ""}, {"are ", ""}, {"says that ", "Whether "}, {"say that ", "Whether "}, {"says ", ""}, {"say ", ""},
	} {
		if text, ok := strings.CutPrefix(rest, v.verb); ok {
			text = v.instead + text
			return strings.ToUpper(text[:1]) + text[1:], nil
		}
	}
	return "", fmt.Errorf(`the comment %q goes on with neither "is", "are" nor "says"`, comment)
}

var quoted = regexp.MustCompile(`"([a-z-]+)"`)

// choices are the words that a comment puts into quotes.
func choices(text string) []string {
	var all []string
	for _, m := range quoted.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}

func fieldsOf(t reflect.Type) []reflect.StructField {
	var all []reflect.StructField
	for f := range t.Fields() {
		if f.IsExported() && yamlName(f) != "" {
			all = append(all, f)
		}
	}
	return all
}

func yamlName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return name
}
