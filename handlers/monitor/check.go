package monitor

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// checkQueue makes one platform's checks of one tick: some at a time, spread over the ticks, and none any more in a tick
// in which the platform asks for fewer calls.
func checkQueue(ctx context.Context, m *Monitor, queue string) error {
	queued, err := m.o.Store.QueuedChecks(ctx, queue)
	if err != nil {
		return err
	}
	left := max(m.o.MaxPerTick, (queued+ticksPerTurn-1)/ticksPerTurn)
	for left > 0 {
		due, err := m.o.Store.ClaimChecks(ctx, queue, min(left, m.o.Parallel), checkLease)
		if err != nil || len(due) == 0 {
			return err
		}
		left -= len(due)
		errs := make([]error, len(due))
		var wg sync.WaitGroup
		for i, c := range due {
			wg.Go(func() { errs[i] = checkConnection(ctx, m, c) })
		}
		wg.Wait()
		err = errors.Join(errs...)
		if err != nil || ctx.Err() != nil {
			return err
		}
	}
	return nil
}

// health reads what the connections of a cycle share once a cycle, and the connection itself each time. Before it says
// that something is wrong, and after a change, it reads everything anew.
func health(ctx context.Context, m *Monitor, c link.ManagedConnection, was StatusRecord) (diagnose.HealthResult, error) {
	if was.Request == c.Record.Request && len(was.Problems) == 0 {
		found, err := m.o.Checker.Health(elastic.AllowRecent(ctx, m.o.Every), c, m.o.ExpiresWithin)
		if err != nil || len(found.Problems) == 0 {
			return found, err
		}
	}
	return m.o.Checker.Health(ctx, c, m.o.ExpiresWithin)
}

// errLimited ends a tick: the platform answers "too many requests".
func errLimited(err error) bool {
	e, ok := errors.AsType[*elastic.CallError](err)
	return ok && e.Status == http.StatusTooManyRequests
}

// checkConnection checks one connection. A check that is broken off, because the bot stops, is given back: nobody else is given it before
// the claim ends.
func checkConnection(ctx context.Context, m *Monitor, c change.Check) error {
	err := checkOnce(ctx, m, c)
	if ctx.Err() == nil {
		return err
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveBackWithin)
	defer cancel()
	return errors.Join(err, keepAsItIs(within, m, c, m.o.Tick))
}

// checkOnce checks one connection and writes down what it found.
func checkOnce(ctx context.Context, m *Monitor, c change.Check) error {
	within, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	was := readStatus(c.Status)
	if c.Record == nil {
		return forgetConnection(ctx, m, c, was)
	}
	managed, ok := inventory.ReadManaged(*c.Record)
	if !ok { // of a newer version, which checks it
		return keepAsItIs(ctx, m, c, m.o.Every)
	}
	next := askForEnd(ctx, m, managed, c.At) // also where nothing of it can be read just now
	found, err := health(within, m, managed, was)
	if err != nil {
		return unread(ctx, m, c, managed, next, err)
	}
	if m.o.Rotations != nil && !found.Expires.IsZero() {
		if err := m.o.Rotations.Ask(ctx, managed, found.Expires); err != nil {
			m.o.Log.WarnContext(ctx, "requesting a rotation failed; it will be retried", "connection", managed.Name().String(), "error", err)
		}
	}
	return finishCheck(ctx, m, c, managed, next, found)
}

// askForEnd has a connection removed whose end has come, and returns when to check it again.
func askForEnd(ctx context.Context, m *Monitor, c link.ManagedConnection, shared time.Time) time.Duration {
	if m.o.Endings == nil {
		return m.o.Every
	}
	next, err := m.o.Endings.Ask(ctx, c, shared)
	if err != nil {
		m.o.Log.WarnContext(ctx, "removing a connection at its end failed; it will be retried", "connection", c.Name().String(), "error", err)
	}
	return min(m.o.Every, cmp.Or(next, m.o.Every))
}

// finishCheck writes down what a check found.
func finishCheck(ctx context.Context, m *Monitor, c change.Check, managed link.ManagedConnection, next time.Duration, found diagnose.HealthResult) error {
	was := readStatus(c.Status)
	if len(found.Problems) > 0 {
		if working, err := working(ctx, m, managed); err != nil || working {
			return errors.Join(err, keepAsItIs(ctx, m, c, next))
		}
	}
	found.Problems = withoutRotated(ctx, m, managed, found.Problems)
	now := statusOf(m, managed, found, was)
	now.Asked = m.asked(ctx, managed, found.Problems)
	review(ctx, m, c, managed, found.Connection, was, &now)
	text, err := now.Encode()
	if err != nil {
		return err
	}
	err = m.o.Store.FinishCheck(ctx, c, change.CheckResult{
		Status: text, Facets: now.Facets(), Next: next, News: !sameProblems(was.Problems, now.Problems),
	})
	if errors.Is(err, change.ErrFenced) { // what was found may be from before a change: it is checked again
		return nil
	}
	if err != nil {
		return err
	}
	outcome := CheckOK
	if slices.ContainsFunc(now.Problems, func(p OpenProblem) bool { return !p.Kind.Notice() }) {
		outcome = CheckProblem
	}
	m.o.OnCheck(outcome)
	if m.late(was.At) || !now.shows(was) {
		m.o.OnStatusChange(ctx, managed)
	}
	return nil
}

// withoutRotated are the problems of a connection, without the end of its key where that is rotated in time.
func withoutRotated(ctx context.Context, m *Monitor, c link.ManagedConnection, all []diagnose.Problem) []diagnose.Problem {
	ends := func(p diagnose.Problem) bool { return p.Kind == diagnose.ProblemExpiring && !p.Certificates }
	if m.o.Rotations == nil || !slices.ContainsFunc(all, ends) {
		return all
	}
	silent, err := m.o.Rotations.Silent(ctx, c)
	if err != nil {
		m.o.Log.WarnContext(ctx, "it is unknown whether a key will be rotated in time, so people are warned", "connection", c.Name().String(), "error", err)
	}
	if !silent {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), ends)
}

// unread is for a connection of which nothing is known just now: a platform that is unavailable is not a connection
// that is down. That it should have ended is known all the same.
func unread(ctx context.Context, m *Monitor, c change.Check, managed link.ManagedConnection, next time.Duration, why error) error {
	was := readStatus(c.Status)
	m.o.Log.InfoContext(ctx, "a connection could not be checked", "connection", managed.Name().String(), "error", why)
	m.o.OnCheck(CheckUnread)
	if m.late(was.At) {
		m.o.OnStatusChange(ctx, managed)
	}
	err := stillThere(ctx, m, c, managed, next)
	if errLimited(why) {
		return errors.Join(err, why)
	}
	return err
}

// stillThere leaves what is known as it is, but for one thing that no look at the connection is needed for.
func stillThere(ctx context.Context, m *Monitor, c change.Check, managed link.ManagedConnection, next time.Duration) error {
	was := readStatus(c.Status)
	p := diagnose.Overdue(managed, m.o.Now())
	if p == nil || was.has(p.Kind) {
		return answered(ctx, m, c, managed, next)
	}
	now := statusOf(m, managed, diagnose.HealthResult{Local: was.Local, Remote: was.Remote, Expires: was.Expires, Problems: []diagnose.Problem{*p}}, was)
	now.At = was.At
	return news(ctx, m, c, now, next)
}

// news writes down what has come to be known without a look at the connection.
func news(ctx context.Context, m *Monitor, c change.Check, now StatusRecord, next time.Duration) error {
	text, err := now.Encode()
	if err != nil {
		return err
	}
	err = m.o.Store.FinishCheck(ctx, c, change.CheckResult{Status: text, Facets: now.Facets(), Next: next, News: true})
	if errors.Is(err, change.ErrFenced) {
		return nil
	}
	return err
}

// keepAsItIs leaves what is known as it is.
func keepAsItIs(ctx context.Context, m *Monitor, c change.Check, next time.Duration) error {
	err := m.o.Store.FinishCheck(ctx, c, change.CheckResult{Keep: true, Next: next})
	if errors.Is(err, change.ErrFenced) {
		return nil
	}
	return err
}

// forgetConnection is for a connection that is not managed any more. News of it is the last: of what it was.
func forgetConnection(ctx context.Context, m *Monitor, c change.Check, was StatusRecord) error {
	err := m.o.Store.FinishCheck(ctx, c, change.CheckResult{News: len(was.Problems) > 0})
	if errors.Is(err, change.ErrFenced) {
		return nil
	}
	if err == nil && m.o.Rotations != nil {
		err = m.o.Rotations.Forget(ctx, c.Key)
	}
	if err == nil && m.o.Endings != nil {
		err = m.o.Endings.Forget(ctx, c.Key)
	}
	if err == nil && m.o.Reviews != nil {
		err = m.o.Reviews.Forget(ctx, c.Key)
	}
	if n, wrong := inventory.ParseRecordKey(c.Key); err == nil && wrong == nil {
		m.o.OnStatusChange(ctx, link.ManagedConnection{
			Local: n.Local, Alias: n.Alias, MadeBy: was.Maker, Record: change.StoredRecord{By: change.Actor{User: was.By}},
		})
	}
	return err
}

// working reports whether a change of the connection is being made: what it looks like in the middle is no problem. Once
// the change is through, the connection is due at once.
func working(ctx context.Context, m *Monitor, c link.ManagedConnection) (bool, error) {
	for _, alias := range []string{c.Alias, link.EveryAlias} {
		id, held, err := m.o.Store.Holder(ctx, link.Target(c.Local, alias))
		if err != nil {
			return false, err
		}
		if !held {
			continue
		}
		r, err := m.o.Store.Get(ctx, id)
		// Nobody works on a request that can't be read: what it left of the connection is for people to know.
		if err != nil && !errors.Is(err, change.ErrNotFound) && !errors.Is(err, change.ErrUnreadable) {
			return false, err
		}
		if err == nil && r.State.Working() {
			return true, nil
		}
	}
	return false, nil
}
