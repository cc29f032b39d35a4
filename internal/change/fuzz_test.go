package change_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// The audit is read from where anybody may have written: an edited line never passes, and reading one is harmless.
func FuzzAuditLines(f *testing.F) {
	text, hash, err := change.Entry{At: time.Unix(1, 0), Request: "a", What: "approve", To: change.Approved}.Chain(change.GenesisHash)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{text, "", "null", "{}", `{"at":3}`, text + " ", `{"by":{"user":"<!channel>"}}`} {
		f.Add(s, hash)
		f.Add(s, change.ChainHash(change.GenesisHash, s))
	}
	f.Fuzz(func(t *testing.T, line, sum string) {
		var v change.Verifier
		v.Expect(change.Known{By: "the store", Entries: 1, Hash: hash})
		l := change.AuditLine{ID: "1-0", Text: line, Hash: sum}
		_ = json.Unmarshal([]byte(line), &l.Entry)
		if v.Add(l) != (line == text && sum == hash) {
			t.Errorf("%q with hash %q passes for what was written", line, sum)
		}
		if r := v.Report(1); (r.Bad == nil) != (line == text && sum == hash) {
			t.Errorf("%q: %+v", line, r)
		}
		again, _, err := l.Entry.Chain(change.GenesisHash)
		if err == nil && !json.Valid([]byte(again)) {
			t.Errorf("%q is written as %q", line, again)
		}
	})
}
