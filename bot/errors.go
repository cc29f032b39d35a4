package bot

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind is what a failed call to Slack means for the one who made it.
type Kind int

// Kinds of failures. The zero Kind means nothing.
const (
	Gone        Kind = iota + 1 // the message, channel, user or view is gone, archived or out of the bot's reach
	Auth                        // the token is wrong, revoked, or its account disabled
	Scope                       // the app lacks a scope: see Error.Needed
	Limited                     // Slack's rate limit, or ours that keeps below it: see Error.RetryAfter
	BadBlocks                   // text, blocks or view break Slack's rules: a fault in our program
	Expired                     // the trigger_id or response_url is used up or too old
	Conflict                    // the view changed meanwhile (hash)
	Unavailable                 // Slack is down, slow or out of reach
	Other                       // anything else
)

var kindNames = [...]string{
	Gone: "gone", Auth: "auth", Scope: "scope", Limited: "limited", BadBlocks: "bad_blocks",
	Expired: "expired", Conflict: "conflict", Unavailable: "unavailable", Other: "other",
}

// String is for logs.
func (k Kind) String() string {
	if k <= 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("kind(%d)", int(k))
	}
	return kindNames[k]
}

// Error is a call to Slack that failed. It holds no token, text or URL.
type Error struct {
	Method     string        // "chat.postMessage"; "response_url" for Respond
	Code       string        // Slack's error string, if it answered with one
	Status     int           // HTTP status, if there was an answer
	Messages   []string      // what Slack, or our own check, says about blocks
	Needed     string        // scopes, when Kind is Scope
	RetryAfter time.Duration // when Kind is Limited
	Kind       Kind
	Ambiguous  bool // the call may have had its effect: look before doing it again
	Err        error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("calling " + e.Method + ": ")
	switch {
	case e.Code != "":
		b.WriteString(e.Code)
	case e.Err != nil:
		b.WriteString(e.Err.Error())
	case e.Status != 0:
		fmt.Fprintf(&b, "status %d", e.Status)
	default:
		b.WriteString(e.Kind.String())
	}
	if e.Needed != "" {
		b.WriteString(", needed: " + e.Needed)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, ", again after %s", e.RetryAfter)
	}
	if len(e.Messages) > 0 {
		b.WriteString(": " + strings.Join(e.Messages, "; "))
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// kinds tells Slack's error strings apart: the one place that does (Slack's docs, the errors of each method).
var kinds = map[string]Kind{
	"channel_not_found": Gone, "not_in_channel": Gone, "is_archived": Gone, "is_inactive": Gone, "message_not_found": Gone,
	"thread_not_found": Gone, "cant_update_message": Gone, "cant_delete_message": Gone, "edit_window_closed": Gone,
	"user_not_found": Gone, "users_not_found": Gone, "user_not_in_channel": Gone, "user_not_visible": Gone,
	"user_disabled": Gone, "cannot_dm_bot": Gone, "restricted_action": Gone, "no_such_subteam": Gone,
	"subteam_not_found": Gone, "not_found": Gone, "view_not_found": Gone, "not_enabled": Gone,
	"restricted_action_read_only_channel": Gone, "restricted_action_thread_only_channel": Gone,
	"messages_tab_disabled": Gone, "cannot_reply_to_message": Gone,

	"invalid_auth": Auth, "not_authed": Auth, "token_revoked": Auth, "token_expired": Auth,
	"account_inactive": Auth, "org_login_required": Auth, "access_denied": Auth, "team_access_not_granted": Auth,

	"missing_scope": Scope, "not_allowed_token_type": Scope, "no_permission": Scope, "permission_denied": Scope,

	"ratelimited": Limited, "rate_limited": Limited, "message_limit_exceeded": Limited,

	"invalid_blocks": BadBlocks, "invalid_blocks_format": BadBlocks, "block_mismatch": BadBlocks,
	"msg_too_long": BadBlocks, "msg_blocks_too_long": BadBlocks, "no_text": BadBlocks, "view_too_large": BadBlocks,
	"push_limit_reached": BadBlocks, "duplicate_external_id": BadBlocks, "invalid_arguments": BadBlocks,
	"metadata_too_large": BadBlocks, "invalid_metadata_format": BadBlocks, "invalid_metadata_schema": BadBlocks,
	"too_many_attachments": BadBlocks, "markdown_text_conflict": BadBlocks,

	"expired_trigger_id": Expired, "exchanged_trigger_id": Expired, "invalid_trigger_id": Expired,
	"invalid_trigger": Expired, "trigger_expired": Expired, "trigger_exchanged": Expired,
	"expired_url": Expired, "used_url": Expired,

	"hash_conflict": Conflict,

	"internal_error": Unavailable, "fatal_error": Unavailable, "service_unavailable": Unavailable,
	"request_timeout": Unavailable, "team_added_to_org": Unavailable, "accesslimited": Unavailable,
	"ekm_access_denied": Unavailable,
}

// ambiguousCodes are the errors after which, in Slack's own words, some aspect of the call may have succeeded.
var ambiguousCodes = map[string]bool{"internal_error": true, "fatal_error": true, "request_timeout": true, "service_unavailable": true}

func kindOf(code string) Kind {
	if k, ok := kinds[code]; ok {
		return k
	}
	return Other
}

// ErrTooMany is a search that was given up.
var ErrTooMany = errors.New("more messages than are looked through")
