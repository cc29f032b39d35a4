package workspace

import "encoding/json"

// object is a JSON object as it came over the wire. Once it is part of the workspace it is replaced, never
// changed, so snapshots may share it.
type object = map[string]any

// marshal encodes what this package built itself out of JSON values, which cannot fail.
func marshal(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("workspace: encoding a value of our own: " + err.Error())
	}
	return raw
}
