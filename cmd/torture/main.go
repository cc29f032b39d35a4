// Command torture lets real processes of the bot die, freeze, restart and lose touch at random moments, and then looks
// from outside at what is left of the world. It knows the bot only by its command line, its Redis and its messages.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has been called
	}
}

type options struct {
	rounds, parallel, replicas, blows    int
	seed                                 uint64
	lease, call                          time.Duration
	keep, verbose, real                  bool
	only, bin, playground, older, server string
	servers                              []string // those of server that are on the PATH
}

func run(ctx context.Context) error {
	var o options
	flag.IntVar(&o.rounds, "rounds", 8, "how many rounds")
	flag.IntVar(&o.parallel, "parallel", 4, "how many of them at once")
	flag.IntVar(&o.replicas, "replicas", 0, "of the bot in each round; 0: two or three")
	flag.IntVar(&o.blows, "blows", 0, "in each round; 0: two to six")
	flag.Uint64Var(&o.seed, "seed", 0, "of all chance; 0: a new one, which is printed")
	flag.DurationVar(&o.lease, "lease", 3*time.Second, "the bot's executor.lease")
	flag.DurationVar(&o.call, "call-timeout", 7*time.Second, "the bot's executor.call_timeout")
	flag.BoolVar(&o.keep, "keep", false, "keep the files of all rounds, not only of those with violations")
	flag.BoolVar(&o.real, "real", false, "with real Elasticsearch clusters, one round after another")
	flag.BoolVar(&o.verbose, "v", false, "tell what happens")
	flag.StringVar(&o.only, "only", "", "let only this kind of blow fall, such as \"kill\"")
	flag.StringVar(&o.bin, "bin", "bin/remote-cluster-bot", "the bot")
	flag.StringVar(&o.playground, "playground", "bin/playground", "the program with the stand-ins")
	flag.StringVar(&o.older, "older", "", "another version of the bot, which every second replica runs")
	flag.StringVar(&o.server, "server", "redis-server,valkey-server", "the databases, which rounds take in turn; those that are not on the PATH are left out")
	flag.Parse()
	if o.real {
		o.parallel = 1
	}
	o.servers = slices.DeleteFunc(strings.Split(o.server, ","), func(server string) bool {
		_, err := exec.LookPath(server)
		return err != nil
	})
	if len(o.servers) == 0 {
		fmt.Printf("SKIPPED: there is no %s on the PATH\n", o.server)
		return nil
	}
	if o.seed == 0 {
		o.seed = rand.Uint64() >> 32 //nolint:gosec // chance, not secrecy
	}
	if o.only != "" {
		blows = slices.DeleteFunc(blows, func(b blow) bool { return b.name != o.only })
		if len(blows) == 0 {
			return fmt.Errorf("there is no blow %q", o.only)
		}
	}
	dir, err := os.MkdirTemp("", "torture-")
	if err != nil {
		return err
	}
	for _, bin := range []*string{&o.bin, &o.playground} {
		if *bin, err = filepath.Abs(*bin); err != nil {
			return err
		}
		if _, err := os.Stat(*bin); err != nil {
			return fmt.Errorf("a program is not built: %w", err)
		}
	}
	fmt.Printf("torture: seed %d, %d rounds on %s, %d at once, lease %v, calls %v\n",
		o.seed, o.rounds, strings.Join(o.servers, " and "), o.parallel, o.lease, o.call)
	sum := play(ctx, o, dir)
	sum.print(o)
	if len(sum.violations) == 0 && !o.keep {
		return os.RemoveAll(dir)
	}
	fmt.Println("torture: logs in", dir)
	if len(sum.violations) > 0 {
		return errors.New("the rules were broken")
	}
	return nil
}

func fork(rng *rand.Rand) *rand.Rand { return rand.New(rand.NewPCG(rng.Uint64(), rng.Uint64())) } //nolint:gosec // chance, not secrecy

// play plays all rounds, some at once.
func play(ctx context.Context, o options, dir string) *summary {
	sum := newSummary()
	gate := make(chan struct{}, o.parallel)
	var wg sync.WaitGroup
	for n := 1; n <= o.rounds; n++ {
		select {
		case gate <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-gate }()
			round(ctx, o, sum, n, filepath.Join(dir, fmt.Sprintf("round-%d", n)))
		})
	}
	wg.Wait()
	return sum
}

// round plays one round, and adds what came of it to sum.
func round(ctx context.Context, o options, sum *summary, n int, dir string) {
	rng := rand.New(rand.NewPCG(o.seed, uint64(n))) //nolint:gosec // chance, not secrecy
	s := &stage{
		settings: settings{bin: o.bin, playground: o.playground, older: o.older, server: o.servers[n/2%len(o.servers)], dir: dir, lease: o.lease, callTimeout: o.call, settle: 150 * time.Second, real: o.real},
		name:     fmt.Sprintf("round-%d", n), socket: rng.IntN(4) == 0, rng: rng, due: fork(rng), line: newTimeline(), workers: 4, saturated: n%2 == 0,
		log: func(string, ...any) {},
	}
	if s.saturated {
		s.workers = 1
	}
	begun := time.Now()
	if o.verbose {
		s.log = func(format string, args ...any) {
			fmt.Printf("  round %d %5.1fs  %s\n", n, time.Since(begun).Seconds(), fmt.Sprintf(format, args...))
		}
	}
	defer s.close()
	what, overs, found, err := s.play(ctx, o)
	if err != nil && ctx.Err() == nil {
		found.add("the round did not come to its end: %v", err)
	}
	if ctx.Err() != nil {
		return
	}
	mode := s.server + ", http"
	if s.socket {
		mode = s.server + ", socket"
	}
	if s.saturated {
		mode += ", saturated"
	}
	fmt.Printf("round %d (%s, %d replicas, %.0fs): %s: %s\n", n, mode, len(s.replicas), time.Since(begun).Seconds(), strings.Join(what, ", "), verdict(found))
	for _, v := range found {
		fmt.Printf("  VIOLATION round %d: %s\n", n, v)
	}
	sum.add(n, s, overs, found)
	if len(found) == 0 && !o.keep {
		s.close()
		_ = os.RemoveAll(dir)
	}
}

func verdict(found findings) string {
	if len(found) == 0 {
		return "well"
	}
	return fmt.Sprintf("%d violations", len(found))
}

// play is the round itself: people ask and approve while blows fall; then all is well again, and has to end well.
func (s *stage) play(ctx context.Context, o options) (what []string, overs []takeOver, found findings, err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, nil, nil, err
	}
	replicas := o.replicas
	if replicas == 0 {
		replicas = 2 + s.rng.IntN(2)
	}
	latency := s.between(20*time.Millisecond, 300*time.Millisecond)
	if s.saturated { // fewer workers than requests, each of which takes its time
		replicas, latency = 2, 300*time.Millisecond
	}
	if err := s.build(replicas, latency); err != nil {
		return nil, nil, nil, err
	}
	for _, r := range s.replicas {
		if err := s.launch(r); err != nil {
			return nil, nil, nil, err
		}
	}
	starting, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := s.alive(starting); err != nil {
		return nil, nil, nil, err
	}
	asked := s.wishes()
	people, tired := context.WithTimeout(ctx, 5*time.Minute) // bounds a failing round, not a passing one
	defer tired()
	var wg sync.WaitGroup
	var mu sync.Mutex
	requests := 0
	for i, w := range asked {
		wg.Go(func() {
			pause(people, time.Duration(i)*300*time.Millisecond)
			n, err := s.lives(people, w)
			mu.Lock()
			defer mu.Unlock()
			requests += n
			if err != nil {
				found.add("%v", err)
			}
		})
	}
	if !s.real { // a simulated cluster and a real one don't know each other
		wg.Go(func() {
			n, err := s.dueMoments(people)
			mu.Lock()
			defer mu.Unlock()
			requests += n
			if err != nil {
				found.add("%v", err)
			}
		})
	}
	count := o.blows
	if count == 0 {
		count = 2 + s.rng.IntN(5)
	}
	pause(ctx, s.between(0, 1500*time.Millisecond))
	what = s.storm(ctx, count, 8*time.Second)
	s.log("the storm is over")
	wg.Wait()
	all, err := s.settled(ctx, requests)
	s.log("settled: %s", states(all))
	if err != nil {
		found.add("not settled: %v", err)
	}
	s.ends = map[string]int{}
	for _, r := range all {
		s.ends[string(r.State)]++
	}
	more, audit, err := s.inspect(ctx, requests, all)
	s.handed = s.handOvers(audit)
	overs = s.takeOvers(audit)
	for _, o := range overs {
		if limit := s.lease + 3*time.Second; o.took > limit {
			found.add("%s was taken over after %v, later than %v", o.request, o.took, limit)
		}
	}
	return what, overs, append(found, more...), err
}

// wishes of this round, one to three.
func (s *stage) wishes() []wish {
	out := slices.Clone(wishes[:1+s.rng.IntN(len(wishes))])
	if s.saturated {
		out = slices.Clone(wishes)
	}
	if s.real { // a simulated cluster and a real one don't know each other
		out = slices.DeleteFunc(out, func(w wish) bool { return (w.local == "logs-prod") != (w.remote == "metrics-eu") })
	}
	for i := range out {
		out[i].withdraw = s.rng.IntN(10) == 0
		out[i].then = []string{"", "rotate", "update", "disconnect"}[s.rng.IntN(4)]
	}
	return out
}
