package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// brief is a connection that one person approves alone, in an emergency, and that ends by itself. It is of two clusters that no
// other wish is about.
var brief = wish{verb: "connect", who: "bob", local: "metrics-eu", remote: "archive-us", approver: "carol", lasts: 18 * time.Second}

// briefly plays brief to its end: processes die around the moment when the bot has to remove it. It returns how many requests came
// of it.
func (s *stage) briefly(ctx context.Context) (asked int, err error) {
	if err := s.ask(ctx, brief); err != nil {
		return 0, err
	}
	if _, err := s.decide(ctx, brief); err != nil {
		return 1, err
	}
	connect, _, err := s.briefRequests(ctx)
	if err != nil || connect == nil {
		return 1, fmt.Errorf("the request for %s is not there: %w", brief.title(), err)
	}
	if connect.State != change.Applied {
		return 1, nil
	}
	var p link.ConnectParams
	if err := json.Unmarshal(connect.Proposal.Params, &p); err != nil {
		return 1, err
	}
	for range 1 + s.due.IntN(2) {
		plan := *s
		plan.rng = fork(s.due)
		at := time.Until(p.Until) + plan.between(-time.Second, 1500*time.Millisecond)
		go func() {
			pause(ctx, at)
			blow := []func(*stage, context.Context) error{(*stage).killOne, (*stage).killOne, (*stage).killAll, (*stage).freezeOne}[plan.rng.IntN(4)]
			plan.line.count("blows at an end")
			if err := blow(&plan, ctx); err != nil {
				s.log("a blow at the end: %v", err)
			}
		}()
	}
	for ctx.Err() == nil {
		pause(ctx, 200*time.Millisecond)
		if _, ends, err := s.briefRequests(ctx); err == nil && len(ends) > 0 && !moving(ends[0]) {
			s.log("the connection ended: %s, %v after its end was due", ends[0].State, time.Since(p.Until).Round(100*time.Millisecond))
			return 1 + len(ends), nil
		}
		s.approveEnd(ctx)
		if time.Since(p.Until) > 2*time.Second {
			s.endCheckLeases(ctx)
			pause(ctx, 3*time.Second)
		}
	}
	return 1, fmt.Errorf("%s should have ended on %v, and nothing came of that: %w", brief.title(), p.Until, ctx.Err())
}

// endCheckLeases lets the next replica look at each connection at once, as it would two minutes after the one that was to look
// died. One that only stood still looks, too.
func (s *stage) endCheckLeases(ctx context.Context) {
	queues, err := s.rdb.Keys(ctx, "rcb:{"+s.name+"}:checks:*").Result()
	for _, queue := range queues {
		var connections []string
		if connections, err = s.rdb.ZRange(ctx, queue, 0, -1).Result(); err != nil {
			break
		}
		for _, c := range connections {
			err = errors.Join(err, s.rdb.ZAddXX(ctx, queue, redis.Z{Score: float64(time.Now().UnixMilli()), Member: c}).Err())
		}
	}
	if err != nil {
		s.log("the leases of checks: %v", err)
	}
}

// briefRequests are the request that made the connection, and those for its removal, the newest first.
func (s *stage) briefRequests(ctx context.Context) (connect *change.Request, ends []*change.Request, err error) {
	all, err := s.store.Recent(ctx, 100)
	for _, r := range all {
		switch {
		case r.Requester.Bot && r.Proposal.Kind == link.KindDisconnect:
			ends = append(ends, r)
		case strings.Contains(r.Reason, "torture "+brief.title()) && (connect == nil || r.State == change.Applied):
			connect = r
		}
	}
	return connect, ends, err
}

// approveEnd approves the removal where people are asked, as something differs from what was approved.
func (s *stage) approveEnd(ctx context.Context) {
	state, err := s.slack(ctx)
	if err != nil {
		return
	}
	for _, m := range state.Messages {
		shows := state.Render(m)
		if slot(m) == "card" && strings.Contains(shows, "Requested by the bot") && strings.Contains(shows, "[ Approve") {
			s.act(ctx, workspace.Act{User: brief.approver, Do: "confirm", Channel: m.Channel, TS: m.TS, Field: "Approve"})
		}
	}
}

// breakGlass approves a card alone: with a reason, in a form.
func (s *stage) breakGlass(ctx context.Context, w wish, card workspace.Message) said {
	out := s.act(ctx, workspace.Act{User: w.approver, Do: "confirm", Channel: card.Channel, TS: card.TS, Field: "Break glass…"})
	if !out.ok() {
		return out
	}
	if !s.until(ctx, 3*time.Second, func(st workspace.State) bool {
		v, ok := st.Modal(w.approver)
		return ok && strings.Contains(st.RenderView(v), "Why is this an emergency?")
	}) {
		return out
	}
	if out = s.act(ctx, workspace.Act{User: w.approver, Do: "fill", Field: "Why is this an emergency?", Text: "torture"}); out.ok() {
		out = s.act(ctx, workspace.Act{User: w.approver, Do: "submit"})
	}
	if !out.ok() {
		s.act(ctx, workspace.Act{User: w.approver, Do: "dismiss"})
	}
	return out
}

// inspectEndings: what had to end was removed by one request, not before its end, or that this failed is told; and nobody's
// emergency counted twice.
func inspectEndings(f *findings, all []*change.Request, audit []change.AuditLine) {
	for _, c := range connections(all) {
		i := slices.IndexFunc(c.asked, func(r *change.Request) bool { return r.Review() != nil && r.State == change.Applied })
		if i < 0 {
			continue
		}
		var p link.ConnectParams
		if err := json.Unmarshal(c.asked[i].Proposal.Params, &p); err != nil {
			f.add("%s: %v", c, err)
			continue
		}
		var ends []*change.Request
		for _, r := range c.asked[i+1:] {
			if r.Requester.Bot && r.Proposal.Kind == link.KindDisconnect {
				ends = append(ends, r)
			}
		}
		if len(ends) != 1 {
			f.add("%s was to end, and %d requests came of that", c, len(ends))
			continue
		}
		if ends[0].Created.Before(p.Until) {
			f.add("%s was to end on %v, and was ended on %v", c, p.Until, ends[0].Created)
		}
	}
	broken := map[string]int{}
	for _, l := range audit {
		if l.Entry.What == string(change.DecisionBreakGlass) {
			broken[l.Entry.Request]++
		}
	}
	for id, n := range broken {
		if n > 1 {
			f.add("%s was approved alone %d times", id, n)
		}
	}
}
