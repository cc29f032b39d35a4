package query

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
)

// parseQueryString reads the strict query string syntax as far as a search box needs it: words and "phrases" with an
// optional field and with wildcards, AND, OR, NOT and minus. The rest of the syntax is refused.
func parseQueryString(raw json.RawMessage) (Condition, error) {
	var arg struct {
		Query    string `json:"query"`
		Field    string `json:"default_field"`
		Operator string `json:"default_operator"`
		Leading  bool   `json:"allow_leading_wildcard"`
	}
	if err := json.Unmarshal(raw, &arg); err != nil {
		return nil, err
	}
	if strings.ContainsAny(arg.Query, `()[]{}^~/\`) {
		return nil, fmt.Errorf("failed to parse query [%s]", arg.Query)
	}
	fields := everyField
	if arg.Field != "" && arg.Field != "*" {
		fields = []string{arg.Field}
	}
	words := splitWords(arg.Query)
	and := strings.EqualFold(arg.Operator, "and") || slices.Contains(words, "AND")
	if and && slices.Contains(words, "OR") {
		return nil, fmt.Errorf("this stand-in does not mix AND and OR in [%s]", arg.Query)
	}
	var yes, no []Condition
	negate := false
	for _, w := range words {
		switch w {
		case "AND", "OR":
			continue
		case "NOT":
			negate = true
			continue
		}
		minus := strings.HasPrefix(w, "-")
		q, err := word(strings.TrimLeft(w, "+-"), fields, arg.Leading)
		if err != nil {
			return nil, err
		}
		if negate || minus {
			no = append(no, q)
		} else {
			yes = append(yes, q)
		}
		negate = false
	}
	return allOrSome(yes, no, and), nil
}

// parseSimpleQueryString reads the lenient syntax: + | - and a trailing *. Nothing in it is an error.
func parseSimpleQueryString(raw json.RawMessage) (Condition, error) {
	var arg struct {
		Query    string   `json:"query"`
		Fields   []string `json:"fields"`
		Operator string   `json:"default_operator"`
	}
	if err := json.Unmarshal(raw, &arg); err != nil {
		return nil, err
	}
	fields := arg.Fields
	if len(fields) == 0 || slices.Contains(fields, "*") {
		fields = everyField
	}
	and := strings.EqualFold(arg.Operator, "and") || strings.Contains(arg.Query, " + ")
	var yes, no []Condition
	for _, w := range splitWords(strings.NewReplacer("|", " ", " + ", " ").Replace(arg.Query)) {
		minus := strings.HasPrefix(w, "-")
		text := strings.TrimLeft(w, "+-")
		star := strings.HasSuffix(text, "*")
		text = strings.ReplaceAll(strings.Trim(text, `*"`), "*", "")
		q := func(d *Document) bool {
			return slices.ContainsFunc(fields, func(f string) bool { return holds(d, f, text, star) })
		}
		if minus {
			no = append(no, q)
		} else {
			yes = append(yes, q)
		}
	}
	return allOrSome(yes, no, and), nil
}

// holds tells whether a field has a word, all words of a phrase, or a word with a prefix.
func holds(d *Document, field, text string, prefix bool) bool {
	values := d.Values(field)
	if prefix {
		if isText(field) {
			text = strings.ToLower(text)
		}
		return slices.ContainsFunc(values, func(v string) bool { return strings.HasPrefix(v, text) })
	}
	if !isText(field) {
		return slices.Contains(values, text)
	}
	words := tokens(text)
	return len(words) > 0 && !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(values, w) })
}

func word(w string, fields []string, leading bool) (Condition, error) {
	if f, rest, ok := strings.Cut(w, ":"); ok && f != "" {
		fields, w = []string{f}, rest
	}
	quoted := strings.HasPrefix(w, `"`)
	w = strings.Trim(w, `"`)
	if quoted || !strings.ContainsAny(w, "*?") {
		return func(d *Document) bool {
			return slices.ContainsFunc(fields, func(f string) bool { return holds(d, f, w, false) })
		}, nil
	}
	if !leading && strings.IndexAny(w, "*?") == 0 && w != "*" {
		return nil, fmt.Errorf("'*' or '?' not allowed as first character in WildcardQuery")
	}
	return func(d *Document) bool {
		return slices.ContainsFunc(fields, func(f string) bool {
			pattern := w
			if isText(f) {
				pattern = strings.ToLower(w)
			}
			return slices.ContainsFunc(d.Values(f), func(v string) bool {
				ok, err := path.Match(pattern, strings.ReplaceAll(v, "/", "_"))
				return err == nil && ok
			})
		})
	}, nil
}

func allOrSome(yes, no []Condition, and bool) Condition {
	return func(d *Document) bool {
		if count(no, d) > 0 {
			return false
		}
		n := count(yes, d)
		return (and && n == len(yes)) || (!and && n > 0) || len(yes) == 0
	}
}

// splitWords splits at spaces outside quotes.
func splitWords(s string) []string {
	quoted := false
	return strings.FieldsFunc(s, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
}
