package handlers

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

const homeConnections = 8 // shown on the home tab; the rest is in the list

// myConnections are the part of somebody's home tab that shows the connections that they asked for, with their
// state: those that are not well come first.
func (h *Handlers) myConnections(ctx context.Context, by change.Actor) ([]slack.Block, error) {
	ctx, cancel := context.WithTimeout(ctx, atOnce)
	defer cancel()
	l := h.o.Connections.List(ctx, "")
	var mine []link.Connection
	for _, c := range l.Connections {
		if c.Managed != nil && (c.Managed.Maker() == by.User || c.Managed.Kept.By.User == by.User) {
			mine = append(mine, c)
		}
	}
	slices.SortStableFunc(mine, func(a, b link.Connection) int { return wellness(a) - wellness(b) })
	var blocks []slack.Block
	for _, s := range h.lines(ctx, mine[:min(len(mine), homeConnections)]) {
		blocks = append(blocks, section(s))
	}
	if n := len(mine) - homeConnections; n > 0 {
		blocks = append(blocks, small(fmt.Sprintf("… and %d more: %s", n, bot.Code(h.o.Command+" list"))))
	}
	if note := listMissing(l); note != "" && len(mine) > 0 {
		blocks = append(blocks, small(strings.ReplaceAll(note, " *Refresh* in a moment.", "")))
	}
	return blocks, nil
}

func wellness(c link.Connection) int {
	switch {
	case c.Gone:
		return 0
	case !c.Info.Connected:
		return 1
	}
	return 2
}
