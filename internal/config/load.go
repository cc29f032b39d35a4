package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Error holds every problem of a configuration.
type Error struct {
	File     string
	Problems []Problem
}

func (e *Error) Error() string {
	lines := make([]string, 0, len(e.Problems)+1)
	lines = append(lines, fmt.Sprintf("%s: %d problem(s)", e.File, len(e.Problems)))
	for _, p := range e.Problems {
		lines = append(lines, "  "+p.String())
	}
	return strings.Join(lines, "\n")
}

// Load reads a configuration file and its secrets. It returns a *Error with every problem it found.
func Load(file string, s Source) (*Config, error) {
	raw, err := s.ReadFile(file)
	if err != nil {
		return nil, unreadable{"the configuration file", file, err}
	}
	return Parse(file, raw, s)
}

// Parse reads a configuration from its text; file is its name in errors.
func Parse(file string, raw []byte, s Source) (*Config, error) {
	p := &parser{}
	var c Config
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	err := dec.Decode(&c)
	var typed *yaml.TypeError
	switch {
	case errors.As(err, &typed):
		for _, text := range typed.Errors {
			p.problems = append(p.problems, fromYAML(text))
		}
	case errors.Is(err, io.EOF):
		p.problems = append(p.problems, Problem{Say: "the file is empty"})
	case err != nil:
		p.problems = append(p.problems, fromYAML(strings.TrimPrefix(err.Error(), "yaml: ")))
	}
	if err == nil || typed != nil {
		_ = yaml.Unmarshal(raw, &p.root) // parsed once already; this is for the lines alone
		followEnvironment(reflect.ValueOf(&c).Elem(), "", s.LookupEnv, p.add)
		c.setDefaults()
		fromEnvironment(&c.Tracing.Endpoint, "traces", s.LookupEnv)
		fromEnvironment(&c.Metrics.OTLP.Endpoint, "metrics", s.LookupEnv)
		eachSecret(reflect.ValueOf(&c).Elem(), "", func(r *SecretRef, path string) {
			if err := r.resolve(s); err != nil {
				p.add(path, "%v", err)
			}
		})
		check(p, &c)
	}
	if len(p.problems) > 0 {
		slices.SortStableFunc(p.problems, func(a, b Problem) int { return a.Line - b.Line })
		return nil, &Error{File: file, Problems: p.problems}
	}
	return &c, nil
}

var (
	yamlLine  = regexp.MustCompile(`^line (\d+): (.*)$`)
	yamlValue = regexp.MustCompile("`[^`]*`") // a scalar that did not fit: it may be a secret in the wrong place
	yamlType  = regexp.MustCompile(`field (\S+) not found in type \S+`)
	yamlTwice = regexp.MustCompile(`mapping key "([^"]*)" already defined at line (\d+)`)
	yamlFit   = regexp.MustCompile(`cannot unmarshal !!(\w+) (?:this value )?into (\S+)`)
)

// isA says in words what a value of YAML is, and what a field of Go takes.
var isA = map[string]string{
	"str": "text", "int": "a number", "float": "a number", "bool": "true or false", "seq": "a list", "map": "a set of fields", "null": "nothing",
}

func takes(goType string) string {
	switch {
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case strings.HasPrefix(goType, "int"):
		return "a whole number"
	case strings.HasPrefix(goType, "float"):
		return "a number"
	case goType == "bool":
		return "true or false"
	case goType == "string":
		return "text"
	}
	return "a set of fields"
}

func fromYAML(text string) Problem {
	text = yamlValue.ReplaceAllString(text, "this value")
	text = yamlType.ReplaceAllString(text, "there is no field $1 here")
	text = yamlTwice.ReplaceAllString(text, "$1 is listed twice: see line $2, too")
	if m := yamlFit.FindStringSubmatch(text); m != nil {
		text = strings.Replace(text, m[0], "this takes "+takes(m[2])+", not "+cmp.Or(isA[m[1]], "this"), 1)
	}
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		line, _ := strconv.Atoi(m[1])
		return Problem{Line: line, Say: m[2]}
	}
	return Problem{Say: text}
}
