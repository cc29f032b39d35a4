package handlers

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// optionGroups is the answer to a suggestion. It is never without its list: Slack takes no empty object.
type optionGroups struct {
	Groups []*slack.OptionGroupBlockObject `json:"option_groups"`
}

type options struct {
	Options []*slack.OptionBlockObject `json:"options"`
}

// suggest lists the deployments that match what was typed, by platform.
func (h *connects) suggest(ctx context.Context, s bot.Suggestion) (bot.Answer, error) {
	groups := h.groups(h.directory.Find(ctx, s.Typed, forms.MaxOptions))
	if len(groups) == 0 {
		return bot.Answer{Body: options{Options: []*slack.OptionBlockObject{}}}, nil
	}
	return bot.Answer{Body: optionGroups{Groups: groups}}, nil
}

// groups are the options of what was found, the best first, as many as an answer holds: who misses one types more of its
// name.
func (h *connects) groups(found inventory.Found) []*slack.OptionGroupBlockObject {
	room := newRoom()
	by := map[string]*slack.OptionGroupBlockObject{}
	var groups []*slack.OptionGroupBlockObject
	add := func(platform, note string, o *slack.OptionBlockObject) bool {
		g, ok := by[platform]
		if !ok {
			g = slack.NewOptionGroupBlockElement(mrkdwn.Plain(h.label(platform)+note, mrkdwn.MaxOption))
		}
		if !room.take(o) || !ok && !room.take(g) {
			return false
		}
		if !ok {
			by[platform] = g
			groups = append(groups, g)
		}
		g.Options = append(g.Options, o)
		return true
	}
	for _, d := range found.Down {
		if value := forms.DownPrefix + d.System; len(value) <= mrkdwn.MaxValue {
			add(d.System, " (no answer)", slack.NewOptionBlockObject(value, mrkdwn.Plain("The list is incomplete: "+d.Why, mrkdwn.MaxOption), nil))
		}
	}
	for _, d := range found.Deployments {
		if o, ok := optionOf(d); ok && !add(d.Platform, "", o) {
			break
		}
	}
	// What could not be asked comes last: it is read when the one looked for is not above.
	slices.SortStableFunc(groups, func(a, b *slack.OptionGroupBlockObject) int {
		return cmp.Compare(downRank(a), downRank(b))
	})
	return groups
}

// room is how many bytes of JSON an answer still has room for.
type room int

// newRoom leaves some for what stands around the options.
func newRoom() *room {
	r := room(bot.MaxAnswer - 300)
	return &r
}

// take reports whether v fits, and takes its room.
func (r *room) take(v any) bool {
	raw, err := json.Marshal(v)
	if err != nil || room(len(raw)+1) > *r { // and a comma
		return false
	}
	*r -= room(len(raw) + 1)
	return true
}

func downRank(g *slack.OptionGroupBlockObject) int {
	if len(g.Options) > 0 && strings.HasPrefix(g.Options[0].Value, forms.DownPrefix) {
		return 1
	}
	return 0
}

func (h *connects) label(platform string) string {
	if s, ok := h.directory.System(platform); ok && s.Label != "" {
		return s.Label
	}
	return platform
}

// optionOf is a deployment in a list; false if its name is too long to be told apart by Slack.
func optionOf(d elastic.Deployment) (*slack.OptionBlockObject, bool) {
	o, ok := choose(d)
	if !ok {
		return nil, false
	}
	return slack.NewOptionBlockObject(o.Value, mrkdwn.Plain(o.Text, mrkdwn.MaxOption), nil), true
}

func choose(d elastic.Deployment) (bot.Option, bool) {
	value := d.String()
	if _, err := elastic.ParseRef(value); err != nil || len(value) > mrkdwn.MaxValue {
		return bot.Option{}, false
	}
	about := []string{""}
	for _, s := range []string{d.Version, d.Region} {
		if s != "" {
			about = append(about, bot.Cut(mrkdwn.Clean(s), 20))
		}
	}
	tail := strings.Join(about, " · ")
	name := mrkdwn.Clean(cmp.Or(d.Name, d.Deployment))
	return bot.Option{Value: value, Text: bot.Cut(name, mrkdwn.MaxOption-utf8.RuneCountInString(tail)) + tail}, true
}

// suggestReaders offers whom to let search through a connection. A role that can't be read is not offered, and its name can be typed.
func (h *connects) suggestReaders(ctx context.Context, s bot.Suggestion) (bot.Answer, error) {
	out := []*slack.OptionBlockObject{slack.NewOptionBlockObject(forms.NoRole, mrkdwn.Plain(forms.LabelNoRole, mrkdwn.MaxOption), nil)}
	if s.View == nil {
		return bot.Answer{Body: options{Options: out}}, nil
	}
	m, err := forms.ParseConnectMetadata(s.View.Metadata)
	if err != nil {
		return bot.Answer{}, err
	}
	f := forms.ReadConnect(s.View.State, m)
	typed := strings.TrimSpace(s.Typed)
	var roles []elastic.RemoteRole
	if local, err := elastic.ParseRef(f.Local.Value); err == nil {
		roles = h.roleTests.rolesOf(ctx, local)
	}
	name := typed
	if name == "" && f.Texts[link.FieldAlias] != "" {
		name = link.RoleName(f.Texts[link.FieldAlias])
	}
	exists := func(r elastic.RemoteRole) bool { return r.Name == name }
	if link.IsRoleName(name) && !slices.ContainsFunc(roles, exists) {
		out = append(out, slack.NewOptionBlockObject(name, mrkdwn.Plain("New role "+name, mrkdwn.MaxOption), nil))
	}
	return bot.Answer{Body: options{Options: append(out, roleOptions(roles, typed)...)}}, nil
}

// rolesOf are the roles of a cluster that could be given to people, as far as they can be read in time.
func (h *roleTests) rolesOf(ctx context.Context, local elastic.Ref) []elastic.RemoteRole {
	ctx, cancel := context.WithTimeout(ctx, rolesWithin)
	defer cancel()
	roles, err := h.connections.Roles(ctx, local)
	if err != nil {
		h.log.WarnContext(ctx, "reading roles to choose from", "error", err)
	}
	return slices.DeleteFunc(roles, func(r elastic.RemoteRole) bool { return r.Reserved || !link.IsRoleName(r.Name) })
}

func roleOptions(roles []elastic.RemoteRole, typed string) []*slack.OptionBlockObject {
	var out []*slack.OptionBlockObject
	for _, r := range roles {
		if len(out) < maxRoles && strings.Contains(strings.ToLower(r.Name), strings.ToLower(typed)) {
			out = append(out, slack.NewOptionBlockObject(r.Name, mrkdwn.Plain(r.Name, mrkdwn.MaxOption), nil))
		}
	}
	return out
}
