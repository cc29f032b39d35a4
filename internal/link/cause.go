package link

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Cause is why a connection does not work.
type Cause string

// The causes. What each says, and what to do about it, is explanation's.
const (
	CauseNotSet       Cause = "not_set"       // the local cluster does not know the alias
	CauseForgotten    Cause = "forgotten"     // it is set, and the nodes do not know it
	CauseNotApproved  Cause = "not_approved"  // it is set otherwise than approved
	CauseNoKey        Cause = "no_key"        // there is no key for this alias
	CauseNotRead      Cause = "not_read"      // there is one in the keystore, which the nodes have not read
	CauseStaleKey     Cause = "stale_key"     // the nodes hold one that the keystore no longer has, or should not have
	CauseMalformedKey Cause = "malformed_key" // what is stored is no key at all
	CauseKeyType      Cause = "key_type"      // an ordinary API key is stored
	CauseBadKey       Cause = "bad_key"       // wrong, deleted, invalidated or expired
	CauseLicense      Cause = "license"       // a license does not cover the API key model
	CauseIdentity     Cause = "identity"      // strong identity verification
	CauseNoPrivileges Cause = "no_privileges" // the local user has no remote_indices
	CauseNotAllowed   Cause = "not_allowed"   // the key or the local role doesn't cover it
	CausePort         Cause = "port"          // not the port that takes this kind of connection
	CauseServerName   Cause = "server_name"   // the remote's certificate is for another name
	CauseTrust        Cause = "trust"         // the local side does not trust the remote's certificate
	CauseTrustedNames Cause = "trusted_names" // the local side trusts its authority, but not this cluster
	CauseUntrusted    Cause = "untrusted"     // the remote side does not trust the local one
	CauseExpired      Cause = "expired"       // the remote's certificate has ended
	CauseDropped      Cause = "dropped"       // the network closes connections
	CauseUnknownHost  Cause = "unknown_host"
	CauseUnreachable  Cause = "unreachable" // port, firewall or filter
	CauseFilter       Cause = "filter"      // a network filter of the remote side; no text tells it
	CauseNotTold      Cause = "not_told"    // skip_unavailable keeps Elasticsearch from saying it
	CauseSkip         Cause = "skip_unavailable"
	CauseStopped      Cause = "stopped"  // a side of it does not run
	CauseGone         Cause = "gone"     // the remote deployment is not there any more
	CauseVersions     Cause = "versions" // that do not work together
	CauseEnrich       Cause = "enrich"   // no fault: the key is older than what ES|QL's ENRICH requires
	CauseUnknown      Cause = "unknown"
)

// NoCertificationPath is the innermost cause of "PKIX path building failed"; what wraps it is not always told.
const NoCertificationPath = "unable to find valid certification path"

// fragment is a row of the table: any one of the texts, or all of them where all is set.
type fragment struct {
	cause Cause
	texts []string
	all   bool
}

// fragments are in order: what is specific comes before the generic texts that wrap it. "Unable to open any proxy
// connections" wraps most of the others. They come from Elastic's troubleshooting page for remote clusters and from what
// 8.19.4 and 9.5.3 were seen to answer.
var fragments = []fragment{
	{cause: CauseNotSet, texts: []string{"no such remote cluster: ["}},
	{cause: CauseNoKey, texts: []string{"_cross_cluster_access_credentials] but none found", "configured remote cluster credentials"}},
	{cause: CauseMalformedKey, texts: []string{
		"error attempting to authenticate request", "value must be a valid API key credential", "invalid ApiKey value",
	}},
	{cause: CauseKeyType, texts: []string{"authentication expected API key type of [cross_cluster]"}},
	{cause: CauseIdentity, texts: []string{
		"requires certificate identity matching", "does not match API Key certificate identity pattern",
		"Invalid cross cluster api key signature", "Failed to verify cross cluster api key signature certificate",
	}},
	{cause: CauseBadKey, texts: []string{
		"unable to find apikey with id", "api key is expired", "has been invalidated", "invalid credentials for API key",
		"unable to authenticate user [", "Authentication using apikey failed",
	}},
	{cause: CauseLicense, texts: []string{"current license is non-compliant for [advanced-remote-cluster-security]"}},
	{cause: CauseNoPrivileges, texts: []string{"no remote indices privileges apply for the target cluster"}},
	{cause: CausePort, texts: []string{
		"requires channel profile to be [_remote_cluster], but got [default]",
		"missing authentication credentials for action [cluster:internal/remote_cluster/handshake]",
		"action [cluster:internal/remote_cluster/handshake] is unauthorized for user [anonymous",
		"Received fatal alert: bad_certificate", "Empty client certificate chain",
		"not an SSL/TLS record", "Connection closed while SSL/TLS handshake was in progress",
	}},
	{cause: CauseNotAllowed, texts: []string{"towards remote cluster is unauthorized for user"}},
	{cause: CauseNotAllowed, all: true, texts: []string{"unauthorized for user", "on indices ["}},
	{cause: CauseNotAllowed, all: true, texts: []string{"is unauthorized for user", "granted by the index privileges"}},
	{cause: CausePort, texts: []string{"profile=default"}},
	{cause: CauseNoKey, texts: []string{"xpack.security.transport.ssl", "profile=_remote_cluster"}},
	{cause: CauseTrustedNames, texts: []string{"does not match the trusted names"}},
	{cause: CauseServerName, texts: []string{"No subject alternative DNS name", "No subject alternative names", "No name matching "}},
	{cause: CauseExpired, texts: []string{"PKIX path validation failed", "validity check failed", "NotAfter: "}},
	{cause: CauseTrust, texts: []string{
		"failed to establish trust with server", "client did not trust this server's certificate", "PKIX path building failed",
		NoCertificationPath,
	}},
	{cause: CauseUnknownHost, texts: []string{"unknown host ["}},
	{cause: CauseDropped, texts: []string{"handshake failed because connection reset", "closed by remote", "Connection reset"}},
	{cause: CauseUnreachable, texts: []string{
		"connect_exception", "failed to open any proxy connections to cluster", "fetching nodes from external cluster",
		"Unable to open any proxy connections to cluster",
	}},
	{cause: CauseNotTold, texts: []string{"Unable to connect to ["}},
}

// CauseOf returns the cause that a text of Elasticsearch tells.
func CauseOf(text string) Cause {
	for _, f := range fragments {
		has := func(part string) bool { return strings.Contains(text, part) }
		if f.all && !slices.ContainsFunc(f.texts, func(part string) bool { return !has(part) }) ||
			!f.all && slices.ContainsFunc(f.texts, has) {
			return f.cause
		}
	}
	return CauseUnknown
}

// Under is what a cause means under a security model: a remote cluster that does not trust the local one's certificate
// breaks the handshake, and only its own log says why.
func (c Cause) Under(m Model) Cause {
	if c == CauseDropped && m == ModelCertificate {
		return CauseUntrusted
	}
	return c
}

// generic reports whether the cause only says that the remote cluster was not reached, which how the connection is set up
// may explain better.
func (c Cause) generic() bool {
	switch c { //nolint:exhaustive // the others say what is wrong
	case CauseTrust, CauseUntrusted, CauseDropped, CauseUnreachable, CauseNotTold, CausePort, CauseUnknown:
		return true
	}
	return false
}

// LeavesConnected reports whether a connection may work in spite of the cause, for others or for other indices.
func (c Cause) LeavesConnected() bool {
	switch c { //nolint:exhaustive // the others keep it from working
	case CauseLicense, CauseNotAllowed, CauseNoPrivileges, CauseSkip, CauseVersions:
		return true
	}
	return false
}

// OfTrust reports whether the trust between two sides by certificates may be what is wrong.
func (c Cause) OfTrust() bool {
	switch c { //nolint:exhaustive // the others are of something else
	case CauseTrust, CauseTrustedNames, CauseUntrusted, CauseExpired, CauseDropped, CauseNotTold, CauseUnknown:
		return true
	}
	return false
}

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
		return named(call) + "did not answer in time"
	case !ok:
		return err.Error()
	case call.Code == elastic.CodeNotElasticsearch:
		return named(call) + "does not identify itself as Elasticsearch (" + call.Reason + ")"
	case call.Starting:
		return named(call) + "rejects the bot's credentials right now, as a starting node does"
	case call.Status == 401:
		return named(call) + "rejected the bot's credentials"
	case call.Status == 403:
		return named(call) + "does not permit the bot to do this (" + call.Reason + ")"
	case call.Status == elastic.StatusNotElevated:
		return named(call) + "requires elevated permissions, which the platform's key lacks: a user who has them must create the key"
	case call.Status == 429:
		return named(call) + "is limiting requests"
	case call.Status >= 500:
		return fmt.Sprintf("%sreturned an error (%d)", named(call), call.Status)
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
