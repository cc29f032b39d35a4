package app

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/webhook"
)

// People are paged of a key a day before its end, not when the channel is told of it two weeks before.
func TestKeysThatEndWithinADayPage(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for ends, want := range map[time.Duration][]string{
		25 * time.Hour: nil,
		23 * time.Hour: {"key_ends/ece/d1/an%20alias"},
		-time.Hour:     {"key_ends/ece/d1/an%20alias"},
	} {
		var got []string
		for _, a := range connectionAlerts([]monitor.Troubled{{
			Name: link.Name{Local: elastic.Ref{Platform: "ece", Deployment: "d1"}, Alias: "an alias"}, Expires: now.Add(ends),
		}}, now) {
			got = append(got, a.ID)
			if !a.Since.Equal(now.Add(ends).Add(-24 * time.Hour)) {
				t.Errorf("since %s", a.Since)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("a key that ends in %s: %s", ends, diff)
		}
	}
}

// What somebody approved alone pages until it was reviewed, and once more when nobody has in time.
func TestWhatSomebodyApprovedAlonePages(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	r := &change.Request{ID: "a", Proposal: change.Proposal{Title: "Connect"}, Decisions: []change.Decision{
		{Kind: change.DecisionBreakGlass, By: change.Actor{User: "U0BOB"}, At: at, Due: at.Add(time.Hour), Reason: "nobody can search"},
	}}
	for after, want := range map[time.Duration][]string{
		time.Minute: {"break_glass/a"},
		time.Hour:   {"break_glass/a", "review_overdue/a"},
	} {
		var got []string
		for _, a := range reviewAlerts([]*change.Request{r}, at.Add(after)) {
			got = append(got, a.ID)
			if a.Critical || a.Details["reason"] != "nobody can search" || !strings.Contains(a.Summary, "U0BOB approved alone: “Connect”") {
				t.Errorf("%+v", a)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("after %s: %s", after, diff)
		}
	}
}

// A connection pages while it should have ended, and no longer: what is not among the open alerts any more is resolved.
func TestConnectionsThatShouldHaveEndedPage(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	one := monitor.Troubled{Name: link.Name{Local: elastic.Ref{Platform: "ece", Deployment: "d1"}, Alias: "m"}, Local: "logs-prod", Remote: "metrics-eu"}
	one.Problems = []monitor.OpenProblem{
		{Kind: diagnose.ProblemOverdue, Say: "It was to end on 2026-11-29 11:00 UTC, and is still there.", Since: since},
		{Kind: diagnose.ProblemDrifted, Say: "proxy_address differs", Since: since},
	}
	want := []webhook.Alert{{
		ID: "end_overdue/ece/d1/m", Kind: webhook.EndOverdue, Since: since,
		Summary: "The connection logs-prod → metrics-eu (alias m) should have ended: It was to end on 2026-11-29 11:00 UTC, and is still there.",
		Details: map[string]string{"local": "logs-prod", "remote": "metrics-eu", "alias": "m", "connection": "ece/d1/m"},
	}}
	if diff := cmp.Diff(want, connectionAlerts([]monitor.Troubled{one}, since)); diff != "" {
		t.Error(diff)
	}
	one.Problems = one.Problems[1:]
	if got := connectionAlerts([]monitor.Troubled{one}, since); len(got) > 0 {
		t.Errorf("it has ended or was extended: %+v", got)
	}
}
