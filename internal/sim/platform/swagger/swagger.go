// Package swagger holds calls and answers against the official descriptions of ECE's API and Elastic Cloud's.
package swagger

import (
	_ "embed" // the Swagger documents
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The official descriptions of the two APIs, cut down by trim.go (github.com/elastic/cloud-sdk-go v1.25.0,
// api/apidocs.json and api/apidocs-user.json, Apache License 2.0).
var (
	//go:embed ece.json
	eceSwagger []byte
	//go:embed ech.json
	echSwagger []byte
)

// Doc is one of the descriptions.
type Doc struct {
	Paths       map[string]map[string]Operation `json:"paths"`
	Definitions map[string]Schema               `json:"definitions"`
}

// Operation is a method of a path.
type Operation struct {
	ID         string      `json:"id"`
	Served     bool        `json:"served"`
	Parameters []parameter `json:"parameters"`
	Responses  map[string]struct {
		Schema *Schema `json:"schema"`
	} `json:"responses"`
}

type parameter struct {
	Name     string   `json:"name"`
	In       string   `json:"in"`
	Required bool     `json:"required"`
	Type     string   `json:"type"`
	Enum     []string `json:"enum"`
	Schema   *Schema  `json:"schema"`
}

// Schema is what a JSON value has to be.
type Schema struct {
	Ref        string            `json:"$ref"`
	Type       string            `json:"type"`
	Format     string            `json:"format"`
	Enum       []string          `json:"enum"`
	Required   []string          `json:"required"`
	Properties map[string]Schema `json:"properties"`
	Items      *Schema           `json:"items"`
	Additional *Schema           `json:"additionalProperties"`
}

// The two descriptions.
var (
	ECE   = sync.OnceValue(func() *Doc { return readSwagger(eceSwagger) })
	Cloud = sync.OnceValue(func() *Doc { return readSwagger(echSwagger) })
)

func readSwagger(raw []byte) *Doc {
	s := &Doc{}
	if err := json.Unmarshal(raw, s); err != nil {
		panic("swagger: the embedded Swagger can't be read: " + err.Error())
	}
	return s
}

// Find returns the operation of a path and method. known tells whether the path is described at all.
func (s *Doc) Find(method, path string) (op Operation, vars map[string]string, known bool) {
	best := -1
	segments := strings.Split(strings.Trim(path, "/"), "/")
	for template, methods := range s.Paths {
		got, fixed, ok := matchTemplate(strings.Split(strings.Trim(template, "/"), "/"), segments)
		if !ok || fixed < best {
			continue
		}
		o, has := methods[strings.ToLower(method)]
		if fixed == best && !has {
			continue
		}
		best, known, op, vars = fixed, true, o, got
	}
	return op, vars, known
}

// matchTemplate matches a path; {proxy_path} takes all that is left. More fixed segments make a better match.
func matchTemplate(template, segments []string) (vars map[string]string, fixed int, ok bool) {
	vars = map[string]string{}
	for i, t := range template {
		if t == "{proxy_path}" && i <= len(segments) {
			vars["proxy_path"] = strings.Join(segments[i:], "/")
			return vars, fixed, true
		}
		if i >= len(segments) {
			return nil, 0, false
		}
		if name, isVar := strings.CutPrefix(t, "{"); isVar {
			vars[strings.TrimSuffix(name, "}")] = segments[i]
			continue
		}
		if t != segments[i] {
			return nil, 0, false
		}
		fixed++
	}
	return vars, fixed, len(template) == len(segments)
}

// CheckQuery refuses parameters that the operation does not have, and values of the wrong type.
func (s *Doc) CheckQuery(op Operation, q url.Values) []string {
	var bad []string
	for _, name := range slices.Sorted(maps.Keys(q)) {
		i := slices.IndexFunc(op.Parameters, func(p parameter) bool { return p.In == "query" && p.Name == name })
		if i < 0 {
			bad = append(bad, name+": unknown query parameter")
			continue
		}
		for _, v := range q[name] {
			if why := op.Parameters[i].check(v); why != "" {
				bad = append(bad, name+": "+why)
			}
		}
	}
	return bad
}

func (p parameter) check(v string) string {
	switch p.Type {
	case "boolean":
		if v != "true" && v != "false" {
			return "must be true or false"
		}
	case "integer":
		if _, err := strconv.Atoi(v); err != nil {
			return "must be a number"
		}
	}
	if len(p.Enum) > 0 && !slices.Contains(p.Enum, v) {
		return "must be one of " + strings.Join(p.Enum, ", ")
	}
	return ""
}

// Body returns the schema of the operation's body, or nil.
func (op Operation) Body() (*Schema, bool) {
	for _, p := range op.Parameters {
		if p.In == "body" {
			return p.Schema, p.Required
		}
	}
	return nil, false
}

// Check returns what is wrong with a JSON value under a schema, as "path: problem". Optional fields may be null: Go
// clients send that for what is unset.
func (s *Doc) Check(at string, sc Schema, v any) []string {
	if name, ok := strings.CutPrefix(sc.Ref, "#/definitions/"); ok {
		def, known := s.Definitions[name]
		if !known {
			return []string{at + ": the definition " + name + " is missing"}
		}
		return s.Check(at, def, v)
	}
	switch sc.Type {
	case "array":
		list, ok := v.([]any)
		if !ok {
			return []string{at + ": must be a list"}
		}
		var bad []string
		for i, in := range list {
			if sc.Items != nil {
				bad = append(bad, s.Check(fmt.Sprintf("%s[%d]", at, i), *sc.Items, in)...)
			}
		}
		return bad
	case "object", "":
		return s.checkObject(at, sc, v)
	}
	return checkScalar(at, sc, v)
}

func (s *Doc) checkObject(at string, sc Schema, v any) []string {
	if sc.Properties == nil && sc.Additional == nil {
		return nil // "object" without fields stands for any JSON value in these documents
	}
	m, ok := v.(map[string]any)
	if !ok {
		return []string{at + ": must be an object"}
	}
	var bad []string
	for _, name := range sc.Required {
		if m[name] == nil {
			bad = append(bad, join(at, name)+": is required")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		field, known := sc.Properties[name]
		switch {
		case m[name] == nil && (known || sc.Additional != nil):
		case known:
			bad = append(bad, s.Check(join(at, name), field, m[name])...)
		case sc.Additional != nil:
			bad = append(bad, s.Check(join(at, name), *sc.Additional, m[name])...)
		default:
			bad = append(bad, join(at, name)+": unknown field")
		}
	}
	return bad
}

func join(at, name string) string { return strings.TrimPrefix(at+"."+name, ".") }

func checkScalar(at string, sc Schema, v any) []string {
	ok := false
	switch sc.Type {
	case "string":
		var text string
		if text, ok = v.(string); ok && sc.Format == "date-time" {
			_, err := time.Parse(time.RFC3339, text)
			ok = err == nil
		}
		if ok && len(sc.Enum) > 0 && !slices.Contains(sc.Enum, text) {
			return []string{at + ": must be one of " + strings.Join(sc.Enum, ", ")}
		}
	case "boolean":
		_, ok = v.(bool)
	case "integer":
		var n json.Number
		if n, ok = v.(json.Number); ok {
			_, err := n.Int64()
			ok = err == nil
		}
	case "number":
		_, ok = v.(json.Number)
	}
	if !ok {
		return []string{at + ": must be a " + strings.TrimSpace(sc.Type+" "+sc.Format)}
	}
	return nil
}
