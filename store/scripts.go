package store

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

//go:embed lua/lib.lua
var lib string

//go:embed lua/request_create.lua
var requestCreateSource string

//go:embed lua/requests_read.lua
var requestsReadSource string

//go:embed lua/request_transition.lua
var requestTransitionSource string

//go:embed lua/work_find.lua
var workFindSource string

//go:embed lua/request_claim.lua
var requestClaimSource string

//go:embed lua/lease_extend.lua
var leaseExtendSource string

//go:embed lua/journal_record.lua
var journalRecordSource string

//go:embed lua/request_release.lua
var requestReleaseSource string

//go:embed lua/notification_claim.lua
var notificationClaimSource string

//go:embed lua/notification_finish.lua
var notificationFinishSource string

//go:embed lua/message_record.lua
var messageRecordSource string

//go:embed lua/home_open.lua
var homeOpenSource string

//go:embed lua/homes_dirty.lua
var homesDirtySource string

//go:embed lua/home_next.lua
var homeNextSource string

//go:embed lua/home_rendered.lua
var homeRenderedSource string

//go:embed lua/follow_set.lua
var followSetSource string

//go:embed lua/claim_checks.lua
var claimChecksSource string

//go:embed lua/finish_check.lua
var finishCheckSource string

//go:embed lua/call_begin.lua
var callBeginSource string

//go:embed lua/calls_end.lua
var callsEndSource string

//go:embed lua/request_redraw.lua
var requestRedrawSource string

//go:embed lua/audit_trim.lua
var auditTrimSource string

//go:embed lua/policy_record.lua
var policyRecordSource string

//go:embed lua/record_keep.lua
var recordKeepSource string

//go:embed lua/end_lease.lua
var endLeaseSource string

//go:embed lua/request_put_aside.lua
var asideSource string

//go:embed lua/request_requeue.lua
var requeueSource string

//go:embed lua/alerts_sync.lua
var alertsSyncSource string

//go:embed lua/event_done.lua
var eventDoneSource string

// The scripts. Each documents its keys, arguments and answers.
var (
	requestCreateScript      = redis.NewScript(lib + requestCreateSource)
	requestsReadScript       = redis.NewScript(lib + requestsReadSource)
	requestTransitionScript  = redis.NewScript(lib + requestTransitionSource)
	workFindScript           = redis.NewScript(lib + workFindSource)
	requestClaimScript       = redis.NewScript(lib + requestClaimSource)
	leaseExtendScript        = redis.NewScript(lib + leaseExtendSource)
	journalRecordScript      = redis.NewScript(lib + journalRecordSource)
	requestReleaseScript     = redis.NewScript(lib + requestReleaseSource)
	notificationClaimScript  = redis.NewScript(lib + notificationClaimSource)
	notificationFinishScript = redis.NewScript(lib + notificationFinishSource)
	messageRecordScript      = redis.NewScript(lib + messageRecordSource)
	homeOpenScript           = redis.NewScript(lib + homeOpenSource)
	homesDirtyScript         = redis.NewScript(lib + homesDirtySource)
	homeNextScript           = redis.NewScript(lib + homeNextSource)
	homeRenderedScript       = redis.NewScript(lib + homeRenderedSource)
	followSetScript          = redis.NewScript(lib + followSetSource)

	callBeginScript     = redis.NewScript(lib + callBeginSource)
	callsEndScript      = redis.NewScript(lib + callsEndSource)
	requestRedrawScript = redis.NewScript(lib + requestRedrawSource)
	auditTrimScript     = redis.NewScript(lib + auditTrimSource)
	policyRecordScript  = redis.NewScript(lib + policyRecordSource)
	claimChecksScript   = redis.NewScript(lib + claimChecksSource)
	finishCheckScript   = redis.NewScript(lib + finishCheckSource)
	recordKeepScript    = redis.NewScript(lib + recordKeepSource)
	endLeaseScript      = redis.NewScript(lib + endLeaseSource)
	asideScript         = redis.NewScript(lib + asideSource)
	requeueScript       = redis.NewScript(lib + requeueSource)
	alertsSyncScript    = redis.NewScript(lib + alertsSyncSource)
	eventDoneScript     = redis.NewScript(lib + eventDoneSource)
)

// scriptNames are the names of the scripts by their hash, which is all that a command to Redis says.
var scriptNames = map[string]string{
	requestCreateScript.Hash(): "request_create", requestsReadScript.Hash(): "requests_read", requestTransitionScript.Hash(): "request_transition", workFindScript.Hash(): "work_find",
	requestClaimScript.Hash(): "request_claim", leaseExtendScript.Hash(): "lease_extend", journalRecordScript.Hash(): "journal_record",
	requestReleaseScript.Hash(): "request_release", notificationClaimScript.Hash(): "notification_claim", notificationFinishScript.Hash(): "notification_finish",
	messageRecordScript.Hash(): "message_record", homeOpenScript.Hash(): "home_open", homesDirtyScript.Hash(): "homes_dirty", homeNextScript.Hash(): "home_next",
	homeRenderedScript.Hash(): "home_rendered", asideScript.Hash(): "request_put_aside", requeueScript.Hash(): "request_requeue", followSetScript.Hash(): "follow_set",
	callBeginScript.Hash(): "call_begin", callsEndScript.Hash(): "calls_end", requestRedrawScript.Hash(): "request_redraw", auditTrimScript.Hash(): "audit_trim", policyRecordScript.Hash(): "policy_record", claimChecksScript.Hash(): "claim_checks", finishCheckScript.Hash(): "finish_check", endLeaseScript.Hash(): "end_lease", alertsSyncScript.Hash(): "alerts_sync", eventDoneScript.Hash(): "event_done", recordKeepScript.Hash(): "record_keep",
}

// db is the Redis that the parts of a Store share: the names of their keys, and how scripts run there.
type db struct {
	rdb      redis.UniversalClient
	keys     keys
	nonce    func() string
	replicas int // that must have what must not be lost
}

// answer is what a script says: a word, and after some words a value.
type answer struct {
	word, value string
	more        string // a second value
}

// words are the answers that are errors to every caller.
var words = map[string]error{
	"missing":  change.ErrNotFound,
	"newer":    change.ErrNewer,
	"conflict": change.ErrConflict,
	"fenced":   change.ErrFenced,
	"aside":    change.ErrUnreadable,
}

// eval runs a script: by its hash, and in full where Redis does not know it, as after a restart.
func (s *db) eval(ctx context.Context, doing string, script *redis.Script, keys []string, args ...any) (answer, error) {
	got, err := script.Run(ctx, s.rdb, keys, args...).StringSlice()
	if err != nil {
		return answer{}, fault(doing, err)
	}
	return said(doing, got)
}

// said reads a script's answer.
func said(doing string, got []string) (answer, error) {
	if len(got) == 0 {
		return answer{}, fmt.Errorf("%s: the script gave no answer", doing)
	}
	if err, ok := words[got[0]]; ok {
		return answer{}, fmt.Errorf("%s: %w", doing, err)
	}
	a := answer{word: got[0]}
	if len(got) > 1 {
		a.value = got[1]
	}
	if len(got) > 2 {
		a.more = got[2]
	}
	return a, nil
}

// unexpected is for an answer that the caller has no meaning for.
func (a answer) unexpected(doing string) error {
	return fmt.Errorf("%s: the script answered %q", doing, a.word)
}

// Ping reports whether Redis answers; change.ErrUnavailable if not.
func (s *db) Ping(ctx context.Context) error {
	return fault("ping", s.rdb.Ping(ctx).Err())
}

// Now returns Redis's own time, which leases go by.
func (s *db) Now(ctx context.Context) (time.Time, error) {
	t, err := s.rdb.Time(ctx).Result()
	return t, fault("asking the time", err)
}
