package handlers

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
)

// maxAlert is how long an alert's text may be, in code points (Slack's Block Kit reference).
const maxAlert = 200

// alert is an alert, and what says the same where a workspace takes none.
type alert struct {
	*slack.AlertBlock
	section slack.Block
}

// alertBlock says in a modal what is wrong, as markup. What is too long for an alert is a section: it is never cut.
func alertBlock(level slack.AlertLevel, say string) slack.Block {
	section := mrkdwn.Section(say)
	say = strings.ReplaceAll(say, ":warning: ", "") // the alert is one
	if utf8.RuneCountInString(say) > maxAlert {
		return section
	}
	return alert{slack.NewAlertBlock(mrkdwn.Markup(say), slack.AlertBlockOptionLevel(level)), section}
}

// alertClient sends modals with alerts where the workspace takes those, and else with sections in their place.
type alertClient struct {
	SlackClient
	log    *slog.Logger
	alerts *bot.NewBlocks
}

func (c alertClient) OpenView(ctx context.Context, trigger string, v slack.ModalViewRequest) (bot.View, error) {
	return c.send(ctx, v, func(v slack.ModalViewRequest) (bot.View, error) { return c.SlackClient.OpenView(ctx, trigger, v) })
}

func (c alertClient) UpdateView(ctx context.Context, id, hash string, v slack.ModalViewRequest) (bot.View, error) {
	return c.send(ctx, v, func(v slack.ModalViewRequest) (bot.View, error) {
		return c.SlackClient.UpdateView(ctx, id, hash, v)
	})
}

func (c alertClient) UpdateNamedView(ctx context.Context, v slack.ModalViewRequest) (bot.View, error) {
	return c.send(ctx, v, func(v slack.ModalViewRequest) (bot.View, error) { return c.SlackClient.UpdateNamedView(ctx, v) })
}

func (c alertClient) send(ctx context.Context, v slack.ModalViewRequest, to func(slack.ModalViewRequest) (bot.View, error)) (shown bot.View, err error) {
	without := withoutAlerts(v)
	if len(without.Blocks.BlockSet) == 0 {
		return to(v)
	}
	err = c.alerts.Send(ctx, c.log, func(with bool) error {
		sent := without
		if with {
			sent = v
		}
		shown, err = to(sent)
		return err
	})
	return shown, err
}

// withoutAlerts is a modal with sections in the place of its alerts; without blocks where it has none.
func withoutAlerts(v slack.ModalViewRequest) slack.ModalViewRequest {
	blocks := slices.Clone(v.Blocks.BlockSet)
	has := false
	for i, b := range blocks {
		if a, ok := b.(alert); ok {
			blocks[i], has = a.section, true
		}
	}
	if !has {
		blocks = nil
	}
	v.Blocks.BlockSet = blocks
	return v
}
