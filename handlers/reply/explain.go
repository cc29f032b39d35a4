package reply

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

// Format writes outside text and people's names: in Slack's markup, or plainly where Slack shows plain text, such as an
// error beside a field.
type Format struct{ Plain bool }

func (p Format) text(s string) string { return p.upTo(s, mrkdwn.MaxTold) }

func (p Format) upTo(s string, limit int) string {
	if p.Plain {
		return bot.Cut(mrkdwn.Clean(s), limit)
	}
	return mrkdwn.Line(s, limit)
}

func (p Format) user(id string) string {
	if p.Plain {
		return "somebody"
	}
	return mrkdwn.User(id)
}

func (p Format) code(s string) string {
	if p.Plain {
		return mrkdwn.Clean(s)
	}
	return bot.Code(mrkdwn.Clean(s))
}

// What is said where an error has no words of its own.
const (
	sayStoreAway = "The bot can't reach its database, so this may not have been saved. Nothing is lost: " +
		"submit or press again, it counts only once."
	sayStoreFull = "The bot's database is full. Nothing was stored and nothing was changed. " +
		"Ask the bot's operators to make room, then try again."
	sayNewer = "A newer version of the bot created this request, and this version can't change it. " +
		"Nothing was changed. Try again after the update."
	sayUnreadable = "The record of this request can't be read, so the request can't continue. Nothing was changed. " +
		"The bot's operators can repair the record. If nothing of the request is left, it can be resolved."
	sayMoved  = "The request kept changing while you pressed. Nothing was changed by you: look at the card and press again."
	sayGone   = "The bot no longer has this request: requests are deleted 90 days after they end. Nothing was changed."
	sayBusy   = "The bot is busy or restarting. Nothing was changed. Try again in a moment."
	sayUnsure = "The bot can't reach Slack to find out its workspace. Nothing was changed. Try again in a moment."
	SayTime   = "This took too long and was given up. Nothing is lost: submit or press again, it counts only once."
)

// Explain turns an error into sentences for people: what happened, what is left behind, what to do. Only what was
// written for people is passed on; an error's own text may hold anything and never is. known is false for what we
// did not expect, which is our fault and is to be logged.
func Explain(ctx context.Context, err error, p Format) (say string, known bool) {
	if say, ok := explainRequest(err, p); ok {
		return say, true
	}
	if say, ok := explainInput(err, p); ok {
		return say, true
	}
	if say, ok := explainOutside(err, p); ok {
		return say, true
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, bot.ErrLate):
		return SayTime, true
	case errors.Is(err, bot.ErrBusy), errors.Is(err, bot.ErrStopping):
		return sayBusy, true
	case errors.Is(err, bot.ErrUnsure):
		return sayUnsure, true
	}
	return OurFault(ctx, p), false
}

// OurFault says that the bot is at fault, and by which number its log knows it.
func OurFault(ctx context.Context, p Format) string {
	s := "Something went wrong in the bot. Check the current state before you try again"
	if id := bot.RequestID(ctx); id != "" {
		s += ", and give the bot's operators this number: " + p.code(id)
	}
	return s + "."
}

// explainRequest knows what can be the matter with a request.
func explainRequest(err error, p Format) (string, bool) {
	if e, ok := errors.AsType[*change.StaleError](err); ok {
		return "The request has changed since you saw this card, so your press did not count. " + statusSentence(e.Now, p), true
	}
	if e, ok := errors.AsType[*change.StateError](err); ok {
		return "Too late: your press changed nothing. " + statusSentence(e.Now, p), true
	}
	if e, ok := errors.AsType[*change.AsideOverError](err); ok {
		return "Your press changed nothing. " + asideSentence(e.Now, p), true
	}
	if e, ok := errors.AsType[*change.LockedError](err); ok && e.OwnRequest {
		return "Your earlier request " + p.code(e.RequestID) + " already covers this, so nothing from this form was stored. " +
			"To change it, withdraw that request and submit again.", true
	} else if ok {
		return "Request " + p.code(e.RequestID) + " is already changing the same thing. Nothing was stored. Wait until it is done, or ask for it to be withdrawn.", true
	}
	if e, ok := errors.AsType[*change.QuotaError](err); ok {
		full := "You have reached the limit of open requests per person"
		if e.Channel != "" {
			full = "This channel has reached its limit of open requests"
		}
		return fmt.Sprintf("%s: %d. Nothing was stored. Wait until one of them ends, or withdraw one.", full, e.Most), true
	}
	if e, ok := errors.AsType[*change.NotAllowedError](err); ok {
		return p.text(mrkdwn.Upper(e.Why)) + ". Nothing was changed.", true
	}
	if e, ok := errors.AsType[*policy.UnknownGroupError](err); ok {
		return "The members of " + p.text(e.Group) + " can't be read right now, so the bot can't decide who may approve. " +
			"Nothing was changed: try again in a moment.", true
	}
	switch {
	case errors.Is(err, change.ErrNotFound):
		return sayGone, true
	case errors.Is(err, change.ErrNewer):
		return sayNewer, true
	case errors.Is(err, change.ErrUnreadable):
		return sayUnreadable, true
	case errors.Is(err, change.ErrConflict):
		return sayMoved, true
	case errors.Is(err, change.ErrUnavailable):
		return sayStoreAway, true
	case errors.Is(err, change.ErrFull):
		return sayStoreFull, true
	}
	return "", false
}

// statusSentence says how a request stands, and who brought it there.
func statusSentence(r *change.Request, p Format) string {
	if r == nil {
		return "Look at the card again."
	}
	_, word := cards.RequestLabel(r)
	s := fmt.Sprintf("Request %s: %s", p.code(r.ID), strings.ToLower(word[:1])+word[1:])
	if d := deciding(r); d != nil && d.By.User != "" {
		s += fmt.Sprintf(" (%s by %s", decided(d.Kind), p.user(d.By.User))
		if !p.Plain {
			s += " at " + mrkdwn.When(d.At)
		}
		s += ")"
	}
	return s + "."
}

// asideSentence says how a request stands that was put aside.
func asideSentence(a change.Aside, p Format) string {
	switch end := a.End; {
	case !a.Since.IsZero():
		return "Request " + p.code(a.ID) + " was put aside again since: use the newest message about it."
	case end == nil:
		return "Request " + p.code(a.ID) + " is not put aside any more."
	default:
		who := "the bot's operators"
		if end.By.User != change.Operator {
			who = p.user(end.By.User)
		}
		did := "requeued"
		if end.Resolved {
			did = "resolved"
		}
		return "Request " + p.code(a.ID) + " was already " + did + " by " + who + "."
	}
}

// deciding is the decision that brought a request where it stands.
func deciding(r *change.Request) *change.Decision {
	for i := len(r.Decisions) - 1; i >= 0; i-- {
		if decided(r.Decisions[i].Kind) != "" {
			return &r.Decisions[i]
		}
	}
	return nil
}

// decided is a verb as it is told: "approved by …"; empty for what is not somebody's decision in force.
func decided(v change.DecisionKind) string {
	switch v {
	case change.DecisionApprove:
		return "approved"
	case change.DecisionReject:
		return "rejected"
	case change.DecisionRequestChanges:
		return "sent back for changes"
	case change.DecisionWithdraw:
		return "withdrawn"
	case change.DecisionResolve:
		return "marked as cleaned up"
	case change.DecisionRetry:
		return "tried again"
	case change.DecisionBreakGlass:
		return "approved alone, in an emergency,"
	case change.DecisionRevoke, change.DecisionExpire, change.DecisionDrift, change.Unapproved, change.DecisionRemind, change.DecisionInputSubmitted, change.DecisionInputRequested,
		change.DecisionKeyTaken, change.DecisionKeyShown, change.DecisionRenew, change.DecisionHandDone, change.DecisionWaitEnded, change.DecisionStands, change.DecisionStandsNot,
		change.DecisionReviewRight, change.DecisionReviewWrong, change.DecisionReviewOverdue:
	}
	return ""
}

// explainInput knows what can be the matter with what was filled in.
func explainInput(err error, p Format) (string, bool) {
	if e, ok := errors.AsType[*change.InvalidError](err); ok {
		var all []string
		for _, problem := range e.Problems {
			all = append(all, p.text(cards.FieldName(problem.Field)+": "+problem.Say))
		}
		return mrkdwn.Within("; ", mrkdwn.MaxSummary/2, all...) + ". Nothing was stored.", true
	}
	if e, ok := errors.AsType[*change.ExplainedError](err); ok {
		return p.upTo(e.Say, mrkdwn.MaxWhy), true
	}
	return "", false
}

// explainOutside knows what can be the matter with Elastic's platforms and with Slack.
func explainOutside(err error, p Format) (string, bool) {
	if e, ok := errors.AsType[*link.UnknownSystemError](err); ok {
		return "There is no platform called " + p.text(e.Name) + " in the bot's configuration.", true
	}
	if errors.Is(err, elastic.ErrNoCredentials) {
		return "The bot has no credentials for this cluster. Ask the bot's operators to add them to its configuration.", true
	}
	if e, ok := errors.AsType[*elastic.CallError](err); ok {
		return callSentence(e, p), true
	}
	if e, ok := errors.AsType[*bot.Error](err); ok {
		return slackSentence(e)
	}
	return "", false
}

func callSentence(e *elastic.CallError, p Format) string {
	who := p.text(e.System)
	switch {
	case e.Status == 0 || e.Status == 408:
		return who + " did not answer in time."
	case e.Code == elastic.CodeNotElasticsearch:
		return who + " does not identify itself as Elasticsearch; a proxy may drop the header. The bot's operators can set " +
			"any_product: true for this platform in its configuration."
	case e.Status == 401:
		return who + " rejected the bot's credentials. Ask the bot's operators to check them."
	case e.Status == 403:
		return who + " does not permit the bot to do this. Ask the bot's operators to check its permissions."
	case e.NotFound():
		return who + " can't find this. It may have been deleted."
	case e.Status == elastic.StatusNotElevated:
		return who + " requires elevated permissions, which the platform's key lacks. The bot's operators need a key " +
			"created by a user who has them."
	case e.Status == 429:
		return who + " is limiting requests. Try again in a minute."
	case e.Status >= 500:
		return fmt.Sprintf("%s returned an error (%d).", who, e.Status)
	}
	return fmt.Sprintf("%s rejected a call (%d).", who, e.Status)
}

func slackSentence(e *bot.Error) (string, bool) {
	switch e.Kind { //nolint:exhaustive // the other kinds are faults of ours
	case bot.Expired:
		return "Slack stopped waiting before the window could open. Nothing was changed. Try once more.", true
	case bot.Limited, bot.Unavailable:
		return "Slack is limiting the bot's messages. Nothing is lost. Try again in a moment.", true
	case bot.Gone:
		return "Slack says this channel or message no longer exists.", true
	case bot.Scope:
		return "The bot lacks a permission in Slack. Ask the bot's operators to reinstall it.", true
	}
	return "", false
}
