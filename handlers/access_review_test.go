package handlers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

// madeUpReviews say of every connection the same; they are the people of the workspace, too.
type madeUpReviews struct {
	review monitor.AccessReview
	err    error // of all
	active bool
	seen   []time.Time // what was kept
}

func (r *madeUpReviews) Of(context.Context, link.ConnectionState) (monitor.AccessReview, error) {
	return r.review, r.err
}

func (r *madeUpReviews) Keep(_ context.Context, _ link.Name, seen time.Time, _ change.Actor) (monitor.AccessReview, error) {
	r.seen = append(r.seen, seen)
	return r.review, r.err
}

func (r *madeUpReviews) Person(context.Context, string) (active, member bool, err error) {
	return r.active, true, r.err
}

func reviewDesk(t *testing.T, connections int) (*desk, *madeUpReviews) {
	t.Helper()
	d, r := newDesk(t), &madeUpReviews{active: true}
	r.review = monitor.AccessReview{
		AccessReview: policy.AccessReview{Rule: "all", Every: 180 * cards.Day}, Since: handlerstest.Start, Due: handlerstest.Start.Add(180 * cards.Day),
	}
	d.with(func(o *Options) { o.Reviews, o.People = r, r })
	for i := range connections {
		d.connected(func(c *link.ConnectParams) { c.Alias = fmt.Sprintf("alias-%02d", i) })
	}
	return d, r
}

// Many connections are paged, those first that are overdue, and the text alone says what it is about.
func TestAccessReviewIsPaged(t *testing.T) {
	d, _ := reviewDesk(t, 8)
	n, err := link.ParseName(strings.TrimSuffix(name, "/search-eu") + "/alias-07")
	if err != nil {
		t.Fatal(err)
	}
	d.finds(n, diagnose.Problem{Kind: diagnose.ProblemUnreviewed, Say: "Overdue."})
	d.types("review")
	m := d.shown()
	blocks := handlerstest.ToJSON(t, m.Blocks)
	if !strings.Contains(blocks, "Page 1 of 2") || len(m.Blocks) > 50 || !strings.Contains(m.Text, "8 managed connections: 1 overdue") {
		t.Errorf("%d blocks: %s", len(m.Blocks), blocks)
	}
	if first := handlerstest.ToJSON(t, m.Blocks[1]); !strings.Contains(first, "alias-07") {
		t.Errorf("first is %s", first)
	}
	d.finish(d.review.reviewTurned(t.Context(), bot.Action{ID: actionReviewNext, Value: bot.Value{Text: "1 "}, User: asker, ResponseURL: "https://r"}))
	if blocks := handlerstest.ToJSON(t, d.shown().Blocks); !strings.Contains(blocks, "Page 2 of 2") || !strings.Contains(blocks, "Previous") {
		t.Errorf("the last page: %s", blocks)
	}
	if _, err := d.review.reviewTurned(t.Context(), bot.Action{Value: bot.Value{Text: "nonsense"}}); err == nil {
		t.Error("nonsense was taken for a page")
	}
}

// What can't be read is unknown, and then there is nothing that somebody could say they keep.
func TestAccessReviewSaysWhatIsUnknown(t *testing.T) {
	d, r := reviewDesk(t, 1)
	r.active = false
	d.types("review")
	if blocks := handlerstest.ToJSON(t, d.shown().Blocks); !strings.Contains(blocks, "(*has left*)") || !strings.Contains(blocks, cards.ActionKeep) {
		t.Errorf("shown: %s", blocks)
	}
	r.err = change.ErrUnavailable
	d.types("review")
	blocks := handlerstest.ToJSON(t, d.shown().Blocks)
	for _, want := range []string{"unknown whether still here", "*Review:* unknown", "End…"} {
		if !strings.Contains(blocks, want) {
			t.Errorf("%q is missing: %s", want, blocks)
		}
	}
	if strings.Contains(blocks, cards.ActionKeep) {
		t.Errorf("it can be kept: %s", blocks)
	}
}

func TestKeepSaysWhatCameOfIt(t *testing.T) {
	d, r := reviewDesk(t, 1)
	n, err := link.ParseName(name)
	if err != nil {
		t.Fatal(err)
	}
	press := func() string {
		d.finish(d.review.keepPressed(t.Context(), bot.Action{ID: cards.ActionKeep, Value: bot.Value{Text: cards.KeepValue(n, handlerstest.Start)}, User: asker, Channel: "C0"}))
		return d.shown().Text
	}
	for want, err := range map[string]error{
		"Its next review is due":           nil,
		"does not manage":                  &monitor.NotKeptError{Gone: true},
		"You kept":                         &monitor.NotKeptError{Kept: &change.Keep{By: change.Actor{User: asker.ID}}},
		"<@U0ANNA> kept":                   &monitor.NotKeptError{Kept: &change.Keep{By: change.Actor{User: "U0ANNA"}}},
		"was changed after this was shown": &monitor.NotKeptError{},
		"kept changing while you pressed":  change.ErrConflict,
		"Only its owner":                   &change.NotAllowedError{Why: "only its owner may"},
	} {
		r.err = err
		if got := press(); !strings.Contains(got, want) {
			t.Errorf("%v: told %s", err, got)
		}
	}
	if len(r.seen) != 7 || !r.seen[0].Equal(handlerstest.Start) {
		t.Errorf("kept %v", r.seen)
	}
	for _, value := range []string{"", name, name + " x", name + " 01"} {
		if _, err := d.review.keepPressed(t.Context(), bot.Action{Value: bot.Value{Text: value}}); err == nil || errors.Is(err, change.ErrConflict) {
			t.Errorf("%q was taken", value)
		}
	}
}
