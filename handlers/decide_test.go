package handlers

import (
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

var (
	anna     = bot.User{ID: "U0ANNA"}
	ben      = bot.User{ID: "U0BEN"}
	stranger = bot.User{ID: "U0STRANGER"}
)

// pressed is a button of the card of r, pressed by u.
func pressed(u bot.User, r *change.Request) bot.Action {
	return bot.Action{
		Value: bot.Value{Text: cards.Ref{ID: r.ID, Version: r.Version}.String()}, User: u, Channel: "C0REQUESTS",
		Message: "1700000000.000100", TriggerID: "9", ResponseURL: "https://hooks",
	}
}

const reasonView = "V9"

func (d *desk) has(state change.State) *change.Request {
	d.t.Helper()
	r := handlerstest.EveryState()[string(state)]
	r.Messages = map[string]change.Message{}
	d.book.Put(r)
	return handlerstest.Clone(r)
}

func (d *desk) state(id string) change.State {
	d.t.Helper()
	r, err := d.book.Get(d.t.Context(), id)
	if err != nil {
		d.t.Fatal(err)
	}
	return r.State
}

// gives submits the reason that a modal asks for, and returns what is shown beside it.
func (d *desk) gives(h bot.SubmissionHandler, u bot.User, reason string) string {
	d.t.Helper()
	d.slack.Set(reasonView, blockReason, bot.Value{Text: reason})
	body := d.finish(h(d.t.Context(), bot.Submission{View: d.slack.View(reasonView), User: u}))
	if body == nil {
		return ""
	}
	res, ok := body.(*slack.ViewSubmissionResponse)
	if !ok {
		d.t.Fatalf("answer %#v", body)
	}
	return res.Errors[blockReason]
}

func TestAnApproverApproves(t *testing.T) {
	d := newDesk(t)
	r := d.has(change.Pending)
	d.finish(d.decisions.approve(t.Context(), pressed(anna, r)))
	if got := d.state(r.ID); got != change.Approved || d.slack.Said() != "" {
		t.Errorf("%s, told %q", got, d.slack.Said())
	}
}

// On the home tab, too, an approval of one's own can be withdrawn: its buttons carry the version after it.
func TestAnApprovalIsTakenBackOnTheHomeTab(t *testing.T) {
	d := newDesk(t)
	r := d.has(change.Pending)
	mine := handlerstest.Said(change.DecisionApprove, anna.ID, "")
	mine.Version = 2
	r.Decisions = []change.Decision{mine}
	d.book.Put(r)
	for user, version := range map[string]int64{anna.ID: 2, ben.ID: 1} {
		for _, e := range homeButtons(r, user, nil) {
			b, ok := e.(*slack.ButtonBlockElement)
			if !ok {
				continue
			}
			if b.Value != (cards.Ref{ID: r.ID, Version: version}).String() {
				t.Errorf("%s: %s carries %s", user, b.ActionID, b.Value)
			}
			if b.ActionID == cards.ActionTakeBack {
				a := pressed(bot.User{ID: user}, r)
				a.Value.Text = b.Value
				d.finish(d.decisions.takeBack(t.Context(), a))
			}
		}
	}
	if got, _ := d.book.Get(t.Context(), r.ID); got.ApprovedBy(anna.ID) || d.slack.Said() != "" {
		t.Errorf("it is approved still; told %q", d.slack.Said())
	}
}

func TestWhoPressesInVainIsToldAlone(t *testing.T) {
	tests := map[string]struct {
		from  change.State
		press func(*desk) bot.ActionHandler
		by    bot.User
		want  string
	}{
		"a stranger approves":             {change.Pending, func(d *desk) bot.ActionHandler { return d.decisions.approve }, stranger, "You are not one of the approvers"},
		"the requester approves":          {change.Pending, func(d *desk) bot.ActionHandler { return d.decisions.approve }, asker, "someone else has to approve"},
		"the second to approve":           {change.Approved, func(d *desk) bot.ActionHandler { return d.decisions.approve }, ben, "approved by <@U0ANNA> at <!date^"},
		"approving what was rejected":     {change.Rejected, func(d *desk) bot.ActionHandler { return d.decisions.approve }, anna, "rejected by <@U0BEN>"},
		"another one withdraws":           {change.Pending, func(d *desk) bot.ActionHandler { return d.decisions.withdraw }, anna, "Only the requester can withdraw"},
		"withdrawing what is applied":     {change.Applying, func(d *desk) bot.ActionHandler { return d.decisions.withdraw }, asker, "in progress"},
		"a stranger rejects":              {change.Pending, func(d *desk) bot.ActionHandler { return d.decisions.askRejectReason }, stranger, "You are not one of the approvers"},
		"rejecting what is over":          {change.Withdrawn, func(d *desk) bot.ActionHandler { return d.decisions.askRejectReason }, anna, "withdrawn by <@U0ASKER>"},
		"a stranger retries":              {change.Stuck, func(d *desk) bot.ActionHandler { return d.decisions.retry }, stranger, "You are not one of the approvers"},
		"a stranger says that it's clean": {change.Stuck, func(d *desk) bot.ActionHandler { return d.decisions.askResolveReason }, stranger, "You are not one of the approvers"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			r := d.has(tc.from)
			d.finish(tc.press(d)(t.Context(), pressed(tc.by, r)))
			if got := d.state(r.ID); got != tc.from {
				t.Errorf("it is %s now", got)
			}
			if !strings.Contains(d.slack.Said(), tc.want) {
				t.Errorf("told %q, want %q in it", d.slack.Said(), tc.want)
			}
			if len(d.slack.Visible()) != 0 || d.slack.Count("open") != 0 {
				t.Error("others see something")
			}
		})
	}
}

func TestACardFromBeforeTheDriftDoesNotCount(t *testing.T) {
	d := newDesk(t)
	r := handlerstest.Pending()
	handlerstest.Drift(r)
	d.book.Put(r)
	old := handlerstest.Pending()
	for _, press := range []bot.ActionHandler{d.decisions.approve, d.decisions.askRejectReason, d.plan.plan} {
		d.finish(press(t.Context(), pressed(anna, old)))
	}
	if got := d.state(r.ID); got != change.Pending || d.slack.Count("open") != 0 {
		t.Errorf("it is %s, %d modals were opened", got, d.slack.Count("open"))
	}
	if n := strings.Count(d.slack.Said(), "The request has changed since you saw this card"); n != 3 {
		t.Errorf("told %q", d.slack.Said())
	}
}

func TestRejectingWantsAReason(t *testing.T) {
	d := newDesk(t)
	r := d.has(change.Pending)
	d.finish(d.decisions.askRejectReason(t.Context(), pressed(anna, r)))
	if beside := d.gives(d.decisions.rejected, anna, "  "); beside == "" || d.state(r.ID) != change.Pending {
		t.Errorf("without a reason: %q, %s", beside, d.state(r.ID))
	}
	if beside := d.gives(d.decisions.rejected, anna, "too wide"); beside != "" {
		t.Errorf("beside the reason: %s", beside)
	}
	got, _ := d.book.Get(t.Context(), r.ID)
	if last := got.Last(change.DecisionReject); got.State != change.Rejected || last == nil || last.Reason != "too wide" || last.By.Channel != "C0REQUESTS" {
		t.Errorf("%s: %+v", got.State, last)
	}
	if beside := d.gives(d.decisions.rejected, ben, "me too"); !strings.Contains(beside, "rejected by somebody") {
		t.Errorf("the second to reject reads %q", beside)
	}
}

func TestOnlyWhoAskedWithdraws(t *testing.T) {
	d := newDesk(t)
	r := d.has(change.Pending)
	d.finish(d.decisions.withdraw(t.Context(), pressed(asker, r)))
	if got := d.state(r.ID); got != change.Withdrawn {
		t.Errorf("it is %s", got)
	}
}

func TestAStuckRequestIsRetriedOrDeclaredClean(t *testing.T) {
	d := newDesk(t)
	r := d.has(change.Stuck)
	d.finish(d.decisions.askResolveReason(t.Context(), pressed(asker, r)))
	if _, opened := d.slack.Modals[reasonView]; opened {
		t.Error("whoever asked may resolve it alone")
	}
	d.finish(d.decisions.askResolveReason(t.Context(), pressed(anna, r)))
	if shown := d.slack.Shows(reasonView); !strings.Contains(shown, "DELETE /_security/api_key") {
		t.Error("the modal does not name what was left")
	}
	if beside := d.gives(d.decisions.resolved, anna, "deleted by hand"); beside != "" || d.state(r.ID) != change.RolledBack {
		t.Errorf("%q, %s", beside, d.state(r.ID))
	}
	r = d.has(change.Stuck)
	d.finish(d.decisions.retry(t.Context(), pressed(anna, r)))
	if got := d.state(r.ID); got != change.Undoing {
		t.Errorf("it is %s", got)
	}
}

func TestAnybodyMaySeeThePlan(t *testing.T) {
	d := newDesk(t)
	r := d.has(change.Pending)
	d.finish(d.plan.plan(t.Context(), pressed(stranger, r)))
	if shown := d.slack.Shows("V9"); !strings.Contains(shown, "/_security/cross_cluster/api_key") || !strings.Contains(shown, "••••") {
		t.Errorf("the plan shows %s", shown)
	}
}

func TestAPressWhileTheMemoryIsAwayIsNotLostSilently(t *testing.T) {
	d := newDesk(t)
	r := d.has(change.Pending)
	d.book.SetDown(change.ErrUnavailable)
	for _, press := range []bot.ActionHandler{d.decisions.approve, d.decisions.withdraw, d.decisions.askRejectReason, d.plan.plan} {
		d.finish(press(t.Context(), pressed(anna, r)))
	}
	if n := strings.Count(d.slack.Said(), "The bot can't reach its database"); n != 4 {
		t.Errorf("told %q", d.slack.Said())
	}
}

func TestAValueThatIsNotOursIsAnError(t *testing.T) {
	d := newDesk(t)
	for _, press := range []bot.ActionHandler{d.decisions.approve, d.decisions.withdraw, d.decisions.askRejectReason, d.plan.plan, d.decisions.retry, d.decisions.askResolveReason} {
		if _, err := press(t.Context(), bot.Action{Value: bot.Value{Text: "x"}}); err == nil {
			t.Error("it was taken")
		}
	}
	if _, err := d.decisions.rejected(t.Context(), bot.Submission{View: bot.View{Metadata: `{"press":"x"}`}}); err == nil {
		t.Error("it was taken")
	}
}

func TestToldWhereverTheyAre(t *testing.T) {
	d := newDesk(t)
	gone := &bot.Error{Method: "response_url", Code: "expired_url", Kind: bot.Expired}
	d.slack.Order("respond", gone)
	d.slack.Order("ephemeral", &bot.Error{Method: "chat.postEphemeral", Code: "not_in_channel", Kind: bot.Gone})
	if err := d.tell.Notify(t.Context(), reply.Target{User: "U0ANNA", Channel: "C1", ResponseURL: "https://hooks"}, mrkdwn.Message("hello")); err != nil {
		t.Fatal(err)
	}
	if m := d.slack.Visible(); len(m) != 1 || m[0].Channel != "DU0ANNA" {
		t.Errorf("posted %+v", m)
	}
}
