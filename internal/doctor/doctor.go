// Package doctor looks at everything that an operator can get wrong and says how to mend each: Slack's tokens, scopes
// and channel, Redis, the platforms and what their credentials may do, and who approves. It only reads. It must not
// know how the bot carries anything out.
package doctor

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

// Level says how much a finding matters.
type Level string

// The levels.
const (
	OK      Level = "ok"
	Warning Level = "warning" // it works, but not as it should
	Bad     Level = "bad"     // something will not work
	Unknown Level = "unknown" // it could not be looked at
)

// Finding is what one check found.
type Finding struct {
	Area  string `json:"area"`  // "slack", "redis", "approvals", or a platform's name
	Check string `json:"check"` // what was looked at: "scopes"
	Level Level  `json:"level"`
	Say   string `json:"say"`
	Mend  string `json:"mend,omitempty"` // what to do about it
}

// Report is everything that was found.
type Report struct {
	Findings []Finding `json:"findings"`
}

// Healthy reports whether nothing is bad. Warnings and what could not be looked at don't count.
func (r Report) Healthy() bool {
	return !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Level == Bad })
}

// Slack is what is asked of Slack; *bot.Messenger is one.
type Slack interface {
	Self(ctx context.Context) (bot.Identity, error)
	Granted(ctx context.Context) ([]string, error)
	policy.Lookup
	FindPosted(ctx context.Context, channel, thread string, since, until time.Time, match func(bot.Metadata) bool) (bot.Posted, bool, error)
}

// Redis is what is asked of Redis; *store.Store is one.
type Redis interface {
	CheckServer(ctx context.Context, now time.Time) []store.Finding
	PutAside(ctx context.Context, limit int) ([]store.Aside, error)
}

// Options are what the doctor looks at. All but AppToken are required.
type Options struct {
	Config    *config.Config
	Slack     Slack
	AppToken  func(context.Context) error            // asks Slack whether the app-level token opens Socket Mode; nil: not used
	Collector func(context.Context) error            // hands the collector of traces nothing; nil: nothing is traced
	Scrub     func(string) string                    // takes secrets out of what the collector says; needed with it
	Webhooks  map[string]func(context.Context) error // by name: asks whether the receiver answers, and tells it nothing
	Redis     Redis
	Older     []func(context.Context) Finding // compare the database with what is known of it elsewhere
	Systems   []link.System
	Now       func() time.Time
	Within    time.Duration // of each area; default 30 s
}

// Examine looks at every area at once and reports in a fixed order.
func Examine(ctx context.Context, o Options) Report {
	if o.Within <= 0 {
		o.Within = 30 * time.Second
	}
	var areas []func(context.Context, *area)
	var names []string
	add := func(name string, look func(context.Context, *area)) {
		names, areas = append(names, name), append(areas, look)
	}
	add("slack", o.slack)
	add(areaRedis, o.redis)
	for i, s := range o.Systems {
		add(s.Name, func(ctx context.Context, a *area) { o.platform(ctx, a, o.Config.Platforms[i], s) })
	}
	add("approvals", o.approvals)
	if o.Collector != nil {
		add("tracing", o.tracing)
	}

	if len(o.Webhooks) > 0 {
		add("webhooks", o.webhooks)
	}

	found := make([]area, len(areas))
	var wg sync.WaitGroup
	for i, look := range areas {
		found[i].name = names[i]
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, o.Within)
			defer cancel()
			look(ctx, &found[i])
		})
	}
	wg.Wait()
	var r Report
	for _, a := range found {
		r.Findings = append(r.Findings, a.findings...)
	}
	return r
}

// area collects the findings of one area.
type area struct {
	name     string
	findings []Finding
}

func (a *area) ok(check, format string, args ...any) {
	a.add(check, OK, fmt.Sprintf(format, args...), "")
}

func (a *area) bad(check, mend, format string, args ...any) {
	a.add(check, Bad, fmt.Sprintf(format, args...), mend)
}

func (a *area) warn(check, mend, format string, args ...any) {
	a.add(check, Warning, fmt.Sprintf(format, args...), mend)
}

func (a *area) unknown(check, mend, format string, args ...any) {
	a.add(check, Unknown, fmt.Sprintf(format, args...), mend)
}

func (a *area) add(check string, level Level, say, mend string) {
	a.findings = append(a.findings, Finding{Area: a.name, Check: check, Level: level, Say: say, Mend: mend})
}

// Refused is the report on a configuration that can't be read: each of its problems is a finding.
func Refused(err error) Report {
	if all, ok := asConfigError(err); ok {
		var r Report
		for _, p := range all.Problems {
			f := Finding{Area: "configuration", Check: p.Path, Level: Bad, Say: p.Say}
			if p.Line > 0 {
				f.Mend = fmt.Sprintf("see line %d of %s", p.Line, all.File)
			}
			r.Findings = append(r.Findings, f)
		}
		return r
	}
	return Report{Findings: []Finding{{
		Area: "configuration", Check: "file", Level: Bad, Say: err.Error(), Mend: "name the file with --config",
	}}}
}

var signs = map[Level]string{OK: "✓", Warning: "!", Bad: "✗", Unknown: "?"}

// Write prints the report for people.
func (r Report) Write(w io.Writer) error {
	var b strings.Builder
	last := ""
	count := map[Level]int{}
	for _, f := range r.Findings {
		if f.Area != last {
			fmt.Fprintf(&b, "%s\n", f.Area)
			last = f.Area
		}
		count[f.Level]++
		fmt.Fprintf(&b, "  %s %-14s %s\n", signs[f.Level], f.Check, f.Say)
		if f.Mend != "" && f.Level != OK {
			fmt.Fprintf(&b, "    %-14s → %s\n", "", f.Mend)
		}
	}
	fmt.Fprintf(&b, "%d ok, %d warning(s), %d bad, %d unknown\n", count[OK], count[Warning], count[Bad], count[Unknown])
	_, err := io.WriteString(w, b.String())
	return err
}
