package security

import (
	"encoding/json"
	"testing"
)

func TestAKeyShowsWhatItsEntriesAddUpTo(t *testing.T) {
	doc := json.RawMessage(`{"host":"web-01","message":"m","n":1}`)
	const limited = `{"names":["a*"],"query":"{\"term\":{\"host.keyword\":\"web-01\"}}","field_security":{"grant":["*"],"except":["message"]}}`
	for name, test := range map[string]struct{ entries, index, want string }{
		"limited":           {limited, "a1", `{"host":"web-01","n":1}`},
		"another document":  {`{"names":["a*"],"query":"{\"term\":{\"host\":\"web-02\"}}"}`, "a1", ""},
		"a query as object": {`{"names":["a*"],"query":{"match_all":{}}}`, "a1", string(doc)},
		"unlimited beside":  {limited + `,{"names":["a1"]}`, "a1", string(doc)},
		"and elsewhere":     {limited + `,{"names":["b"]}`, "a1", `{"host":"web-01","n":1}`},
		"not its index":     {limited, "b", ""},
		"no query at all":   {`{"names":["a*"],"query":"{\"script\":{}}"}`, "a1", ""},
	} {
		a, bad := readAccess(json.RawMessage(`{"search":[` + test.entries + `]}`))
		if bad != nil {
			t.Fatalf("%s: %v", name, bad.Reason)
		}
		if got := string(a.view(test.index)(doc)); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
