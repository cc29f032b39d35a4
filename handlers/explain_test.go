package handlers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

const canary = "c2VjcmV0LWtleTpjYW5hcnk=" // stands for a secret that an error carries

func TestEveryErrorIsExplained(t *testing.T) {
	leaky := errors.New("encoded=" + canary)
	call := func(status int) error {
		return &elastic.CallError{System: "ece-prod", Call: "PATCH /keystore " + canary, Status: status, Code: canary, Reason: canary, Err: leaky}
	}
	tests := map[string]struct {
		err  error
		want string
		ours bool
	}{
		"stale":           {&change.StaleError{Now: handlerstest.EveryState()["rejected"]}, "Request `7Q2MZK`: rejected (rejected by <@U0BEN>", false},
		"late":            {&change.StateError{Event: change.Approve, Now: handlerstest.EveryState()["approved"]}, "approved by <@U0ANNA>", false},
		"held by oneself": {&change.LockedError{Target: canary, RequestID: "R7", OwnRequest: true}, "Your earlier request `R7`", false},
		"held":            {&change.LockedError{Target: canary, RequestID: "R7"}, "`R7`", false},
		"not allowed":     {&change.NotAllowedError{Why: "you asked for this"}, "You asked for this", false},
		"not found":       {fmt.Errorf("%w: %w", change.ErrNotFound, leaky), "no longer has this request", false},
		"newer":           {fmt.Errorf("%w: %w", change.ErrNewer, leaky), "newer version", false},
		"conflict":        {fmt.Errorf("%w: %w", change.ErrConflict, leaky), "kept changing", false},
		"store away":      {fmt.Errorf("%w: %w", change.ErrUnavailable, leaky), "counts only once", false},
		"store full":      {fmt.Errorf("%w: %w", change.ErrFull, leaky), "Nothing was stored", false},
		"invalid":         {&change.InvalidError{Problems: []change.Problem{{Field: link.FieldAlias, Say: "it is taken"}}}, "Alias: it is taken", false},
		"explained":       {fmt.Errorf("x: %w", &change.ExplainedError{Say: "The port is wrong.", Err: leaky}), "The port is wrong.", false},
		"temporary":       {change.Temporary(&change.ExplainedError{Say: "Later.", Err: leaky}), "Later.", false},
		"no answer":       {call(0), "ece-prod did not answer", false},
		"unauthorized":    {call(401), "credentials", false},
		"forbidden":       {call(403), "permissions", false},
		"not elevated":    {call(449), "elevated permissions", false},
		"not there":       {call(404), "can't find this", false},
		"too many":        {call(429), "limiting requests", false},
		"trouble":         {call(503), "returned an error (503)", false},
		"no product":      {&elastic.CallError{System: "es", Status: 200, Code: elastic.CodeNotElasticsearch, Reason: canary, Err: leaky}, "any_product: true", false},
		"refused":         {call(400), "rejected a call (400)", false},
		"no credentials":  {fmt.Errorf("%w: %w", elastic.ErrNoCredentials, leaky), "no credentials", false},
		"no platform":     {&link.UnknownSystemError{Name: "<!here>"}, "&lt;!", false},
		"trigger expired": {&bot.Error{Kind: bot.Expired, Err: leaky}, "Try once more", false},
		"slack limited":   {&bot.Error{Kind: bot.Limited, Err: leaky}, "limiting", false},
		"slack away":      {&bot.Error{Kind: bot.Unavailable, Err: leaky}, "limiting", false},
		"slack gone":      {&bot.Error{Kind: bot.Gone, Err: leaky}, "no longer exists", false},
		"slack scope":     {&bot.Error{Kind: bot.Scope, Err: leaky}, "permission", false},
		"busy":            {bot.ErrBusy, "busy", false},
		"too slow":        {fmt.Errorf("%w: %w", context.DeadlineExceeded, leaky), "took too long", false},
		"bad blocks":      {&bot.Error{Kind: bot.BadBlocks, Err: leaky, Messages: []string{canary}}, "Something went wrong in the bot", true},
		"panic":           {bot.ErrPanic, "Something went wrong in the bot", true},
		"unknown":         {leaky, "Something went wrong in the bot", true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			for _, p := range []reply.Format{{}, {Plain: true}} {
				say, known := reply.Explain(t.Context(), tc.err, p)
				if known == tc.ours {
					t.Errorf("known: %t", known)
				}
				if !p.Plain && !strings.Contains(say, tc.want) {
					t.Errorf("says %q, want %q in it", say, tc.want)
				}
				if p.Plain && strings.Contains(say, "<@") {
					t.Errorf("a mention beside a field: %q", say)
				}
				if strings.Contains(say, canary) {
					t.Errorf("gives the secret away: %q", say)
				}
				if say == "" || len([]rune(say)) > mrkdwn.MaxText {
					t.Errorf("says %q", say)
				}
			}
		})
	}
}

func TestOurFaultsAreLoggedAndTold(t *testing.T) {
	d := newDesk(t)
	var log strings.Builder
	d.with(func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	d.tell.Failed(t.Context(), bot.Failure{User: anna, Channel: "C1", What: "action x", Err: bot.ErrPanic, RequestID: "RID1"})
	if !strings.Contains(log.String(), "RID1") || !strings.Contains(d.slack.Said(), "Something went wrong in the bot") {
		t.Errorf("logged %q, told %q", log.String(), d.slack.Said())
	}
}

func TestNoSecretOfAnErrorReachesAnybody(t *testing.T) {
	d := newDesk(t)
	d.filledIn()
	r := d.has(change.Pending)
	d.book.SetDown(fmt.Errorf("dial redis://:%s@host: refused", canary))
	for _, press := range []bot.ActionHandler{d.decisions.approve, d.decisions.withdraw, d.decisions.askRejectReason, d.plan.plan} {
		d.finish(press(t.Context(), pressed(anna, r)))
	}
	beside := handlerstest.ToJSON(t, d.submits())
	if all := d.slack.Said() + beside; strings.Contains(all, canary) || !strings.Contains(all, "Something went wrong in the bot") {
		t.Errorf("told %s", all)
	}
}
