package handlers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

const (
	proposeAtOnce = 1800 * time.Millisecond // what a form waits for; the answer has to be on its way soon after
	proposeWithin = 25 * time.Second        // what a worker waits for, which has a little more to tell of it
	tellWithin    = 10 * time.Second
	formGivenUp   = 10 * time.Second // since its submission: Slack gave up after 3, and said so

	callbackChecking = "checking"
)

// proposer asks for the changes of submitted forms.
type proposer struct {
	requests Requests
	slack    SlackClient
	channel  string // where cards are posted
	tell     *reply.Replier
	now      func() time.Time
	log      *slog.Logger
}

// propose asks for the change of a submitted form. Where the world answers in time, the form closes, or refused shows
// what is wrong beside its fields. Where it does not, a second modal says so on top of the form, which stays as it was
// filled in below, and a worker asks once more with more time: the same submission makes one request, however often it
// is tried.
func (h *proposer) propose(ctx context.Context, s bot.Submission, to reply.Target, ask change.ProposeInput, refused func(error) bot.Answer) bot.Answer {
	begun := h.now()
	quick, cancel := context.WithTimeout(ctx, proposeAtOnce)
	defer cancel()
	r, err := h.requests.Propose(quick, ask)
	switch {
	case err == nil:
		return bot.Answer{Then: func(ctx context.Context) error { return h.notifyRequested(ctx, to, r) }}
	case quick.Err() == nil || decisive(err):
		return refused(err)
	}
	name := callbackChecking + " " + s.View.ID + " " + s.TriggerID // of this submission alone
	checking := checkingModal(name, "Back", mrkdwn.Section("Still checking. The clusters are slow to answer; the result appears in this window."))
	return bot.Answer{
		Body: slack.NewPushViewSubmissionResponse(&checking),
		Then: func(ctx context.Context) error {
			if late := h.now().Sub(begun); late > formGivenUp { // frozen meanwhile: by now it may have been asked otherwise
				h.log.WarnContext(ctx, "a form was processed too late and is ignored", "user", to.User, "late", late)
				return nil
			}
			return h.proposeSlowly(ctx, name, to, ask)
		},
	}
}

// decisive reports whether an error is an answer that more time would not change.
func decisive(err error) bool {
	_, invalid := errors.AsType[*change.InvalidError](err)
	_, held := errors.AsType[*change.LockedError](err)
	_, barred := errors.AsType[*change.NotAllowedError](err)
	_, full := errors.AsType[*change.QuotaError](err)
	return invalid || held || barred || full
}

// proposeSlowly goes on where there was no time, and tells what came of it: in the modal on top of the form, or privately
// where that was closed.
func (h *proposer) proposeSlowly(ctx context.Context, name string, to reply.Target, ask change.ProposeInput) error {
	limited, cancel := context.WithTimeout(ctx, proposeWithin)
	defer cancel()
	r, err := h.requests.Propose(limited, ask)

	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), tellWithin)
	defer cancel()
	if err != nil {
		say := h.replyNotRequested(ctx, err)
		shown, err := h.show(ctx, checkingModal(name, "Back", forms.AlertBlock(slack.AlertLevelError, say), mrkdwn.Section("*Back* returns to the form with everything you entered.")))
		if shown || err != nil {
			return err
		}
		return h.tell.Notify(ctx, to, mrkdwn.Message(say))
	}
	done := checkingModal(name, "Done", mrkdwn.Section(h.confirmRequested(r)))
	done.ClearOnClose = true // the form below has done its duty
	_, err = h.show(ctx, done)
	return errors.Join(err, h.notifyRequested(ctx, to, r))
}

// replyNotRequested says why a request was not made.
func (h *proposer) replyNotRequested(ctx context.Context, err error) string {
	wrong, ok := errors.AsType[*change.InvalidError](err)
	if !ok {
		return ":warning: *Not submitted.* " + h.tell.Say(ctx, err, reply.Format{})
	}
	out := []string{":warning: *Not submitted.* Nothing was stored:"}
	for _, p := range wrong.Problems {
		out = append(out, "• *"+cards.FieldName(p.Field)+"*: "+mrkdwn.Line(cards.ProblemSays(p), mrkdwn.MaxTold))
	}
	return mrkdwn.Within("\n", mrkdwn.MaxText-200, out...)
}

// show draws the modal that an answer put up. It waits a little for one that is not there yet: Slack may still be about
// to open it. False: it was closed.
func (h *proposer) show(ctx context.Context, v slack.ModalViewRequest) (bool, error) {
	const tries, pause = 4, 500 * time.Millisecond
	for i := 1; ; i++ {
		_, err := h.slack.UpdateNamedView(ctx, v)
		if err == nil {
			return true, nil
		}
		if closed(err) != nil {
			return false, fmt.Errorf("showing the result of a form: %w", err)
		}
		if i == tries {
			return false, nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

func checkingModal(name, close string, blocks ...slack.Block) slack.ModalViewRequest {
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callbackChecking, ExternalID: name, Title: mrkdwn.Plain("Requesting approval", 24), Close: mrkdwn.Plain(close, 24),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// confirmRequested says that a request was made, and where its card is.
func (h *proposer) confirmRequested(r *change.Request) string {
	return "Requested. The card of request " + bot.Code(r.ID) + " is in " + mrkdwn.Channel(h.channel) + ". You will be mentioned there when it is done."
}

// notifyRequested tells who asked from elsewhere; in the cards' channel the card appears before their eyes.
func (h *proposer) notifyRequested(ctx context.Context, to reply.Target, r *change.Request) error {
	if to.Channel == h.channel {
		return nil
	}
	return h.tell.Notify(ctx, to, mrkdwn.Message(h.confirmRequested(r)))
}

// closed forgives that a modal was closed meanwhile.
func closed(err error) error {
	if e, ok := errors.AsType[*bot.Error](err); ok && (e.Kind == bot.Gone || e.Kind == bot.Expired || e.Code == "not_found") {
		return nil
	}
	return err
}
