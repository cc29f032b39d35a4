package handlers

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

const (
	actionTestAs   = cards.ConnectionPrefix + "test_as"
	actionTestRole = cards.ConnectionPrefix + "role"
	callbackTestAs = "connection.test_as"
	fieldUser      = "user"

	rolesWithin = 1500 * time.Millisecond // of the three seconds that Slack waits for a list
	maxRoles    = 50
)

// roleTests tests whether a role, or a user, can search through a connection.
type roleTests struct {
	connections Connections
	slack       SlackClient
	tell        *reply.Replier
	log         *slog.Logger
}

// suggestRoles offers the roles of a connection's local cluster.
func (h *roleTests) suggestRoles(ctx context.Context, s bot.Suggestion) (bot.Answer, error) {
	out := []*slack.OptionBlockObject{}
	if s.View != nil {
		m, err := parseTestMetadata(s.View.Metadata)
		if err != nil {
			return bot.Answer{}, err
		}
		out = append(out, roleOptions(h.rolesOf(ctx, m.name.Local), strings.TrimSpace(s.Typed))...)
	}
	return bot.Answer{Body: options{Options: out}}, nil
}

// testMetadata travels in the modal's private_metadata.
type testMetadata struct {
	Name    string `json:"name"`
	Channel string `json:"channel,omitempty"`
	name    link.Name
}

func parseTestMetadata(s string) (testMetadata, error) {
	var m testMetadata
	err := json.Unmarshal([]byte(s), &m)
	if err == nil {
		m.name, err = link.ParseName(m.Name)
	}
	if err != nil {
		return m, fmt.Errorf("a modal's metadata: %w", err)
	}
	return m, nil
}

// askTestAs asks whose search is to be tested.
func (h *roleTests) askTestAs(ctx context.Context, a bot.Action) (bot.Answer, error) {
	n, _, err := cards.ParsePressValue(a.Value.Text)
	if err != nil {
		return bot.Answer{}, err
	}
	raw, err := json.Marshal(testMetadata{Name: n.String(), Channel: a.Channel})
	if err != nil {
		return bot.Answer{}, err
	}
	role := slack.NewInputBlock(link.FieldRole, mrkdwn.Plain("Role", 2000), mrkdwn.Plain("The bot compares the role's definition with what the connection may read.", 2000),
		forms.RoleSelect(actionTestRole)).WithOptional(true)
	user := slack.NewPlainTextInputBlockElement(nil, fieldUser)
	user.MaxLength = cards.MaxRole
	modal := slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callbackTestAs, Title: mrkdwn.Plain("Test a search", 24), Submit: mrkdwn.Plain("Test", 24), Close: mrkdwn.Plain("Cancel", 24),
		PrivateMetadata: string(raw),
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			mrkdwn.Section("Can a role, or a user, search through *" + mrkdwn.Line(n.Alias, mrkdwn.MaxName) + "*?"), role,
			slack.NewInputBlock(fieldUser, mrkdwn.Plain("User", 2000),
				mrkdwn.Plain("The bot searches as this user. This requires the run_as privilege for the bot's own user.", 2000), user).WithOptional(true),
		}},
	}
	if _, err := h.slack.OpenView(ctx, a.TriggerID, modal); err != nil {
		return h.tell.Error(reply.To(a), err), nil
	}
	return bot.Answer{}, nil
}

func (h *roleTests) testAs(_ context.Context, s bot.Submission) (bot.Answer, error) {
	m, err := parseTestMetadata(s.View.Metadata)
	if err != nil {
		return bot.Answer{}, err
	}
	role := s.View.State.At(link.FieldRole, actionTestRole).Option.Value
	user := strings.TrimSpace(s.View.State.At(fieldUser, fieldUser).Text)
	if role == "" && user == "" {
		return forms.FieldErrors(map[string]string{fieldUser: "Choose a role, or name a user."}), nil
	}
	to := reply.Target{User: s.User.ID, Channel: m.Channel}
	return bot.Answer{Then: func(ctx context.Context) error {
		e, err := h.connections.State(ctx, m.name)
		if err != nil {
			return h.tell.Notify(ctx, to, mrkdwn.Message(h.tell.Say(ctx, err, reply.Format{})))
		}
		var says []string
		if role != "" {
			says = append(says, h.testRole(ctx, e, role))
		}
		if user != "" {
			says = append(says, h.testUser(ctx, e, user))
		}
		return h.tell.Notify(ctx, to, mrkdwn.Message(strings.Join(says, "\n")))
	}}, nil
}

func testAsLate(bot.Submission) bot.Answer {
	return forms.FieldErrors(map[string]string{fieldUser: reply.SayTime})
}

// through is what a search of patterns names.
func through(alias string, patterns []string) string {
	return bot.Code(bot.Cut(mrkdwn.Clean(alias+":"+strings.Join(patterns, ","+alias+":")), mrkdwn.MaxTold))
}

// testRole compares a role's definition with what the connection may read.
func (h *roleTests) testRole(ctx context.Context, e link.ConnectionState, name string) string {
	roles, err := h.connections.Roles(ctx, e.Name.Local)
	if err != nil {
		return h.tell.Say(ctx, err, reply.Format{})
	}
	search, named := e.Searched(), "The role "+bot.Code(bot.Cut(mrkdwn.Clean(name), cards.MaxRole))
	i := slices.IndexFunc(roles, func(r elastic.RemoteRole) bool { return r.Name == name })
	switch {
	case i < 0:
		return ":x: " + named + " names no remote cluster, or no longer exists."
	case e.ByCertificate():
		return ":grey_question: This connection uses certificates. Roles with the same name on the remote cluster decide."
	case len(search) == 0:
		return ":grey_question: The bot doesn't know what this connection may search, so it can't compare."
	}
	if missing := link.Lacks(roles[i], e.Alias, search); len(missing) > 0 {
		return ":x: By its definition, " + lower(named) + " can't search " + through(e.Alias, missing) + "."
	}
	return ":white_check_mark: By its definition, " + lower(named) + " can search " + through(e.Alias, search) + "."
}

func lower(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// testUser proves with a search what a user may see.
func (h *roleTests) testUser(ctx context.Context, e link.ConnectionState, user string) string {
	search, named := e.Searched(), bot.Code(bot.Cut(mrkdwn.Clean(user), cards.MaxRole))
	if len(search) == 0 {
		search = []string{"*"}
	}
	got, err := h.connections.SearchAs(ctx, e.Name, user, search)
	if err != nil {
		return h.tell.Say(ctx, err, reply.Format{})
	}
	last, shards := got[len(got)-1], 0
	for _, one := range got {
		shards += one.Shards
	}
	searched := through(e.Alias, search)
	switch {
	case last.NotAllowed:
		return ":grey_question: The bot may not search as " + named + ". There is no such user, or the bot's user lacks `run_as` for them."
	case last.Refused != "":
		return ":x: A search as " + named + " was refused:\n" + mrkdwn.CodeBlock(last.Refused, mrkdwn.MaxTold)
	case shards == 0:
		return ":grey_question: A search as " + named + " of " + searched + " succeeded but found no index. Either nothing matches yet, or this user may not read anything."
	}
	return ":white_check_mark: Proven by a search: " + named + " can search " + searched + "."
}
