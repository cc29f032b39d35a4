package handlers

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
)

// slow makes the platforms take three seconds a call.
func (d *desk) slow() {
	for _, call := range []string{"Deployment", "License", "RemoteSettings", "RemoteInfo", "SecretNames", "Rulesets"} {
		d.world.Fail(linktest.Fault{Call: call, Slow: 3 * time.Second})
	}
}

// late submits a form as Slack does, and returns the modal that its answer puts up, with what is left to do.
func (d *desk) late(submit bot.SubmissionHandler) (slack.ModalViewRequest, func() error) {
	d.t.Helper()
	begun := time.Now()
	ctx, cancel := context.WithTimeout(d.t.Context(), 2500*time.Millisecond)
	defer cancel()
	a, err := submit(ctx, bot.Submission{View: d.slack.View(theModal), User: asker, TriggerID: "2"})
	if err != nil {
		d.t.Fatal(err)
	}
	if took := time.Since(begun); took > 2*time.Second {
		d.t.Errorf("answered after %v", took)
	}
	res, ok := a.Body.(*slack.ViewSubmissionResponse)
	if !ok || res.ResponseAction != slack.RAPush || a.Then == nil {
		d.t.Fatalf("answered %s", handlerstest.ToJSON(d.t, a.Body))
	}
	return *res.View, func() error {
		ctx, cancel := context.WithTimeout(d.t.Context(), 30*time.Second)
		defer cancel()
		return a.Then(ctx)
	}
}

func TestASlowPlatformCanBeAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.filledIn()
		d.slow()
		checking, then := d.late(d.connect.connectSubmitted)
		handlerstest.Golden(t, "modal_checking", checking)
		d.slack.Push(checking)
		if err := then(); err != nil {
			t.Fatal(err)
		}
		r, err := d.book.Get(t.Context(), "R2") // the first try's id came to nothing
		if err != nil {
			t.Fatal(err)
		}
		if c, _ := cards.Connection(r); c.ProxyAddress != "search-eu.cloud.example:9443" || r.Reason != "dashboards" {
			t.Errorf("asked for %+v", r)
		}
		handlerstest.Golden(t, "modal_checked", d.slack.Modals[checking.ExternalID].View)
		if !strings.Contains(d.slack.Said(), "`R2`") {
			t.Errorf("told %q", d.slack.Said())
		}

		// Who went back and submitted again meanwhile asks for the same.
		a, err := d.connect.connectSubmitted(t.Context(), bot.Submission{View: d.slack.View(theModal), User: asker, TriggerID: "3"})
		if body := d.finish(a, err); body != nil || d.book.Len() != 1 {
			t.Errorf("answered %v, %d requests", body, d.book.Len())
		}
		d.catalog.Wait()
	})
}

// A process that was frozen must not bring up again what its user has asked for otherwise since, or given up.
func TestAFormThatIsTakenInHandTooLateIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.filledIn()
		d.slow()
		_, then := d.late(d.connect.connectSubmitted)
		d.world.Advance(30 * time.Second)
		if err := then(); err != nil || d.book.Len() != 0 {
			t.Errorf("%d requests, %v", d.book.Len(), err)
		}
		d.catalog.Wait()
	})
}

func TestWhatASlowPlatformRefusesIsToldOnTopOfTheForm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.filledIn()
		d.world.Platform("ece-prod").Find("a1").Edit(func(x *elastic.Deployment) { x.Status = "stopped" })
		d.slow()
		checking, then := d.late(d.connect.connectSubmitted)
		d.slack.Push(checking)
		if err := then(); err != nil {
			t.Fatal(err)
		}
		handlerstest.Golden(t, "modal_checked_refused", d.slack.Modals[checking.ExternalID].View)
		if d.text(link.FieldReason) != "dashboards" || d.text(link.FieldSearch) == "" {
			t.Error("the form lost what was filled in")
		}
		d.catalog.Wait()
	})
}

func TestWhoClosesTheWindowIsToldAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.filledIn()
		d.world.Fail(linktest.Fault{Call: "Deployment", Hang: true})
		checking, then := d.late(d.connect.connectSubmitted)
		d.slack.Push(checking)
		d.slack.Close(checking.ExternalID)
		begun := time.Now()
		if err := then(); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(d.slack.Said(), "Not submitted") || time.Since(begun) > 30*time.Second {
			t.Errorf("after %v told %q", time.Since(begun), d.slack.Said())
		}
		d.catalog.Wait()
	})
}

func TestTheAnswerMayComeBeforeSlackHasPutTheWindowUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.filledIn()
		d.slow()
		checking, then := d.late(d.connect.connectSubmitted)
		d.world.Heal()
		go func() {
			time.Sleep(time.Second)
			d.slack.Push(checking)
		}()
		if err := then(); err != nil {
			t.Fatal(err)
		}
		if shown := d.slack.Shows(checking.ExternalID); !strings.Contains(shown, "Requested.") {
			t.Errorf("it shows %s", shown)
		}
		d.catalog.Wait()
	})
}

func TestASlowPlatformCanBeAskedForAnyChangeOfAConnection(t *testing.T) {
	for verb, want := range map[string]string{
		"rotate": "Requested.", "disconnect": "Requested.", "update": "Nothing would change", "migrate": "Requested.", "adopt": "Requested.",
	} {
		t.Run(verb, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				d.established(verb)
				d.types(verb + " logs-prod/search-eu")
				if !d.slack.Has(theModal, link.FieldReason) {
					t.Fatalf("the modal shows %s", d.slack.Shows(theModal))
				}
				d.fills(link.FieldReason, "audit")
				if verb == "migrate" {
					d.fills(link.FieldSearch, "logs-*")
				}
				d.slow()
				checking, then := d.late(d.changes.formSubmitted)
				d.slack.Push(checking)
				if err := then(); err != nil {
					t.Fatal(err)
				}
				if shown := d.slack.Shows(checking.ExternalID); !strings.Contains(shown, want) {
					t.Errorf("it shows %s", shown)
				}
				d.catalog.Wait()
			})
		})
	}
}

func TestOnlyTimeIsWaitedFor(t *testing.T) {
	for _, err := range []error{&change.InvalidError{}, &change.LockedError{}, &change.NotAllowedError{}} {
		if !decisive(errors.Join(err, context.DeadlineExceeded)) {
			t.Errorf("%T would be asked again", err)
		}
	}
}
