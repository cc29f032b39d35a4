package notify

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// telling runs test with a notifier at work, on a clock that moves when everybody waits.
func telling(t *testing.T, r *change.Request, test func(b *handlerstest.Outbox, w *handlerstest.Workspace, notifier *Notifier)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b, w := handlerstest.NewOutbox(), handlerstest.NewWorkspace(t)
		b.Put(r)
		notifier := newTestTeller(b, w, "one")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- notifier.Run(ctx) }()
		test(b, w, notifier)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func newTestTeller(b *handlerstest.Outbox, w *handlerstest.Workspace, owner string) *Notifier {
	return NewNotifier(NotifierOptions{
		Outbox: b, Poster: w, Policy: change.Approvers{Users: []string{"U0ANNA", "U0BEN"}, Count: 1},
		Channel: "C0REQUESTS", Command: "/remote-cluster", Owner: owner, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
}

func settle() {
	time.Sleep(2 * time.Minute)
	synctest.Wait()
}

func TestARequestIsToldFromFirstToLast(t *testing.T) {
	r := handlerstest.Pending()
	telling(t, r, func(b *handlerstest.Outbox, w *handlerstest.Workspace, notifier *Notifier) {
		settle()
		if card := w.Slot(SlotCard); !strings.Contains(card.Msg.Text, "Waiting for approval") || card.Channel != "C0REQUESTS" {
			t.Errorf("the card says %s", card.Msg.Text)
		}
		for _, name := range []string{"approved", "applying", "applied"} {
			b.Edit(r.ID, func(r *change.Request) {
				next := handlerstest.EveryState()[name]
				r.State, r.Decisions, r.Journal, r.Outcome = next.State, next.Decisions, next.Journal, next.Outcome
			})
			notifier.Changed(r.ID)
			settle()
		}
		if card := w.Slot(SlotCard); !strings.Contains(card.Msg.Text, "Done.") {
			t.Errorf("the card says %s", card.Msg.Text)
		}
		root := w.Slot(SlotCard).Ts
		for _, slot := range []string{slotProgress, slotFinal} {
			if m := w.Slot(slot); m.Msg.Thread != root {
				t.Errorf("%s is not in the card's thread", slot)
			}
		}
		if last := w.Slot(slotFinal).Msg.Text; !strings.Contains(last, "<@U0ASKER>") || !strings.Contains(last, "GET search-eu:logs-*,search-eu:metrics-*/_search") {
			t.Errorf("the last line is %s", last)
		}
		if n := len(w.Visible()); n != 3 {
			t.Errorf("%d messages, want 3", n)
		}
		b.WantAnnounced(t, r.ID)
		if len(notifier.shown.values) != 0 {
			t.Error("the notifier remembers what is over")
		}
	})
}

func TestWhatNobodyAnnouncedIsToldAllTheSame(t *testing.T) {
	telling(t, handlerstest.Pending(), func(b *handlerstest.Outbox, w *handlerstest.Workspace, _ *Notifier) {
		settle()
		b.Edit("7Q2MZK", func(r *change.Request) { r.State = change.Approved })
		settle()
		if card := w.Slot(SlotCard); !strings.Contains(card.Msg.Text, "Approved") {
			t.Errorf("the card says %s", card.Msg.Text)
		}
	})
}

func TestManyChangesBecomeFewDrawings(t *testing.T) {
	r := handlerstest.In(change.Applying, func(r *change.Request) { r.Journal = handlerstest.Journal(change.StepBegun) })
	telling(t, r, func(b *handlerstest.Outbox, w *handlerstest.Workspace, notifier *Notifier) {
		settle()
		before := w.Count("update")
		for i := range 100 { // ten seconds of work
			b.Edit(r.ID, func(r *change.Request) { r.Journal[0].Attempts = i + 2 })
			notifier.Changed(r.ID)
			time.Sleep(100 * time.Millisecond)
		}
		settle()
		if n := w.Count("update") - before; n > 9 {
			t.Errorf("%d updates in ten seconds", n)
		}
		if m := w.Slot(SlotCard); m.Updates != 0 {
			t.Errorf("the card was drawn %d times though it stays the same", m.Updates)
		}
		if m := w.Slot(slotProgress); !strings.Contains(m.Msg.Text, "try 101") {
			t.Errorf("the progress says %s", m.Msg.Text)
		}
	})
}

func TestAPostWhoseAnswerWasLostIsFoundAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, w := handlerstest.NewOutbox(), handlerstest.NewWorkspace(t)
		r := handlerstest.In(change.Applied, func(r *change.Request) { r.Journal = handlerstest.Journal(change.StepDone) })
		b.Put(r)
		for range 3 { // the card's answer is lost, then the progress's, then the last line's
			w.Lost["post"] = true
			if err := newTestTeller(b, w, "one").notify(t.Context(), r.ID); err == nil {
				t.Fatal("the lost answer was not noticed")
			}
		}
		time.Sleep(time.Minute) // until the claim of the first one has ended
		if err := newTestTeller(b, w, "two").notify(t.Context(), r.ID); err != nil {
			t.Fatal(err)
		}
		w.Slot(SlotCard)
		w.Slot(slotProgress)
		if m := w.Slot(slotFinal); m.Updates != 0 {
			t.Error("the last line was drawn again: it calls somebody, once")
		}
		b.WantAnnounced(t, r.ID)
	})
}

// Slack carries a post out after we have given it up, searched in vain and posted again.
func TestAPostThatIsCarriedOutLateIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, w := handlerstest.NewOutbox(), handlerstest.NewWorkspace(t)
		b.Put(handlerstest.Pending())
		w.Delayed["post"] = true
		notifier := newTestTeller(b, w, "one")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- notifier.Run(ctx) }()
		time.Sleep(12 * time.Second)
		synctest.Wait()
		w.Mu.Lock()
		for _, late := range w.Later {
			late()
		}
		w.Mu.Unlock()
		if n := len(w.Visible()); n != 2 {
			t.Fatalf("%d cards: nothing was late", n)
		}
		settle()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		w.Slot(SlotCard) // one
		b.WantAnnounced(t, "7Q2MZK")
	})
}

func TestADeletedCardIsPostedAgain(t *testing.T) {
	telling(t, handlerstest.Pending(), func(b *handlerstest.Outbox, w *handlerstest.Workspace, notifier *Notifier) {
		settle()
		w.Mu.Lock()
		w.Messages[0].Deleted = true
		w.Mu.Unlock()
		b.Edit("7Q2MZK", func(r *change.Request) { r.State = change.Approved })
		notifier.Changed("7Q2MZK")
		settle()
		if card := w.Slot(SlotCard); !strings.Contains(card.Msg.Text, "Approved") {
			t.Errorf("the card says %s", card.Msg.Text)
		}
	})
}

// Anyone who has to know is told where they can be told, and the card catches up once somebody unarchives the channel.
func TestWhileTheChannelIsArchivedPeopleAreToldDirectly(t *testing.T) {
	telling(t, handlerstest.Pending(), func(b *handlerstest.Outbox, w *handlerstest.Workspace, notifier *Notifier) {
		w.Archive("C0REQUESTS")
		settle()
		for _, who := range []string{"U0ASKER", "U0ANNA", "U0BEN"} {
			if said := w.Direct(who); !strings.Contains(said, "Waiting for approval") {
				t.Errorf("%s reads %q", who, said)
			}
		}
		before := w.Count("post")
		time.Sleep(time.Hour)
		if n := w.Count("post") - before; n < 5 || n > 10 {
			t.Errorf("the card was tried %d times in an hour", n)
		}
		b.Edit("7Q2MZK", func(r *change.Request) {
			next := handlerstest.EveryState()["applied"]
			r.State, r.Decisions, r.Journal, r.Outcome = next.State, next.Decisions, next.Journal, next.Outcome
		})
		notifier.Changed("7Q2MZK")
		time.Sleep(5 * time.Second) // an event does not wait for the next try
		synctest.Wait()
		if said := w.Direct("U0ASKER"); !strings.Contains(said, "Done.") || !strings.Contains(said, ":white_check_mark:") {
			t.Errorf("the requester reads %q", said)
		}
		if said := w.Direct("U0ANNA"); !strings.Contains(said, "Done.") {
			t.Errorf("the approver reads %q", said)
		}
		told := len(w.Visible())
		w.Archive("")
		time.Sleep(15 * time.Minute)
		synctest.Wait()
		if card := w.Slot(SlotCard); !strings.Contains(card.Msg.Text, "Done.") || card.Channel != "C0REQUESTS" {
			t.Errorf("the card says %s", card.Msg.Text)
		}
		w.Slot(slotFinal)
		if n := len(w.Visible()); n != told+3 { // the card, the progress, the last line
			t.Errorf("%d messages, there were %d", n, told)
		}
		b.WantAnnounced(t, "7Q2MZK")
	})
}

// Who runs the bot may have to invite it first: the request is brought to people meanwhile.
func TestWithoutAnInvitationPeopleAreToldDirectly(t *testing.T) {
	telling(t, handlerstest.Pending(), func(b *handlerstest.Outbox, w *handlerstest.Workspace, notifier *Notifier) {
		w.Order("post", &bot.Error{Code: "not_in_channel", Kind: bot.Gone})
		settle()
		for _, who := range []string{"U0ASKER", "U0ANNA"} {
			if said := w.Direct(who); !strings.Contains(said, "Waiting for approval") {
				t.Errorf("%s reads %q", who, said)
			}
		}
		w.Slot(SlotCard)
		b.WantAnnounced(t, "7Q2MZK")
	})
}

func TestACardOfAnArchivedChannelMovesToTheOneOfNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, w := handlerstest.NewOutbox(), handlerstest.NewWorkspace(t)
		r := handlerstest.In(change.Applied, func(r *change.Request) { r.Journal = handlerstest.Journal(change.StepDone) })
		r.Messages = map[string]change.Message{
			SlotCard: {Channel: "C0OLD", ID: "1.1"}, slotProgress: {Channel: "C0OLD", ID: "1.2"}, slotFinal: {Channel: "C0OLD"},
		}
		b.Put(r)
		w.Archive("C0OLD")
		if err := newTestTeller(b, w, "one").notify(t.Context(), r.ID); err != nil {
			t.Fatal(err)
		}
		root := w.Slot(SlotCard)
		for _, slot := range []string{slotProgress, slotFinal} {
			if m := w.Slot(slot); root.Channel != "C0REQUESTS" || m.Msg.Thread != root.Ts || m.Channel != root.Channel {
				t.Errorf("%s is in %s, thread %s; the card is in %s", slot, m.Channel, m.Msg.Thread, root.Channel)
			}
		}
		b.WantAnnounced(t, r.ID)
	})
}

func TestALostPostIsLookedForWhenItWasMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, w := handlerstest.NewOutbox(), handlerstest.NewWorkspace(t)
		r := handlerstest.Pending()
		r.Created = time.Now().Add(-48 * time.Hour)
		b.Put(r)
		w.Lost["post"] = true
		began := time.Now()
		if err := newTestTeller(b, w, "one").notify(t.Context(), r.ID); err == nil {
			t.Fatal("the lost answer was not noticed")
		}
		time.Sleep(time.Hour)
		if err := newTestTeller(b, w, "two").notify(t.Context(), r.ID); err != nil {
			t.Fatal(err)
		}
		w.Slot(SlotCard)
		if s := w.Searched; len(s) != 1 || began.Sub(s[0][0]) > 5*time.Minute || s[0][1].Sub(began) > 5*time.Minute || s[0][0].After(began) || s[0][1].Before(began) {
			t.Errorf("it was posted at %s and looked for in %v", began, s)
		}
	})
}

func TestATooLongHistoryDoesNotKeepACardFromBeingShown(t *testing.T) {
	b, w := handlerstest.NewOutbox(), handlerstest.NewWorkspace(t)
	r := handlerstest.Pending()
	r.Messages = map[string]change.Message{SlotCard: {Channel: "C0REQUESTS"}} // noted before there were times
	b.Put(r)
	w.Order("find", &bot.Error{Method: "conversations.history", Kind: bot.Other, Err: bot.ErrTooMany})
	if err := newTestTeller(b, w, "one").notify(t.Context(), r.ID); err != nil {
		t.Fatal(err)
	}
	w.Slot(SlotCard)
	b.WantAnnounced(t, r.ID)
}

// Whatever Slack refuses to show, something is shown, and it says where the buttons are.
func TestARefusedMessageIsShownPlainly(t *testing.T) {
	for _, takes := range []int{3000, shortText + 20} {
		synctest.Test(t, func(t *testing.T) {
			b, w := handlerstest.NewOutbox(), handlerstest.NewWorkspace(t)
			r := handlerstest.Pending()
			r.Reason = strings.Repeat("because ", 300)
			b.Put(r)
			w.Takes = takes
			notifier := newTestTeller(b, w, "one")
			if err := notifier.notify(t.Context(), r.ID); err != nil {
				t.Fatal(err)
			}
			b.Edit(r.ID, func(r *change.Request) { r.Journal, r.State = handlerstest.Journal(change.StepBegun), change.Applying })
			if err := notifier.notify(t.Context(), r.ID); err != nil {
				t.Fatal(err)
			}
			if m := w.Slot(SlotCard); m.Updates != 1 || len(m.Msg.Blocks) != 0 || !strings.Contains(m.Msg.Text, "Home tab") {
				t.Errorf("after %d drawings it shows %s", m.Updates, m.Msg.Text)
			}
			w.Slot(slotProgress)
			if notifier.sectionsOnly.Load() {
				t.Error("plan blocks were given up though sections were refused as well")
			}
			b.WantAnnounced(t, r.ID)
		})
	}
}

// slow is a Slack that takes its time.
type slow struct{ *handlerstest.Workspace }

func (s slow) Post(ctx context.Context, channel string, msg bot.Message) (bot.Posted, error) {
	<-ctx.Done()
	return bot.Posted{}, &bot.Error{Method: "chat.postMessage", Kind: bot.Unavailable, Ambiguous: true, Err: ctx.Err()}
}

func TestADrawingDoesNotHoldUpTheStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, w := handlerstest.NewOutbox(), handlerstest.NewWorkspace(t)
		b.Put(handlerstest.Pending())
		notifier := newTestTeller(b, w, "one")
		notifier.o.Poster = slow{w}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- notifier.Run(ctx) }()
		time.Sleep(time.Second)
		cancel()
		asked := time.Now()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if took := time.Since(asked); took > notifier.o.Stop+time.Second {
			t.Errorf("the stop took %s", took)
		}
		if err := newTestTeller(b, w, "two").notify(t.Context(), "7Q2MZK"); !errors.Is(err, errCopies) {
			t.Fatal(err)
		}
		w.Slot(SlotCard) // at once: the claim was given back
	})
}

func TestTroubleIsTriedAgainLaterAndLater(t *testing.T) {
	for name, err := range map[string]error{
		"limited":     &bot.Error{Code: "ratelimited", Kind: bot.Limited, RetryAfter: time.Second},
		"unavailable": &bot.Error{Code: "internal_error", Kind: bot.Unavailable},
		"no token":    &bot.Error{Code: "invalid_auth", Kind: bot.Auth},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, w := handlerstest.NewOutbox(), handlerstest.NewWorkspace(t)
				b.Put(handlerstest.Pending())
				w.Order("post", err, err, err, err)
				ctx, cancel := context.WithCancel(t.Context())
				defer synctest.Wait()
				defer cancel()
				notifier := newTestTeller(b, w, "one")
				go func() { _ = notifier.Run(ctx) }()
				time.Sleep(5 * time.Second)
				synctest.Wait()
				if n := w.Count("post"); n > 3 {
					t.Errorf("%d tries in five seconds", n)
				}
				settle()
				w.Slot(SlotCard)
				b.WantAnnounced(t, "7Q2MZK")
			})
		})
	}
}

func TestAWorkspaceWithoutPlanBlocksGetsSections(t *testing.T) {
	r := handlerstest.In(change.Applying, func(r *change.Request) { r.Journal = handlerstest.Journal(change.StepBegun) })
	telling(t, r, func(b *handlerstest.Outbox, w *handlerstest.Workspace, notifier *Notifier) {
		w.Mu.Lock()
		w.NoPlans = true
		w.Mu.Unlock()
		settle()
		refused := w.Count("post")
		if shown := handlerstest.ToJSON(t, w.Slot(slotProgress).Msg.Blocks); !strings.Contains(shown, ":hourglass_flowing_sand: *Check both sides*") {
			t.Errorf("the progress shows %s", shown)
		}
		b.Edit(r.ID, func(r *change.Request) { r.Journal = handlerstest.Journal(change.StepDone) })
		notifier.Changed(r.ID)
		settle()
		if n := w.Count("update"); n != 2 || refused != 3 { // the card, which names the step, and the progress
			t.Errorf("it was not remembered: %d posts, %d updates", refused, n)
		}
	})
}

func TestTheApproversAreCalledAgainForANewPlan(t *testing.T) {
	r := handlerstest.In(change.Pending, nil)
	telling(t, r, func(b *handlerstest.Outbox, w *handlerstest.Workspace, notifier *Notifier) {
		settle()
		b.Edit(r.ID, handlerstest.Drift)
		notifier.Changed(r.ID)
		settle()
		m := w.Slot("plan-6")
		if shown := handlerstest.ToJSON(t, m.Msg.Blocks); !strings.Contains(shown, "was 8.19.3, is 9.0.0") || !strings.Contains(shown, "U0ANNA") {
			t.Errorf("it says %s", shown)
		}
	})
}

func TestOnlyOneTellsAtATime(t *testing.T) {
	b, w := handlerstest.NewOutbox(), handlerstest.NewWorkspace(t)
	b.Put(handlerstest.Pending())
	b.Holds = "another"
	if err := newTestTeller(b, w, "one").notify(t.Context(), "7Q2MZK"); err != nil {
		t.Fatal(err)
	}
	if len(w.Visible()) != 0 {
		t.Error("it was told though another one is at it")
	}
}

func TestWithoutTheRightToReadACardIsRatherPostedTwice(t *testing.T) {
	b, w := handlerstest.NewOutbox(), handlerstest.NewWorkspace(t)
	r := handlerstest.Pending()
	r.Messages = map[string]change.Message{SlotCard: {Channel: "C0REQUESTS"}}
	b.Put(r)
	w.Order("find", &bot.Error{Method: "conversations.history", Code: "missing_scope", Kind: bot.Scope})
	if err := newTestTeller(b, w, "one").notify(t.Context(), r.ID); err != nil {
		t.Fatal(err)
	}
	w.Slot(SlotCard)
}

func TestAFailedSearchIsNotTakenForNothingFound(t *testing.T) {
	b, w := handlerstest.NewOutbox(), handlerstest.NewWorkspace(t)
	r := handlerstest.Pending()
	r.Messages = map[string]change.Message{SlotCard: {Channel: "C0REQUESTS"}}
	b.Put(r)
	w.Order("find", &bot.Error{Method: "conversations.history", Code: "internal_error", Kind: bot.Unavailable})
	if err := newTestTeller(b, w, "one").notify(t.Context(), r.ID); err == nil || len(w.Visible()) != 0 {
		t.Errorf("it posted after a failed search: %v", err)
	}
}

func TestAMemoryThatIsAwayStopsNobody(t *testing.T) {
	telling(t, handlerstest.Pending(), func(b *handlerstest.Outbox, w *handlerstest.Workspace, notifier *Notifier) {
		settle()
		b.Edit("7Q2MZK", func(r *change.Request) { r.State = change.Approved })
		b.SetDown(errors.New("no route to host"))
		notifier.Changed("7Q2MZK")
		settle()
		b.SetDown(nil)
		settle()
		if card := w.Slot(SlotCard); !strings.Contains(card.Msg.Text, "Approved") {
			t.Errorf("the card says %s", card.Msg.Text)
		}
	})
}

// sleeper is a Slack whose first post finds the process frozen: before the call leaves, or while it is under way.
type sleeper struct {
	*handlerstest.Workspace
	slept bool
	sent  bool
}

func (s *sleeper) Post(ctx context.Context, channel string, msg bot.Message) (bot.Posted, error) {
	if !s.slept {
		s.slept = true
		time.Sleep(time.Minute)
		if !s.sent { // what the messenger does
			return bot.Posted{}, &bot.Error{Method: "chat.postMessage", Kind: bot.Unavailable, Err: ctx.Err()}
		}
	}
	return s.Workspace.Post(ctx, channel, msg)
}

func TestATellerThatWasFrozenWritesNothingAnyMore(t *testing.T) {
	for _, sent := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b, w := handlerstest.NewOutbox(), handlerstest.NewWorkspace(t)
			b.Put(handlerstest.Pending())
			frozen := newTestTeller(b, w, "one")
			frozen.o.Poster = &sleeper{Workspace: w, sent: sent}
			done := make(chan error, 1)
			go func() {
				ctx, cancel := context.WithTimeout(t.Context(), frozen.o.Lease)
				defer cancel()
				done <- frozen.notify(ctx, "7Q2MZK")
			}()
			time.Sleep(45 * time.Second)
			if err := newTestTeller(b, w, "two").notify(t.Context(), "7Q2MZK"); !errors.Is(err, errCopies) {
				t.Fatal(err)
			}
			b.Edit("7Q2MZK", func(r *change.Request) { r.State = change.Approved })
			shown, err := b.Get(t.Context(), "7Q2MZK")
			if err != nil {
				t.Fatal(err)
			}
			if err := <-done; err == nil {
				t.Error("it did not notice that its claim had ended")
			}
			after, err := b.Get(t.Context(), "7Q2MZK")
			if err != nil {
				t.Fatal(err)
			}
			if after.Messages[SlotCard] != shown.Messages[SlotCard] || after.Announced != shown.Announced {
				t.Errorf("it wrote: the card was %v, is %v; announced was %d, is %d",
					shown.Messages[SlotCard], after.Messages[SlotCard], shown.Announced, after.Announced)
			}
			if n := len(w.Visible()); n != 1 && !sent {
				t.Errorf("%d cards", n)
			}
		})
	}
}
