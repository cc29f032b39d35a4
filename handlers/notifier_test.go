package handlers

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
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// telling runs test with a notifier at work, on a clock that moves when everybody waits.
func telling(t *testing.T, r *change.Request, test func(b *book, w *workspace, notifier *Notifier)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b, w := newBook(), newWorkspace(t)
		b.put(r)
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

func newTestTeller(b *book, w *workspace, owner string) *Notifier {
	return NewNotifier(NotifierOptions{
		Outbox: b, Poster: w, Policy: change.Approvers{Users: []string{"U0ANNA", "U0BEN"}, Count: 1},
		Channel: "C0REQUESTS", Command: "/remote-cluster", Owner: owner, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
}

func settle() {
	time.Sleep(2 * time.Minute)
	synctest.Wait()
}

func (b *book) announced(t *testing.T, id string) {
	t.Helper()
	r, err := b.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if r.Announced != r.Version {
		t.Errorf("version %d was announced, it is at %d", r.Announced, r.Version)
	}
}

func TestARequestIsToldFromFirstToLast(t *testing.T) {
	r := pending()
	telling(t, r, func(b *book, w *workspace, notifier *Notifier) {
		settle()
		if card := w.slot(slotCard); !strings.Contains(card.msg.Text, "Waiting for approval") || card.channel != "C0REQUESTS" {
			t.Errorf("the card says %s", card.msg.Text)
		}
		for _, name := range []string{"approved", "applying", "applied"} {
			b.edit(r.ID, func(r *change.Request) {
				next := everyState()[name]
				r.State, r.Decisions, r.Journal, r.Outcome = next.State, next.Decisions, next.Journal, next.Outcome
			})
			notifier.Changed(r.ID)
			settle()
		}
		if card := w.slot(slotCard); !strings.Contains(card.msg.Text, "Done.") {
			t.Errorf("the card says %s", card.msg.Text)
		}
		root := w.slot(slotCard).ts
		for _, slot := range []string{slotProgress, slotFinal} {
			if m := w.slot(slot); m.msg.Thread != root {
				t.Errorf("%s is not in the card's thread", slot)
			}
		}
		if last := w.slot(slotFinal).msg.Text; !strings.Contains(last, "<@U0ASKER>") || !strings.Contains(last, "GET search-eu:logs-*,search-eu:metrics-*/_search") {
			t.Errorf("the last line is %s", last)
		}
		if n := len(w.visible()); n != 3 {
			t.Errorf("%d messages, want 3", n)
		}
		b.announced(t, r.ID)
		if len(notifier.shown.values) != 0 {
			t.Error("the notifier remembers what is over")
		}
	})
}

func TestWhatNobodyAnnouncedIsToldAllTheSame(t *testing.T) {
	telling(t, pending(), func(b *book, w *workspace, _ *Notifier) {
		settle()
		b.edit("7Q2MZK", func(r *change.Request) { r.State = change.Approved })
		settle()
		if card := w.slot(slotCard); !strings.Contains(card.msg.Text, "Approved") {
			t.Errorf("the card says %s", card.msg.Text)
		}
	})
}

func TestManyChangesBecomeFewDrawings(t *testing.T) {
	r := in(change.Applying, func(r *change.Request) { r.Journal = journal(change.StepBegun) })
	telling(t, r, func(b *book, w *workspace, notifier *Notifier) {
		settle()
		before := w.count("update")
		for i := range 100 { // ten seconds of work
			b.edit(r.ID, func(r *change.Request) { r.Journal[0].Attempts = i + 2 })
			notifier.Changed(r.ID)
			time.Sleep(100 * time.Millisecond)
		}
		settle()
		if n := w.count("update") - before; n > 9 {
			t.Errorf("%d updates in ten seconds", n)
		}
		if m := w.slot(slotCard); m.updates != 0 {
			t.Errorf("the card was drawn %d times though it stays the same", m.updates)
		}
		if m := w.slot(slotProgress); !strings.Contains(m.msg.Text, "try 101") {
			t.Errorf("the progress says %s", m.msg.Text)
		}
	})
}

func TestAPostWhoseAnswerWasLostIsFoundAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, w := newBook(), newWorkspace(t)
		r := in(change.Applied, func(r *change.Request) { r.Journal = journal(change.StepDone) })
		b.put(r)
		for range 3 { // the card's answer is lost, then the progress's, then the last line's
			w.lost["post"] = true
			if err := newTestTeller(b, w, "one").notify(t.Context(), r.ID); err == nil {
				t.Fatal("the lost answer was not noticed")
			}
		}
		time.Sleep(time.Minute) // until the claim of the first one has ended
		if err := newTestTeller(b, w, "two").notify(t.Context(), r.ID); err != nil {
			t.Fatal(err)
		}
		w.slot(slotCard)
		w.slot(slotProgress)
		if m := w.slot(slotFinal); m.updates != 0 {
			t.Error("the last line was drawn again: it calls somebody, once")
		}
		b.announced(t, r.ID)
	})
}

// Slack carries a post out after we have given it up, searched in vain and posted again.
func TestAPostThatIsCarriedOutLateIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, w := newBook(), newWorkspace(t)
		b.put(pending())
		w.delayed["post"] = true
		notifier := newTestTeller(b, w, "one")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- notifier.Run(ctx) }()
		time.Sleep(12 * time.Second)
		synctest.Wait()
		w.mu.Lock()
		for _, late := range w.later {
			late()
		}
		w.mu.Unlock()
		if n := len(w.visible()); n != 2 {
			t.Fatalf("%d cards: nothing was late", n)
		}
		settle()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		w.slot(slotCard) // one
		b.announced(t, "7Q2MZK")
	})
}

func TestADeletedCardIsPostedAgain(t *testing.T) {
	telling(t, pending(), func(b *book, w *workspace, notifier *Notifier) {
		settle()
		w.mu.Lock()
		w.messages[0].deleted = true
		w.mu.Unlock()
		b.edit("7Q2MZK", func(r *change.Request) { r.State = change.Approved })
		notifier.Changed("7Q2MZK")
		settle()
		if card := w.slot(slotCard); !strings.Contains(card.msg.Text, "Approved") {
			t.Errorf("the card says %s", card.msg.Text)
		}
	})
}

func (w *workspace) archive(channel string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.archived = channel
}

func (w *workspace) direct(user string) string {
	var all []string
	for _, m := range w.visible() {
		if m.channel == "D"+user {
			all = append(all, m.msg.Text)
		}
	}
	return strings.Join(all, "\n")
}

// Whoever has to know is told where they can be told, and the card catches up once somebody unarchives the channel.
func TestWhileTheChannelIsArchivedPeopleAreToldDirectly(t *testing.T) {
	telling(t, pending(), func(b *book, w *workspace, notifier *Notifier) {
		w.archive("C0REQUESTS")
		settle()
		for _, who := range []string{"U0ASKER", "U0ANNA", "U0BEN"} {
			if said := w.direct(who); !strings.Contains(said, "Waiting for approval") {
				t.Errorf("%s reads %q", who, said)
			}
		}
		before := w.count("post")
		time.Sleep(time.Hour)
		if n := w.count("post") - before; n < 5 || n > 10 {
			t.Errorf("the card was tried %d times in an hour", n)
		}
		b.edit("7Q2MZK", func(r *change.Request) {
			next := everyState()["applied"]
			r.State, r.Decisions, r.Journal, r.Outcome = next.State, next.Decisions, next.Journal, next.Outcome
		})
		notifier.Changed("7Q2MZK")
		time.Sleep(5 * time.Second) // an event does not wait for the next try
		synctest.Wait()
		if said := w.direct("U0ASKER"); !strings.Contains(said, "Done.") || !strings.Contains(said, ":white_check_mark:") {
			t.Errorf("the requester reads %q", said)
		}
		if said := w.direct("U0ANNA"); !strings.Contains(said, "Done.") {
			t.Errorf("the approver reads %q", said)
		}
		told := len(w.visible())
		w.archive("")
		time.Sleep(15 * time.Minute)
		synctest.Wait()
		if card := w.slot(slotCard); !strings.Contains(card.msg.Text, "Done.") || card.channel != "C0REQUESTS" {
			t.Errorf("the card says %s", card.msg.Text)
		}
		w.slot(slotFinal)
		if n := len(w.visible()); n != told+3 { // the card, the progress, the last line
			t.Errorf("%d messages, there were %d", n, told)
		}
		b.announced(t, "7Q2MZK")
	})
}

// Who runs the bot may have to invite it first: the request is brought to people meanwhile.
func TestWithoutAnInvitationPeopleAreToldDirectly(t *testing.T) {
	telling(t, pending(), func(b *book, w *workspace, notifier *Notifier) {
		w.order("post", &bot.Error{Code: "not_in_channel", Kind: bot.Gone})
		settle()
		for _, who := range []string{"U0ASKER", "U0ANNA"} {
			if said := w.direct(who); !strings.Contains(said, "Waiting for approval") {
				t.Errorf("%s reads %q", who, said)
			}
		}
		w.slot(slotCard)
		b.announced(t, "7Q2MZK")
	})
}

func TestACardOfAnArchivedChannelMovesToTheOneOfNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, w := newBook(), newWorkspace(t)
		r := in(change.Applied, func(r *change.Request) { r.Journal = journal(change.StepDone) })
		r.Messages = map[string]change.Message{
			slotCard: {Channel: "C0OLD", ID: "1.1"}, slotProgress: {Channel: "C0OLD", ID: "1.2"}, slotFinal: {Channel: "C0OLD"},
		}
		b.put(r)
		w.archive("C0OLD")
		if err := newTestTeller(b, w, "one").notify(t.Context(), r.ID); err != nil {
			t.Fatal(err)
		}
		root := w.slot(slotCard)
		for _, slot := range []string{slotProgress, slotFinal} {
			if m := w.slot(slot); root.channel != "C0REQUESTS" || m.msg.Thread != root.ts || m.channel != root.channel {
				t.Errorf("%s is in %s, thread %s; the card is in %s", slot, m.channel, m.msg.Thread, root.channel)
			}
		}
		b.announced(t, r.ID)
	})
}

func TestALostPostIsLookedForWhenItWasMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, w := newBook(), newWorkspace(t)
		r := pending()
		r.Created = time.Now().Add(-48 * time.Hour)
		b.put(r)
		w.lost["post"] = true
		began := time.Now()
		if err := newTestTeller(b, w, "one").notify(t.Context(), r.ID); err == nil {
			t.Fatal("the lost answer was not noticed")
		}
		time.Sleep(time.Hour)
		if err := newTestTeller(b, w, "two").notify(t.Context(), r.ID); err != nil {
			t.Fatal(err)
		}
		w.slot(slotCard)
		if s := w.searched; len(s) != 1 || began.Sub(s[0][0]) > 5*time.Minute || s[0][1].Sub(began) > 5*time.Minute || s[0][0].After(began) || s[0][1].Before(began) {
			t.Errorf("it was posted at %s and looked for in %v", began, s)
		}
	})
}

func TestATooLongHistoryDoesNotKeepACardFromBeingShown(t *testing.T) {
	b, w := newBook(), newWorkspace(t)
	r := pending()
	r.Messages = map[string]change.Message{slotCard: {Channel: "C0REQUESTS"}} // noted before there were times
	b.put(r)
	w.order("find", &bot.Error{Method: "conversations.history", Kind: bot.Other, Err: bot.ErrTooMany})
	if err := newTestTeller(b, w, "one").notify(t.Context(), r.ID); err != nil {
		t.Fatal(err)
	}
	w.slot(slotCard)
	b.announced(t, r.ID)
}

// Whatever Slack refuses to show, something is shown, and it says where the buttons are.
func TestARefusedMessageIsShownPlainly(t *testing.T) {
	for _, takes := range []int{3000, shortText + 20} {
		synctest.Test(t, func(t *testing.T) {
			b, w := newBook(), newWorkspace(t)
			r := pending()
			r.Reason = strings.Repeat("because ", 300)
			b.put(r)
			w.takes = takes
			notifier := newTestTeller(b, w, "one")
			if err := notifier.notify(t.Context(), r.ID); err != nil {
				t.Fatal(err)
			}
			b.edit(r.ID, func(r *change.Request) { r.Journal, r.State = journal(change.StepBegun), change.Applying })
			if err := notifier.notify(t.Context(), r.ID); err != nil {
				t.Fatal(err)
			}
			if m := w.slot(slotCard); m.updates != 1 || len(m.msg.Blocks) != 0 || !strings.Contains(m.msg.Text, "home tab") {
				t.Errorf("after %d drawings it shows %s", m.updates, m.msg.Text)
			}
			w.slot(slotProgress)
			if notifier.sectionsOnly.Load() {
				t.Error("plan blocks were given up though sections were refused as well")
			}
			b.announced(t, r.ID)
		})
	}
}

// slow is a Slack that takes its time.
type slow struct{ *workspace }

func (s slow) Post(ctx context.Context, channel string, msg bot.Message) (bot.Posted, error) {
	<-ctx.Done()
	return bot.Posted{}, &bot.Error{Method: "chat.postMessage", Kind: bot.Unavailable, Ambiguous: true, Err: ctx.Err()}
}

func TestADrawingDoesNotHoldUpTheStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, w := newBook(), newWorkspace(t)
		b.put(pending())
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
		w.slot(slotCard) // at once: the claim was given back
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
				b, w := newBook(), newWorkspace(t)
				b.put(pending())
				w.order("post", err, err, err, err)
				ctx, cancel := context.WithCancel(t.Context())
				defer synctest.Wait()
				defer cancel()
				notifier := newTestTeller(b, w, "one")
				go func() { _ = notifier.Run(ctx) }()
				time.Sleep(5 * time.Second)
				synctest.Wait()
				if n := w.count("post"); n > 3 {
					t.Errorf("%d tries in five seconds", n)
				}
				settle()
				w.slot(slotCard)
				b.announced(t, "7Q2MZK")
			})
		})
	}
}

func TestAWorkspaceWithoutPlanBlocksGetsSections(t *testing.T) {
	r := in(change.Applying, func(r *change.Request) { r.Journal = journal(change.StepBegun) })
	telling(t, r, func(b *book, w *workspace, notifier *Notifier) {
		w.mu.Lock()
		w.noPlans = true
		w.mu.Unlock()
		settle()
		refused := w.count("post")
		if shown := toJSON(t, w.slot(slotProgress).msg.Blocks); !strings.Contains(shown, ":hourglass_flowing_sand: *Check both sides*") {
			t.Errorf("the progress shows %s", shown)
		}
		b.edit(r.ID, func(r *change.Request) { r.Journal = journal(change.StepDone) })
		notifier.Changed(r.ID)
		settle()
		if n := w.count("update"); n != 2 || refused != 3 { // the card, which names the step, and the progress
			t.Errorf("it was not remembered: %d posts, %d updates", refused, n)
		}
	})
}

func TestTheApproversAreCalledAgainForANewPlan(t *testing.T) {
	r := in(change.Pending, nil)
	telling(t, r, func(b *book, w *workspace, notifier *Notifier) {
		settle()
		b.edit(r.ID, drift)
		notifier.Changed(r.ID)
		settle()
		m := w.slot("plan-6")
		if shown := toJSON(t, m.msg.Blocks); !strings.Contains(shown, "was 8.19.3, is 9.0.0") || !strings.Contains(shown, "U0ANNA") {
			t.Errorf("it says %s", shown)
		}
	})
}

func TestOnlyOneTellsAtATime(t *testing.T) {
	b, w := newBook(), newWorkspace(t)
	b.put(pending())
	b.holds = "another"
	if err := newTestTeller(b, w, "one").notify(t.Context(), "7Q2MZK"); err != nil {
		t.Fatal(err)
	}
	if len(w.visible()) != 0 {
		t.Error("it was told though another one is at it")
	}
}

func TestWithoutTheRightToReadACardIsRatherPostedTwice(t *testing.T) {
	b, w := newBook(), newWorkspace(t)
	r := pending()
	r.Messages = map[string]change.Message{slotCard: {Channel: "C0REQUESTS"}}
	b.put(r)
	w.order("find", &bot.Error{Method: "conversations.history", Code: "missing_scope", Kind: bot.Scope})
	if err := newTestTeller(b, w, "one").notify(t.Context(), r.ID); err != nil {
		t.Fatal(err)
	}
	w.slot(slotCard)
}

func TestAFailedSearchIsNotTakenForNothingFound(t *testing.T) {
	b, w := newBook(), newWorkspace(t)
	r := pending()
	r.Messages = map[string]change.Message{slotCard: {Channel: "C0REQUESTS"}}
	b.put(r)
	w.order("find", &bot.Error{Method: "conversations.history", Code: "internal_error", Kind: bot.Unavailable})
	if err := newTestTeller(b, w, "one").notify(t.Context(), r.ID); err == nil || len(w.visible()) != 0 {
		t.Errorf("it posted after a failed search: %v", err)
	}
}

func TestAMemoryThatIsAwayStopsNobody(t *testing.T) {
	telling(t, pending(), func(b *book, w *workspace, notifier *Notifier) {
		settle()
		b.edit("7Q2MZK", func(r *change.Request) { r.State = change.Approved })
		b.setDown(errors.New("no route to host"))
		notifier.Changed("7Q2MZK")
		settle()
		b.setDown(nil)
		settle()
		if card := w.slot(slotCard); !strings.Contains(card.msg.Text, "Approved") {
			t.Errorf("the card says %s", card.msg.Text)
		}
	})
}

// sleeper is a Slack whose first post finds the process frozen: before the call leaves, or while it is under way.
type sleeper struct {
	*workspace
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
	return s.workspace.Post(ctx, channel, msg)
}

func TestATellerThatWasFrozenWritesNothingAnyMore(t *testing.T) {
	for _, sent := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b, w := newBook(), newWorkspace(t)
			b.put(pending())
			frozen := newTestTeller(b, w, "one")
			frozen.o.Poster = &sleeper{workspace: w, sent: sent}
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
			b.edit("7Q2MZK", func(r *change.Request) { r.State = change.Approved })
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
			if after.Messages[slotCard] != shown.Messages[slotCard] || after.Announced != shown.Announced {
				t.Errorf("it wrote: the card was %v, is %v; announced was %d, is %d",
					shown.Messages[slotCard], after.Messages[slotCard], shown.Announced, after.Announced)
			}
			if n := len(w.visible()); n != 1 && !sent {
				t.Errorf("%d cards", n)
			}
		})
	}
}
