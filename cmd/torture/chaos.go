package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// blow is one thing that goes wrong, and is well again when it returns.
type blow struct {
	name   string
	weight int
	do     func(*stage, context.Context) error
}

// blows by how often they fall.
var blows = []blow{
	{"kill", 8, (*stage).killOne},
	{"freeze", 5, (*stage).freezeOne},
	{"long freeze", 1, (*stage).freezeLong},
	{"restart", 3, (*stage).restartOne},
	{"rolling restart", 1, (*stage).rollingRestart},
	{"kill all", 1, (*stage).killAll},
	{"redis killed", 2, (*stage).killRedis},
	{"redis cut off", 3, (*stage).cutRedis},
	{"redis hangs", 2, (*stage).hangRedis},
	{"redis loses answers", 2, (*stage).loseRedis},
	{"redis slow", 1, (*stage).slowRedis},
	{"redis full", 2, (*stage).fillRedis},
	{"slack cut off", 2, (*stage).cutSlack},
	{"platform cut off", 2, (*stage).cutPlatform},
	{"platform hangs", 2, (*stage).hangPlatform},
	{"platform loses answers", 2, (*stage).losePlatform},
	{"elastic unwell", 5, (*stage).elasticUnwell},
	{"slack unwell", 4, (*stage).slackUnwell},
}

func (s *stage) draw() blow {
	total := 0
	for _, b := range blows {
		total += b.weight
	}
	n := s.rng.IntN(total)
	for _, b := range blows {
		if n -= b.weight; n < 0 {
			return b
		}
	}
	return blows[0]
}

func (s *stage) between(from, to time.Duration) time.Duration {
	return from + time.Duration(s.rng.Int64N(int64(to-from)+1))
}

func (s *stage) anyone() *replica { return s.replicas[s.rng.IntN(len(s.replicas))] }

// storm lets several blows fall at random moments within span, and returns when all is well again. What they are and
// when they fall is decided beforehand, so that a seed says it all.
func (s *stage) storm(ctx context.Context, count int, span time.Duration) []string {
	var wg sync.WaitGroup
	var names []string
	for range count {
		b, at := s.draw(), s.between(0, span)
		names = append(names, fmt.Sprintf("%s@%.1fs", b.name, at.Seconds()))
		plan := *s // a random source of its own: blows run side by side
		plan.rng = fork(s.rng)
		wg.Go(func() {
			pause(ctx, at)
			s.log("blow: %s", b.name)
			if err := b.do(&plan, ctx); err != nil {
				s.log("blow %s: %v", b.name, err)
			}
		})
	}
	wg.Wait()
	return names
}

func (s *stage) killOne(ctx context.Context) error {
	r, after := s.anyone(), s.between(0, 4*time.Second)
	p := r.proc()
	p.kill()
	s.line.count("kills")
	pause(ctx, after)
	return s.relaunch(r, p)
}

// relaunch starts the bot again unless another blow has done so.
func (s *stage) relaunch(r *replica, was *process) error {
	if r.proc() != was {
		return nil
	}
	return s.launch(r)
}

func (s *stage) killAll(ctx context.Context) error {
	after := s.between(0, 3*time.Second)
	var wg sync.WaitGroup
	for _, r := range s.replicas {
		wg.Go(func() {
			p := r.proc()
			p.kill()
			s.line.count("kills")
			pause(ctx, after)
			_ = s.relaunch(r, p)
		})
	}
	wg.Wait()
	return nil
}

// freezeOne lets a process stand still for longer than its lease, in the middle of whatever it does.
func (s *stage) freezeOne(ctx context.Context) error {
	p := s.anyone().proc()
	s.line.count("freezes")
	p.freeze(ctx, s.lease+s.between(200*time.Millisecond, 4*time.Second))
	return nil
}

// freezeLong lets it stand still for longer than any lease that there is, the one on telling too.
func (s *stage) freezeLong(ctx context.Context) error {
	p := s.anyone().proc()
	s.line.count("freezes")
	p.freeze(ctx, s.between(31*time.Second, 35*time.Second))
	return nil
}

func (s *stage) restartOne(ctx context.Context) error {
	return s.restart(s.anyone())
}

func (s *stage) restart(r *replica) error {
	p := r.proc()
	took, ended := p.stop(45 * time.Second)
	s.line.count("stops")
	s.line.drained(took, ended)
	return s.relaunch(r, p)
}

func (s *stage) rollingRestart(ctx context.Context) error {
	for _, r := range s.replicas {
		if err := s.restart(r); err != nil {
			return err
		}
		pause(ctx, 500*time.Millisecond)
	}
	return nil
}

func (s *stage) killRedis(ctx context.Context) error {
	defer s.line.away()()
	s.redis.turn.Lock()
	defer s.redis.turn.Unlock()
	s.line.count("redis restarts")
	s.redis.kill()
	pause(ctx, s.between(0, 5*time.Second))
	return s.redis.start()
}

func (s *stage) broken(ctx context.Context, w *wire, d time.Duration, how func() error) error {
	err := how()
	s.line.count("partitions")
	pause(ctx, d)
	if healing := w.heal(context.WithoutCancel(ctx)); healing != nil {
		return healing
	}
	return err
}

func (s *stage) cutRedis(ctx context.Context) error {
	defer s.line.away()()
	w := s.anyone().redis
	return s.broken(ctx, w, s.between(500*time.Millisecond, s.lease+4*time.Second), func() error { w.cut(); return nil })
}

func (s *stage) hangRedis(ctx context.Context) error {
	defer s.line.away()()
	w := s.anyone().redis
	return s.broken(ctx, w, s.between(500*time.Millisecond, s.lease+4*time.Second), w.hang)
}

func (s *stage) loseRedis(ctx context.Context) error {
	defer s.line.away()()
	w := s.anyone().redis
	return s.broken(ctx, w, s.between(200*time.Millisecond, 2*time.Second), w.lose)
}

func (s *stage) slowRedis(ctx context.Context) error {
	defer s.line.away()()
	w := s.anyone().redis
	return s.broken(ctx, w, s.between(time.Second, 6*time.Second), func() error { return w.slow(150 + s.rng.IntN(500)) })
}

// fillRedis leaves Redis no memory for another write; under noeviction it refuses them and goes on reading.
func (s *stage) fillRedis(ctx context.Context) error {
	defer s.line.away()()
	s.redis.turn.Lock()
	defer s.redis.turn.Unlock()
	s.line.count("redis full")
	if err := s.rdb.ConfigSet(ctx, "maxmemory", "1").Err(); err != nil {
		return err
	}
	pause(ctx, s.between(500*time.Millisecond, s.lease+4*time.Second))
	return s.rdb.ConfigSet(context.WithoutCancel(ctx), "maxmemory", "0").Err()
}

func (s *stage) cutSlack(ctx context.Context) error {
	w := s.anyone().slack
	return s.broken(ctx, w, s.between(500*time.Millisecond, 6*time.Second), func() error { w.cut(); return nil })
}

func (s *stage) hangPlatform(ctx context.Context) error {
	w := s.platform()
	return s.broken(ctx, w, s.between(500*time.Millisecond, 6*time.Second), w.hang)
}

func (s *stage) platform() *wire {
	r := s.anyone()
	return r.elect[s.rng.IntN(len(r.elect))]
}

func (s *stage) cutPlatform(ctx context.Context) error {
	w := s.platform()
	return s.broken(ctx, w, s.between(500*time.Millisecond, 8*time.Second), func() error { w.cut(); return nil })
}

func (s *stage) losePlatform(ctx context.Context) error {
	w := s.platform()
	return s.broken(ctx, w, s.between(500*time.Millisecond, 4*time.Second), w.lose)
}

// elasticUnwell makes Elastic refuse, hang or hang up, mostly where it hurts: after it did the work.
func (s *stage) elasticUnwell(ctx context.Context) error {
	writes := []fault.Match{
		{Method: "POST", Path: "**/_security/cross_cluster/api_key"},
		{Method: "PATCH", Path: "**/keystore"},
		{Method: "PUT", Path: "**/_cluster/settings"},
		{Method: "DELETE", Path: "**/_security/api_key"},
		{Method: "GET", Path: "**/_remote/info"},
		{Method: "GET"},
	}
	effects := []fault.Effect{
		{Close: true, Worked: true},
		{Hang: true, Worked: true},
		{Half: true},
		{Close: true},
		{Status: 503},
		{Status: 502, Worked: true},
		{Status: 400},
		{Status: 429},
		{Delay: fault.Duration(time.Second)},
	}
	o := fault.Order{Match: writes[s.rng.IntN(len(writes))], Effect: effects[s.rng.IntN(len(effects))], Times: 1 + s.rng.IntN(4)}
	var made struct {
		IDs []string `json:"ids"`
	}
	s.line.count("faults")
	if err := s.call(ctx, http.MethodPost, s.world.Elastic.Control+"/faults", o, &made); err != nil {
		return err
	}
	pause(ctx, s.between(2*time.Second, 10*time.Second))
	return s.call(context.WithoutCancel(ctx), http.MethodDelete, s.world.Elastic.Control+"/faults?id="+made.IDs[0], nil, nil)
}

// slackUnwell makes Slack's API fail a few times.
func (s *stage) slackUnwell(ctx context.Context) error {
	faults := []workspace.Fault{
		{Method: "chat.postMessage", LoseAnswer: true},
		{Method: "chat.update", LoseAnswer: true},
		{Method: "chat.postMessage", Status: 503},
		{Method: "chat.update", RetryAfter: 2},
		{Method: "chat.postMessage", RetryAfter: 1},
		{Method: "", Status: 500},
		{Method: "chat.update", Hang: true},
	}
	f := faults[s.rng.IntN(len(faults))]
	f.Times = 1 + s.rng.IntN(3)
	s.line.count("faults")
	return s.call(ctx, http.MethodPost, s.world.SlackControl+"/faults", workspace.Order{Fault: &f}, nil)
}
