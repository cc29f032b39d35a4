package notify

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
)

type nobodyKnown struct{}

func (nobodyKnown) AsideDeciders(context.Context, change.Aside) ([]string, error) { return nil, nil }

// asideStore has one request, put aside or not; the rest is a store in memory.
type asideStore struct {
	*handlerstest.MonitorStore
	now   change.Aside
	held  string // who has the lease
	ended bool   // the request is kept no longer
}

func (s *asideStore) Aside(context.Context, string) (change.Aside, error) {
	if s.ended {
		return change.Aside{}, change.ErrNotFound
	}
	return s.now, nil
}

func (s *asideStore) AsideIDs(context.Context, int) ([]string, error) {
	if s.now.Since.IsZero() {
		return nil, nil
	}
	return []string{s.now.ID}, nil
}

func (s *asideStore) Lease(_ context.Context, _, owner string, _ time.Duration) (bool, error) {
	if s.held != "" {
		return false, nil
	}
	s.held = owner
	return true, nil
}

func (s *asideStore) EndLease(_ context.Context, _, owner string) error {
	if s.held == owner {
		s.held = ""
	}
	return nil
}

type asideStage struct {
	t     *testing.T
	store *asideStore
	slack *handlerstest.Workspace
}

func newAsideStage(t *testing.T) *asideStage {
	t.Helper()
	w := handlerstest.NewWorkspace(t)
	card, err := w.Post(t.Context(), "C0REQUESTS", bot.Message{Text: "the card"})
	if err != nil {
		t.Fatal(err)
	}
	return &asideStage{t: t, slack: w, store: &asideStore{
		MonitorStore: handlerstest.NewMonitorStore(changetest.Records{}),
		now: change.Aside{
			ID: "bad", Since: time.Now().Truncate(time.Millisecond), State: change.Applying,
			Messages: map[string]change.Message{SlotCard: {Channel: card.Channel, ID: card.TS}},
		},
	}}
}

func (s *asideStage) takeUp(resolved bool) {
	s.store.now.Since = time.Time{}
	s.store.now.End = &change.AsideEnd{Resolved: resolved, By: change.Actor{User: change.Operator}, At: time.Now(), Reason: "nothing was left"}
}

// look is one look of a process that has just started.
func (s *asideStage) look(owner string) error {
	return NewAsides(AsidesOptions{
		Store: s.store, Poster: s.slack, Policy: nobodyKnown{}, Channel: "C0REQUESTS", Owner: owner, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}).look(s.t.Context())
}

func (s *asideStage) shows(want ...string) {
	s.t.Helper()
	all := s.slack.Visible()
	if len(all) != len(want) {
		s.t.Fatalf("%d messages, not %d", len(all), len(want))
	}
	for i, text := range want {
		if !strings.Contains(all[i].Msg.Text, text) {
			s.t.Errorf("message %d: %s", i, all[i].Msg.Text)
		}
	}
}

func TestTheChannelIsToldOnceOfWhatWasPutAside(t *testing.T) {
	t.Parallel()
	s := newAsideStage(t)
	away := &bot.Error{Method: "chat.postMessage", Kind: bot.Unavailable}
	s.slack.Fail["post"] = []error{away}
	if err := s.look("first"); !errors.Is(err, away) {
		t.Fatalf("Slack is away: %v", err)
	}
	s.shows("the card")
	for _, owner := range []string{"second", "third", "second"} { // which do not know what the first one met
		if err := s.look(owner); err != nil {
			t.Fatal(err)
		}
	}
	s.shows("the card", "was put aside")

	// An operator resolves it while Slack is away again, on the command line.
	s.takeUp(true)
	s.slack.Fail["update"] = []error{away}
	if err := s.look("second"); !errors.Is(err, away) {
		t.Fatalf("Slack is away: %v", err)
	}
	for range 2 {
		if err := s.look("third"); err != nil {
			t.Fatal(err)
		}
	}
	s.shows("Resolved by the bot's operators", "Resolved by the bot's operators")
	if n := s.slack.Calls["update"]; n != 3 { // the one that failed, the message, and the request's card
		t.Errorf("%d updates", n)
	}
	if notes, err := s.store.Notes(t.Context(), partAside); err != nil || len(notes) != 0 {
		t.Errorf("left to remember: %v, %v", notes, err)
	}
}

func TestAPostAboutWhatWasPutAsideWithoutAnAnswerIsFound(t *testing.T) {
	t.Parallel()
	s := newAsideStage(t)
	s.slack.Lost["post"] = true
	if err := s.look("first"); err == nil {
		t.Fatal("the answer was not lost")
	}
	if err := s.look("second"); err != nil {
		t.Fatal(err)
	}
	s.shows("the card", "was put aside")
	s.takeUp(true)
	if err := s.look("second"); err != nil {
		t.Fatal(err)
	}
	s.shows("Resolved by the bot's operators", "Resolved by the bot's operators")
}

func TestWhatIsPutAsideAnewIsToldAnew(t *testing.T) {
	t.Parallel()
	s := newAsideStage(t)
	if err := s.look("first"); err != nil {
		t.Fatal(err)
	}
	s.takeUp(false)
	s.store.now.Since = time.Now().Add(time.Minute) // before anybody has shown how it was taken up
	for range 2 {
		if err := s.look("first"); err != nil {
			t.Fatal(err)
		}
	}
	s.shows("the card", "Requeued by the bot's operators", "was put aside")
	s.store.ended, s.store.now.Since = true, time.Time{}
	if err := s.look("first"); err != nil {
		t.Fatal(err)
	}
	if notes, err := s.store.Notes(t.Context(), partAside); err != nil || len(notes) != 0 {
		t.Errorf("left to remember of a request that is kept no longer: %v, %v", notes, err)
	}
}

func TestOneProcessAtATimeTellsOfWhatWasPutAside(t *testing.T) {
	t.Parallel()
	s := newAsideStage(t)
	s.store.held = "another"
	if err := s.look("first"); err != nil {
		t.Fatal(err)
	}
	s.shows("the card")
	s.store.held = "" // it died, and its lease has ended
	if err := s.look("first"); err != nil {
		t.Fatal(err)
	}
	s.shows("the card", "was put aside")
}
