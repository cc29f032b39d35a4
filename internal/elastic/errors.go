package elastic

import (
	"errors"
	"fmt"
	"time"
)

// ErrNoCredentials says that the configuration has nothing to reach a cluster with.
var ErrNoCredentials = errors.New("no credentials are configured for this cluster")

// CallError is a call to Elastic that did not end well.
type CallError struct {
	System string // "ece-prod", "Elasticsearch of logs-prod"
	Call   string // "PATCH /deployments/…/keystore"
	Status int    // 0: no answer
	Code   string // of the platform, or the type of an Elasticsearch error
	Reason string // scrubbed and shortened
	// Ambiguous: the request may have been carried out although no good answer came. Read before writing again.
	Ambiguous bool
	// Starting: credentials were refused that had been accepted shortly before. A node that starts does that until it
	// has its users.
	Starting bool
	// RetryAfter is how long the server asks to be left alone; 0: it does not ask.
	RetryAfter time.Duration
	Err        error
}

// CodeNotElasticsearch is the Code of an answer without the header by which Elasticsearch makes itself known.
const CodeNotElasticsearch = "not_elasticsearch"

func (e *CallError) Error() string {
	if e.Status == 0 {
		return fmt.Sprintf("%s: %s: no answer: %s", e.System, e.Call, e.Reason)
	}
	return fmt.Sprintf("%s: %s: %d %s: %s", e.System, e.Call, e.Status, e.Code, e.Reason)
}

func (e *CallError) Unwrap() error { return e.Err }

// CodeForeign is the Code of a 404 that is no JSON: something between wrote it, and what was asked for may well be there.
const CodeForeign = "foreign_answer"

// CodeSSLConfig is the Code of settings of certificates that don't go together, such as half of a signing pair. It is
// answered with 500, and no fault of the server's: nothing was set, and another try does no better.
const CodeSSLConfig = "ssl_config_exception"

// StatusNotElevated is the platform's answer to a key without elevated permissions: some calls want a key whose user has
// them (cloud-sdk-go: apierror.ErrMissingElevatedPermissions).
const StatusNotElevated = 449

// After is RetryAfter, for anyone who tries again.
func (e *CallError) After() time.Duration { return e.RetryAfter }

// NotFound reports whether what was asked for is not there, by Elastic's own word.
func (e *CallError) NotFound() bool { return e.Status == 404 && e.Code != CodeForeign }

// Temporary reports whether another try may do better: no answer, too many requests, a node that starts, or the server's
// own fault.
func (e *CallError) Temporary() bool {
	if e.Code == CodeSSLConfig {
		return false
	}
	return e.Starting || e.Status == 0 || e.Status == 408 || e.Status == 429 || e.Status >= 500
}

// IsNotFound reports whether err is a call that found nothing.
func IsNotFound(err error) bool {
	call, ok := errors.AsType[*CallError](err)
	return ok && call.NotFound()
}
