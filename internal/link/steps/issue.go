package steps

import (
	"context"
	"errors"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// What is noted of calls that make a key, each followed by the number of the call.
const (
	evIssuing = "issuing_"       // noted before it is sent
	evRefused = "issue_refused_" // it was surely not carried out
)

// issue makes a key, and notes what an undo has to know: whether one may be there.
func issue(ctx context.Context, remote side, spec elastic.KeySpec, had change.Evidence, note change.Note) (elastic.IssuedKey, error) {
	n := issues(had) + 1
	if err := note(ctx, change.Evidence{fmt.Sprint(evIssuing, n): "true"}); err != nil {
		return elastic.IssuedKey{}, err
	}
	key, err := remote.es.IssueKey(ctx, spec)
	if err == nil {
		return key, nil
	}
	if call, ok := errors.AsType[*elastic.CallError](err); ok && !call.Ambiguous {
		if err := note(ctx, change.Evidence{fmt.Sprint(evRefused, n): "true"}); err != nil {
			return elastic.IssuedKey{}, err
		}
	}
	return elastic.IssuedKey{}, link.WrapCall("issuing the key on "+remote.d.Name, err)
}

// issues is how many calls were sent, or about to be.
func issues(had change.Evidence) (n int) {
	for had[fmt.Sprint(evIssuing, n+1)] != "" {
		n++
	}
	return n
}

// mayBeIssued reports whether a key may be there: one of the calls was not surely refused.
func mayBeIssued(had change.Evidence) bool {
	for n := range issues(had) {
		if had[fmt.Sprint(evRefused, n+1)] == "" {
			return true
		}
	}
	return false
}
