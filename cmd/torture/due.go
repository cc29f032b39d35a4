package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// brief is a connection that one person approves alone, in an emergency, and that ends by itself. It is of two clusters that no
// other wish is about.
var brief = wish{verb: "connect", who: "bob", local: "metrics-eu", remote: "archive-us", approver: "carol", lasts: 18 * time.Second}

// lasting is a connection whose key comes near its end, so that the bot rotates it by itself, under the approval that it was made
// with. It is asked for once brief is made, as each person has one modal at a time.
var lasting = wish{verb: "connect", who: "bob", local: "archive-us", remote: "metrics-eu", approver: "carol"}

// keyLeft is what is left of the key: less than rotate_before, and past the time over which rotations are spread.
const keyLeft = "8d"

// dueMoments plays what the bot does by itself when its time has come. It returns how many requests came of it.
func (s *stage) dueMoments(ctx context.Context) (asked int, err error) {
	free, made := context.WithCancel(ctx)
	var ended int
	var failed error
	var wg sync.WaitGroup
	wg.Go(func() { ended, failed = s.briefly(ctx, made) })
	<-free.Done()
	rotated, err := s.lastingly(ctx)
	wg.Wait()
	return ended + rotated, errors.Join(err, failed)
}

// strike lets processes die or freeze once or twice, somewhere between two moments.
func (s *stage) strike(ctx context.Context, after, before time.Duration, at string) {
	for range 1 + s.due.IntN(2) {
		plan := *s
		plan.rng = fork(s.due)
		wait := plan.between(after, before)
		go func() {
			pause(ctx, wait)
			blow := []func(*stage, context.Context) error{(*stage).killOne, (*stage).killOne, (*stage).killAll, (*stage).freezeOne}[plan.rng.IntN(4)]
			plan.line.count("blows at " + at)
			if err := blow(&plan, ctx); err != nil {
				s.log("a blow at %s: %v", at, err)
			}
		}()
	}
}

// lastingly plays lasting until its key has been rotated: processes die around the moment when that is due. It returns how many
// requests came of it.
func (s *stage) lastingly(ctx context.Context) (asked int, err error) {
	if err := s.ask(ctx, lasting); err != nil {
		return 0, err
	}
	if _, err := s.decide(ctx, lasting); err != nil {
		return 1, err
	}
	connect, _, err := s.requestsOf(ctx, lasting)
	if err != nil || connect == nil {
		return 1, fmt.Errorf("the request for %s is not there: %w", lasting.title(), err)
	}
	if connect.State != change.Applied {
		return 1, nil
	}
	if err := s.age(ctx, connect); err != nil {
		return 1, err
	}
	due := time.Now()
	s.strike(ctx, 0, 6*time.Second, "a rotation")
	own, err := s.ownRequests(ctx, lasting, due, 7*time.Second)
	return 1 + own, err
}

// age brings the key of a connection near its end, as its owner can.
func (s *stage) age(ctx context.Context, connect *change.Request) error {
	var elastic platform.State
	if err := s.call(ctx, http.MethodGet, s.world.Elastic.Control+"/state", nil, &elastic); err != nil {
		return err
	}
	for _, d := range deployments(elastic) {
		for _, k := range d.Cluster.Keys {
			if !k.Valid || !strings.Contains(k.Name, connect.ID) {
				continue
			}
			for _, p := range s.world.Elastic.Platforms {
				for _, a := range p.Deployments {
					if a.ID == d.ID {
						return s.shorten(ctx, a, k.ID, k.Metadata)
					}
				}
			}
		}
	}
	return fmt.Errorf("%s has no key", connect.ID)
}

// shorten leaves a key keyLeft. Elasticsearch takes a new end only together with the access or the metadata.
func (s *stage) shorten(ctx context.Context, on platform.DeploymentAddress, key string, metadata map[string]any) (err error) {
	for range 10 {
		to, bad := url.Parse(on.ServiceURL + "/_security/cross_cluster/api_key/" + key)
		if bad != nil {
			return bad
		}
		to.User = url.UserPassword(on.User, on.Password)
		if err = s.call(ctx, http.MethodPut, to.String(), map[string]any{"expiration": keyLeft, "metadata": metadata}, nil); err == nil {
			return nil
		}
		pause(ctx, 500*time.Millisecond)
	}
	return err
}

// briefly plays brief to its end: processes die around the moment when the bot has to remove it. It returns how many requests came
// of it, and tells made once its people have their hands free.
func (s *stage) briefly(ctx context.Context, made func()) (asked int, err error) {
	defer made()
	if err := s.ask(ctx, brief); err != nil {
		return 0, err
	}
	if _, err := s.decide(ctx, brief); err != nil {
		return 1, err
	}
	connect, _, err := s.requestsOf(ctx, brief)
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
	made()
	s.strike(ctx, time.Until(p.Until)-time.Second, time.Until(p.Until)+1500*time.Millisecond, "an end")
	own, err := s.ownRequests(ctx, brief, p.Until, 2*time.Second)
	return 1 + own, err
}

// ownRequests waits until what the bot had to do by itself about the connection of a wish, at due, has ended, and returns how many
// requests of the bot's own came of it. The leases of checks end early from patience after due on.
func (s *stage) ownRequests(ctx context.Context, w wish, due time.Time, patience time.Duration) (int, error) {
	for ctx.Err() == nil {
		pause(ctx, 200*time.Millisecond)
		if _, own, err := s.requestsOf(ctx, w); err == nil && len(own) > 0 && !moving(own[0]) {
			s.log("%s: %s, %v after that was due", own[0].Proposal.Title, own[0].State, time.Since(due).Round(100*time.Millisecond))
			return len(own), nil
		}
		s.approveOwn(ctx)
		if time.Since(due) > patience {
			s.endCheckLeases(ctx)
			pause(ctx, 3*time.Second)
		}
	}
	return 0, fmt.Errorf("the bot had to do something about %s on %v, and nothing came of that: %w", w.title(), due, ctx.Err())
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

// requestsOf are the request that made the connection of a wish, and those that the bot made about it, the newest first.
func (s *stage) requestsOf(ctx context.Context, w wish) (connect *change.Request, own []*change.Request, err error) {
	all, err := s.store.Recent(ctx, 100)
	for _, r := range all {
		if strings.Contains(r.Reason, "torture "+w.title()) && (connect == nil || r.State == change.Applied) {
			connect = r
		}
	}
	for _, r := range all {
		if connect != nil && r.Requester.Bot && r.Proposal.Subject() == connect.Proposal.Subject() {
			own = append(own, r)
		}
	}
	return connect, own, err
}

// approveOwn approves what the bot asks for where people are asked, as something differs from what was approved.
func (s *stage) approveOwn(ctx context.Context) {
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

// inspectRotations: a key near its end was rotated by one request, or that this failed is told; inspectKeys looks that no other
// key is left.
func inspectRotations(f *findings, all []*change.Request) {
	for _, c := range connections(all) {
		i := slices.IndexFunc(c.asked, func(r *change.Request) bool {
			return r.State == change.Applied && strings.Contains(r.Reason, "torture "+lasting.title())
		})
		if i < 0 {
			continue
		}
		var own []*change.Request
		for _, r := range c.asked[i+1:] {
			if r.Requester.Bot && r.Proposal.Kind == link.KindRotate {
				own = append(own, r)
			}
		}
		if len(own) != 1 {
			f.add("the key of %s was to be rotated, and %d requests came of that", c, len(own))
		}
	}
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
