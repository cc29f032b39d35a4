package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// findings are the rules that were broken, each with what was seen.
type findings []string

func (f *findings) add(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

// settled waits until every request has come to its end and has been told, and returns them.
func (s *stage) settled(ctx context.Context, requests int) ([]*change.Request, error) {
	ctx, cancel := context.WithTimeout(ctx, s.settle)
	defer cancel()
	for {
		all, err := s.store.Recent(ctx, 100)
		if err == nil && len(all) >= requests && !slices.ContainsFunc(all, moving) {
			return all, nil
		}
		if err == nil && len(all) > requests && slices.ContainsFunc(all, pending) {
			s.withdrawStray(ctx)
		}
		select {
		case <-ctx.Done():
			return all, fmt.Errorf("after %v: %s (%w)", s.settle, states(all), err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func pending(r *change.Request) bool { return r.State == change.Pending }

func moving(r *change.Request) bool {
	return !r.State.Final() && r.State != change.Stuck || r.Announced < r.Version
}

func states(all []*change.Request) string {
	var out []string
	for _, r := range all {
		out = append(out, fmt.Sprintf("%s %s, version %d, told %d", r.ID, r.State, r.Version, r.Announced))
	}
	return strings.Join(out, "; ")
}

// inspect holds what is there against every rule, from outside.
func (s *stage) inspect(ctx context.Context, requests int, all []*change.Request) (findings, []change.AuditLine, error) {
	var f findings
	var elastic platform.State
	if err := s.call(ctx, http.MethodGet, s.world.Elastic.Control+"/state", nil, &elastic); err != nil {
		return f, nil, err
	}
	slack, err := s.slack(ctx)
	if err != nil {
		return f, nil, err
	}
	var calls []fault.Call
	if err := s.call(ctx, http.MethodGet, s.world.Elastic.Control+"/log", nil, &calls); err != nil {
		return f, nil, err
	}
	audit, err := s.audit(ctx, &f)
	if err != nil {
		return f, nil, err
	}
	if extra := len(all) - requests; extra < 0 || extra > s.strays {
		f.add("%d requests came of %d wishes, and %d of forms that had been given up: %s", len(all), requests, s.strays, states(all))
	}
	for _, r := range all {
		s.inspectEnd(&f, r, audit)
		s.inspectThread(&f, r, slack)
	}
	inspectDecisions(&f, audit)
	inspectEndings(&f, all, audit)
	inspectRotations(&f, all)
	inspectWorld(&f, elastic, all)
	inspectKeys(&f, elastic, all)
	inspectFence(&f, audit, calls)
	s.inspectLogs(&f)
	return f, audit, nil
}

func (s *stage) audit(ctx context.Context, f *findings) ([]change.AuditLine, error) {
	report, err := s.store.VerifyAudit(ctx)
	if err != nil {
		return nil, err
	}
	if report.Bad != nil {
		f.add("the audit is broken at line %d: %s", report.Bad.Position, report.Bad.Why)
	}
	return s.store.Audit(ctx, "", 100000)
}

// inspectEnd: final, or stuck with what is left named; and there is one end.
func (s *stage) inspectEnd(f *findings, r *change.Request, audit []change.AuditLine) {
	switch {
	case r.State == change.Stuck && len(r.Outcome.Leftovers) == 0:
		f.add("%s is stuck and names nothing", r.ID)
	case r.State != change.Stuck && !r.State.Final():
		f.add("%s is still %s", r.ID, r.State)
	}
	ends := 0
	for _, l := range audit {
		if l.Entry.Request == r.ID && l.Entry.To != l.Entry.From && (l.Entry.To.Final() || l.Entry.To == change.Stuck) {
			ends++
		}
	}
	if ends != 1 {
		f.add("%s ended %d times", r.ID, ends)
	}
}

var words = map[change.State]string{
	change.Applied: "Done", change.RolledBack: "Failed and rolled back", change.Withdrawn: "Withdrawn",
	change.Stuck: "Stuck: needs a person", change.Rejected: "Rejected", change.Expired: "Expired",
}

// inspectThread: one card, which shows the end; one announcement of the end in its thread.
func (s *stage) inspectThread(f *findings, r *change.Request, slack workspace.State) {
	count := map[string]int{}
	for _, m := range slack.Messages {
		if request(m) != r.ID || m.Deleted || m.Ephemeral() {
			continue
		}
		count[slot(m)]++
		if slot(m) == "card" && !strings.Contains(slack.Render(m), words[r.State]) {
			f.add("the card of %s does not say %q:\n%s", r.ID, words[r.State], slack.Render(m))
		}
	}
	want := map[string]int{"card": 1, "final": 1, "stuck": 0}
	switch r.State { //nolint:exhaustive // the others are announced
	case change.Withdrawn:
		want["final"] = 0
	case change.Stuck:
		want["final"], want["stuck"] = 0, 1
	}
	if r.UnderStanding() { // it is told in the thread of the connection; a card comes of it only where it fails
		delete(want, "card")
		if count["card"] > 1 {
			f.add("%s has %d cards", r.ID, count["card"])
		}
	}
	for slot, n := range want {
		if count[slot] != n {
			f.add("%s is %s and has %d messages %q, not %d", r.ID, r.State, count[slot], slot, n)
		}
	}
	if count["progress"] > 1 {
		f.add("%s has %d progress messages", r.ID, count["progress"])
	}
}

// inspectLogs: nothing panicked, and no secret is in a log.
func (s *stage) inspectLogs(f *findings) {
	for _, r := range s.replicas {
		for _, p := range r.all() {
			text := p.text()
			if i := strings.Index(text, "panic"); i >= 0 {
				f.add("replica %d panicked: %s", r.number, text[i:min(len(text), i+600)])
			}
			for name, secret := range s.world.Env {
				if strings.Contains(text, secret) {
					f.add("replica %d logged %s", r.number, name)
				}
			}
		}
	}
}
