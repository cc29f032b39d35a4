// Package field reads the fields of JSON objects. What is not there, or is of another type, is the zero value.
package field

// Str reads a text.
func Str(o map[string]any, key string) string {
	s, _ := o[key].(string)
	return s
}

// Obj reads an object.
func Obj(o map[string]any, key string) map[string]any {
	m, _ := o[key].(map[string]any)
	return m
}

// List reads an array.
func List(o map[string]any, key string) []any {
	l, _ := o[key].([]any)
	return l
}

// Flag reads a boolean.
func Flag(o map[string]any, key string) bool {
	b, _ := o[key].(bool)
	return b
}

// Number reads a JSON number, whether it was decoded or built by us.
func Number(o map[string]any, key string) (float64, bool) {
	switch n := o[key].(type) {
	case float64:
		return n, true
	case int:
		return float64(n), true
	default:
		return 0, false
	}
}

// Objects are those of the items that are objects.
func Objects(items []any) []map[string]any {
	out := make([]map[string]any, 0, len(items))
	for _, item := range items {
		if o, ok := item.(map[string]any); ok {
			out = append(out, o)
		}
	}
	return out
}
