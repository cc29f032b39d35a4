package blockkit

import "github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"

// WithIDs returns the blocks with a block_id for every block and an action_id for every element that has none:
// "if not specified, one will be generated" (Slack's docs, blocks).
func WithIDs(blocks []any, newID func(prefix string) string) []any {
	copied, _ := copyJSON(blocks).([]any)
	for _, b := range field.Objects(copied) {
		if field.Str(b, "block_id") == "" {
			b["block_id"] = newID("b")
		}
		if children := field.List(b, "child_blocks"); children != nil {
			b["child_blocks"] = WithIDs(children, newID)
		}
		for _, e := range Elements(b) {
			if interactive(e) && field.Str(e, "action_id") == "" {
				e["action_id"] = newID("a")
			}
		}
	}
	return copied
}

// copyJSON copies a JSON value deeply.
func copyJSON(v any) any {
	switch v := v.(type) {
	case object:
		out := make(object, len(v))
		for key, item := range v {
			out[key] = copyJSON(item)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = copyJSON(item)
		}
		return out
	default:
		return v
	}
}
