package handlers

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

const (
	maxOptions = 90  // of the 100 that Slack takes in a list: the rest is for platforms that are down
	maxValue   = 150 // of an option
)

// optionGroups is the answer to a suggestion. It is never without its list: Slack takes no empty object.
type optionGroups struct {
	Groups []*slack.OptionGroupBlockObject `json:"option_groups"`
}

type options struct {
	Options []*slack.OptionBlockObject `json:"options"`
}

// suggest lists the deployments that match what was typed, by platform.
func (h *Handlers) suggest(ctx context.Context, s bot.Suggestion) (bot.Answer, error) {
	groups := h.groups(h.o.Directory.Find(ctx, s.Typed, maxOptions))
	if len(groups) == 0 {
		return bot.Answer{Body: options{Options: []*slack.OptionBlockObject{}}}, nil
	}
	return bot.Answer{Body: optionGroups{Groups: groups}}, nil
}

func (h *Handlers) groups(found link.Found) []*slack.OptionGroupBlockObject {
	by := map[string]*slack.OptionGroupBlockObject{}
	var groups []*slack.OptionGroupBlockObject
	group := func(platform, note string) *slack.OptionGroupBlockObject {
		g, ok := by[platform]
		if !ok {
			g = slack.NewOptionGroupBlockElement(plain(h.label(platform)+note, maxOption))
			by[platform] = g
			groups = append(groups, g)
		}
		return g
	}
	for _, d := range found.Down {
		value := downPrefix + d.System
		if len(value) > maxValue {
			continue
		}
		g := group(d.System, " (can't be asked)")
		g.Options = append(g.Options, slack.NewOptionBlockObject(value, plain("Not all can be listed: "+d.Why, maxOption), nil))
	}
	for _, d := range found.Deployments {
		o, ok := optionOf(d)
		if !ok {
			continue
		}
		g := group(d.Platform, "")
		g.Options = append(g.Options, o)
	}
	// What could not be asked comes last: it is read when the one looked for is not above.
	slices.SortStableFunc(groups, func(a, b *slack.OptionGroupBlockObject) int {
		return cmp.Compare(downRank(a), downRank(b))
	})
	return groups
}

func downRank(g *slack.OptionGroupBlockObject) int {
	if len(g.Options) > 0 && strings.HasPrefix(g.Options[0].Value, downPrefix) {
		return 1
	}
	return 0
}

func (h *Handlers) label(platform string) string {
	if s, ok := h.o.Directory.System(platform); ok && s.Label != "" {
		return s.Label
	}
	return platform
}

// optionOf is a deployment in a list; false if its name is too long to be told apart by Slack.
func optionOf(d link.Deployment) (*slack.OptionBlockObject, bool) {
	o, ok := choose(d)
	if !ok {
		return nil, false
	}
	return slack.NewOptionBlockObject(o.Value, plain(o.Text, maxOption), nil), true
}

func choose(d link.Deployment) (bot.Option, bool) {
	value := d.String()
	if _, err := link.ParseRef(value); err != nil || len(value) > maxValue {
		return bot.Option{}, false
	}
	about := []string{""}
	for _, s := range []string{d.Version, d.Region} {
		if s != "" {
			about = append(about, bot.Cut(clean(s), 20))
		}
	}
	tail := strings.Join(about, " · ")
	name := clean(cmp.Or(d.Name, d.Deployment))
	return bot.Option{Value: value, Text: bot.Cut(name, maxOption-utf8.RuneCountInString(tail)) + tail}, true
}
