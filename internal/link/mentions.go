package link

import (
	"encoding/json"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Mentions are the names by which people look for a change, each once: of both deployments their names, ids and
// "platform/deployment", and the aliases. They are what was stored with it, whatever a deployment is called by now.
func Mentions(p change.Proposal) []string {
	var all []string
	for _, traits := range append([]change.Part{{Traits: p.Traits}}, p.Parts...) {
		all = slices.Concat(all, traits.Traits["local.name"], traits.Traits["remote.name"])
	}
	written := []json.RawMessage{p.Params}
	for _, s := range p.Steps {
		written = append(written, s.Args)
	}
	for _, raw := range written {
		var v any
		if json.Unmarshal(raw, &v) == nil {
			all = append(all, mentioned(v)...)
		}
	}
	all = slices.DeleteFunc(all, func(name string) bool { return name == change.UnknownTrait })
	slices.Sort(all)
	return slices.Compact(all)
}

// mentioned goes through parameters and arguments, whatever of: all of them write a Ref and an alias in the same way.
func mentioned(v any) []string {
	var all []string
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			all = append(all, mentioned(one)...)
		}
	case map[string]any:
		platform, _ := v["platform"].(string)
		if id, ok := v["deployment"].(string); ok && id != "" {
			all = append(all, id, elastic.Ref{Platform: platform, Deployment: id}.String())
		}
		if alias, ok := v["alias"].(string); ok {
			all = append(all, alias)
		}
		aliases, _ := v["aliases"].([]any)
		for _, a := range aliases {
			if alias, ok := a.(string); ok {
				all = append(all, alias)
			}
		}
		for _, one := range v {
			all = append(all, mentioned(one)...)
		}
	}
	return all
}
