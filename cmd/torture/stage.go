package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

// settings are what a whole torture run is like.
type settings struct {
	bin         string // the bot
	playground  string // the program with the stand-ins
	older       string // another version of it, which every second replica runs; empty: none
	server      string // redis-server or valkey-server
	dir         string // for logs and Redis's files
	lease       time.Duration
	callTimeout time.Duration // the bot's call_timeout
	real        bool          // Elasticsearch clusters
	settle      time.Duration // how long a round may take to come to its end once everything is well again
}

// world is what `playground sim` says of itself.
type world struct {
	SlackAPI     string            `json:"slack_api"`
	SlackControl string            `json:"slack_control"`
	Channel      string            `json:"channel"`
	Env          map[string]string `json:"env"`
	Elastic      struct {
		Control   string `json:"control"`
		Platforms []struct {
			Name        string                       `json:"name"`
			URL         string                       `json:"url"`
			Deployments []platform.DeploymentAddress `json:"deployments"`
		} `json:"platforms"`
	} `json:"elastic"`
}

// stage is one round: a world, a Redis and some replicas of the bot, each with wires of its own.
type stage struct {
	settings
	name   string // also the environment in the bot's configuration
	socket bool
	// saturated: there are more requests at once than workers.
	saturated bool
	workers   int
	rng       *rand.Rand
	due       *rand.Rand // of what falls around an end
	log       func(format string, args ...any)

	redis    *redisServer
	sim      *process
	world    world
	wires    wires
	balancer *balancer
	front    *http.Server
	replicas []*replica
	store    *store.Store
	rdb      redis.UniversalClient
	client   *http.Client
	line     *timeline
	ends     map[string]int // how the requests ended
	strays   int            // requests of forms that people had given up
	handed   []time.Duration
}

// replica is a place where the bot runs, under one process after another.
type replica struct {
	number int
	listen string
	config string
	redis  *wire
	slack  *wire
	elect  []*wire // the platforms

	mu    sync.Mutex
	procs []*process
}

func (r *replica) proc() *process {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.procs[len(r.procs)-1]
}

func (r *replica) all() []*process {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.procs)
}

// build sets the stage: everything but the replicas' processes.
func (s *stage) build(replicas int, latency time.Duration) error {
	s.client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	addr, err := freeAddress()
	if err != nil {
		return err
	}
	s.redis = &redisServer{bin: s.server, dir: s.dir, addr: addr}
	if err := s.redis.start(); err != nil {
		return err
	}
	for range replicas {
		listen, err := freeAddress()
		if err != nil {
			return err
		}
		s.replicas = append(s.replicas, &replica{number: len(s.replicas) + 1, listen: listen})
	}
	if err := s.openFront(); err != nil {
		return err
	}
	if err := s.startSim(latency); err != nil {
		return err
	}
	s.wires = newWires()
	for _, r := range s.replicas {
		if err := s.wireUp(r); err != nil {
			return err
		}
	}
	s.rdb = store.Dial(&redis.UniversalOptions{Addrs: []string{s.redis.addr}}, 0)
	s.store = store.New(s.rdb, store.Options{Env: s.name})
	return nil
}

func (s *stage) openFront() error {
	var backends []string
	for _, r := range s.replicas {
		backends = append(backends, r.listen)
	}
	s.balancer = newBalancer(backends)
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback
	if err != nil {
		return err
	}
	s.front = &http.Server{Addr: l.Addr().String(), Handler: s.balancer, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.front.Serve(l) }()
	return nil
}

func (s *stage) startSim(latency time.Duration) error {
	args := []string{s.playground, "sim", "--app", "http://" + s.front.Addr + "/slack/", "--limits", "20", "--latency", latency.String()}
	if s.socket {
		args = append(args, "--socket")
	}
	if s.real {
		args = append(args, "--real")
	}
	var first string
	var err error
	if s.sim, err = start(s.dir, "sim", nil, &first, args...); err != nil {
		return err
	}
	return json.Unmarshal([]byte(first), &s.world)
}

// wireUp puts proxies between a replica and the world, and writes its configuration.
func (s *stage) wireUp(r *replica) error {
	host := func(u string) string { return strings.TrimSuffix(strings.TrimPrefix(u, "http://"), "/api/") }
	var err error
	if r.redis, err = s.wires.to(fmt.Sprintf("redis-%d", r.number), s.redis.addr); err != nil {
		return err
	}
	if r.slack, err = s.wires.to(fmt.Sprintf("slack-%d", r.number), host(s.world.SlackAPI)); err != nil {
		return err
	}
	for _, p := range s.world.Elastic.Platforms {
		w, err := s.wires.to(fmt.Sprintf("%s-%d", p.Name, r.number), p.URL)
		if err != nil {
			return err
		}
		r.elect = append(r.elect, w)
	}
	mode := "http"
	if s.socket {
		mode = "socket"
	}
	r.config = filepath.Join(s.dir, fmt.Sprintf("replica-%d.yaml", r.number))
	return os.WriteFile(r.config, fmt.Appendf(nil, configuration,
		s.name, mode, r.listen, r.slack.addr(), s.world.Channel, r.redis.addr(), s.workers, s.lease, s.callTimeout,
		r.elect[0].addr(), r.elect[1].addr()), 0o600)
}

const configuration = `environment: %s
slack:
  mode: %s
  listen: "%s"
  api_url: http://%s/api/
  bot_token: { env: SLACK_BOT_TOKEN }
  signing_secret: { env: SLACK_SIGNING_SECRET }
  app_token: { env: SLACK_APP_TOKEN }
  channel: %s
redis:
  addresses: ["%s"]
policy:
  groups:
    approvers: { users: [U0BOB, U0CAROL] }
  rules:
    - name: rotations
      match: { kind: rotate }
      rotate_before: 14d
      approve: standing
    - name: approvers
      approve: [{ group: approvers }]
      break_glass: { groups: [approvers], longest: 1h, review: { group: approvers, within: 24h } }
watch: { every: 5s }
executor:
  workers: %d
  lease: %s
  call_timeout: %s
log: { level: debug }
platforms:
  - name: ece-prod
    kind: ece
    url: http://%s
    api_key: { env: ECE_API_KEY }
    elasticsearch: proxy
  - name: elastic-cloud
    kind: ech
    url: http://%s
    api_key: { env: EC_API_KEY }
    credentials:
      - deployment: "*"
        username: remote-cluster-bot
        password: { env: EC_ELASTICSEARCH_PASSWORD }
`

// launch starts the bot at a replica's place. It does not wait until it works.
func (s *stage) launch(r *replica) error {
	var env []string
	for k, v := range s.world.Env {
		env = append(env, k+"="+v)
	}
	bin := s.bin
	if r.number%2 == 0 && s.older != "" {
		bin = s.older
	}
	p, err := start(s.dir, fmt.Sprintf("replica-%d", r.number), env, nil, bin, "serve", "--config", r.config)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.procs = append(r.procs, p)
	r.mu.Unlock()
	return nil
}

// alive waits until the replicas take work.
func (s *stage) alive(ctx context.Context) error {
	for _, r := range s.replicas {
		for !s.ready(ctx, r) {
			select {
			case <-ctx.Done():
				return fmt.Errorf("replica %d does not start: %w\n%s", r.number, ctx.Err(), r.proc().text())
			case <-time.After(30 * time.Millisecond):
			}
		}
	}
	return nil
}

func (s *stage) ready(ctx context.Context, r *replica) bool {
	if s.socket {
		return strings.Contains(r.proc().text(), `"socket connected"`)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.listen+"/readyz", http.NoBody)
	if err != nil {
		return false
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// close ends everything.
func (s *stage) close() {
	if s.rdb != nil {
		_ = s.rdb.Close()
	}
	for _, r := range s.replicas {
		for _, p := range r.all() {
			p.kill()
		}
		for _, w := range append([]*wire{r.redis, r.slack}, r.elect...) {
			if w != nil {
				w.cut()
			}
		}
	}
	if s.front != nil {
		_ = s.front.Close()
	}
	if s.sim != nil {
		s.sim.kill()
	}
	if s.redis != nil {
		s.redis.kill()
	}
}

// call sends JSON to a control endpoint and reads its answer into out, if that is given.
func (s *stage) call(ctx context.Context, method, url string, in, out any) error {
	var body io.Reader = http.NoBody
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return errors.New(resp.Status + ": " + string(raw))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}
