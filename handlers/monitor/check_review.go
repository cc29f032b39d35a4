package monitor

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
)

// review adds to what a check found that people have yet to say whether the connection is still needed. Where that can't be
// told, what was known goes on to count.
func review(ctx context.Context, m *Monitor, c change.Check, managed link.ManagedConnection, e link.ConnectionState, was StatusRecord, now *StatusRecord) {
	if m.o.Reviews == nil {
		return
	}
	before := was.problem(diagnose.ProblemUnreviewed)
	var asked *OpenReview
	if before != nil {
		asked = before.Review
	}
	e.Managed = &managed
	open, due, ask, err := m.o.Reviews.Due(ctx, e, asked, c.At)
	if err != nil {
		m.o.Log.WarnContext(ctx, "who is to review a connection could not be read in full", "connection", managed.Name().String(), "error", err)
	}
	switch {
	case open != nil:
		p := OpenProblem{Kind: diagnose.ProblemUnreviewed, Certs: e.ByCertificate(), Say: reviewSay(managed, open.Since), Since: due, Review: open}
		now.Problems = append(now.Problems, p)
	case err != nil && before != nil:
		now.Problems = append(now.Problems, *before)
	default:
		return
	}
	switch {
	case len(ask) > 0:
		now.Asked = mostOf(ask)
	case len(now.Asked) == 0:
		now.Asked = was.Asked
	}
}

// reviewSay is why people are asked.
func reviewSay(m link.ManagedConnection, since time.Time) string {
	say := "Last approved or kept on " + since.UTC().Format(time.DateOnly) + "."
	if may := m.Access.Search; len(may) > 0 {
		say += " It may search " + link.JoinWords(may) + "."
	}
	if may := m.Access.Replication; len(may) > 0 {
		say += " It may replicate " + link.JoinWords(may) + "."
	}
	return say
}

// answered leaves what is known of a connection that can't be read as it is, but for a review that has been answered meanwhile.
func answered(ctx context.Context, m *Monitor, c change.Check, managed link.ManagedConnection, next time.Duration) error {
	now := readStatus(c.Status)
	p := now.problem(diagnose.ProblemUnreviewed)
	if m.o.Reviews == nil || p == nil || p.Review == nil {
		return keepAsItIs(ctx, m, c, next)
	}
	if done, _, err := m.o.Reviews.Answered(ctx, managed, p.Review.Since); err != nil || !done {
		return errors.Join(err, keepAsItIs(ctx, m, c, next))
	}
	now.Problems = slices.DeleteFunc(now.Problems, func(p OpenProblem) bool { return p.Kind == diagnose.ProblemUnreviewed })
	return news(ctx, m, c, now, next)
}

// whyReviewed is why the message that asks for a review is over.
func whyReviewed(ctx context.Context, m *Monitor, c link.ManagedConnection, key string, wanted []alert) (string, error) {
	of := problemKey(c.Name(), diagnose.ProblemUnreviewed) + " "
	again := slices.ContainsFunc(wanted, func(w alert) bool { return strings.HasPrefix(w.key, of) })
	text, _, _ := strings.Cut(strings.TrimPrefix(key, of), " ")
	since, unreadable := strconv.ParseInt(text, 10, 64)
	if again || unreadable != nil || m.o.Reviews == nil {
		return "asked again in a newer message", nil //nolint:nilerr // an unreadable key is none of ours
	}
	done, kept, err := m.o.Reviews.Answered(ctx, c, time.UnixMilli(since))
	switch {
	case err != nil:
		return "", err
	case done && kept != nil:
		return mrkdwn.User(kept.By.User) + " keeps it", nil
	case done:
		return "it was approved anew", nil
	}
	return "the policy no longer requires it, or the connection ends soon", nil
}
