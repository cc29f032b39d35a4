package query

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Request is a search. Where a cursor is given, all the rest is ignored: it stands for the request that it came of.
type Request struct {
	From   int             `json:"from"`
	Size   *int            `json:"size"`
	Cursor string          `json:"cursor"`
	Query  json.RawMessage `json:"query"`
	Sort   []any           `json:"sort"`
}

// Condition says of a document whether it is looked for.
type Condition func(*Document) bool

// Parse reads a QueryContainer. The Swagger says: only one property each time.
func Parse(raw json.RawMessage) (Condition, error) {
	var box map[string]json.RawMessage
	if err := json.Unmarshal(raw, &box); err != nil {
		return nil, fmt.Errorf("a query must be an object")
	}
	for k, v := range box {
		if string(v) == "null" { // Go clients send what is unset
			delete(box, k)
		}
	}
	if len(box) != 1 {
		return nil, fmt.Errorf("a query must have exactly one kind, not %d", len(box))
	}
	for kind, arg := range box {
		read := map[string]func(json.RawMessage) (Condition, error){
			"match_all":    func(json.RawMessage) (Condition, error) { return func(*Document) bool { return true }, nil },
			"match_none":   func(json.RawMessage) (Condition, error) { return func(*Document) bool { return false }, nil },
			"term":         parseTerm,
			"prefix":       parsePrefix,
			"match":        parseMatch,
			"exists":       parseExists,
			"range":        parseRange,
			"bool":         parseBool,
			"nested":       parseNested,
			"query_string": parseQueryString, "simple_query_string": parseSimpleQueryString,
		}[kind]
		if read == nil {
			return nil, fmt.Errorf("the query [%s] is not supported", kind)
		}
		return read(arg)
	}
	return nil, nil
}

// oneField reads {"field": {…}}.
func oneField(raw json.RawMessage, into any) (field string, err error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil || len(m) != 1 {
		return "", fmt.Errorf("the query must name exactly one field")
	}
	for f, arg := range m {
		dec := json.NewDecoder(bytes.NewReader(arg))
		dec.UseNumber()
		return f, dec.Decode(into)
	}
	return "", nil
}

func parseTerm(raw json.RawMessage) (Condition, error) {
	var arg struct{ Value string }
	field, err := oneField(raw, &arg)
	return func(d *Document) bool { return slices.Contains(d.Values(field), arg.Value) }, err
}

func parsePrefix(raw json.RawMessage) (Condition, error) {
	var arg struct{ Value string }
	field, err := oneField(raw, &arg)
	return func(d *Document) bool {
		return slices.ContainsFunc(d.Values(field), func(v string) bool { return strings.HasPrefix(v, arg.Value) })
	}, err
}

func parseMatch(raw json.RawMessage) (Condition, error) {
	var arg struct{ Query, Operator string }
	field, err := oneField(raw, &arg)
	words := []string{arg.Query}
	if isText(field) {
		words = tokens(arg.Query)
	}
	return func(d *Document) bool {
		has := func(w string) bool { return slices.Contains(d.Values(field), w) }
		if strings.EqualFold(arg.Operator, "and") {
			return len(words) > 0 && !slices.ContainsFunc(words, func(w string) bool { return !has(w) })
		}
		return slices.ContainsFunc(words, has)
	}, err
}

func parseExists(raw json.RawMessage) (Condition, error) {
	var arg struct{ Field string }
	if err := json.Unmarshal(raw, &arg); err != nil {
		return nil, err
	}
	return func(d *Document) bool { return len(d.Values(arg.Field)) > 0 }, nil
}

// parseRange compares numbers as numbers and all else as text, which suits the dates here.
func parseRange(raw json.RawMessage) (Condition, error) {
	var arg struct{ Gt, Gte, Lt, Lte any }
	field, err := oneField(raw, &arg)
	holds := func(v string, bound any, ok func(int) bool) bool {
		return bound == nil || ok(compare(v, fmt.Sprint(bound)))
	}
	return func(d *Document) bool {
		return slices.ContainsFunc(d.Values(field), func(v string) bool {
			return holds(v, arg.Gt, func(c int) bool { return c > 0 }) && holds(v, arg.Gte, func(c int) bool { return c >= 0 }) &&
				holds(v, arg.Lt, func(c int) bool { return c < 0 }) && holds(v, arg.Lte, func(c int) bool { return c <= 0 })
		})
	}, err
}

func compare(a, b string) int {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if errX == nil && errY == nil {
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	return strings.Compare(a, b)
}

func parseBool(raw json.RawMessage) (Condition, error) {
	var arg struct {
		Must    []json.RawMessage `json:"must"`
		Should  []json.RawMessage `json:"should"`
		MustNot []json.RawMessage `json:"must_not"`
		Filter  []json.RawMessage `json:"filter"`
		Minimum *int              `json:"minimum_should_match"`
	}
	if err := json.Unmarshal(raw, &arg); err != nil {
		return nil, err
	}
	all, err := parseQueries(append(arg.Must, arg.Filter...))
	if err != nil {
		return nil, err
	}
	none, err := parseQueries(arg.MustNot)
	if err != nil {
		return nil, err
	}
	some, err := parseQueries(arg.Should)
	if err != nil {
		return nil, err
	}
	least := 0
	if len(some) > 0 && len(all) == 0 {
		least = 1
	}
	if arg.Minimum != nil {
		least = *arg.Minimum
	}
	return func(d *Document) bool {
		return count(all, d) == len(all) && count(none, d) == 0 && count(some, d) >= least
	}, nil
}

func parseQueries(raws []json.RawMessage) ([]Condition, error) {
	var out []Condition
	for _, raw := range raws {
		q, err := Parse(raw)
		if err != nil {
			return nil, err
		}
		out = append(out, q)
	}
	return out, nil
}

func count(qs []Condition, d *Document) int {
	n := 0
	for _, q := range qs {
		if q(d) {
			n++
		}
	}
	return n
}

func parseNested(raw json.RawMessage) (Condition, error) {
	var arg struct {
		Path  string
		Query json.RawMessage
	}
	if err := json.Unmarshal(raw, &arg); err != nil {
		return nil, err
	}
	if !slices.Contains(nestedPaths, arg.Path) {
		return nil, fmt.Errorf("[nested] failed to find nested object under path [%s]", arg.Path)
	}
	q, err := Parse(arg.Query)
	if err != nil {
		return nil, err
	}
	return func(d *Document) bool { return slices.ContainsFunc(d.nested(arg.Path), q) }, nil
}
