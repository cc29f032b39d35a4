package bot

import (
	"bytes"
	"encoding/json"
	"net/url"
	"reflect"
	"testing"
)

func TestBlocksAreCutOutOfViewsAndMessages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, rest, blocks string }{
		"a view":       {`{"a":1,"view":{"id":"V","blocks":[{"x":"]}\""},[1]],"hash":"h"},"b":2}`, `{"a":1,"view":{"id":"V","blocks":null,"hash":"h"},"b":2}`, `[{"x":"]}\""},[1]]`},
		"a message":    {`{"message":{"blocks":[]}}`, `{"message":{"blocks":null}}`, `[]`},
		"spaces":       {"{ \"view\" : { \"blocks\" :\n[ 1 ] } }", "{ \"view\" : { \"blocks\" :\nnull } }", "[ 1 ]"},
		"behind empty": {`{"message":{},"view":{"blocks":[1]}}`, `{"message":{},"view":{"blocks":null}}`, `[1]`},
		"behind null":  {`{"message":null,"view":{"n":-1.5e3,"t":true,"blocks":[1]}}`, `{"message":null,"view":{"n":-1.5e3,"t":true,"blocks":null}}`, `[1]`},
		"elsewhere":    {`{"state":{"blocks":[1]}}`, `{"state":{"blocks":[1]}}`, ``},
		"no array":     {`{"view":{"blocks":{"a":1}}}`, `{"view":{"blocks":{"a":1}}}`, ``},
		"cut off":      {`{"view":{"blocks":[1`, `{"view":{"blocks":[1`, ``},
		"in a string":  {`{"view":{"t":"\"blocks\":[1]\\"}}`, `{"view":{"t":"\"blocks\":[1]\\"}}`, ``},
		"no object":    {`[]`, `[]`, ``},
		"nothing":      {``, ``, ``},
	} {
		rest, blocks := cutBlocks([]byte(c.in))
		if string(rest) != c.rest || string(blocks) != c.blocks {
			t.Errorf("%s: rest %s, blocks %s", name, rest, blocks)
		}
	}
}

// FuzzCutBlocks: for whatever is JSON, cutting changes nothing that is decoded afterwards, and puts back what it took.
func FuzzCutBlocks(f *testing.F) {
	f.Add([]byte(filledIn(f, 3)))
	f.Add([]byte(`{"view":{"blocks":[{"a":"\\\""}]},"message":{"blocks":[1]}}`))
	f.Add([]byte(`{"view":{"b":{},"blocks":[ ]}, "x":[{}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		rest, blocks := cutBlocks(bytes.Clone(raw))
		if !json.Valid(raw) {
			return
		}
		if blocks == nil {
			if !bytes.Equal(rest, raw) {
				t.Fatalf("changed %s to %s", raw, rest)
			}
			return
		}
		if !json.Valid(rest) || !json.Valid(blocks) {
			t.Fatalf("%s became %s and %s", raw, rest, blocks)
		}
		var before, after struct {
			View, Message struct{ ID, Hash any }
			Type, User    any
		}
		errBefore, errAfter := json.Unmarshal(raw, &before), json.Unmarshal(rest, &after)
		if (errBefore == nil) != (errAfter == nil) || !reflect.DeepEqual(before, after) {
			t.Fatalf("%s: %+v became %+v", raw, before, after)
		}
	})
}

func FuzzPayloadOf(f *testing.F) {
	f.Add([]byte("payload=%7B%22a%22%3A1%7D"))
	f.Add([]byte("payload=a+b%zz"))
	f.Add([]byte("x=1&payload=2"))
	f.Add([]byte("payload=%"))
	f.Fuzz(func(t *testing.T, body []byte) {
		form, err := url.ParseQuery(string(body))
		got, ok := payloadOf(bytes.Clone(body))
		want := form.Get("payload")
		if ok != (err == nil && form.Has("payload")) || ok && string(got) != want {
			t.Fatalf("%q: got %q, %v, want %q, %v", body, got, ok, want, err)
		}
	})
}
