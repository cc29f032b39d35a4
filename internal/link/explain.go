package link

import (
	"context"
	"errors"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// WrapCall wraps what went wrong while doing something, in words such as "issuing the key on logs-prod". It marks what
// another try may mend as temporary, and gives people a sentence. Errors of a Note don't go through it: they belong
// to the executor.
func WrapCall(doing string, err error) error {
	if err == nil {
		return nil
	}
	explained := &change.ExplainedError{
		Say: fmt.Sprintf("%s did not work: %s.", Capitalize(doing), Sentence(err)),
		Err: fmt.Errorf("%s: %w", doing, err),
	}
	if temporary(err) {
		return change.Temporary(explained)
	}
	return explained
}

// UserError is an error that no other try mends, in words for people.
func UserError(say, format string, args ...any) error {
	return &change.ExplainedError{Say: say, Err: fmt.Errorf(format, args...)}
}

// temporary reports whether another try may do better: the call says so, or there was no answer at all.
func temporary(err error) bool {
	if call, ok := errors.AsType[*elastic.CallError](err); ok {
		return call.Temporary() || call.Ambiguous
	}
	if timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && timeout.Timeout() {
		return true
	}
	return change.IsTemporary(err) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// Sentence says a failed call in plain words, without a full stop.
func Sentence(err error) string {
	if errors.Is(err, elastic.ErrNoCredentials) {
		return "the bot has no credentials for this cluster"
	}
	call, ok := errors.AsType[*elastic.CallError](err)
	switch {
	case errors.Is(err, context.DeadlineExceeded), ok && call.Status == 0, ok && call.Status == 408:
		return named(call) + "gave no answer in time"
	case !ok:
		return err.Error()
	case call.Code == elastic.CodeNotElasticsearch:
		return named(call) + "does not show to be Elasticsearch (" + call.Reason + ")"
	case call.Starting:
		return named(call) + "does not accept the bot's credentials just now, as a node does while it starts"
	case call.Status == 401:
		return named(call) + "did not accept the bot's credentials"
	case call.Status == 403:
		return named(call) + "does not let the bot do this (" + call.Reason + ")"
	case call.Status == elastic.StatusNotElevated:
		return named(call) + "wants elevated permissions, which the platform's key lacks: a user who has them has to make it"
	case call.Status == 429:
		return named(call) + "asks for fewer requests"
	case call.Status >= 500:
		return fmt.Sprintf("%shas trouble of its own (%d)", named(call), call.Status)
	}
	return fmt.Sprintf("%sanswered %d: %s", named(call), call.Status, call.Reason)
}

func named(call *elastic.CallError) string {
	if call == nil || call.System == "" {
		return "it "
	}
	return call.System + " "
}

// Capitalize makes the first letter a capital.
func Capitalize(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}

// AsUnknownSystem finds an UnknownSystemError in err.
func AsUnknownSystem(err error) (*UnknownSystemError, bool) {
	return errors.AsType[*UnknownSystemError](err)
}

// UnknownSystemError says that no platform of that name is configured.
type UnknownSystemError struct{ Name string }

func (e *UnknownSystemError) Error() string {
	return fmt.Sprintf("no platform %q is configured", e.Name)
}
