// Package blockkit is what Slack's documentation says of blocks: which ones Slack takes where, how an element keeps its
// value, and what Slack's own client demands of what is typed.
package blockkit

// object is a JSON object as it came over the wire.
type object = map[string]any
