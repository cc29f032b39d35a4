package store

import (
	"maps"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// What lies in Redis may have been written by anybody: it is a request or an error, never a panic.
func FuzzDecode(f *testing.F) {
	r := &change.Request{ID: "a", State: change.Pending, Created: time.Unix(1, 0), Deadline: time.Unix(2, 0)}
	pairs, err := encode(r)
	if err != nil {
		f.Fatal(err)
	}
	good := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		field, _ := pairs[i].(string)
		good[field], _ = pairs[i+1].(string)
	}
	for field, value := range good {
		f.Add(field, value, "one", `{"step":"one","state":"done"}`)
		f.Add(field, "", "one", `{"step":"two"}`)
		f.Add(field, "[]", "", "null")
		f.Add(field, "-1", "x", "{")
	}
	f.Add(fieldMessage+"card", `{"channel":1}`, "one", `{"order":1e99}`)
	f.Add(fieldSchema, "99999999999999999999", "one", "[]")
	f.Fuzz(func(t *testing.T, field, value, step, line string) {
		hash := maps.Clone(good)
		hash[field] = value
		got, err := decode("a", hash, map[string]string{step: line})
		if err == nil && (got == nil || !got.State.Valid()) {
			t.Errorf("%q=%q is read as %+v", field, value, got)
		}
	})
}
