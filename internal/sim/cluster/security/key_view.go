package security

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/documents"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

// View is what a key shows of a document; nil: nothing.
type View func(doc json.RawMessage) json.RawMessage

// view is what the key shows of an index. Its entries add up: the documents of each, and the fields of each (Elastic's docs:
// "Multiple roles with document and field level security").
func (a keyAccess) view(index string) View {
	var queries []func(map[string]any) bool
	var fields []func(field string) bool
	for _, e := range a.Search {
		if rest.AnyGlob(e.Names, index) {
			queries, fields = append(queries, e.query()), append(fields, e.fields())
		}
	}
	return func(doc json.RawMessage) json.RawMessage {
		of := documents.Source(doc)
		if !slices.ContainsFunc(queries, func(q func(map[string]any) bool) bool { return q(of) }) {
			return nil
		}
		shown := maps.Clone(of)
		maps.DeleteFunc(shown, func(field string, _ any) bool {
			return !slices.ContainsFunc(fields, func(f func(string) bool) bool { return f(field) })
		})
		if len(shown) == len(of) {
			return doc
		}
		raw, err := json.Marshal(shown)
		if err != nil {
			return nil
		}
		return raw
	}
}

// query tells which documents the entry shows. One that can't be carried out shows none.
func (e accessEntry) query() func(map[string]any) bool {
	if len(e.Query) == 0 {
		return func(map[string]any) bool { return true }
	}
	var text string
	var query any
	none := func(map[string]any) bool { return false }
	if json.Unmarshal(e.Query, &text) != nil {
		return none
	}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	if d.Decode(&query) != nil {
		return none
	}
	if wanted, bad := documents.ParseQuery(query); bad == nil && wanted != nil {
		return wanted
	}
	return none
}

func (e accessEntry) fields() func(field string) bool {
	if len(e.Fields) == 0 {
		return func(string) bool { return true }
	}
	var limits struct{ Grant, Except []string }
	if json.Unmarshal(e.Fields, &limits) != nil {
		return func(string) bool { return false }
	}
	return func(field string) bool {
		return rest.AnyGlob(limits.Grant, field) && !rest.AnyGlob(limits.Except, field)
	}
}
