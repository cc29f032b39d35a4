package handlers

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// The buttons that begin and end following a connection.
const (
	actionFollow   = "follow"
	actionUnfollow = "unfollow"
)

// followButton begins or ends following a managed connection. One that was made by hand has none: the watch does not
// look after it, so there would be nothing to follow.
func followButton(m link.ManagedConnection, local, user, said string) *slack.ButtonBlockElement {
	action, label := actionFollow, "Follow"
	if notify.Follows(said, m, user) {
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

// follower lets people follow connections.
type follower struct {
	follows   Follows
	status    ConnectionStatus
	openHomes OpenHomes
	home      *homeTab
	tell      *reply.Replier
	log       *slog.Logger
}

// followPressed follows the buttons of following.
func (h *follower) followPressed(_ context.Context, a bot.Action) (bot.Answer, error) {
	n, fill, err := cards.ParsePressValue(a.Value.Text)
	if err == nil && fill != "" {
		err = fmt.Errorf("%q is not a connection", bot.Cut(a.Value.Text, 80))
	}
	if err != nil {
		return bot.Answer{}, err
	}
	on, atHome := a.ID == actionFollow, a.View != nil && a.Channel == ""
	return h.home.withHomeRefresh(a, bot.Answer{Then: func(ctx context.Context) error {
		msg, done := h.follow(ctx, a.User.ID, n, on)
		if done && atHome {
			return nil // it is seen there
		}
		return h.tell.Notify(ctx, reply.To(a), msg)
	}}), nil
}

// follow notes that user follows a connection from now on, or not any more, and says so.
func (h *follower) follow(ctx context.Context, user string, n link.Name, on bool) (msg bot.Message, done bool) {
	all, err := h.status.Statuses(ctx, n)
	if err != nil {
		return mrkdwn.Message(h.tell.Say(ctx, err, reply.Format{})), false
	}
	s, managed := all[n]
	called := bot.Code(mrkdwn.Clean(followed(n, s.Local)))
	if on && !managed {
		return mrkdwn.Message("The bot does not manage " + called + " any more. Nothing was changed."), false
	}
	say := ""
	switch mine := managed && notify.IsOf(s.Managed, user); {
	case on && !mine:
		say = notify.SaidFollow
	case !on && mine:
		say = notify.SaidUnfollow
	}
	room, err := h.follows.Follow(ctx, user, n.String(), say, notify.MaxSaid)
	switch {
	case err != nil:
		return mrkdwn.Message(h.tell.Say(ctx, err, reply.Format{})), false
	case !room:
		return mrkdwn.Message(fmt.Sprintf("You have followed or unfollowed %d connections, and there is no room for %s. Nothing was changed. "+
			"First unfollow one that you did not create, or follow one of yours again.", notify.MaxSaid, called)), false
	}
	if err := h.openHomes.MarkHomesDirty(ctx, []string{user}); err != nil {
		h.log.WarnContext(ctx, "the Home tab will show followed connections late", "error", err)
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
		return notify.SaidFollow
	}
	return notify.SaidUnfollow
}

// followChoices is what user said about connections. Where that can't be read there are no buttons for it: what they are
// beside is worth showing all the same.
func (h *follower) followChoices(ctx context.Context, user string) (said map[string]string, ok bool) {
	said, err := h.follows.Follows(ctx, user)
	if err != nil {
		h.log.WarnContext(ctx, "followed connections could not be read", "error", err)
	}
	return said, err == nil
}
