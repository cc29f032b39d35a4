package main

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// timeline is what was done to the bot, and when.
type timeline struct {
	mu        sync.Mutex
	counts    map[string]int
	absences  [][2]time.Time // when some replica could not reach Redis, or none could
	drains    []time.Duration
	undrained int
}

func newTimeline() *timeline { return &timeline{counts: map[string]int{}} }

func (t *timeline) count(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[what]++
}

func (t *timeline) drained(took time.Duration, ended bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if ended {
		t.drains = append(t.drains, took)
	} else {
		t.undrained++
	}
}

// away begins an absence of Redis; what it returns ends it.
func (t *timeline) away() func() {
	from := time.Now()
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.absences = append(t.absences, [2]time.Time{from, time.Now()})
	}
}

// takeOver is one claim on work that another worker had in hands and did not give back.
type takeOver struct {
	request string
	at      time.Time
	took    time.Duration // since the holder fell silent and somebody could take over; 0: it did not fall silent
	wentOn  time.Duration // from then until the successor's first word; 0: it never came
}

// takeOvers measures them: from the kill (or freeze) of the holder to the next claim that the audit tells of. Time in
// which nobody could have taken over, because Redis or every other replica was away, does not count.
func (s *stage) takeOvers(audit []change.AuditLine) []takeOver {
	holder, latest := map[string]string{}, map[string]int{} // by request: who has it; the take-over after which nothing was said yet
	var out []takeOver
	for _, l := range audit {
		e := l.Entry
		if i, ok := latest[e.Request]; ok && e.Worker == holder[e.Request] {
			out[i].wentOn = max(e.At.Sub(out[i].at), time.Millisecond)
			delete(latest, e.Request)
		}
		switch e.What {
		case "take_over":
			latest[e.Request] = len(out)
			out = append(out, takeOver{request: e.Request, at: e.At, took: s.took(holder[e.Request], e.At)})
			holder[e.Request] = e.Worker
		case string(change.Start), "claim":
			holder[e.Request] = e.Worker
		}
	}
	return out
}

// handOvers are the times from a claim being given back, as the process that stopped tells in its log, to the next one.
func (s *stage) handOvers(audit []change.AuditLine) (out []time.Duration) {
	given := map[string][]time.Time{}
	for _, r := range s.replicas {
		for _, p := range r.all() {
			for text := range strings.Lines(p.text()) {
				var l struct {
					Time    time.Time `json:"time"`
					Msg     string    `json:"msg"`
					Request string    `json:"request"`
				}
				if json.Unmarshal([]byte(text), &l) == nil && l.Msg == "claim given back" {
					given[l.Request] = append(given[l.Request], l.Time)
				}
			}
		}
	}
	for _, line := range audit {
		if line.Entry.What != "claim" {
			continue
		}
		var last time.Time
		for _, t := range given[line.Entry.Request] {
			if t.Before(line.Entry.At.Add(time.Second)) && t.After(last) {
				last = t
			}
		}
		if !last.IsZero() {
			out = append(out, max(line.Entry.At.Sub(last), time.Millisecond)) // the audit goes by whole milliseconds
		}
	}
	return out
}

func (s *stage) took(holder string, at time.Time) time.Duration {
	was := s.processOf(holder)
	if was == nil {
		return 0
	}
	from := was.silentBefore(at)
	if from.IsZero() {
		return 0
	}
	if able := s.ableSince(was, at); able.After(from) {
		from = able
	}
	s.line.mu.Lock()
	defer s.line.mu.Unlock()
	for _, a := range s.line.absences {
		if a[1].After(from) && a[0].Before(at) {
			if a[1].After(at) {
				return 0 // Redis was not reachable for all: no measure
			}
			from = a[1]
		}
	}
	return at.Sub(from)
}

// ableSince is since when some process other than was could have taken over.
func (s *stage) ableSince(was *process, at time.Time) (first time.Time) {
	for _, r := range s.replicas {
		for _, p := range r.all() {
			p.mu.Lock()
			since, gone := p.started, !p.died.IsZero() && p.died.Before(at)
			for _, f := range p.freezes {
				if f[1].Before(at) && f[1].After(since) {
					since = f[1]
				}
			}
			p.mu.Unlock()
			if p == was || gone || p.frozenAt(at) {
				continue
			}
			if first.IsZero() || since.Before(first) {
				first = since
			}
		}
	}
	return first
}

// processOf finds the process of a worker: "k2j4h8s1-3" is a worker of the process that logs so.
func (s *stage) processOf(worker string) *process {
	i := strings.LastIndexByte(worker, '-')
	if i < 0 {
		return nil
	}
	for _, r := range s.replicas {
		for _, p := range r.all() {
			if strings.Contains(p.text(), `"worker":"`+worker[:i+1]) {
				return p
			}
		}
	}
	return nil
}

// quantile is the value that the part q of all does not exceed.
func quantile(of []time.Duration, q float64) time.Duration {
	if len(of) == 0 {
		return 0
	}
	of = slices.Sorted(slices.Values(of))
	return of[min(int(q*float64(len(of))), len(of)-1)]
}

func median(of []time.Duration) time.Duration { return quantile(of, 0.5) }
