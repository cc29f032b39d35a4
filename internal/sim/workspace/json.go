package workspace

import (
	"encoding/json"
	"strconv"
)

// object is a JSON object as it came over the wire. Once it is part of the workspace it is replaced, never
// changed, so snapshots may share it.
type object = map[string]any

func str(o object, key string) string {
	s, _ := o[key].(string)
	return s
}

func obj(o object, key string) object {
	m, _ := o[key].(object)
	return m
}

func list(o object, key string) []any {
	l, _ := o[key].([]any)
	return l
}

func flag(o object, key string) bool {
	b, _ := o[key].(bool)
	return b
}

// number reads a JSON number, whether it was decoded or built by us.
func number(o object, key string) (float64, bool) {
	switch n := o[key].(type) {
	case float64:
		return n, true
	case int:
		return float64(n), true
	default:
		return 0, false
	}
}

func objects(items []any) []object {
	out := make([]object, 0, len(items))
	for _, item := range items {
		if o, ok := item.(object); ok {
			out = append(out, o)
		}
	}
	return out
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

// marshal encodes what this package built itself out of JSON values, which cannot fail.
func marshal(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("workspace: encoding a value of our own: " + err.Error())
	}
	return raw
}

func itoa(n int) string { return strconv.Itoa(n) }
