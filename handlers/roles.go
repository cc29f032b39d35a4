package handlers

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

const (
	actionRole     = connectPrefix + link.FieldRole
	actionTestAs   = cards.ConnectionPrefix + "test_as"
	actionTestRole = cards.ConnectionPrefix + "role"
	callbackTestAs = "connection.test_as"
	fieldUser      = "user"

	noRole      = "-" // of the option that names no role; a role's name begins with a letter or a digit
	labelNoRole = "Superusers only for now"
	rolesWithin = 1500 * time.Millisecond // of the three seconds that Slack waits for a list
	maxRoles    = 50
)

// readersField is the choice of who may search: a new role, one that exists, or superusers only.
func (m connectMetadata) readersField(f connectForm) slack.Block {
	sel := roleSelect(actionRole)
	sel.InitialOption = slack.NewOptionBlockObject(noRole, mrkdwn.Plain(labelNoRole, mrkdwn.MaxOption), nil)
	if name := f.Texts[link.FieldRole]; name != "" {
		sel.InitialOption = slack.NewOptionBlockObject(bot.Cut(name, mrkdwn.MaxValue), mrkdwn.Plain(name, mrkdwn.MaxOption), nil)
	}
	return slack.NewInputBlock(m.block(link.FieldRole), mrkdwn.Plain("Who can search through it?", 2000),
		mrkdwn.Plain("Choose a role, or type a new name. Then assign it to users yourself; the bot can't.", 2000), sel)
}

func roleSelect(action string) *slack.SelectBlockElement {
	sel := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, mrkdwn.Plain("Type or choose a role", 150), action)
	sel.MinQueryLength = new(int)
	return sel
}

// suggestReaders offers what readersField takes. A role that can't be read is not offered, and its name can be typed.
func (h *Handlers) suggestReaders(ctx context.Context, s bot.Suggestion) (bot.Answer, error) {
	out := []*slack.OptionBlockObject{slack.NewOptionBlockObject(noRole, mrkdwn.Plain(labelNoRole, mrkdwn.MaxOption), nil)}
	if s.View == nil {
		return bot.Answer{Body: options{Options: out}}, nil
	}
	m, err := parseConnectMetadata(s.View.Metadata)
	if err != nil {
		return bot.Answer{}, err
	}
	f := readForm(s.View.State, m)
	typed := strings.TrimSpace(s.Typed)
	var roles []elastic.RemoteRole
	if local, err := elastic.ParseRef(f.Local.Value); err == nil {
		roles = h.rolesOf(ctx, local)
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

// suggestRoles offers the roles of a connection's local cluster.
func (h *Handlers) suggestRoles(ctx context.Context, s bot.Suggestion) (bot.Answer, error) {
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

// rolesOf are the roles of a cluster that could be given to people, as far as they can be read in time.
func (h *Handlers) rolesOf(ctx context.Context, local elastic.Ref) []elastic.RemoteRole {
	ctx, cancel := context.WithTimeout(ctx, rolesWithin)
	defer cancel()
	roles, err := h.o.Connections.Roles(ctx, local)
	if err != nil {
		h.o.Log.WarnContext(ctx, "reading roles to choose from", "error", err)
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
func (h *Handlers) askTestAs(ctx context.Context, a bot.Action) (bot.Answer, error) {
	n, _, err := cards.ParsePressValue(a.Value.Text)
	if err != nil {
		return bot.Answer{}, err
	}
	raw, err := json.Marshal(testMetadata{Name: n.String(), Channel: a.Channel})
	if err != nil {
		return bot.Answer{}, err
	}
	role := slack.NewInputBlock(link.FieldRole, mrkdwn.Plain("Role", 2000), mrkdwn.Plain("The bot compares the role's definition with what the connection may read.", 2000),
		roleSelect(actionTestRole)).WithOptional(true)
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
	if _, err := h.o.Slack.OpenView(ctx, a.TriggerID, modal); err != nil {
		return h.replyError(replyTo(a), err), nil
	}
	return bot.Answer{}, nil
}

func (h *Handlers) testAs(_ context.Context, s bot.Submission) (bot.Answer, error) {
	m, err := parseTestMetadata(s.View.Metadata)
	if err != nil {
		return bot.Answer{}, err
	}
	role := s.View.State.At(link.FieldRole, actionTestRole).Option.Value
	user := strings.TrimSpace(s.View.State.At(fieldUser, fieldUser).Text)
	if role == "" && user == "" {
		return fieldErrors(map[string]string{fieldUser: "Choose a role, or name a user."}), nil
	}
	to := replyTarget{user: s.User.ID, channel: m.Channel}
	return bot.Answer{Then: func(ctx context.Context) error {
		e, err := h.o.Connections.State(ctx, m.name)
		if err != nil {
			return h.notifyUser(ctx, to, mrkdwn.Message(h.say(ctx, err, textFormat{})))
		}
		var says []string
		if role != "" {
			says = append(says, h.testRole(ctx, e, role))
		}
		if user != "" {
			says = append(says, h.testUser(ctx, e, user))
		}
		return h.notifyUser(ctx, to, mrkdwn.Message(strings.Join(says, "\n")))
	}}, nil
}

func testAsLate(bot.Submission) bot.Answer {
	return fieldErrors(map[string]string{fieldUser: sayTime})
}

// through is what a search of patterns names.
func through(alias string, patterns []string) string {
	return bot.Code(bot.Cut(mrkdwn.Clean(alias+":"+strings.Join(patterns, ","+alias+":")), mrkdwn.MaxTold))
}

// testRole compares a role's definition with what the connection may read.
func (h *Handlers) testRole(ctx context.Context, e link.ConnectionState, name string) string {
	roles, err := h.o.Connections.Roles(ctx, e.Name.Local)
	if err != nil {
		return h.say(ctx, err, textFormat{})
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
func (h *Handlers) testUser(ctx context.Context, e link.ConnectionState, user string) string {
	search, named := e.Searched(), bot.Code(bot.Cut(mrkdwn.Clean(user), cards.MaxRole))
	if len(search) == 0 {
		search = []string{"*"}
	}
	got, err := h.o.Connections.SearchAs(ctx, e.Name, user, search)
	if err != nil {
		return h.say(ctx, err, textFormat{})
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
