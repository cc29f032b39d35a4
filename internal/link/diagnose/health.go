package diagnose

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// ProblemKind is what can be the matter with a managed connection.
type ProblemKind string

// The troubles that the watch looks for.
const (
	ProblemDown     ProblemKind = "down"     // it does not connect
	ProblemDegraded ProblemKind = "degraded" // it works, but not as it should
	ProblemOverdue  ProblemKind = "overdue"  // it should have ended, and is still there
	ProblemExpiring ProblemKind = "expiring" // its key ends soon, or the certificates that it rests on
	ProblemDrifted  ProblemKind = "drifted"  // it differs from what was approved
	ProblemEnding   ProblemKind = "ending"   // it is to end soon; nothing is wrong with it

	ProblemUnreviewed ProblemKind = "unreviewed" // people have yet to say whether it is still needed; likewise
)

// ProblemKinds returns all there are, the worst first.
func ProblemKinds() []ProblemKind {
	return []ProblemKind{ProblemDown, ProblemDegraded, ProblemOverdue, ProblemExpiring, ProblemDrifted, ProblemEnding, ProblemUnreviewed}
}

// Notice reports whether it is a notice, with nothing wrong.
func (k ProblemKind) Notice() bool { return k == ProblemEnding || k == ProblemUnreviewed }

// Problem is a trouble of one connection.
type Problem struct {
	Kind  ProblemKind
	Say   string      // what is the matter, for people
	Fix   change.Kind // the change that mends it; empty: none that the bot has
	Cause link.Cause  // of what is lost or degraded

	// Certificates: it is about those of the two sides, not about a key or settings.
	Certificates bool
}

// HealthResult is how a managed connection was found.
type HealthResult struct {
	Local, Remote string    // the deployments' names; Remote is empty where the bot can't see it
	Expires       time.Time // of its key; zero: never, or nobody knows
	Problems      []Problem // none: it is well

	Connection link.ConnectionState // as it was read, without what goes through it
}

// Checker says how connections are.
type Checker struct {
	*inventory.Connections
	now func() time.Time
}

// NewChecker returns a checker of those connections.
func NewChecker(c *inventory.Connections, now func() time.Time) *Checker {
	return &Checker{Connections: c, now: now}
}

// Health looks at a managed connection. An error says that nothing can be said, which is no news of the connection.
func (r *Checker) Health(ctx context.Context, m link.ManagedConnection, expiresWithin time.Duration) (HealthResult, error) {
	read := r.Connection // what goes through it concerns no watch,
	if m.EndsSoon(r.now()) {
		read = r.State // unless it is about to go
	}
	x, err := r.diagnose(ctx, m.Name(), read)
	if err != nil {
		return HealthResult{}, err
	}
	x.Managed = &m
	return x.Checkup(expiresWithin)
}

// Checkup is what an examination comes to. An error says that nothing can be said.
func (x HealthReport) Checkup(expiresWithin time.Duration) (HealthResult, error) {
	if err := x.RequireRead(link.PartLocalCluster, link.PartSettings); err != nil {
		return HealthResult{}, err
	}
	found := HealthResult{Local: x.PairState.Local.Name, Problems: x.problems(expiresWithin), Connection: x.ConnectionState}
	if x.HasRemote() {
		found.Remote = x.Remote.Name
	}
	if !x.ByCertificate() {
		found.Expires = x.expires()
	}
	return found, nil
}

func (x HealthReport) problems(expiresWithin time.Duration) []Problem {
	var all []Problem
	add := func(t ProblemKind, fix change.Kind, format string, args ...any) {
		all = append(all, Problem{Kind: t, Fix: fix, Say: fmt.Sprintf(format, args...)})
	}
	if d := x.Diagnosis; d != nil {
		trouble := ProblemDown
		if x.Info.Connected && (x.Version != "" || d.Cause.LeavesConnected()) {
			trouble = ProblemDegraded
		}
		add(trouble, x.Fix, "%s (%s)", d.Say, x.Evidence)
		all[0].Cause = d.Cause
	} else if x.Info.Connected && x.Info.MaxSockets > 0 && x.Info.Sockets < x.Info.MaxSockets {
		add(ProblemDegraded, "", "Only %d of %d sockets are connected.", x.Info.Sockets, x.Info.MaxSockets)
	}
	if p := x.ends(); p != nil {
		all = append(all, *p)
	}
	if t := x.expires(); len(x.Keys) > 0 && !t.IsZero() && t.Sub(x.At) < expiresWithin && !x.endsBefore(t) {
		add(ProblemExpiring, link.KindRotate, "Its key expires on %s.", t.UTC().Format("2006-01-02"))
	}
	if p := x.trustEnds(x.At.Add(expiresWithin)); p != nil {
		all = append(all, *p)
	}
	if p := x.drifted(); p != nil {
		all = append(all, *p)
	}
	return all
}

// overdueAfter is how long the bot may take to remove a connection before people are told that it should have ended.
const overdueAfter = time.Hour

// ends is the problem that the connection is to end soon, or should have ended.
func (x *HealthReport) ends() *Problem {
	m := x.Managed
	if m == nil || m.Until.IsZero() || !m.EndsSoon(x.At) {
		return nil
	}
	if p := Overdue(*m, x.At); p != nil {
		return p
	}
	end := link.SayUntil(m.Until)
	if !x.At.Before(m.Until) {
		return &Problem{Kind: ProblemEnding, Say: "It ended on " + end + "; the bot removes it."}
	}
	p := Problem{Kind: ProblemEnding, Fix: link.KindExtend, Say: "It ends on " + end + "; the bot then removes it."}
	if len(x.Users) > 0 {
		p.Say += " In use by " + link.JoinWords(x.Users) + ": these will fail."
	}
	if unread := x.UsesUnreadSay(); unread != "" {
		p.Say += " Could not be checked: " + unread + "."
	}
	return &p
}

// Overdue is the problem that a connection should have ended by then; nil: it need not.
func Overdue(m link.ManagedConnection, by time.Time) *Problem {
	if m.Until.IsZero() || !by.After(m.Until.Add(overdueAfter)) {
		return nil
	}
	return &Problem{Kind: ProblemOverdue, Fix: link.KindDisconnect, Say: "It was due to end on " + link.SayUntil(m.Until) + " but still exists."}
}

// endsBefore reports whether the connection ends by t.
func (x *HealthReport) endsBefore(t time.Time) bool {
	return x.Managed != nil && !x.Managed.Until.IsZero() && !x.Managed.Until.After(t)
}

// trustEnds is the problem that certificates end before t.
func (x *HealthReport) trustEnds(t time.Time) *Problem {
	say := ending(x, t)
	if say == "" {
		return nil
	}
	fix, _ := x.fixFor(link.CauseTrust)
	return &Problem{Kind: ProblemExpiring, Fix: fix, Certificates: true, Say: say + ". " + link.HowToTrust}
}

// drifted is the problem that a connection is not as it was approved, or that the other side's certificates are not
// any more. Both are told in one message: people look at the connection once.
func (x *HealthReport) drifted() *Problem {
	p := Problem{Kind: ProblemDrifted, Fix: link.KindUpdate}
	if x.ByCertificate() {
		p.Fix = "" // an update is for connections by key
	}
	var says []string
	if diff := x.Drift(); diff != "" {
		says = append(says, "It differs from what was approved: "+diff+".")
	}
	if gap := untrusted(x); gap != "" {
		p.Certificates = len(says) == 0
		p.Fix, _ = x.fixFor(link.CauseTrust)
		says = append(says, gap+". Once only such certificates are presented, the connection fails. "+link.HowToTrust)
	}
	if len(says) == 0 {
		return nil
	}
	p.Say = strings.Join(says, " ")
	return &p
}

func (x HealthReport) expires() time.Time {
	for _, k := range x.Keys {
		if !k.Expires.IsZero() {
			return k.Expires
		}
	}
	if x.Managed == nil {
		return time.Time{}
	}
	return x.Managed.KeyExpires()
}

// Approved is the update that makes a connection what was approved.
func Approved(e link.ConnectionState) link.UpdateParams {
	u := link.PrefillUpdate(e)
	if e.Managed == nil {
		return u
	}
	c := e.Managed.AsConnect(e.Params())
	u.ProxyAddress, u.ServerName, u.Access = c.ProxyAddress, c.ServerName, e.Managed.Access
	u.SkipUnavailable, u.Compress, u.Scheme, u.PingSchedule = c.SkipUnavailable, c.Compress, c.Scheme, c.PingSchedule
	u.ProxySockets = 0
	if n, err := strconv.Atoi(e.Managed.Settings["proxy_socket_connections"]); err == nil {
		u.ProxySockets = n
	}
	return u
}
