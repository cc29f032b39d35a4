// Package documents is what stands in a cluster's indices, and the few queries that it is looked for with.
package documents

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

// Indices are documents by index.
type Indices map[string][]json.RawMessage

// Match returns the indices that patterns name, of those allowed; missing are the concrete names that don't exist,
// refused the concrete ones that exist or not and are not allowed.
func (in Indices) Match(patterns []string, allowed func(index string) bool) (found, missing, refused []string) {
	for _, p := range patterns {
		if minus, ok := strings.CutPrefix(p, "-"); ok {
			found = slices.DeleteFunc(found, func(name string) bool { return rest.Glob(minus, name) })
			continue
		}
		if p == "_all" {
			p = "*"
		}
		if !strings.Contains(p, "*") {
			switch {
			case !allowed(p):
				refused = append(refused, p)
			case in[p] == nil:
				missing = append(missing, p)
			default:
				found = append(found, p)
			}
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(in)) {
			if rest.Glob(p, name) && allowed(name) && (!strings.HasPrefix(name, ".") || strings.HasPrefix(p, ".")) {
				found = append(found, name)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found), missing, refused
}

// NotFound says that there is no such index.
func NotFound(name string) *rest.Error {
	return &rest.Error{
		Status: 404, Kind: "index_not_found_exception", Reason: "no such index [" + name + "]",
		Extra: map[string]any{"resource.type": "index_or_alias", "resource.id": name, "index": name, "index_uuid": "_na_"},
	}
}

// Source reads a document's fields.
func Source(doc json.RawMessage) map[string]any {
	var v map[string]any
	if json.Unmarshal(doc, &v) != nil {
		return nil
	}
	return v
}

// ParseQuery reads the few queries that a demo needs: match_all, match_none, term, match.
func ParseQuery(v any) (func(map[string]any) bool, *rest.Error) {
	if v == nil {
		return func(map[string]any) bool { return true }, nil
	}
	q, ok := v.(map[string]any)
	if !ok || len(q) != 1 {
		return nil, &rest.Error{Status: 400, Kind: "parsing_exception", Reason: "[query] malformed query, expected one query"}
	}
	for kind, arg := range q {
		switch kind {
		case "match_all", "match_none":
			return func(map[string]any) bool { return kind == "match_all" }, nil
		case "term", "match":
			fields, _ := arg.(map[string]any)
			for field, want := range fields {
				if sub, ok := want.(map[string]any); ok {
					want = sub["value"]
					if kind == "match" {
						want = sub["query"]
					}
				}
				text := fmt.Sprint(want)
				return func(doc map[string]any) bool { return fmt.Sprint(doc[strings.TrimSuffix(field, ".keyword")]) == text }, nil
			}
		}
		return nil, &rest.Error{Status: 400, Kind: "parsing_exception", Reason: "unknown query [" + kind + "]"}
	}
	return nil, nil
}
