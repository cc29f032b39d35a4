package main

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
)

const head = `# Configuration

<!-- Written by "make docs" from internal/config: change the comments there. -->

One YAML file, named with ` + "`--config`" + `. Secrets never stand in it: each is ` + "`{env: NAME}` or `{file: PATH}`" + `. Files are read
again when they change; SIGHUP takes over who approves; everything else waits for a restart. A variable of the environment, where the
tables name one, takes the place of what the file says; lists, secrets, who approves and ` + "`insecure`" + ` have none.

` + "```console" + `
$ remote-cluster-bot config example
$ remote-cluster-bot config check --config config.yaml
$ remote-cluster-bot doctor --config config.yaml
` + "```" + `

Editors check and complete it with the schema, named in its first line:

` + "```yaml" + `
# yaml-language-server: $schema=https://raw.githubusercontent.com/remote-cluster-bot/remote-cluster-bot/main/docs/config.schema.json
` + "```" + `
`

// page is the reference: a table for each part of the file.
func (c comments) page() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(head)
	if err := c.section(&b, reflect.TypeFor[config.Config](), ""); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (c comments) section(b *bytes.Buffer, t reflect.Type, path string) error {
	title := "The file"
	if path != "" {
		title = "`" + path + "`"
	}
	about, err := sentence(c[t.Name()], t.Name())
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n| field | type | meaning | variable |\n| --- | --- | --- | --- |\n", title, about)
	type below struct {
		t    reflect.Type
		path string
	}
	var later []below
	for _, f := range fieldsOf(t) {
		text, err := c.of(t, f)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", yamlName(f), typeName(f.Type), cell(text), variable(path, f))
		if inner, suffix := structIn(f.Type); inner != nil && inner.Name() != "TLS" {
			later = append(later, below{inner, strings.TrimPrefix(path+"."+yamlName(f)+suffix, ".")})
		}
	}
	for _, l := range later {
		if err := c.section(b, l.t, l.path); err != nil {
			return err
		}
	}
	if path == "" {
		return c.section(b, reflect.TypeFor[config.TLS](), "tls")
	}
	return nil
}

// variable is what takes the field's place in the environment.
func variable(path string, f reflect.StructField) string {
	name := config.EnvironmentName(strings.TrimPrefix(path+"."+yamlName(f), "."), f.Type)
	if name == "" {
		return ""
	}
	if path == "tls" { // of whichever section
		name = strings.Replace(name, "RCB_", "RCB_…_", 1)
	}
	return "`" + name + "`"
}

// structIn is the struct that a field holds, if it has a section of its own.
func structIn(t reflect.Type) (reflect.Type, string) {
	switch {
	case t == secretRef || t == patterns:
		return nil, ""
	case t.Kind() == reflect.Pointer:
		return structIn(t.Elem())
	case t.Kind() == reflect.Struct:
		return t, ""
	case t.Kind() == reflect.Slice:
		inner, _ := structIn(t.Elem())
		return inner, "[]"
	case t.Kind() == reflect.Map:
		inner, _ := structIn(t.Elem())
		return inner, ".<name>"
	}
	return nil, ""
}

func typeName(t reflect.Type) string {
	switch {
	case t == secretRef:
		return "secret"
	case t == duration:
		return "time span"
	case t == patterns:
		return "text or list"
	case t == approval:
		return "list of sections, or standing"
	case t.Kind() == reflect.Pointer:
		return typeName(t.Elem())
	case t.Kind() == reflect.Struct && t.Name() == "TLS":
		return "[tls](#tls)"
	case t.Kind() == reflect.Struct:
		return "section"
	case t.Kind() == reflect.Slice:
		return "list of " + strings.Replace(typeName(t.Elem()), "section", "sections", 1)
	case t.Kind() == reflect.Map:
		return "by name: " + typeName(t.Elem())
	case t.Kind() == reflect.String:
		return "text"
	case t.Kind() == reflect.Bool:
		return "true, false"
	}
	return "number"
}

func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(text)
}
