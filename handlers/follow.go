package handlers

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
)

// The buttons that begin and end following a connection.
const (
	actionFollow   = "follow"
	actionUnfollow = "unfollow"
)

// What somebody says about following a connection. Who says nothing follows those that they made.
const (
	saidFollow   = "on"
	saidUnfollow = "off"
	maxSaid      = 50 // connections about which one person may say something
)

// isOf reports whether user asked for the connection, adopted it, or changed it last.
func isOf(m link.ManagedConnection, user string) bool {
	return m.Maker() == user || m.Record.By.User == user
}

// follows reports whether user, who said that, follows a managed connection.
func follows(said string, m link.ManagedConnection, user string) bool {
	return said == saidFollow || said != saidUnfollow && isOf(m, user)
}

// followButton begins or ends following a managed connection. One that was made by hand has none: the watch does not
// look after it, so there would be nothing to follow.
func followButton(m link.ManagedConnection, local, user, said string) *slack.ButtonBlockElement {
	action, label := actionFollow, "Follow"
	if follows(said, m, user) {
		action, label = actionUnfollow, "Unfollow"
	}
	b := mrkdwn.Button(action, cards.PressValue(m.Name(), ""), label)
	b.AccessibilityLabel = bot.Cut(mrkdwn.Clean(label+" "+followed(m.Name(), local)), mrkdwn.MaxOption)
	return b
}

// followed is a connection by the name that people type, as far as that is known.
func followed(n link.Name, local string) string {
	return cmp.Or(local, n.Local.String()) + "/" + n.Alias
}

// followPressed follows the buttons of following.
func (h *Handlers) followPressed(_ context.Context, a bot.Action) (bot.Answer, error) {
	n, fill, err := cards.ParsePressValue(a.Value.Text)
	if err == nil && fill != "" {
		err = fmt.Errorf("%q is not a connection", bot.Cut(a.Value.Text, 80))
	}
	if err != nil {
		return bot.Answer{}, err
	}
	on, atHome := a.ID == actionFollow, a.View != nil && a.Channel == ""
	return h.withHomeRefresh(a, bot.Answer{Then: func(ctx context.Context) error {
		msg, done := h.follow(ctx, a.User.ID, n, on)
		if done && atHome {
			return nil // it is seen there
		}
		return h.notifyUser(ctx, replyTo(a), msg)
	}}), nil
}

// follow notes that user follows a connection from now on, or not any more, and says so.
func (h *Handlers) follow(ctx context.Context, user string, n link.Name, on bool) (msg bot.Message, done bool) {
	all, err := h.o.Status.Statuses(ctx, n)
	if err != nil {
		return mrkdwn.Message(h.say(ctx, err, textFormat{})), false
	}
	s, managed := all[n]
	called := bot.Code(mrkdwn.Clean(followed(n, s.Local)))
	if on && !managed {
		return mrkdwn.Message("The bot does not manage " + called + " any more. Nothing was changed."), false
	}
	say := ""
	switch mine := managed && isOf(s.Managed, user); {
	case on && !mine:
		say = saidFollow
	case !on && mine:
		say = saidUnfollow
	}
	room, err := h.o.Follows.Follow(ctx, user, n.String(), say, maxSaid)
	switch {
	case err != nil:
		return mrkdwn.Message(h.say(ctx, err, textFormat{})), false
	case !room:
		return mrkdwn.Message(fmt.Sprintf("You have followed or unfollowed %d connections, and there is no room for %s. Nothing was changed. "+
			"First unfollow one that you did not create, or follow one of yours again.", maxSaid, called)), false
	}
	if err := h.o.OpenHomes.MarkHomesDirty(ctx, []string{user}); err != nil {
		h.o.Log.WarnContext(ctx, "the Home tab will show followed connections late", "error", err)
	}
	if !on {
		msg = mrkdwn.Message("You don't follow " + called + " any more.")
	} else {
		msg = mrkdwn.Message("You follow " + called + " now. This app's Home tab shows its status.")
	}
	if managed {
		msg.Blocks = append(msg.Blocks, slack.NewActionBlock("", followButton(s.Managed, s.Local, user, followText(on))))
	}
	return msg, true
}

func followText(on bool) string {
	if on {
		return saidFollow
	}
	return saidUnfollow
}

// followChoices is what user said about connections. Where that can't be read there are no buttons for it: what they are
// beside is worth showing all the same.
func (h *Handlers) followChoices(ctx context.Context, user string) (said map[string]string, ok bool) {
	said, err := h.o.Follows.Follows(ctx, user)
	if err != nil {
		h.o.Log.WarnContext(ctx, "followed connections could not be read", "error", err)
	}
	return said, err == nil
}

// followers are those among users who follow a connection, or did while the bot managed it.
func followers(m link.ManagedConnection, said map[string]string, users []string) []string {
	return slices.DeleteFunc(slices.Clone(users), func(u string) bool { return !follows(said[u], m, u) })
}

// statusFor is the status of a connection as one person is shown it.
func (h *Handlers) statusFor(ctx context.Context, user string, x diagnose.HealthReport, s monitor.Status) bot.Message {
	var follow []slack.BlockElement
	thread := ""
	if x.Managed != nil {
		thread = h.threadLink(ctx, *x.Managed)
		if said, ok := h.followChoices(ctx, user); ok {
			follow = append(follow, followButton(*x.Managed, x.PairState.Local.Name, user, said[x.Managed.Name().String()]))
		}
	}
	msg := statusMessage(x, s, thread, follow...)
	msg.Blocks = slices.Insert(msg.Blocks, len(msg.Blocks)-1, h.reviewBlock(ctx, x)...)
	return msg
}

func (*Handlers) diagnoseFor(_ context.Context, _ string, x diagnose.HealthReport, _ monitor.Status) bot.Message {
	return diagnoseMessage(x)
}
